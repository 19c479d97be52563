"""The reference an artifact carries: distributions to monitor by, and the average person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from credit.runtime import Feature, Scores
from credit.runtime.blended import Blended
from credit.runtime.card import Card
from credit.runtime.columns import Rows
from credit.runtime.counts import count_feature, counts_between
from credit.runtime.scorer import Model

BINS = 10
"""Equal-mass bins of scores, and of a number that no points table has cut."""

AVERAGED_ROWS = 2_000
"""Rows, evenly spaced, over which a forest's contributions are averaged."""

Floats = NDArray[np.float64]


def equal_mass_edges(values: Floats, bins: int = BINS) -> list[float]:
    """Return at most ``bins - 1`` rising edges that split ``values`` into equal counts.

    Edges are values of the sample; ties merge bins, so fewer distinct values give fewer edges.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return []
    levels = np.arange(1, bins) / bins
    edges = np.unique(np.quantile(finite, levels, method="higher"))
    return [float(edge) for edge in edges if edge > finite.min()]


def distributions(
    features: Sequence[Feature], rows: Rows, scores: Scores, model: Model
) -> dict[str, Any]:
    """Return counts of scores, grades and every feature, as reference.json holds them."""
    points = scores.points.astype(np.float64)
    edges = equal_mass_edges(points)
    grades, counts = np.unique(scores.grade, return_counts=True)
    card = model.card if isinstance(model, Blended) else model
    cut = (
        {term.feature: term.edges.tolist() for term in card.terms} if isinstance(card, Card) else {}
    )
    return {
        "rows": len(points),
        "bad_rate_expected": float(scores.probability.mean()),
        "points": {"edges": edges, "counts": counts_between(points, edges)},
        "grades": dict(zip(grades.tolist(), counts.tolist(), strict=True)),
        "features": {
            f.name: count_feature(f, rows[f.name], _edges(f, rows[f.name], cut)) for f in features
        },
    }


def _edges(feature: Feature, values: NDArray[Any], cut: Mapping[str, list[float]]) -> list[float]:
    """Return where a feature is cut: as in the card, else into equal masses."""
    if feature.type == "category" or feature.name in cut:
        return cut.get(feature.name, [])
    codes = np.array(feature.special_codes, dtype=np.float64)
    return equal_mass_edges(values[~np.isin(values, codes)])


def approvals(scores: Scores, cutoff: float) -> dict[str, Any]:
    """Return how many rows of the reference are approved: a probability up to ``cutoff``."""
    return {"cutoff": cutoff, "rows": int((scores.probability <= cutoff).sum())}


def explained(
    features: Sequence[Feature], rows: Rows, count: int, model: Model
) -> tuple[dict[str, float], dict[str, Any]]:
    """Return each feature's mean part of the margin, and how often it is the first reason.

    Of a card over all rows, of a forest over `AVERAGED_ROWS` of them. The first reason is that of
    `credit.runtime.Scorer.score`: the largest excess over the mean, where any is above 0.

    Returns
    -------
    means : dict of str to float
    reasons : dict
        ``rows`` that were explained, and ``first``: rows by feature.
    """
    if not isinstance(model, Card) and count > AVERAGED_ROWS:
        kept = np.linspace(0, count - 1, AVERAGED_ROWS).round().astype(np.int64)
        rows, count = {name: values[kept] for name, values in rows.items()}, AVERAGED_ROWS
    values, _ = model.contributions(rows, count)
    means = values.mean(axis=0)
    excess = values - means
    best = excess.argmax(axis=1)
    found = np.bincount(best[excess[np.arange(count), best] > 0], minlength=len(features))
    names = [feature.name for feature in features]
    first = {name: n for name, n in zip(names, found.tolist(), strict=True) if n}
    return dict(zip(names, means.tolist(), strict=True)), {"rows": count, "first": first}
