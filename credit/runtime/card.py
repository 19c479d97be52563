"""Score a points table with NumPy: one bin a feature and row, then look-ups and a sum.

margin = intercept + sum over features of margin_f[bin_f(x)]      (log-odds of bad)
points = base_points + sum over features of points_f[bin_f(x)]    (integers, exact)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from credit.runtime.columns import Feature, Rows
from credit.runtime.plain import LARGEST, Floats, Integers, Plain
from credit.runtime.steps import BLOCK, blocks, count_at_most

MAX_BINS = 10_000
"""Most bins of one feature."""

_POINTS = 2**40


@dataclass(frozen=True, eq=False)
class Term:
    """One feature's bins, with margin and points of each.

    Attributes
    ----------
    feature : str
    edges : array of float, rising
        A number x is in bin ``count of edges <= x``: bins are ``[a, b)``.
    names : dict of str to int
        Category -> bin.
    special : dict of (float or str) to int
        Special code -> bin; looked up before anything else.
    missing, unknown : int
        Bin of a missing value, and of a category that training never saw.
    margin : array of float, shape (bins,)
        Log-odds of bad that the bin adds.
    points : array of int, shape (bins,)
    labels : tuple of str
        Each bin as an officer reads it.
    """

    feature: str
    edges: Floats
    names: Mapping[str, int]
    special: Mapping[float | str, int]
    missing: int
    unknown: int
    margin: Floats
    points: Integers
    labels: tuple[str, ...]

    def bins(self, values: Any) -> NDArray[np.integer]:
        """Return each value's bin; values are float64 or, of a category, object."""
        if values.dtype == object:
            lookup = {**self.names, **{str(code): at for code, at in self.special.items()}}
            unknown, missing = self.unknown, self.missing
            return np.array(
                [missing if v is None else lookup.get(v, unknown) for v in values], dtype=np.int64
            )
        result = count_at_most(values, self.edges)
        if len(self.margin) > np.iinfo(result.dtype).max:
            result = result.astype(np.int64)
        for code, at in self.special.items():
            np.copyto(result, at, where=values == code, casting="unsafe")
        # No edge is at most NaN, so its count is 0: the sum is the missing bin.
        result += np.isnan(values).view(np.uint8) * result.dtype.type(self.missing)
        return result

    @cached_property
    def table(self) -> NDArray[np.complex128]:
        """Margin and points of each bin as one complex number: one look-up and sum for both."""
        table = np.empty(len(self.margin), dtype=np.complex128)
        table.real, table.imag = self.margin, self.points
        return table


@dataclass(frozen=True, eq=False)
class CardEngine:
    """Something else that adds the terms up, to the same doubles and integers.

    Attributes
    ----------
    name : str
    least_rows : int
        Fewer are left to NumPy.
    totals : callable
        As `Card.totals`.
    """

    name: str
    least_rows: int
    totals: Callable[[Rows, int], tuple[Floats, Integers]]


@dataclass(frozen=True, eq=False)
class Card:
    """Intercept, base points and one term a feature.

    ``engine`` adds up large batches, where given (`credit.artifact.with_numba`).
    """

    intercept: float
    base_points: int
    terms: tuple[Term, ...]
    engine: CardEngine | None = None

    def engine_for(self, count: int) -> CardEngine | None:
        """Return the engine that scores ``count`` rows; None is NumPy."""
        return self.engine if self.engine and count >= self.engine.least_rows else None

    def margin(self, rows: Rows, count: int) -> Floats:
        """Return the log-odds of bad of each row."""
        return self.totals(rows, count)[0]

    def totals(self, rows: Rows, count: int) -> tuple[Floats, Integers]:
        """Return the margin and the points of each row."""
        if (engine := self.engine_for(count)) is not None:
            return engine.totals(rows, count)
        margin, points = np.empty(count), np.empty(count, dtype=np.int64)
        sums, found = np.empty((2, BLOCK), dtype=np.complex128)
        for block in blocks(count):
            size = block.stop - block.start
            total, part = sums[:size], found[:size]
            total[:] = complex(self.intercept, self.base_points)
            for term in self.terms:
                bins = term.bins(rows[term.feature][block])
                # Bins are in range; told so, take writes into `part` without a copy.
                np.take(term.table, bins, out=part, mode="clip")
                total += part
            margin[block], points[block] = total.real, total.imag
        return margin, points

    def contributions(self, rows: Rows, count: int) -> tuple[Floats, float]:
        """Return what each feature adds to the margin, shape (rows, features), and the rest."""
        result = np.empty((count, len(self.terms)))
        for i, term in enumerate(self.terms):
            result[:, i] = term.margin[term.bins(rows[term.feature])]
        return result, self.intercept


