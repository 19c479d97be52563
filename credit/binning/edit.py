"""Bins changed by hand: new bins, and a record of who changed what, why, and at what price."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from credit.binning.bins import Bins
from credit.binning.choose import ordered
from credit.binning.counts import Counts
from credit.binning.fit import assemble, fit_bins
from credit.binning.limits import ORDERS, BinLimits
from credit.columns import Floats
from credit.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Who changes bins, why, and when (as the caller writes it; nothing here reads a clock)."""

    who: str
    why: str
    when: str = ""

    def __post_init__(self) -> None:
        for name in ("who", "why"):
            if not getattr(self, name).strip():
                raise ModelError(f"{name} must not be empty: a change by hand has its reason.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """The record of one change: plain data, for the file that keeps the card."""

    feature: str
    what: str
    who: str
    why: str
    when: str
    iv_before: float
    iv_after: float

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """The bins of one column beside the counts they were made from.

    Every change returns an editor of the new bins, so changes follow one another; ``edits``
    holds their records in order. A change by hand is the modeller's word: it may break the
    limits, and the trend then says what the bins do.

    Attributes
    ----------
    bins : Bins
    counts : Counts
        The counts the bins were fitted from.
    limits : BinLimits
        The limits they were fitted with.
    edits : tuple of Edit
    """

    bins: Bins
    counts: Counts
    limits: BinLimits = field(default_factory=BinLimits)
    edits: tuple[Edit, ...] = ()

    def merge(self, position: int, note: Note) -> Editor:
        """Merge ordinary bin ``position`` with the next one."""
        counts, ends = self._laid_out()
        if not 0 <= position < len(ends) - 1:
            raise ModelError(
                f"merge: {self.bins.feature!r} has ordinary bins 0 to {len(ends) - 1}; bin "
                f"{position} has no next one."
            )
        first, second = self.bins.labels[position : position + 2]
        del ends[position]
        return self._changed(counts, ends, f"merge {first} with {second}", note)

    def split(self, cut: float, note: Note) -> Editor:
        """Cut the ordinary bin that holds ``cut`` there."""
        counts, ends = self._laid_out()
        end = self._candidate("split", cut)
        if end in ends:
            raise ModelError(f"split: {self.bins.feature!r} is cut at {cut:g} already.")
        return self._changed(counts, sorted([*ends, end]), f"split at {cut:g}", note)

    def move(self, cut: float, to: float, note: Note) -> Editor:
        """Move a cut to a place between its neighbours."""
        counts, ends = self._laid_out()
        if cut not in self.bins.edges:
            raise ModelError(
                f"move: {self.bins.feature!r} has no cut {cut:g}; its cuts are "
                f"{list(self.bins.edges)}."
            )
        at = self.bins.edges.index(cut)
        end = self._candidate("move", to)
        if not (ends[at - 1] if at else -1) < end < ends[at + 1]:
            raise ModelError(
                f"move: {to:g} does not lie between the cuts beside {cut:g}. Merge bins first."
            )
        ends[at] = end
        return self._changed(counts, ends, f"move the cut {cut:g} to {to:g}", note)

    def set_trend(self, trend: str, note: Note, *, seed: int = 0) -> Editor:
        """Fit the bins anew with another trend."""
        if trend not in ORDERS or self.bins.kind == "category":
            raise ModelError(
                f"set_trend: {trend!r} for {self.bins.feature!r}; numbers take one of "
                f"{list(ORDERS)}, names are always put in order of their bad rate."
            )
        random = np.random.default_rng(seed)
        bins = fit_bins(self.counts, self.counts.prior, self.limits, trend, random)
        return self._with(bins, f"set the trend to {trend}", note)

    def _laid_out(self) -> tuple[Counts, list[int]]:
        """Return the candidates in order, and the last candidate of each ordinary bin."""
        counts = self.counts
        last = len(counts.ordinary) - 1
        if self.bins.kind == "number":
            lacking = [edge for edge in self.bins.edges if edge not in counts.edges]
            if lacking:
                raise ModelError(
                    f"counts of {self.bins.feature!r} have no cut {lacking}: they are not those "
                    "the bins were made from."
                )
            return counts, [*(counts.edges.index(edge) for edge in self.bins.edges), last]
        order = ordered(counts.ordinary, counts.prior, self.limits.smoothing)
        counts = counts.in_order(order)
        sizes = np.cumsum([len(group) for group in counts.groups])
        bounds = np.cumsum([len(group) for group in self.bins.groups])
        return counts, [int(np.searchsorted(sizes, bound)) for bound in bounds]

    def _candidate(self, action: str, cut: float) -> int:
        if self.bins.kind == "category":
            raise ModelError(f"{action}: {self.bins.feature!r} holds names, which have no cuts.")
        if cut not in self.counts.edges:
            below = [edge for edge in self.counts.edges if edge < cut][-1:]
            above = [edge for edge in self.counts.edges if edge > cut][:1]
            raise ModelError(
                f"{action}: {self.bins.feature!r} was not counted at {cut:g}; the nearest cuts are "
                f"{below + above}. Take one of them, or count with edges={{...: ({cut:g},)}}."
            )
        return self.counts.edges.index(cut)

    def _changed(self, counts: Counts, ends: list[int], what: str, note: Note) -> Editor:
        bins = assemble(counts, counts.prior, self.limits, ends, ("none", ""))
        plain = bins.to_dict() | {"trend": trend_of(np.array(bins.woe[: len(ends)]))}
        return self._with(Bins.from_dict(plain), what, note)

    def _with(self, bins: Bins, what: str, note: Note) -> Editor:
        edit = Edit(
            feature=bins.feature,
            what=what,
            who=note.who,
            why=note.why,
            when=note.when,
            iv_before=self.bins.iv,
            iv_after=bins.iv,
        )
        return Editor(bins=bins, counts=self.counts, limits=self.limits, edits=(*self.edits, edit))


def trend_of(woe: Floats) -> str:
    """Return the first trend that the evidence of ordered bins keeps."""
    steps = np.diff(woe)
    if len(steps) == 0:
        return "none"
    for trend, order in ORDERS.items():
        turns = range(len(steps) + 1) if len(order) > 1 else (len(steps),)
        for turn in turns:
            signs = np.repeat([order[0], order[-1]], [turn, len(steps) - turn])
            if (steps * signs >= 0).all():
                return trend
    return "none"
