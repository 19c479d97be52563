"""What a loan would cost under a policy on a day, and whether the law lets it be made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import get_args

from credit import policy
from credit.decide.cost import (
    Breakdown,
    Cap,
    CostTerms,
    Fee,
    Offer,
    Row,
    cost_breakdown,
    disclosure,
    refuse_above_cap,
)
from credit.decide.cost.disclose import Language
from credit.decide.leaves import number
from credit.decide.money import YUAN, yuan
from credit.decide.repay import FeePlanTerms, Loan, Schedule, schedule
from credit.decide.repay.schedule import KINDS
from credit.errors import ConfigError
from credit.policy import InForce


@dataclass(frozen=True, slots=True, kw_only=True)
class CostQuestion:
    """A loan to be priced.

    Attributes
    ----------
    principal : str
        Yuan, with at most two decimals.
    months : int
    daily_rate : float or None
        None: an instalment plan of the policy, for its fee and without interest.
    kind : str
        How a loan that bears interest is paid back.
    fees : tuple of str
        ``CODE=SHARE`` or ``CODE=SHARE@WAY``, beside those of the policy.
    policy : str
    on : date or None
        Day of payout; today where it is None.
    cap : float or None
        A cap of one's own, where the policy has none in force.
    """

    principal: str
    months: int
    daily_rate: float | None = None
    kind: str = "equal_instalments"
    fees: tuple[str, ...] = ()
    policy: str = "weilidai"
    on: date | None = None
    cap: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostAnswer:
    """What a loan costs: its schedule, its parts, the table shown to a person, and by what law."""

    on: date
    schedule: Schedule
    cost: Breakdown
    rows: tuple[Row, ...]
    note: str

    def instalments(self) -> list[list[str]]:
        """Return the schedule as rows of words."""
        return [
            [str(line.number), line.due.isoformat(), yuan(line.total_fen),
             yuan(line.principal_fen), yuan(line.interest_fen), yuan(line.fee_fen)]
            for line in self.schedule.instalments
        ]  # fmt: skip

    def plain(self) -> dict[str, object]:
        """Return the answer as JSON has it."""
        table = [row.plain() for row in self.rows]
        return {**self.cost.plain(), "on": self.on.isoformat(), "table": table, "note": self.note}


def cost_of(question: CostQuestion, language: str = "en") -> CostAnswer:
    """Return what a loan costs, or refuse it.

    Raises
    ------
    PolicyError
        It costs more a year than the cap in force; the sentence says what it is made of.
    ConfigError
        The question is none.
    """
    said: dict[str, Language] = {name: name for name in get_args(Language)}
    if language not in said:
        raise ConfigError(f"--language must be one of {list(said)}, got {language!r}.")
    on = question.on or datetime.now(UTC).date()
    figures = policy.load(question.policy).at(on)
    terms = CostTerms.of(figures)
    offer = _offer(question, figures, on)
    cap = Cap.of(figures)
    if question.cap is not None:
        if cap is not None:
            raise ConfigError(
                f"--cap {question.cap}: policy {figures.policy} has a cap of its own in force on "
                f"{on}, {float(cap.rate):g}. Leave --cap out."
            )
        cap = Cap(rate=number(question.cap, "--cap", high=10), lender="all", source="--cap")
    cost = cost_breakdown(offer, terms)
    if cap is None:
        note = f"policy {figures.policy} has no comply.apr_cap in force on {on}: none was applied"
    else:
        refuse_above_cap(cost, cap)
        note = f"within the cap of {float(cap.rate):.2%} ({cap.source}), measured as {cost.measure}"
    rows = disclosure(cost, said[language])
    return CostAnswer(on=on, schedule=offer.schedule, cost=cost, rows=rows, note=note)


def _offer(question: CostQuestion, figures: InForce, on: date) -> Offer:
    principal = fen_of(question.principal, "--principal")
    fees = tuple(map(_fee, question.fees))
    name = f"{yuan(principal)} yuan over {question.months} months"
    if question.daily_rate is None:
        plans = FeePlanTerms.of(figures)
        found = [plan for plan in plans.plans if plan.months == question.months]
        if not found:
            offered = [plan.months for plan in plans.plans]
            raise ConfigError(
                f"policy {figures.policy} has no instalment plan of {question.months} months, only "
                f"of {offered}. Give one of these as --months, or a --daily-rate."
            )
        made = plans.schedule(principal, on, found[0])
        return Offer(name=name, schedule=made, daily_rate=Fraction(0), fees=fees)
    kinds = {kind: kind for kind in KINDS}
    if question.kind not in kinds:
        raise ConfigError(f"--kind must be one of {list(KINDS)}, got {question.kind!r}.")
    loan = Loan(
        principal_fen=principal, drawn_on=on, months=question.months,
        daily_rate=number(question.daily_rate, "--daily-rate", high=0.1),
    )  # fmt: skip
    made = schedule(loan, kinds[question.kind])
    return Offer(name=name, schedule=made, daily_rate=loan.daily_rate, fees=fees)


def fen_of(text: str, option: str) -> int:
    """Return an amount in yuan, as a person types it at an option, in fen."""
    try:
        amount = Decimal(text) * YUAN
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount <= 0 or amount != amount.to_integral_value():
        raise ConfigError(
            f"{option} must be a positive amount in yuan, two decimals at most, got {text!r}."
        )
    return int(amount)


def _fee(text: str) -> Fee:
    """Return the fee that ``CODE=SHARE`` or ``CODE=SHARE@WAY`` names; without way, at the start."""
    code, _, rest = text.partition("=")
    share, _, way = rest.partition("@")
    try:
        value = float(share)
    except ValueError as error:
        raise ConfigError(
            f"--fee must be CODE=SHARE or CODE=SHARE@WAY, such as service=0.02@at_start; "
            f"got {text!r}."
        ) from error
    return Fee.of({"code": code, "share": value, "way": way or "at_start"}, f"--fee {text}")
