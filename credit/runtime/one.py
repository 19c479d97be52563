"""One row at a time, for a service: plain values in, no array where a list does.

Everything that can be known before a row is compiled when first asked for. A row of what JSON
holds (numbers, texts, null) under exactly the model's names is scored here; any other row is
left to the path for many rows, which scores it or says what is wrong. Both give the same
floats: sums are added in the same order, and the same functions are called.
"""

from __future__ import annotations

import math
import sys
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from credit.runtime.blended import Blended
from credit.runtime.boosted import Boosted
from credit.runtime.card import Card
from credit.runtime.columns import Feature
from credit.runtime.forest import UNIT
from credit.runtime.masks import build_masks

Values = list[Any]
"""A row's values in the order of the features: float or text, None where missing."""

_BEYOND_FLOAT32 = 2.0**128 - 2.0**103
"""The least number that float32 rounds to infinity."""


class Answer(NamedTuple):
    """What a model says of one row; ``parts`` follow from ``found`` where they are asked for."""

    margin: float
    points: int
    found: Any


class OneRow(Protocol):
    """A model compiled for single rows."""

    def answer(self, values: Values) -> Answer:
        """Return the margin, and the table's points (0 where there is no table)."""

    def parts(self, found: Any) -> list[float]:
        """Return what each feature adds to the margin, in the order of the features."""


class Reader:
    """Reads the plain values of one row; None where the row is not plain.

    Parameters
    ----------
    features : sequence of Feature
    passed_over : collection of str
        Columns that may be there and are not read.
    largest : float
        Numbers beyond it are left to the path for many rows.
    """

    def __init__(
        self, features: Sequence[Feature], passed_over: Collection[str], largest: float
    ) -> None:
        self._names = frozenset(feature.name for feature in features)
        self._passed_over = frozenset(passed_over)
        self._columns = [(f.name, f.type == "number", *_bounds(f, largest)) for f in features]

    def read(self, row: Mapping[str, Any], ignore: Collection[str]) -> Values | None:
        """Return the values, or None for a row that needs to be looked at more closely."""
        if type(row) is not dict or not self._knows(row, ignore):
            return None
        values: Values = []
        for name, is_number, low, high, known in self._columns:
            if name not in row:
                return None
            value = row[name]
            kind = type(value)
            if value is None:
                pass
            elif not is_number:
                if kind is not str or (known is not None and value not in known):
                    return None
            elif kind is not float and kind is not int:
                return None
            elif low <= value <= high or value in known:
                value = float(value)
            elif kind is float and math.isnan(value):
                value = None
            else:
                return None
            values.append(value)
        return values

    def _knows(self, row: Mapping[str, Any], ignore: Collection[str]) -> bool:
        if not ignore and len(row) == len(self._names):
            return True  # a name that is missing is found while reading
        if isinstance(ignore, str) or not self._names.isdisjoint(ignore):
            return False
        return all(
            name in self._names or name in self._passed_over or name in ignore for name in row
        )


def _bounds(feature: Feature, largest: float) -> tuple[float, float, Any]:
    """Return the range in which a number is taken as it is, and the values taken besides.

    Of names, the only ones that are taken; None where all of them are.
    """
    low, high = feature.hard_range or (None, None)
    low, high = (
        -largest if low is None else max(low, -largest),
        largest if high is None else min(high, largest),
    )
    if feature.type == "number":
        return low, high, frozenset(c for c in feature.special_codes if abs(float(c)) <= largest)
    if feature.unknown_category == "model":
        return low, high, None
    return low, high, frozenset([*feature.categories, *map(str, feature.special_codes)])


class OneOfCard:
    """A points table: one bin a term, then sums in the order of the terms."""

    def __init__(self, card: Card, features: Sequence[str]) -> None:
        self._intercept, self._base = card.intercept, card.base_points
        self._width = len(features)
        place = {name: at for at, name in enumerate(features)}
        self._terms = [
            (
                place[term.feature],
                term.edges.tolist(),
                {**term.names, **term.special},
                term.missing,
                term.unknown,
                term.margin.tolist(),
                term.points.tolist(),
            )
            for term in card.terms
        ]

    def answer(self, values: Values) -> Answer:
        """Return the margin, the points, and the bins."""
        margin, points = self._intercept, self._base
        found = []
        for at, edges, names, missing, unknown, margins, all_points in self._terms:
            value = values[at]
            if value is None:
                chosen = missing
            elif type(value) is str:
                chosen = names.get(value, unknown)
            elif names and value in names:
                chosen = names[value]
            else:
                chosen = bisect_right(edges, value)
            found.append(chosen)
            margin += margins[chosen]
            points += all_points[chosen]
        return Answer(margin, points, found)

    def parts(self, found: Any) -> list[float]:
        """Return each feature's margin; 0 where the table does not read it."""
        parts = [0.0] * self._width
        for (at, _, _, _, _, margins, _), chosen in zip(self._terms, found, strict=True):
            parts[at] = margins[chosen]
        return parts


