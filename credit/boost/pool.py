"""Pool: what a fit must know of all rows, though it may see only some of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from credit.columns import Floats


class Pool(Protocol):
    """Whoever holds rows of the same fit; each asks the same questions in the same order."""

    def total(self, values: Floats) -> Floats:
        """Return numbers added up over all."""

    def least(self, value: int) -> int:
        """Return the smallest of all."""

    def union(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return every name that anyone has, once, sorted."""


class Alone:
    """All rows are here."""

    def total(self, values: Floats) -> Floats:
        """Return the numbers given."""
        return values

    def least(self, value: int) -> int:
        """Return the value given."""
        return value

    def union(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the names given, once, sorted."""
        return tuple(sorted(set(names)))


ALONE = Alone()
