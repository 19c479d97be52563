"""What would change a refusal: the least that a person can do, checked by scoring it.

An offer is a set of at most three moves, each one behaviour carried so far (see `levers`).
It is made only if the person so changed, scored again, is approved. The cheapest comes first; the
cost is the total shift of percentiles of Ustun, Spangher and Liu ("Actionable recourse in linear
classification", FAT* 2019),

    cost = sum over moves of |Q(new value) - Q(old value)|  +  0.1 for each move

with Q a feature's rank in the population: a value that few people reach is dear, and a further
move must save the passing of a tenth of all people.

The search is exact among the moves on the ladder where more of an improvement is never worse, as
models that keep the features' signs have it: sets whose fullest change does not flip the decision
are left out at once, and the others are scored in the order of their cost. A move whose fullest
change lowers nothing by itself is left out as well.

What is modelled of features that hang together: those of one group (the windows of one habit) move
together. What is not: a feature computed from a changed one (a trend between windows), and what
one behaviour does to another group (money not spent raises the balance). These stay as they were.
So do nulls. A change is taken to be kept up over the horizon while everything else goes on as it
did. And a score is no cause: an offer says what would change the decision, not the risk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.columns import numbers
from credit.errors import DataError
from credit.explain.fidelity import ROWS, Floats, Risk, scored
from credit.explain.levers import Lever, Move, RecoursePlan, moves_of

PER_MOVE = 0.1
"""What a move costs beside the percentiles it passes."""

_AT_ONCE = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """How far the search goes.

    Attributes
    ----------
    moves : int
        Most moves in an offer.
    levels : int
        Values tried of each move.
    offers : int
        Most offers a person; a further one never contains all moves of an earlier one.
    """

    moves: int = 3
    levels: int = 5
    offers: int = 1

    def __post_init__(self) -> None:
        for name in ("moves", "levels", "offers"):
            if getattr(self, name) < 1:
                raise DataError(f"{name} must be at least 1, got {getattr(self, name)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One feature of an offer; ``told`` where it is the one that a person is told of its move."""

    lever: Lever
    before: float
    after: float
    told: bool

    @property
    def feature(self) -> str:
        """Return the feature's name."""
        return self.lever.feature


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Changes that flip the decision.

    ``before`` and ``after`` are P(bad) as the person is and as the changed person scores; the
    latter is at most the cut-off.
    """

    changes: tuple[Change, ...]
    cost: float
    before: float
    after: float


def recourse(
    risk: Risk, X: pd.DataFrame, plan: RecoursePlan, options: SearchOptions | None = None
) -> list[tuple[Offer, ...]]:
    """Return the offers of each refused person, the cheapest first; none where none was found.

    Parameters
    ----------
    risk : callable
        Frame of named features -> P(bad) of each row: of any model, or of an exported artifact.
    X : DataFrame
        Refused people, with a column for every lever.
    plan : RecoursePlan
    options : SearchOptions, optional

    Raises
    ------
    DataError
        A row is approved as it is, or a lever's column is missing.
    """
    options = options or SearchOptions()
    _check(X, plan)
    if not len(X):
        return []
    own = scored(risk, X)
    if (own <= plan.cutoff).any():
        at = int(np.argmin(own))
        raise DataError(
            f"X: row {at} has P(bad) {own[at]:.4g}, at most the cut-off {plan.cutoff:g}: it is "
            "approved as it is. Pass the refused only."
        )
    values = {lever.feature: numbers(X[lever.feature], lever.feature) for lever in plan.levers}
    people = [
        _Person(row, {name: float(column[row]) for name, column in values.items()}, plan, options)
        for row in range(len(X))
    ]
    _leave_out(risk, X, people, own, singles=True, cutoff=plan.cutoff)
    _leave_out(risk, X, people, own, singles=False, cutoff=plan.cutoff)
    return [
        tuple(_search(risk, X, person, float(own[person.row]), plan.cutoff)) for person in people
    ]


def changed(X: pd.DataFrame, offers: Sequence[Offer | None]) -> pd.DataFrame:
    """Return the rows as they would be with an offer each; None leaves a row as it is."""
    if len(X) != len(offers):
        raise DataError(f"offers: {len(offers)} for {len(X)} rows. Give one, or None, a row.")
    frame = X.copy()
    touched = {change.feature for offer in offers if offer for change in offer.changes}
    for name in sorted(touched):
        column = np.array(numbers(X[name], name))
        for row, offer in enumerate(offers):
            for change in offer.changes if offer else ():
                if change.feature == name:
                    column[row] = change.after
        frame[name] = column
    return frame


def path(risk: Risk, row: pd.DataFrame, offer: Offer) -> list[float]:
    """Return P(bad) of one person as they are, and after each move of an offer in turn."""
    starts = [at for at, change in enumerate(offer.changes) if change.told]
    ends = [*starts[1:], len(offer.changes)]
    parts = [replace(offer, changes=offer.changes[:end]) for end in ends]
    frame = row.iloc[np.zeros(1 + len(parts), dtype=np.int64)].reset_index(drop=True)
    return scored(risk, changed(frame, [None, *parts])).tolist()


class _Person:
    """One refused person: what they can do, and which sets of moves are worth trying."""

    def __init__(
        self, row: int, own: Mapping[str, float], plan: RecoursePlan, options: SearchOptions
    ) -> None:
        self.row, self.own, self.options = row, own, options
        self.moves = moves_of(plan, own, options.levels)
        self.sets: list[tuple[str, ...]] = []

    def fullest(self, *, singles: bool) -> list[tuple[str, ...]]:
        """Return the sets of groups to try at their last step: alone, or all allowed."""
        most = 1 if singles else self.options.moves
        return [groups for size in range(1, most + 1) for groups in combinations(self.moves, size)]


def _leave_out(
    risk: Risk, X: pd.DataFrame, people: list[_Person], own: Floats, *, singles: bool, cutoff: float
) -> None:
    """Drop what does not lower the risk alone, or sets that at their fullest flip nothing."""
    asked = [(person, groups) for person in people for groups in person.fullest(singles=singles)]
    found = np.empty(len(asked))
    for begin in range(0, len(asked), ROWS):
        piece = asked[begin : begin + ROWS]
        rows = np.array([person.row for person, _ in piece])
        values = [
            _together([person.moves[group][-1] for group in groups]) for person, groups in piece
        ]
        found[begin : begin + ROWS] = scored(risk, _frame(X, rows, values))
    for (person, groups), after in zip(asked, found.tolist(), strict=True):
        if singles and after >= own[person.row]:
            del person.moves[groups[0]]
        elif not singles and after <= cutoff:
            person.sets.append(groups)


def _search(
    risk: Risk, X: pd.DataFrame, person: _Person, own: float, cutoff: float
) -> Iterator[Offer]:
    """Yield offers in the order of their cost, none holding all groups of one before it."""
    tried, costs = _priced(person)
    order = np.argsort(costs, kind="stable")
    offered: list[set[str]] = []
    begin = 0
    while begin < len(order) and len(offered) < person.options.offers:
        piece = [tried[at] for at in order[begin : begin + _AT_ONCE].tolist()]
        rows = np.full(len(piece), person.row)
        found = scored(risk, _frame(X, rows, [_together(moves) for moves in piece]))
        for at in np.flatnonzero(found <= cutoff).tolist():
            groups = {move.group for move in piece[at]}
            if len(offered) < person.options.offers and not any(o <= groups for o in offered):
                offered.append(groups)
                cost = float(costs[order[begin + at]])
                yield _offer(piece[at], person.own, cost, own, float(found[at]))
        begin += _AT_ONCE


def _priced(person: _Person) -> tuple[list[tuple[Move, ...]], Floats]:
    """Return the combinations of moves worth trying, and their costs.

    The fullest change of every set is known to flip the decision, so where one offer is sought
    nothing dearer than the cheapest of these is.
    """
    price = {
        group: [move.shift + PER_MOVE for move in moves] for group, moves in person.moves.items()
    }
    bound = np.inf
    if person.options.offers == 1 and person.sets:
        bound = min(sum(price[group][-1] for group in groups) for groups in person.sets)
    tried, costs = [], []
    for groups in person.sets:
        least = sum(price[group][0] for group in groups)
        steps = [
            [
                at
                for at, cost in enumerate(price[group])
                if least - price[group][0] + cost <= bound + 1e-9
            ]
            for group in groups
        ]
        for places in product(*steps):
            cost = sum(price[group][at] for group, at in zip(groups, places, strict=True))
            if cost <= bound + 1e-9:
                costs.append(cost)
                tried.append(
                    tuple(person.moves[group][at] for group, at in zip(groups, places, strict=True))
                )
    return tried, np.array(costs, dtype=np.float64)


def _together(moves: Sequence[Move]) -> dict[str, float]:
    return {lever.feature: value for move in moves for lever, value in move.steps}


def _frame(
    X: pd.DataFrame, rows: npt.NDArray[np.int64], values: Sequence[Mapping[str, float]]
) -> pd.DataFrame:
    """Return rows of X with some values replaced."""
    frame = X.iloc[rows].reset_index(drop=True)
    for name in sorted({name for one in values for name in one}):
        column = np.array(numbers(frame[name], name))
        hit = [at for at, one in enumerate(values) if name in one]
        column[hit] = [values[at][name] for at in hit]
        frame[name] = column
    return frame


def _offer(
    moves: Sequence[Move], own: Mapping[str, float], cost: float, before: float, after: float
) -> Offer:
    changes = tuple(
        Change(lever=lever, before=own[lever.feature], after=value, told=place == 0)
        for move in moves
        for place, (lever, value) in enumerate(move.steps)
        if value != own[lever.feature]
    )
    return Offer(changes=changes, cost=cost, before=before, after=after)


def _check(X: pd.DataFrame, plan: RecoursePlan) -> None:
    lacking = [lever.feature for lever in plan.levers if lever.feature not in X.columns]
    if lacking:
        raise DataError(
            f"X: no column {lacking}, which the plan moves. Give the rows as they are scored."
        )
