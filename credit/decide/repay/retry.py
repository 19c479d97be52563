"""Automatic debits: when a failed one is tried again, and when a late payment goes on record.

Two rules of the source meet here. A due amount is not late before the days of grace have passed,
and so many failures in a row go on record; a last failure may fall on a day of grace. Which of
the two then decides is a figure of the policy, ``repay.precedence``:

``grace``      failures go on record only once the days of grace have passed unpaid;
``failures``   the last failure goes on record at once, grace or not.

Unpaid when the grace has passed, an amount is on record either way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from credit.decide.clock import at, local_day
from credit.decide.leaves import choice, named, whole
from credit.errors import PolicyError
from credit.policy import InForce

PRECEDENCES = ("grace", "failures")

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def clock_time(value: object, where: str) -> tuple[int, int]:
    """Return hour and minute of a clock time that a leaf writes as ``"09:00"``."""
    found = _CLOCK.fullmatch(str(value))
    if found is None:
        raise PolicyError(f"{where}: {value!r} is not a time of day such as '09:00'.")
    return int(found[1]), int(found[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryTerms:
    """When a failed debit is tried again, how many failures count, and which rule goes first."""

    hour: int
    minute: int
    max_failures: int
    precedence: str
    zone: str

    @classmethod
    def of(cls, figures: InForce) -> RetryTerms:
        """Read and check ``repay.retry`` and ``repay.precedence``."""
        leaf = named(figures, "repay.retry", ("at", "max_failures"))
        hour, minute = clock_time(leaf["at"], "repay.retry.at")
        return cls(
            hour=hour, minute=minute,
            max_failures=whole(leaf["max_failures"], "repay.retry.max_failures", low=1),
            precedence=choice(figures["repay.precedence"], "repay.precedence", PRECEDENCES),
            zone=str(figures["calendar.zone"]),
        )  # fmt: skip

    def next_debit(self, failed_at: int) -> int:
        """Return the instant of the next try: the hour of the policy on the next local day."""
        day = local_day(failed_at, self.zone) + timedelta(days=1)
        return at(day, self.zone, hour=self.hour, minute=self.minute)

    def record(self, failures: int, *, overdue: bool) -> str | None:
        """Return why an unpaid amount is on record (``"grace"``, ``"failures"``), or None.

        Parameters
        ----------
        failures : int
            Failed debits in a row.
        overdue : bool
            Whether the days of grace have passed.
        """
        often = failures >= self.max_failures
        if overdue:
            return "failures" if often else "grace"
        return "failures" if often and self.precedence == "failures" else None
