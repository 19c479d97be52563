"""What is wrong with a log: where, what, and the way out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from credit.errors import LogError

RESTORE = "Restore the file from a copy, and ask who could write to it."
TORN = (
    "If the service was killed, start it again: it cuts this off and records that it did. Else "
    "restore the file from a copy."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a log.

    Attributes
    ----------
    file : str
    line : int
        From 1; 0 where it is the file as a whole.
    wrong, way_out : str
    """

    file: str
    line: int
    wrong: str
    way_out: str

    def __str__(self) -> str:
        """Return it as one sentence and the way out."""
        place = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{place}: {self.wrong}. {self.way_out}"


class BrokenLogError(LogError):
    """A log is not what was written."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def refuse(file: str, line: int, wrong: str, way_out: str = RESTORE) -> NoReturn:
    """Raise a fault."""
    raise BrokenLogError(Fault(file=file, line=line, wrong=wrong, way_out=way_out))
