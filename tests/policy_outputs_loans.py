"""What the rules of price, repayment and cost move (see policy_outputs)."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from credit.decide.clock import at
from credit.decide.cost.breakdown import Offer, cost_breakdown
from credit.decide.cost.burden import BurdenTerms
from credit.decide.cost.cap import admit
from credit.decide.cost.terms import CostTerms
from credit.decide.price import PriceTerms
from credit.decide.repay import (
    AccountTerms,
    CardChanged,
    Contract,
    DebitFailed,
    Deferred,
    Loan,
    Paid,
    Settled,
    replay,
    schedule,
)
from credit.decide.repay.allocate import Owed
from credit.decide.repay.channels import ChannelTerms, Workdays
from credit.decide.repay.minimum import MinimumTerms
from credit.decide.repay.reminders import ReminderTerms, reminders
from credit.decide.repay.schedule import FeePlanTerms
from credit.decide.treatment import Quoted, teasers, unequal
from credit.errors import PolicyError
from credit.policy import InForce

DRAWN = date(2026, 1, 15)
RATE = Fraction(5, 10_000)
PLAN = schedule(Loan(principal_fen=1_200_000, drawn_on=DRAWN, months=6, daily_rate=RATE))


def noon(day: date) -> int:
    return at(day, "Asia/Shanghai", hour=12)


def prices(figures: InForce) -> object:
    """Prices of five people for three purposes, and what a check of equal treatment finds."""
    try:
        terms = PriceTerms.of(figures)
    except PolicyError as error:
        return str(error)
    quotes = [
        Quoted(person=name, grade="A", scenario=None, daily_rate=rate)
        for name, rate in (("p", Fraction(2, 10_000)), ("q", Fraction(3, 10_000)))
    ]
    return (
        [
            terms.price(p, purpose).plain()
            for p in (0.005, 0.015, 0.03, 0.07, 0.5)
            for purpose in (None, "education", "medical")
        ],
        unequal(quotes, terms),
        teasers([Fraction(2, 10_000), Fraction(4, 10_000)], terms),
    )


def accounts(figures: InForce) -> object:
    """Lives of a loan on days that matter: debits fail, it is late and cured, deferred, settled."""
    terms = AccountTerms.of(figures)
    contract = Contract(schedule=PLAN, daily_rate=RATE)
    first, second, third = (
        DebitFailed(id=f"f{day}", at=at(date(2026, 2, day), "Asia/Shanghai", hour=9))
        for day in (15, 16, 17)
    )
    changed = CardChanged(id="c", at=second.at + 1)
    lives = [
        ([first, second, changed, third], (date(2026, 2, 17),)),
        ([first, second, third], (date(2026, 2, 16), date(2026, 2, 17), date(2026, 2, 20))),
        ([Paid(id="p", at=noon(date(2026, 7, 1)), amount_fen=300_000, channel="balance"),
          Paid(id="q", at=noon(date(2026, 8, 1)), amount_fen=2_000_000, channel="balance")],
         (date(2026, 5, 1), date(2026, 7, 2), date(2026, 12, 1))),
        ([Deferred(id="d", at=noon(date(2026, 2, 10)), months=1)], (date(2026, 2, 11),)),
        ([Settled(id="s", at=noon(date(2026, 3, 1)), amount_fen=2_000_000, channel="card")],
         (date(2026, 3, 1),)),
    ]  # fmt: skip
    return [_stood(contract, events, terms, day) for events, days in lives for day in days]


def _stood(contract: Contract, events: list, terms: AccountTerms, day: date) -> object:
    until = at(day, "Asia/Shanghai", hour=23)
    known = [one for one in events if one.at <= until]
    return replay(contract, known, terms, until=until).plain()


def costs(figures: InForce) -> object:
    """What a loan costs, and whether the product passes the gate."""
    cost = cost_breakdown(Offer(name="o", schedule=PLAN, daily_rate=RATE), CostTerms.of(figures))
    return cost.plain(), cost.annual


def admitted(figures: InForce) -> object:
    """Whether the product passes the gate, and which ways of paying are withheld."""
    try:
        passed = admit(figures)
    except PolicyError as error:
        return str(error)
    return sorted(passed.withheld), [cost.annual for cost in passed.costs]


def bills(figures: InForce) -> object:
    terms = MinimumTerms.of(figures)
    small = Owed(number=1, fee_fen=0, interest_fen=20_000, principal_fen=80_000)
    large = Owed(number=1, fee_fen=0, interest_fen=1_000, principal_fen=99_000)
    return terms.due_fen(small), terms.due_fen(large), terms.carry_fen(90_000, RATE, 30)


def plans(figures: InForce) -> object:
    terms = FeePlanTerms.of(figures)
    return [
        (terms.schedule(1_000_000, DRAWN, plan), score)
        for score in (650, 720, 760)
        for plan in terms.offered(score)
    ]


def channels(figures: InForce) -> object:
    terms = ChannelTerms.of(figures)
    friday = date(2026, 6, 12)
    return [
        (terms.arrives(name, friday, Workdays()), terms.fee_fen(name, 100_000), service)
        for name, service in (
            (name, terms[name].monthly_service)
            for name in ("balance", "card", "instalment_account")
        )
    ]


def reminded(figures: InForce) -> object:
    return [
        (one.at, one.en)
        for one in reminders(PLAN.instalments, ReminderTerms.of(figures), after=noon(DRAWN))
    ]


def burdens(figures: InForce) -> object:
    terms = BurdenTerms.of(figures)
    return [terms.checks([dues], 1_000_000) for dues in (450_000, 550_000, 650_000, 750_000)]
