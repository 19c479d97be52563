"""What one person can change, how far, and how far other people are.

A `Lever` is a feature with a declared `credit.feature.Action` and its quantiles in a population;
a `RecoursePlan` is all of them with a horizon and a cut-off: everything recourse needs beside the
scores, as plain numbers, so that it can lie in an exported artifact.

Within h days the share ``s = min(1, h / days)`` of a window that looks back ``days`` is new, so a
person at value v who behaves from now on like the common best b comes to

    reach(v) = v + s (b - v)

with s = 1 where the feature says how things stand now, and s = 0 or 1 where one event decides;
days since something become h more, up to b, for whoever keeps from it.
b is the 95 % quantile of the population in the direction of the action, or its goal.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from credit.columns import numbers
from credit.errors import DataError
from credit.feature import Action, Feature

HORIZON = 90
"""Days within which a change must be possible."""

COMMON = 0.95
"""Quantile of the population, from its bad end, beyond which nobody is asked to go."""

_GRID = np.linspace(0, 1, 101)

_STEPS = {"share": 0.01, "fen": 1000.0, "fen a day": 1000.0}
_WHOLE = ("count", "days", "flag")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """A feature that a person can change.

    Attributes
    ----------
    feature, unit : str
    action : Action
    quantiles : tuple of float
        Of the population's known values, from the least to the greatest, evenly spaced.
    codes : tuple of float
        Values that are codes, not amounts: whoever has one cannot move.
    """

    feature: str
    unit: str
    action: Action
    quantiles: tuple[float, ...]
    codes: tuple[float, ...] = ()

    @property
    def sign(self) -> int:
        """Return +1 where the action raises the feature, -1 where it lowers it."""
        return 1 if self.action.direction == "raise" else -1

    def rank(self, value: float) -> float:
        """Return the share of the population below a value, ties halved.

        >>> from credit.feature import Action
        >>> act = Action(group="g", direction="raise", en="{value}", zh="{value}")
        >>> Lever(feature="f", unit="", action=act, quantiles=(0.0, 1.0, 1.0, 2.0)).rank(1.0)
        0.5
        """
        below = np.searchsorted(self.quantiles, value, side="left")
        upto = np.searchsorted(self.quantiles, value, side="right")
        return float(below + upto) / (2 * len(self.quantiles))

    def best(self) -> float:
        """Return where the action leads at most, however long it is kept up."""
        if self.action.goal is not None:
            return self.action.goal
        level = COMMON if self.sign > 0 else 1 - COMMON
        return float(np.quantile(self.quantiles, level))

    def reach(self, value: float, horizon: int) -> float | None:
        """Return how far a person at ``value`` can come, None where they cannot get better."""
        if math.isnan(value) or value in self.codes:
            return None
        action = self.action
        if action.since:
            end = self.short(min(value + horizon, self.best()), value)
            return end if end > value else None
        share = 1.0 if action.days is None else min(1.0, horizon / action.days)
        if action.lasting:
            share = float(share == 1)
        end = self.short(value + share * (self.best() - value), value)
        return end if self.sign * (end - value) > 0 else None

    def short(self, value: float, own: float) -> float:
        """Return ``value`` as it can be said, rounded towards the person's own value.

        A step is a hundredth of a share, ten yuan, one of what is counted, else the second
        significant digit; what is less than a step away is the person's own value.
        """
        if value == self.action.goal:
            return value
        step = 1.0 if self.unit in _WHOLE else _STEPS.get(self.unit)
        if step is None:
            step = 10.0 ** (math.floor(math.log10(abs(value))) - 1) if value else 1.0
        steps = value / step
        whole = math.floor(steps + 1e-9) if self.sign > 0 else math.ceil(steps - 1e-9)
        said = round(whole * step, 10)
        return said if self.sign * (said - own) >= step - 1e-9 else own

    def ladder(self, value: float, end: float, levels: int) -> list[float]:
        """Return at most ``levels`` values from just beyond ``value`` to ``end``.

        Steps are of equal rank: as many people are passed at each.
        """
        if self.action.goal is not None or self.action.since:
            return [end]
        ranks = np.linspace(self.rank(value), self.rank(end), levels + 1)[1:-1]
        grid = np.linspace(0, 1, len(self.quantiles))
        low, high = sorted((value, end))
        between = np.clip(np.interp(ranks, grid, self.quantiles), low, high)
        said = {self.short(float(one), value) for one in between} - {value, end}
        inside = [one for one in said if low < one < high]
        return [*sorted(inside, reverse=self.sign < 0), end]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoursePlan:
    """Everything that recourse needs beside scores.

    Attributes
    ----------
    cutoff : float
        P(bad) up to which applications are approved.
    levers : tuple of Lever
    horizon : int
        Days within which a change must be possible.
    """

    cutoff: float
    levers: tuple[Lever, ...]
    horizon: int = HORIZON

    def __post_init__(self) -> None:
        if not 0 < self.cutoff < 1:
            raise DataError(f"cutoff must lie between 0 and 1, got {self.cutoff}.")
        if self.horizon < 1:
            raise DataError(f"horizon must be at least 1 day, got {self.horizon}.")

    def only(self, names: Collection[str]) -> RecoursePlan:
        """Return the plan with the levers of these features alone: those that a model reads."""
        kept = tuple(lever for lever in self.levers if lever.feature in names)
        return replace(self, levers=kept)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "cutoff": self.cutoff,
            "horizon": self.horizon,
            "levers": [
                asdict(lever) | {"quantiles": list(lever.quantiles), "codes": list(lever.codes)}
                for lever in self.levers
            ],
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> RecoursePlan:
        """Return the plan that `to_dict` wrote."""
        levers = tuple(
            Lever(
                feature=one["feature"],
                unit=one["unit"],
                action=Action(**one["action"]),
                quantiles=tuple(one["quantiles"]),
                codes=tuple(one["codes"]),
            )
            for one in plain["levers"]
        )
        return cls(cutoff=plain["cutoff"], levers=levers, horizon=plain["horizon"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One behaviour, carried so far: new values of a group's features.

    Attributes
    ----------
    group : str
    steps : tuple of (Lever, float)
        Each feature's new value; the first is the one that is told, as it passes most people.
    shift : float
        By how much the rank of the first changes in the population.
    """

    group: str
    steps: tuple[tuple[Lever, float], ...]
    shift: float