class OneOfForest:
    """A forest: the exit leaf of every tree at once, and tables of subtrees for reasons."""

    def __init__(self, boosted: Boosted, features: Sequence[str]) -> None:
        self._boosted, self._width = boosted, len(features)
        self._masks = build_masks(boosted.forest)
        place = {name: at for at, name in enumerate(features)}
        self._inputs = [
            (
                place[source.feature],
                source.equals,
                source.codes,
                source.unknown,
                frozenset(source.missing_codes),
            )
            for source in boosted.inputs
        ]

    def answer(self, values: Values) -> Answer:
        """Return the margin, and the row of the matrix."""
        row = self._row(values)
        if self._masks is None:
            return Answer(float(self._boosted.forest.margin(_matrix(row))[0]), 0, row)
        return Answer(self._masks.units(row) * UNIT, 0, row)

    def _row(self, values: Values) -> list[float | None]:
        """Return the row of the matrix, None where missing."""
        row: list[float | None] = []
        for at, equals, codes, unknown, missing in self._inputs:
            value = values[at]
            if equals is not None:
                value = 1.0 if value == equals else 0.0
            elif value is None:
                pass
            elif codes is not None:
                value = codes.get(value, unknown)
            elif value in missing:
                value = None
            row.append(value)
        return row

    def parts(self, found: Any) -> list[float]:
        """Return each feature's part: the sum over its columns of the matrix."""
        of_inputs = self._boosted.tables.contributions(_matrix(found))[0].tolist()
        parts = [0.0] * self._width
        for source, part in zip(self._inputs, of_inputs, strict=True):
            parts[source[0]] += part
        return parts


def _matrix(row: Sequence[float | None]) -> NDArray[np.float32]:
    return np.array([[math.nan if value is None else value for value in row]], dtype=np.float32)


class OneOfBlend:
    """The weighted sum of a card's margin and a forest's."""

    def __init__(self, model: Blended, features: Sequence[str]) -> None:
        self._card, self._forest = (
            OneOfCard(model.card, features),
            OneOfForest(model.forest, features),
        )
        self._weights = model.card_weight, model.forest_weight

    def answer(self, values: Values) -> Answer:
        """Return the margin, and what both found."""
        card, forest = self._card.answer(values), self._forest.answer(values)
        of_card, of_forest = self._weights
        margin = of_card * card.margin + of_forest * forest.margin
        return Answer(margin, 0, (card.found, forest.found))

    def parts(self, found: Any) -> list[float]:
        """Return the weighted sum of both models' parts."""
        of_card, of_forest = self._weights
        both = zip(self._card.parts(found[0]), self._forest.parts(found[1]), strict=True)
        return [of_card * card + of_forest * forest for card, forest in both]


@dataclass(frozen=True, eq=False)
class Compiled:
    """A model with the reader of its rows."""

    reader: Reader
    model: OneRow


def largest_number(model: Card | Boosted | Blended) -> float:
    """Return the largest magnitude of a number that a model takes."""
    limit = sys.float_info.max if isinstance(model, Card) else _BEYOND_FLOAT32
    return math.nextafter(limit, 0)


def compiled(
    model: Card | Boosted | Blended, features: Sequence[Feature], passed_over: Collection[str]
) -> Compiled:
    """Compile a loaded model for single rows."""
    names = [feature.name for feature in features]
    one: OneRow
    if isinstance(model, Card):
        one = OneOfCard(model, names)
    elif isinstance(model, Boosted):
        one = OneOfForest(model, names)
    else:
        one = OneOfBlend(model, names)
    return Compiled(Reader(features, passed_over, largest_number(model)), one)
