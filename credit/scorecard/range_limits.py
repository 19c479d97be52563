"""The constraints of a card whose dimensions hold given shares of the range, as rows.

Which bins of a feature are lowest and highest is kept from the learnt card, so that its range
is linear in the terms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from credit.binning import Bins
from credit.columns import Floats, Ints
from credit.scorecard.interior import Linear
from credit.scorecard.ranges import counted, ordinary
from credit.scorecard.thermometer import Codes, add_up


@dataclass(frozen=True, kw_only=True, eq=False)
class Shape:
    """One feature's terms, before they are weighted.

    ``learnt`` are its terms in the card; ``index`` is the bin of every row.
    """

    bins: Bins
    dimension: str
    learnt: Floats
    index: Ints

    @property
    def name(self) -> str:
        """The feature."""
        return self.bins.feature

    @cached_property
    def mass(self) -> Floats:
        """Share of the rows in each bin."""
        return np.bincount(self.index, minlength=len(self.learnt)) / len(self.index)

    @cached_property
    def held(self) -> Ints:
        """The bins that count and hold rows."""
        return np.flatnonzero(self.mass[: counted(self.bins)] > 0)

    @property
    def moves(self) -> bool:
        """Whether there is a range at all."""
        return len(self.held) > 1 and bool(np.ptp(self.learnt[self.held]) > 0)

    @cached_property
    def steps(self) -> Ints:
        """Direction of each step between neighbouring held bins: 1 up, -1 down, 0 any."""
        values = self.learnt[self.held]
        signs = np.sign(np.diff(values)).astype(np.int64)
        if len(set(signs) - {0}) == 1:  # equal neighbours in a monotone shape keep its direction
            return np.full(len(signs), signs[signs != 0][0])
        return signs

    @cached_property
    def ends(self) -> tuple[int, int]:
        """The lowest and the highest of the held bins."""
        if len(set(self.steps)) == 1:
            first, last = int(self.held[0]), int(self.held[-1])
            return (first, last) if self.steps[0] > 0 else (last, first)
        values = self.learnt[self.held]
        return int(self.held[np.argmin(values)]), int(self.held[np.argmax(values)])

    @property
    def empty(self) -> list[dict[int, float]]:
        """Rows that are 0: a bin without rows has its neighbour's term, or 0 beside the order."""
        found: list[dict[int, float]] = []
        for cell in np.flatnonzero(self.mass == 0):
            entries = {int(cell): 1.0}
            if cell < ordinary(self.bins):
                below = self.held[self.held < cell]
                entries[int(below[-1] if len(below) else self.held[0])] = -1.0
            found.append(entries)
        return found

    @property
    def ordered(self) -> list[dict[int, float]]:
        """Rows that are at least 0: each step its way, no bin beyond the lowest or highest."""
        low, high = self.ends
        found = [
            {int(after): float(sign), int(before): -float(sign)}
            for before, after, sign in zip(self.held, self.held[1:], self.steps, strict=False)
            if sign
        ]
        for cell in np.flatnonzero(self.mass > 0).tolist():
            found += [{high: 1.0, cell: -1.0}] if cell not in {low, high} else []
            found += [{cell: 1.0, low: -1.0}] if cell != low else []
        return found

    def centred(self, factor: float) -> Floats:
        """Return the learnt terms, scaled, with average 0 over the rows."""
        return factor * (self.learnt - self.mass @ self.learnt)


class Cells:
    """The bins of all features one after the other, and the rows in them.

    Unknowns are the base and one term a cell, so cell c of feature j has column
    ``1 + offsets[j] + c`` of a constraint.
    """

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self.shapes = shapes
        sizes = [len(shape.learnt) for shape in shapes]
        self.offsets = np.cumsum([0, *sizes]).astype(np.int64)
        kind = np.min_scalar_type(max(sizes))
        self.codes: Codes = np.column_stack([shape.index.astype(kind) for shape in shapes])

    def margin(self, base: float, terms: Floats) -> Floats:
        """Return the log-odds of every row."""
        return np.asarray(add_up(self.codes, self.offsets, base, terms))

    def row(self, shape: int, entries: Mapping[int, float]) -> Floats:
        """Return a constraint on the terms of some bins of one feature."""
        found = np.zeros(1 + self.offsets[-1])
        for cell, value in entries.items():
            found[1 + self.offsets[shape] + cell] = value
        return found

    def range_of(self, dimension: str) -> Floats:
        """Return the row whose product with the unknowns is the range of a dimension."""
        return np.sum(
            [
                self.row(j, {shape.ends[1]: 1.0, shape.ends[0]: -1.0})
                for j, shape in enumerate(self.shapes)
                if shape.dimension == dimension
            ],
            axis=0,
        )

    def limits(self, target: Mapping[str, float], floor: float) -> Linear:
        """Return all constraints: averages, empty bins, shares; ends, steps, floor."""
        equal: list[Floats] = []
        least: list[Floats] = []
        for j, shape in enumerate(self.shapes):
            equal.append(self.row(j, dict(enumerate(shape.mass))))
            equal.extend(self.row(j, entries) for entries in shape.empty)
            least.extend(self.row(j, entries) for entries in shape.ordered)
        rows = {name: self.range_of(name) for name in target}
        whole = np.sum(list(rows.values()), axis=0)
        # The last share is what the others leave.
        equal.extend(rows[name] - target[name] * whole for name in list(target)[:-1])
        bound = np.zeros(len(least) + len(target))
        bound[len(least) :] = floor
        return Linear(np.array(equal), np.array([*least, *rows.values()]), bound)
