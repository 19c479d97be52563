"""Leaves of a policy, a change of each, and the direction in which it moves a book."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any, Literal

from credit.strategy.book import Book
from credit.strategy.economics import Simulated, simulate
from credit.strategy.figures import ALL, by_segment
from credit.strategy.strategy import Strategy
from credit.strategy.sweep import times


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A leaf, a change of it, and what follows.

    Attributes
    ----------
    path : str
        A leaf, or a way into it (`Strategy.changed`).
    figure : str
        The column of `by_segment` that moves, of all applications.
    moves : {"rises", "falls"}
    why : str
    times : float or None
        What the number there is multiplied by.
    to : object
        What stands there instead; None where it is multiplied.
    """

    path: str
    figure: str
    moves: Literal["rises", "falls"]
    why: str
    times: float | None = None
    to: Any = None

    @property
    def change(self) -> str:
        """The change in words: ``x 0.5``, ``-> 50``."""
        return f"-> {self.to}" if self.times is None else f"x {self.times:g}"

    def of(self, strategy: Strategy, on: date) -> Strategy:
        """Return the strategy with the leaf changed, named by the change."""
        name = f"{self.path} {self.change}"
        if self.times is None:
            return strategy.changed(self.path, self.to, on, name=name)
        return times(strategy, [self.path], self.times, on).named(name)

    def effect(self, book: Book, found: Simulated) -> tuple[float, float]:
        """Return the figure before and after the change, on a book as it was simulated."""
        changed = simulate(book, self.of(found.strategy, book.days()[1]))
        before, after = (
            float(table.loc[table["segment"] == ALL, self.figure].iloc[0])
            for table in (by_segment(found), by_segment(changed))
        )
        return before, after


LEAVES: tuple[Moved, ...] = tuple(
    Moved(**raw)
    for raw in tomllib.loads((files("credit.strategy") / "leaves.toml").read_text("utf-8"))["leaf"]
)
"""The table of ``leaves.toml``."""
