"""Encoder: from a frame to the matrix of numbers a booster reads, as a plan in plain data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from credit.binning import Sample
from credit.binning.bins import evidence, special_key
from credit.columns import Floats, Kind, kind_of, names, numbers
from credit.errors import ModelError
from credit.frames import Frame
from credit.whole import Whole, union

Matrix = NDArray[np.float32]

INDICATOR_SHARE = 0.01
"""A special code held by at least this share of the weight gets an indicator column."""

SMOOTHING = 20.0
"""Pseudo-rows of the population's bad rate in the rate a name is ordered by."""

_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPlan:
    """How one column becomes one or more columns of the matrix.

    Attributes
    ----------
    feature, kind : str
    names : tuple of str
        Categories in ascending order of smoothed bad rate: a name becomes its place in this
        list.
    unseen : float or None
        Place of any other name: where a name without rows would stand, between those better and
        those worse than the population. None reads as missing.
    special : tuple
        Codes that become missing, so that no order is asked of them.
    indicators : tuple
        The frequent ones of these, each with a column of its own: 1 where it is, else 0.
    sign : int
        Sign of risk of the value's column; the indicators have none.
    outputs : tuple of str
        Names of the columns made: the value, then the indicators.
    """

    feature: str
    kind: Kind
    names: tuple[str, ...] = ()
    unseen: float | None = None
    special: tuple[float | str, ...] = ()
    indicators: tuple[float | str, ...] = ()
    sign: int = 0
    outputs: tuple[str, ...]

    def encode(self, column: pd.Series) -> list[Floats]:
        """Return the columns of ``outputs``; NaN where a value is missing or special."""
        if self.kind == "number":
            values = numbers(column, self.feature)
            self._refuse_huge(values)
            found: Floats | NDArray[Any] = values
            values = np.where(np.isin(values, self.special), np.nan, values)
        else:
            codes, seen = names(column, self.feature)
            place = {name: float(i) for i, name in enumerate(self.names)}
            place |= dict.fromkeys(map(str, self.special), np.nan)
            other = np.nan if self.unseen is None else self.unseen
            values = np.array([*(place.get(name, other) for name in seen), np.nan])[codes]
            found = np.array([*seen, ""], dtype=object)[codes]
        return [values, *((found == code).astype(np.float64) for code in self.indicators)]

    def _refuse_huge(self, values: Floats) -> None:
        huge = np.abs(values) > _LARGEST
        if huge.any():
            raise ModelError(
                f"column {self.feature!r}: {values[huge][0]} is beyond single precision, in which "
                "trees compare. Change the unit."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """The plans of all columns, in order."""

    columns: tuple[ColumnPlan, ...]

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the matrix's columns, safe for XGBoost."""
        return tuple(name for plan in self.columns for name in plan.outputs)

    @property
    def sources(self) -> tuple[str, ...]:
        """The feature each of the matrix's columns comes from."""
        return tuple(plan.feature for plan in self.columns for _ in plan.outputs)

    @property
    def monotone(self) -> tuple[int, ...]:
        """Sign of risk of each of the matrix's columns."""
        return tuple(s for p in self.columns for s in (p.sign, *(0 for _ in p.indicators)))

    def matrix(self, frame: Frame) -> Matrix:
        """Return the matrix (rows, outputs), columns found in ``frame`` by name."""
        made = np.empty((len(frame), len(self.outputs)), dtype=np.float32)
        at = 0
        for plan in self.columns:
            for part in plan.encode(frame[plan.feature]):
                made[:, at] = part
                at += 1
        return made

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that :meth:`from_dict` reads back."""
        return {"columns": [asdict(plan) for plan in self.columns]}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Encoder:
        """Build the record from plain data."""
        return cls(columns=tuple(_plan(plan) for plan in plain["columns"]))


def _plan(plain: Mapping[str, Any]) -> ColumnPlan:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in plain.items()}
    return ColumnPlan(**values)


def fit_encoder(
    frame: Frame,
    sample: Sample,
    signs: Mapping[str, int],
    special_codes: Mapping[str, Sequence[object]],
    whole: Whole,
) -> Encoder:
    """Learn the plan of every column: order of names, special codes that need an indicator.

    Both are learnt from sums over all rows of the whole.
    """
    taken: set[str] = set()
    plans = []
    for name in frame.columns:
        kind = kind_of(frame[name], name)
        keys = tuple(special_key(kind, code, name) for code in special_codes.get(name, ()))
        special = tuple(dict.fromkeys(keys))
        indicators = _frequent(frame[name], name, sample, special, whole) if special else ()
        named = kind == "category"
        ordered = _order(frame[name], name, sample, special, whole) if named else Order()
        plans.append(
            ColumnPlan(
                feature=name,
                kind=kind,
                names=ordered.names,
                unseen=ordered.unseen,
                special=special,
                indicators=indicators,
                sign=signs[name],
                outputs=tuple(
                    _safe(text, taken) for text in (name, *(f"{name}={c}" for c in indicators))
                ),
            )
        )
    return Encoder(columns=tuple(plans))


def _frequent(
    column: pd.Series, name: str, sample: Sample, special: tuple[float | str, ...], whole: Whole
) -> tuple[float | str, ...]:
    """Return the codes whose rows hold at least the stated share of the weight."""
    if isinstance(special[0], str):
        codes, found = names(column, name)
        values: NDArray[Any] = np.array([*found, ""], dtype=object)[codes]
    else:
        values = numbers(column, name)
    weight = sample.weights.sum(axis=1)
    held = [weight[values == code].sum() for code in special]
    *held, everything = whole.sum(np.array([*held, weight.sum()]))
    floor = INDICATOR_SHARE * everything
    return tuple(code for code, found in zip(special, held, strict=True) if found >= floor)


class Order(NamedTuple):
    """Names in ascending order of smoothed bad rate, and the place of any other."""

    names: tuple[str, ...] = ()
    unseen: float | None = None


def _order(
    column: pd.Series, name: str, sample: Sample, special: Sequence[float | str], whole: Whole
) -> Order:
    """Return the names in order, ties by name."""
    codes, here = names(column, name)
    found = union(whole, here)
    place = {text: i for i, text in enumerate(found)}
    codes = np.array([*(place[text] for text in here), len(found)])[codes]
    counts = whole.sum(sample.count(codes, len(found) + 1))
    kept = [i for i, n in enumerate(found) if n not in special and counts[i].sum() > 0]
    woe = evidence(counts, whole.sum(sample.prior), SMOOTHING)
    ordered = sorted(kept, key=lambda i: (woe[i], found[i]))
    better = sum(woe[i] < 0 for i in kept)
    return Order(tuple(found[i] for i in ordered), better - 0.5)


def _safe(name: str, taken: set[str]) -> str:
    """Return a name XGBoost accepts and nobody has yet (it refuses ``[``, ``]`` and ``<``)."""
    safe = re.sub(r"[\[\]<\s]", "_", name) or "_"
    while safe in taken:
        safe += "_"
    taken.add(safe)
    return safe
