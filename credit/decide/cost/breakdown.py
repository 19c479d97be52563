"""What a loan costs, taken apart: every component, to whom, and what it makes a year."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from credit.decide.clock import add_months, whole_months
from credit.decide.cost.irr import periodic_irr, xirr
from credit.decide.cost.terms import CostTerms, Fee
from credit.decide.money import fen
from credit.decide.repay.late import LateCost, late_cost
from credit.decide.repay.schedule import Schedule
from credit.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A loan as it would be made: its schedule, daily rate, and fees beside the schedule."""

    name: str
    schedule: Schedule
    daily_rate: Fraction
    fees: tuple[Fee, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A component of the cost.

    Attributes
    ----------
    code : str
        Kind of cost, and for what is charged only if something happens, what happens.
    payee : str
        Who is paid.
    way : str
        ``at_start``, ``monthly``, ``at_end``, ``with_instalments``, or ``if_late``, ``if_early``.
    rate : float
        The standard by which it is charged.
    per : str
        What the rate is per: ``day``, ``principal`` (share of the original, each time),
        ``remaining`` (principal), ``unpaid`` (amount, once).
    fen : int or None
        What it sums to if all is paid as agreed; None where it is then not charged.
    """

    code: str
    payee: str
    way: str
    rate: float
    per: str
    fen: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """The cost of a loan.

    Attributes
    ----------
    name : str
    principal_fen, received_fen : int
        Lent; paid out after what is charged at the start.
    months : int
    items, contingent : tuple of Item
        Charged in any case; charged only if something happens.
    nominal : float
        The rate as it is advertised: daily rate times days of a year, and a plan's fee divided by
        the years of the plan.
    irr_12 : float
        Twelve times the monthly internal rate of everything that is charged in any case.
    xirr : float
        The effective yearly rate of the same (Actual/365).
    late : LateCost
        What a year of being late costs.
    measure : str
        Which of the two rates a cap is held against.
    """

    name: str
    principal_fen: int
    received_fen: int
    months: int
    items: tuple[Item, ...]
    contingent: tuple[Item, ...]
    nominal: float
    irr_12: float
    xirr: float
    late: LateCost
    measure: str

    @property
    def cost_fen(self) -> int:
        """Everything that is charged in any case."""
        return sum(item.fen or 0 for item in self.items)

    @property
    def gap(self) -> float:
        """By how much the true yearly cost is above the advertised rate."""
        return self.xirr - self.nominal

    @property
    def annual(self) -> float:
        """The yearly cost that a cap is held against."""
        return self.xirr if self.measure == "xirr" else self.irr_12

    def by_payee(self) -> dict[str, int]:
        """Return what each party is paid in any case, in fen."""
        found: dict[str, int] = {}
        for item in self.items:
            found[item.payee] = found.get(item.payee, 0) + (item.fen or 0)
        return found

    def plain(self) -> dict[str, Any]:
        """Return the breakdown as JSON has it."""
        late = {
            "daily": float(self.late.daily), "simple": float(self.late.simple),
            "compounded": self.late.compounded, "once": float(self.late.once),
            "annual": self.late.annual,
        }  # fmt: skip
        return {
            "name": self.name, "principal_fen": self.principal_fen,
            "received_fen": self.received_fen, "months": self.months,
            "items": [asdict(item) for item in self.items],
            "contingent": [asdict(item) for item in self.contingent],
            "cost_fen": self.cost_fen, "nominal": self.nominal, "irr_12": self.irr_12,
            "xirr": self.xirr, "gap": self.gap, "late": late, "by_payee": self.by_payee(),
        }  # fmt: skip


def cost_breakdown(offer: Offer, terms: CostTerms) -> Breakdown:
    """Return what a loan costs, component by component, and what that makes a year.

    Parameters
    ----------
    offer : Offer
        Its own fees are charged beside those of the terms.
    terms : CostTerms

    Raises
    ------
    DataError
        Fees at the start leave nothing to be paid out.
    """
    plan, fees = offer.schedule, terms.fees + offer.fees
    flows = _flows(plan, fees)
    if flows[plan.drawn_on] <= 0:
        raise DataError(
            f"{offer.name}: fees at the start leave {flows[plan.drawn_on]} fen to be paid out."
        )
    months = whole_months(plan.drawn_on, plan.instalments[-1].due)
    by_month = [0] * (months + 1)
    for day, amount in flows.items():
        by_month[whole_months(plan.drawn_on, day)] += amount
    plan_fee = Fraction(plan.fee_fen, plan.principal_fen)
    return Breakdown(
        name=offer.name,
        principal_fen=plan.principal_fen,
        received_fen=flows[plan.drawn_on],
        months=months,
        items=tuple(_items(offer, fees, terms)),
        contingent=tuple(_contingent(offer, terms)),
        nominal=float(offer.daily_rate * terms.day_count + plan_fee * Fraction(12, months)),
        irr_12=12 * periodic_irr(by_month),
        xirr=xirr(list(flows.items())),
        late=late_cost(terms.late, offer.daily_rate),
        measure=terms.measure,
    )


def _charges(plan: Schedule, fee: Fee) -> dict[date, int]:
    """Return when a fee is charged and how much."""
    once = fen(plan.principal_fen * fee.share)
    if fee.way == "at_start":
        return {plan.drawn_on: once}
    if fee.way == "at_end":
        return {plan.instalments[-1].due: once}
    months = whole_months(plan.drawn_on, plan.instalments[-1].due)
    return {add_months(plan.drawn_on, month): once for month in range(1, months + 1)}


def _flows(plan: Schedule, fees: tuple[Fee, ...]) -> dict[date, int]:
    """Return what the borrower gets (positive) and pays (negative) on each day."""
    flows = {plan.drawn_on: plan.principal_fen}
    flows |= {line.due: -line.total_fen for line in plan.instalments}
    for fee in fees:
        for day, amount in _charges(plan, fee).items():
            flows[day] = flows.get(day, 0) - amount
    return flows


def _items(offer: Offer, fees: tuple[Fee, ...], terms: CostTerms) -> Iterator[Item]:
    plan, parties = offer.schedule, terms.parties
    if offer.daily_rate:
        yield Item(
            code="interest", payee=parties["interest"], way="with_instalments",
            rate=float(offer.daily_rate), per="day", fen=plan.interest_fen,
        )  # fmt: skip
    if plan.fee_fen:
        yield Item(
            code="plan_fee", payee=parties["plan_fee"], way="with_instalments",
            rate=float(Fraction(plan.fee_fen, plan.principal_fen)), per="principal",
            fen=plan.fee_fen,
        )  # fmt: skip
    for fee in fees:
        yield Item(
            code=fee.code, payee=parties[fee.code], way=fee.way, rate=float(fee.share),
            per="principal", fen=sum(_charges(plan, fee).values()),
        )  # fmt: skip


def _contingent(offer: Offer, terms: CostTerms) -> Iterator[Item]:
    late, parties = terms.late, terms.parties
    penalty = late.penalty
    rows: list[tuple[str, str, str, Fraction, str]] = []
    if late.fee:
        rows.append(("late_fee", "late", "if_late", late.fee, "unpaid"))
    if penalty.mode in {"compound", "multiple"}:
        rows.append(("penalty", "late", "if_late", penalty.daily(offer.daily_rate), "day"))
    elif penalty.steps:
        rows.append(("penalty", "late", "if_late", penalty.steps[-1][1], "unpaid"))
    for channel, share in terms.early.fees.items():
        if isinstance(share, Fraction) and share:
            rows.append((f"early_{channel}", "early", "if_early", share, "remaining"))
    for code, kind, way, rate, per in rows:
        if not rate:
            continue
        yield Item(
            code=code, payee=parties[kind], way=way, rate=float(rate), per=per, fen=None
        )  # fmt: skip
