"""What a book is made of: the contract, entries, records of lateness, instalments as they stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from credit.decide.repay.allocate import BUCKETS
from credit.decide.repay.late import MICRO, Unpaid, whole_fen
from credit.decide.repay.schedule import Instalment, Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What was agreed: the schedule, and the daily rate that the balance bears."""

    schedule: Schedule
    daily_rate: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the book; ``event`` is the id of what caused it, or empty for a day that came."""

    day: date
    code: str
    fen: int
    number: int = 0
    bucket: str = ""
    event: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An instalment that is on record as overdue: from when, and by which rule."""

    day: date
    number: int
    reason: str


@dataclass(slots=True)
class Line:
    """An instalment as it stands; late interest and charges in millionths of a fen."""

    number: int
    due: date
    original_due: date
    agreed: dict[str, int]
    late: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BUCKETS, 0))
    paid: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BUCKETS, 0))
    recorded: bool = False
    fee_charged: bool = False
    share_charged: Fraction = Fraction(0)

    @classmethod
    def of(cls, one: Instalment) -> Line:
        """Return a line on which nothing has happened."""
        agreed = {"fee": one.fee_fen, "interest": one.interest_fen, "principal": one.principal_fen}
        return cls(one.number, one.due, one.due, agreed)

    def owed(self, bucket: str) -> int:
        """Return what a bucket owes, in whole fen."""
        late = self.late[bucket]
        return self.agreed[bucket] - self.paid[bucket] + (whole_fen(late) if late else 0)

    @property
    def owed_fen(self) -> int:
        """What all buckets owe."""
        return self.owed("fee") + self.owed("interest") + self.owed("principal")

    def instalment(self) -> Instalment:
        """Return what the line owes as an instalment."""
        return Instalment(
            number=self.number, due=self.due, principal_fen=self.owed("principal"),
            interest_fen=self.owed("interest"), fee_fen=self.owed("fee"),
        )  # fmt: skip

    def unpaid(self) -> Unpaid:
        """Return what was due and is not paid, apart from what being late has added."""
        left = {name: max(0, self.agreed[name] - self.paid[name]) for name in BUCKETS}
        beyond = sum(max(0, self.paid[name] - self.agreed[name]) for name in BUCKETS)
        return Unpaid(
            principal_fen=left["principal"], base_fen=sum(left.values()),
            accrued_micro=max(0, sum(self.late.values()) - MICRO * beyond),
            fee_charged=self.fee_charged, share_charged=self.share_charged,
        )  # fmt: skip