def read_card(document: Plain, features: Sequence[Feature]) -> Card:
    """Return the card in ``document``, checked against the manifest's features.

    Raises
    ------
    ArtifactError
        A feature without a term or the reverse, edges that do not rise, a bin out of range, sums
        of points or margins that reach 2**53,
        categories that are not the manifest's.
    """
    part = document.record(("intercept", "base_points", "terms"))
    documents = part["terms"].items()
    if len(documents) != len(features):
        part["terms"].refuse(f"a list of {len(features)} terms, one a feature of the manifest")
    terms = tuple(_read_term(d, f) for d, f in zip(documents, features, strict=True))
    base_points = part["base_points"].integer(-_POINTS, _POINTS)
    if abs(base_points) + sum(int(np.abs(term.points).max()) for term in terms) >= LARGEST:
        part["terms"].refuse("points that add up to less than 2**53")
    intercept = part["intercept"].bounded()
    if abs(intercept) + sum(float(np.abs(term.margin).max()) for term in terms) >= LARGEST:
        part["terms"].refuse("margins that add up to less than 2**53")
    return Card(intercept=intercept, base_points=base_points, terms=terms)


def _read_term(document: Plain, feature: Feature) -> Term:
    part = document.record(
        ("feature", "labels", "special", "missing", "unknown", "margin", "points"),
        ("edges", "categories"),
    )
    if part["feature"].text() != feature.name:
        part["feature"].refuse(f"{feature.name!r}, as in the manifest's order")
    margin = part["margin"].numbers()
    top = len(margin) - 1
    if not 0 <= top < MAX_BINS:
        part["margin"].refuse(f"a list of 1 to {MAX_BINS} bins")
    return Term(
        feature=feature.name,
        edges=_read_edges(part, feature, top),
        names=_read_names(part, feature, top),
        special=_read_special(part["special"], feature, top),
        missing=part["missing"].integer(0, top),
        unknown=part["unknown"].integer(0, top),
        margin=margin,
        points=part["points"].integers(-_POINTS, _POINTS, len(margin)),
        labels=_read_labels(part["labels"], len(margin)),
    )


def _read_labels(part: Plain, bins: int) -> tuple[str, ...]:
    labels = tuple(item.text() for item in part.items())
    if len(labels) != bins:
        part.refuse(f"a list of {bins} labels, one a bin")
    return labels


def _read_edges(part: Mapping[str, Plain], feature: Feature, top: int) -> Floats:
    if feature.type == "category":
        return np.empty(0)
    if "edges" not in part:
        part["feature"].refuse("a feature with edges, as it is a number")
    edges = part["edges"].numbers()
    if np.any(np.diff(edges) <= 0) or len(edges) > top:
        part["edges"].refuse("rising edges, fewer than the bins")
    return edges


def _read_names(part: Mapping[str, Plain], feature: Feature, top: int) -> dict[str, int]:
    if feature.type == "number":
        return {}
    if "categories" not in part:
        part["feature"].refuse("a feature with categories, as it holds names")
    names = {k: at.integer(0, top) for k, at in part["categories"].members().items()}
    if set(names) != set(feature.categories):
        part["categories"].refuse("an object with the manifest's categories")
    return names


def _read_special(part: Plain, feature: Feature, top: int) -> dict[float | str, int]:
    codes: dict[Any, int] = {}
    for item in part.items():
        pair = item.record(("code", "bin"))
        code = pair["code"]
        key = code.number() if feature.type == "number" else code.text()
        codes[key] = pair["bin"].integer(0, top)
    if set(codes) != set(feature.special_codes):
        part.refuse("a list with the manifest's special codes")
    return codes
