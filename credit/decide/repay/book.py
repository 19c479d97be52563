"""The book of one loan: how each day and each event changes what is owed.

Every change is an entry. Entries of one bucket of one instalment sum to what it owes; money that
came in is the sum of the ``received`` entries, and minus the sum of the ``paid`` ones it is what
lies unallocated.
"""

from __future__ import annotations

from datetime import date, timedelta

from credit.decide.clock import add_months, local_day
from credit.decide.repay.allocate import BUCKETS, Owed, allocate
from credit.decide.repay.events import CardChanged, DebitFailed, Deferred, Event, Paid, Settled
from credit.decide.repay.lines import Contract, Entry, Line, Record
from credit.decide.repay.schedule import Instalment
from credit.decide.repay.terms import AccountTerms
from credit.errors import DataError


class Book:
    """The state of a loan on ``day``, moved on by `roll` and `apply`."""

    def __init__(self, contract: Contract, terms: AccountTerms) -> None:
        self.contract, self.terms = contract, terms
        self.day = contract.schedule.drawn_on
        self.lines = [Line.of(one) for one in contract.schedule.instalments]
        self.credit_fen = self.received_fen = 0
        self.failures, self.failed_at = 0, 0
        self.records: list[Record] = []
        self.deferrals: list[int] = []
        self.forborne = False
        self.default_since: date | None = None
        self.clean_since: date | None = self.day
        self.worst_days = self.worst_original_days = 0
        self.entries = [Entry(day=self.day, code="disbursed", fen=contract.schedule.principal_fen)]
        for line in self.lines:
            self._agree(line, "scheduled")

    # What is due

    def due(self) -> list[Line]:
        """Return the lines that are due and owe something, the oldest first."""
        return [line for line in self.lines if line.due <= self.day and line.owed_fen]

    def days_past_due(self) -> int:
        """Return the days since the oldest unpaid due day."""
        for line in self.lines:  # in the order of their due days
            if line.due <= self.day and line.owed_fen:
                return (self.day - line.due).days
        return 0

    def original_days_past_due(self) -> int:
        """Return the same as if nothing had been deferred."""
        if not self.deferrals:
            return self.days_past_due()
        days = ((self.day - line.original_due).days for line in self.lines if line.owed_fen)
        return max(0, max(days, default=0))

    # Days

    def roll(self, to: date) -> None:
        """Open every day up to ``to``."""
        while self.day < to:
            self.day = self._next_day(to)
            self._open()

    def _next_day(self, to: date) -> date:
        """Return the next day on which something can change: any, once something is late."""
        tomorrow = self.day + timedelta(days=1)
        if self.due():
            return tomorrow
        coming = [line.due for line in self.lines if line.due >= tomorrow and line.owed_fen]
        return min(to, *coming) if coming else to

    def _open(self) -> None:
        for line in self.due():
            self._charge(line)
        self._mark()
        self._allocate("")

    def _charge(self, line: Line) -> None:
        days, late = (self.day - line.due).days, self.terms.late
        charge = late.charge(line.unpaid(), days, self.contract.daily_rate)
        self._add(line, "interest", "late_interest", charge.interest_micro)
        self._add(line, "fee", "penalty", charge.penalty_micro)
        self._add(line, "fee", "late_fee", charge.fee_micro)
        if late.overdue(days):
            line.fee_charged = True
            line.share_charged += charge.share
            self._put_on_record(line, overdue=True)

    def _add(self, line: Line, bucket: str, code: str, micro: int) -> None:
        if not micro:
            return
        before = line.owed(bucket)
        line.late[bucket] += micro
        self._enter(code, line.owed(bucket) - before, line, bucket)

    def _put_on_record(self, line: Line, *, overdue: bool) -> None:
        if line.recorded:
            return
        reason = self.terms.retry.record(self.failures, overdue=overdue)
        if reason is not None:
            line.recorded = True
            self.records.append(Record(day=self.day, number=line.number, reason=reason))

    def _mark(self) -> None:
        """Bring up to date what is remembered of lateness; the order of the steps matters."""
        forbear, days = self.terms.forbear, self.days_past_due()
        # What clean months have ended had ended before today's lateness began.
        if self.forborne:
            self.forborne = forbear.forborne(self.clean_since, self.day)
        if forbear.cured(self.clean_since, self.day, forborne=self.forborne):
            self.default_since = None
        self.worst_days = max(self.worst_days, days)
        self.worst_original_days = max(self.worst_original_days, self.original_days_past_due())
        if days >= forbear.default_days and self.default_since is None:
            self.default_since = self.day
        if self.terms.late.overdue(days):
            self.clean_since = None
        elif self.clean_since is None:
            self.clean_since = self.day

    # Events

    def apply(self, event: Event) -> None:
        """Open the days up to an event's own, and let it happen."""
        day = local_day(event.at, self.terms.retry.zone)
        if day < self.day:
            raise DataError(
                f"event {event.id!r} of {day} lies before {self.day}, when the money was paid out."
            )
        self.roll(day)
        match event:
            case Paid():
                self._receive(event.amount_fen, event.id)
                if event.debit or not self.due():
                    self.failures = 0
            case Settled():
                self._settle(event)
            case DebitFailed():
                self._fail(event)
            case Deferred():
                self._defer(event)
            case CardChanged():
                self._enter("card_changed", 0, event=event.id)
                if self.terms.forbear.card_change_restarts:
                    self.failures = 0
        self._mark()

    def _receive(self, amount_fen: int, event: str) -> None:
        self._enter("received", amount_fen, event=event)
        self.received_fen += amount_fen
        self.credit_fen += amount_fen
        self._allocate(event)

    def _allocate(self, event: str) -> None:
        due = {line.number: line for line in self.due()}
        if not self.credit_fen or not due:
            return
        owed = [
            Owed(number=line.number, fee_fen=line.owed("fee"), interest_fen=line.owed("interest"),
                 principal_fen=line.owed("principal"))
            for line in due.values()
        ]  # fmt: skip
        order = self.terms.waterfall.at(self.days_past_due())
        allocation = allocate(self.credit_fen, owed, order)
        for part in allocation.parts:
            due[part.number].paid[part.bucket] += part.fen
            self._enter("paid", -part.fen, due[part.number], part.bucket, event=event)
        self.credit_fen = allocation.unallocated_fen

    def _fail(self, event: DebitFailed) -> None:
        due = self.due()
        if not due:  # a debit that was not needed: kept in sight, not counted
            self._enter("debit_failed_nothing_due", 0, event=event.id)
            return
        self._enter("debit_failed", 0, due[0], event=event.id)
        self.failures, self.failed_at = self.failures + 1, event.at
        self._put_on_record(due[0], overdue=self.terms.late.overdue(self.days_past_due()))

    def _settle(self, event: Settled) -> None:
        coming = [line for line in self.lines if line.due > self.day]
        since = max(
            (line.due for line in self.lines if line.due <= self.day),
            default=self.contract.schedule.drawn_on,
        )
        settlement = self.terms.early.settlement(
            [line.instalment() for line in coming], since, self.day, self.contract.daily_rate,
            event.channel,
        )  # fmt: skip
        needed = sum(line.owed_fen for line in self.due()) + settlement.total_fen
        if event.amount_fen + self.credit_fen < needed:
            raise DataError(
                f"event {event.id!r} settles nothing: {event.amount_fen} fen with "
                f"{self.credit_fen} fen at hand, and {needed} fen are owed on {self.day}."
            )
        for line in coming:
            self._agree(line, "cancelled", sign=-1)
            line.agreed = dict.fromkeys(BUCKETS, 0)
        if coming:
            last = Instalment(
                number=self.lines[-1].number + 1, due=self.day,
                principal_fen=settlement.principal_fen, interest_fen=settlement.interest_fen,
                fee_fen=settlement.fee_fen,
            )  # fmt: skip
            self.lines.append(Line.of(last))
            self._agree(self.lines[-1], "settlement", event=event.id)
        self._receive(event.amount_fen, event.id)
        self.failures = 0

    def _defer(self, event: Deferred) -> None:
        forbear = self.terms.forbear
        forbear.check(event.months, len(self.deferrals), sum(self.deferrals))
        self.deferrals.append(event.months)
        for line in self.lines:
            if not line.owed_fen:
                continue
            moved = add_months(line.original_due, sum(self.deferrals))
            added = (moved - max(line.due, self.day)).days  # days overdue were charged as they came
            cost = forbear.interest_fen(
                line.owed("principal"), self.contract.daily_rate, max(0, added)
            )
            line.due = moved
            line.agreed["interest"] += cost
            self._enter("deferral_interest", cost, line, "interest", event=event.id)
        self.forborne, self.clean_since = True, self.day

    # Entries

    def _agree(self, line: Line, code: str, *, sign: int = 1, event: str = "") -> None:
        for bucket in BUCKETS:
            self._enter(code, sign * line.agreed[bucket], line, bucket, event=event)

    def _enter(
        self, code: str, amount: int, line: Line | None = None, bucket: str = "", *, event: str = ""
    ) -> None:
        if amount or not bucket:
            number = line.number if line is not None else 0
            self.entries.append(
                Entry(
                    day=self.day, code=code, fen=amount, number=number, bucket=bucket, event=event
                )
            )
