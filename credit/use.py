"""What data are held for, and for how long: purpose and retention of tables and columns.

Personal information may be used for the purposes it was collected for, and kept no longer than
they take (PIPL, articles 6 and 19). So each table of the contract declares a `Use`, a column may
declare a narrower one, and a pipeline file states the purpose of what it builds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from credit.errors import UseError

SCORING = "credit scoring"
FRAUD = "fraud detection"
AUDIT = "fairness audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Why something is held, and for how long.

    Attributes
    ----------
    purposes : tuple of str
        What it may be used for.
    until : date or None
        The last day on which it may be used; None where no end is declared.
    keep_days : int or None
        For how many days after it became known a row may be kept; None without limit.
    """

    purposes: tuple[str, ...]
    until: date | None = None
    keep_days: int | None = None

    def __post_init__(self) -> None:
        if not self.purposes:
            raise UseError("a use needs at least one purpose; data held for nothing are erased.")
        if self.keep_days is not None and self.keep_days < 1:
            raise UseError(f"keep_days must be at least 1, got {self.keep_days}.")

    def __str__(self) -> str:
        end = "" if self.until is None else f", until {self.until}"
        kept = "" if self.keep_days is None else f", each row for {self.keep_days} days"
        return f"{', '.join(self.purposes)}{end}{kept}"

    def common(self, other: Use) -> Use | None:
        """Return what both allow, None where they have no purpose in common."""
        purposes = tuple(purpose for purpose in self.purposes if purpose in other.purposes)
        if not purposes:
            return None
        ends = [end for end in (self.until, other.until) if end is not None]
        kept = [days for days in (self.keep_days, other.keep_days) if days is not None]
        return Use(
            purposes=purposes, until=min(ends, default=None), keep_days=min(kept, default=None)
        )
