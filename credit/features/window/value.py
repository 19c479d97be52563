"""Pieces of SQL and what an expression may name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from credit.errors import FeatureError

Kind = Literal["int", "float", "text", "bool", "any"]


@dataclass(frozen=True, slots=True)
class Value:
    """A piece of SQL and its kind.

    ``divisor`` turns exact integers into the unit meant (microseconds into days), after they
    were summed, so that sums of ages stay exact.
    """

    sql: str
    kind: Kind
    divisor: int = 1

    @property
    def double(self) -> str:
        """The value in its own unit, as a double."""
        scaled = f"cast({self.sql} as double)"
        return scaled if self.divisor == 1 else f"({scaled} / {self.divisor}.0e0)"


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may name, and who speaks (for errors)."""

    feature: str
    place: str
    columns: Mapping[str, Value]
    zone: str = "UTC"
    as_of: str | None = None
    """SQL of the as-of instant, only where ``q_days`` is allowed."""

    def error(self, message: str) -> FeatureError:
        """Return an error that begins with the feature's name."""
        return FeatureError(f"{self.feature}: {message}")


def quoted(name: str) -> str:
    """Return a name that no engine takes for a keyword."""
    return '"' + name.replace('"', '""') + '"'