def levers_of(
    features: Iterable[Feature],
    population: pd.DataFrame,
    special_codes: Mapping[str, Sequence[float]] | None = None,
) -> tuple[Lever, ...]:
    """Return the levers among the columns of a population.

    Parameters
    ----------
    features : iterable of Feature
        What is declared; those without an action, and those that are no column, are no lever.
    population : DataFrame
        Rows whose quantiles say what is common, such as the rows a model was fitted on.
    special_codes : mapping of str to sequence, optional
        Column -> values that are codes; they are in no quantile.
    """
    if population.empty:
        raise DataError("population: no rows, so nothing is common. Give the rows of training.")
    known = dict(special_codes or {})
    return tuple(_levers(features, population, known))


def _levers(
    features: Iterable[Feature], population: pd.DataFrame, known: Mapping[str, Sequence[float]]
) -> Iterator[Lever]:
    for feature in features:
        if feature.action is None or feature.name not in population.columns:
            continue
        codes = tuple(float(code) for code in known.get(feature.name, ()))
        values = numbers(population[feature.name], feature.name)
        values = values[np.isfinite(values) & ~np.isin(values, np.array(codes))]
        if values.size:
            yield Lever(
                feature=feature.name,
                unit=feature.unit,
                action=feature.action,
                quantiles=tuple(np.quantile(values, _GRID, method="nearest").tolist()),
                codes=codes,
            )


def moves_of(plan: RecoursePlan, row: Mapping[str, float], levels: int) -> dict[str, list[Move]]:
    """Return, by group, what a person can do, the least first; groups without a way are absent.

    All features of a group go the same share u of their own way, ``v + u (reach(v) - v)``, where
    u is the share that the lead has gone; what is counted is rounded towards v. A feature that is
    null stays null.
    """
    grouped: dict[str, list[tuple[Lever, float, float]]] = {}
    for lever in plan.levers:
        value = row[lever.feature]
        end = lever.reach(value, plan.horizon)
        if end is not None:
            grouped.setdefault(lever.action.group, []).append((lever, value, end))
    return {group: _ladder(group, found, levels) for group, found in grouped.items()}


def _ladder(group: str, found: list[tuple[Lever, float, float]], levels: int) -> list[Move]:
    lead, own, end = max(found, key=lambda one: abs(one[0].rank(one[2]) - one[0].rank(one[1])))
    moves = []
    for told in lead.ladder(own, end, levels):
        gone = (told - own) / (end - own)
        steps = [(lead, told)]
        for lever, value, far in found:
            if lever is not lead:
                reached = value + gone * (far - value)
                whole = lever.unit in _WHOLE
                steps.append((lever, lever.short(reached, value) if whole else reached))
        shift = abs(lead.rank(told) - lead.rank(own))
        moves.append(Move(group=group, steps=tuple(steps), shift=shift))
    return moves
