"""Whom a payment pays: fees, then interest, then principal; the oldest instalment first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from credit.decide.leaves import items, named, whole
from credit.errors import DataError, PolicyError
from credit.policy import InForce

BUCKETS = ("fee", "interest", "principal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What one instalment still owes, in fen."""

    number: int
    fee_fen: int
    interest_fen: int
    principal_fen: int

    def __post_init__(self) -> None:
        if min(self.fee_fen, self.interest_fen, self.principal_fen) < 0:
            raise DataError(f"instalment {self.number} owes a negative amount: {self}.")

    def bucket(self, name: str) -> int:
        """Return what one bucket owes."""
        return {
            "fee": self.fee_fen, "interest": self.interest_fen, "principal": self.principal_fen
        }[name]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a payment: which bucket of which instalment it pays."""

    number: int
    bucket: str
    fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Parts and rest of a payment; they sum to it."""

    parts: tuple[Part, ...]
    unallocated_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterfallTerms:
    """The order of buckets, and that of a loan which is more than so many days past due."""

    order: tuple[str, ...]
    npl_order: tuple[str, ...]
    npl_above_days: int

    @classmethod
    def of(cls, figures: InForce) -> WaterfallTerms:
        """Read and check both orders: each names every bucket once."""
        npl = named(figures, "repay.waterfall_npl", ("order", "above_days"))
        return cls(
            order=_order(figures["repay.waterfall"], "repay.waterfall"),
            npl_order=_order(npl["order"], "repay.waterfall_npl.order"),
            npl_above_days=whole(npl["above_days"], "repay.waterfall_npl.above_days"),
        )

    def at(self, days_past_due: int) -> tuple[str, ...]:
        """Return the order for a loan so many days past due."""
        return self.npl_order if days_past_due > self.npl_above_days else self.order


def _order(value: object, where: str) -> tuple[str, ...]:
    order = tuple(items(value, where))
    if sorted(order) != sorted(BUCKETS):
        raise PolicyError(f"{where}: {list(order)} must name each of {BUCKETS} once.")
    return order


def allocate(amount_fen: int, owed: Sequence[Owed], order: Sequence[str]) -> Allocation:
    """Return whom an amount pays, in an order of buckets.

    No bucket of any instalment is paid while one before it in the order owes anything; within a
    bucket the instalment given first is paid first.

    Parameters
    ----------
    amount_fen : int
        0 or more.
    owed : sequence of Owed
        The oldest first.
    order : sequence of str
        ``BUCKETS`` in some order.

    Returns
    -------
    Allocation
        ``sum(part.fen) + unallocated_fen == amount_fen``; parts of 0 are left out.
    """
    if amount_fen < 0:
        raise DataError(f"amount_fen must be 0 or more, got {amount_fen}.")
    left, parts = amount_fen, []
    for bucket in order:
        for one in owed:
            paid = min(left, one.bucket(bucket))
            if paid:
                parts.append(Part(number=one.number, bucket=bucket, fen=paid))
                left -= paid
    return Allocation(parts=tuple(parts), unallocated_fen=left)
