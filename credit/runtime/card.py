"""Score a points table with NumPy: one bin a feature and row, then look-ups and a sum.

margin = intercept + sum over features of margin_f[bin_f(x)]      (log-odds of bad)
points = base_points + sum over features of points_f[bin_f(x)]    (integers, exact)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from credit.runtime.columns import Feature, Names, Rows
from credit.runtime.plain import Floats, Integers, Plain

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

    def bins(self, values: Floats | Names) -> Integers:
        """Return each value's bin."""
        if values.dtype == object:
            lookup = {**self.names, **{str(code): at for code, at in self.special.items()}}
            unknown, missing = self.unknown, self.missing
            return np.array(
                [missing if v is None else lookup.get(v, unknown) for v in values], dtype=np.int64
            )
        result = np.searchsorted(self.edges, values, side="right").astype(np.int64)
        for code, at in self.special.items():
            result[values == code] = at
        result[np.isnan(values)] = self.missing
        return result


@dataclass(frozen=True, eq=False)
class Card:
    """Intercept, base points and one term a feature."""

    intercept: float
    base_points: int
    terms: tuple[Term, ...]

    def margin(self, rows: Rows, count: int) -> Floats:
        """Return the log-odds of bad of each row."""
        total = np.full(count, self.intercept)
        for term in self.terms:
            total += term.margin[term.bins(rows[term.feature])]
        return total

    def points(self, rows: Rows, count: int) -> Integers:
        """Return the sum of each row's points."""
        total = np.full(count, self.base_points, dtype=np.int64)
        for term in self.terms:
            total += term.points[term.bins(rows[term.feature])]
        return total

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
        A feature without a term or the reverse, edges that do not rise, a bin out of range,
        categories that are not the manifest's.
    """
    part = document.record(("intercept", "base_points", "terms"))
    documents = part["terms"].items()
    if len(documents) != len(features):
        part["terms"].refuse(f"a list of {len(features)} terms, one a feature of the manifest")
    terms = tuple(_read_term(d, f) for d, f in zip(documents, features, strict=True))
    return Card(
        intercept=part["intercept"].number(),
        base_points=part["base_points"].integer(-_POINTS, _POINTS),
        terms=terms,
    )


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
