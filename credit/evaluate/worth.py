"""What each source of data is worth: with it and without it, and its fair share of the whole.

A source is what a person may give or keep: a dimension of features. Each subset of the sources
has a score of its own, found elsewhere; here the scores are compared on the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

from credit.errors import DataError
from credit.evaluate.decisions import Economics
from credit.evaluate.inputs import FloatArray, IntArray, both_classes, probabilities
from credit.evaluate.intervals import bootstrap
from credit.evaluate.summary import Headline

Sources = tuple[str, ...]
"""Sources that a score may see, in the order of all of them."""

MOST_SOURCES = 10
"""Most sources with a score for every subset: 1,024 of them."""

RESAMPLES = 200
"""Draws of people behind an interval; each computes every figure of every subset."""

_FIGURES = ("auc", "ks", "log_loss", "ece")


def every_subset(sources: Sequence[str]) -> list[Sources]:
    """Return the subsets of some sources, the smallest first, each in the order given.

    >>> every_subset(["a", "b"])
    [(), ('a',), ('b',), ('a', 'b')]
    """
    return [part for count in range(len(sources) + 1) for part in combinations(sources, count)]


def shapley(value: Mapping[Sources, float]) -> dict[str, float]:
    """Return each source's exact Shapley value from the value of every subset.

    ::

        phi_d = sum over S without d of  |S|! (k - |S| - 1)! / k!  (v(S + d) - v(S))

    the mean, over all k! orders of arrival, of what d adds when it arrives. They sum to
    ``v(all) - v(none)`` (Shapley 1953).

    Raises
    ------
    DataError
        If a subset has no value, or there is a value of none of them.

    Examples
    --------
    >>> found = shapley({(): 0.5, ("a",): 0.6, ("b",): 0.7, ("a", "b"): 0.75})
    >>> {source: round(value, 3) for source, value in found.items()}
    {'a': 0.075, 'b': 0.175}
    """
    sources = _sources(value)
    values = np.array([value[part] for part in every_subset(sources)], dtype=np.float64)
    return dict(zip(sources, (_weights(sources) @ values).tolist(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceValues:
    """What the subsets of some sources are worth on the same rows.

    All intervals are at 95 % and come from drawing people again; the scores are taken as given,
    so an interval holds the chance in these rows and not that of fitting the scores.

    Attributes
    ----------
    subsets : DataFrame
        ``sources`` ("payment+wealth"; "" is none), ``count``, ``metric`` (auc, ks, log_loss,
        ece, and profit where economics are given), ``value, low, high``.
    without : DataFrame
        See :func:`without_each`.
    shapley : DataFrame
        ``source, metric, value, standard_error, low, high``. The values of a metric sum to that
        of all sources less that of none; of log_loss, lower is better.
    """

    subsets: pd.DataFrame
    without: pd.DataFrame
    shapley: pd.DataFrame


def source_values(
    y: object,
    scores: Mapping[Sources, object],
    *,
    economics: Economics | None = None,
    person: object = None,
    seed: int,
    resamples: int = RESAMPLES,
) -> SourceValues:
    """Return the worth of every subset of sources, of each source, and the Shapley values.

    Parameters
    ----------
    y : array
        Outcome, 1 is bad.
    scores : mapping
        Every subset of the sources -> P(bad) of a score, fitted for it, that sees these alone
        and what is always known.
    economics : Economics, optional
        With it, ``profit``: what a unit asked for earns when those whose probability is at most
        the break-even are approved.
    person : array, optional
        Person of each row; people are drawn whole.
    seed, resamples : int
        Of the draws.

    Raises
    ------
    DataError
        If a subset lacks a score, or a score is no probability of each row.
    """
    sources = _sources(scores)
    labels = both_classes(y)
    parts = every_subset(sources)
    games = {
        "subset": ([named(part) for part in parts], np.eye(len(parts))),
        "without": (list(sources), _contrasts(parts)),
        "shapley": (list(sources), _weights(sources)),
    }
    figures = [_Figures(labels, scores[part], economics, named(part)) for part in parts]
    found = _intervals(figures, games, len(labels), person=person, seed=seed, resamples=resamples)
    subsets = found["subset"].rename(columns={"name": "sources"})
    subsets.insert(1, "count", [len([*filter(None, s.split("+"))]) for s in subsets["sources"]])
    fair = found["shapley"].rename(columns={"name": "source"})
    return SourceValues(
        subsets=subsets.drop(columns="standard_error"),
        without=_beside(found["without"], subsets, named(sources), refitted=True),
        shapley=fair[fair["metric"] != "ece"].reset_index(drop=True),
    )


def without_each(  # noqa: PLR0913 - two samples of scores and settings, all by name
    y: object,
    whole: object,
    without: Mapping[str, object],
    *,
    refitted: bool,
    economics: Economics | None = None,
    person: object = None,
    seed: int,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Compare a score with the scores that lack one source each, on the same rows.

    Parameters
    ----------
    y : array
        Outcome, 1 is bad.
    whole : array
        P(bad) of the score that sees every source.
    without : mapping of str to array
        Source -> P(bad) of the score that lacks it.
    refitted : bool
        Whether the scores without a source were fitted again. If not, the same model was told
        nothing about the source, which also counts what other sources could have said in its
        place.
    economics, person, seed, resamples
        As in :func:`source_values`.

    Returns
    -------
    DataFrame
        ``source, metric, refitted, with, without, difference`` (with less without), ``low,
        high`` (paired, 95 %).
    """
    refuse_names(list(without))
    labels = both_classes(y)
    every = named(list(without))
    parts = [_rest(list(without), source) for source in without] + [tuple(without)]
    stated = [*without.values(), whole]
    games = {
        "subset": ([named(part) for part in parts], np.eye(len(parts))),
        "without": (list(without), _contrasts(parts)),
    }
    figures = [
        _Figures(labels, score, economics, named(part))
        for part, score in zip(parts, stated, strict=True)
    ]
    found = _intervals(figures, games, len(labels), person=person, seed=seed, resamples=resamples)
    subsets = found["subset"].rename(columns={"name": "sources"})
    return _beside(found["without"], subsets, every, refitted=refitted)


def named(part: Sequence[str]) -> str:
    """Return a subset's name, such as "payment+wealth"; that of none is empty."""
    return "+".join(part)


class _Figures:
    """The figures of one score as functions of row weights."""

    def __init__(
        self, labels: IntArray, score: object, economics: Economics | None, name: str
    ) -> None:
        stated = probabilities(score, f"score of {name or 'no source'}", length=len(labels))
        self.headline = Headline(labels, stated)
        self.earned = None
        if economics is not None:
            self.earned = (stated <= economics.break_even) * economics.profit(
                labels.astype(np.float64)
            )

    def __call__(self, weight: FloatArray) -> dict[str, float]:
        found = self.headline(weight)
        figures = {name: found[name] for name in _FIGURES}
        if self.earned is not None:
            figures["profit"] = float(weight @ self.earned / weight.sum())
        return figures


def _sources(value: Mapping[Sources, object]) -> Sources:
    """Return all sources, those of the largest subset; refuse unless each subset is there."""
    sources = max(value, key=len, default=())
    refuse_names(sources)
    if not 1 <= len(sources) <= MOST_SOURCES:
        raise DataError(
            f"scores: {len(sources)} sources, but between 1 and {MOST_SOURCES} are needed, with a "
            "score for each of their subsets, the empty one () included."
        )
    wanted = every_subset(sources)
    lacking, odd = (
        [part for part in wanted if part not in value],
        [part for part in value if part not in wanted],
    )
    if lacking or odd:
        raise DataError(
            f"scores: no score of {lacking[:3]} ({len(lacking)} of {2 ** len(sources)} subsets), "
            f"and {odd[:3]} are no subsets of {sources} in its order. Give one for each of "
            "every_subset(sources)."
        )
    return sources


def refuse_names(sources: Sequence[str]) -> None:
    """Refuse sources that are not called apart, or hold a sign that joins names."""
    odd = [name for name in sources if not name or {"+", "|"} & set(name)]
    if odd or len(set(sources)) < len(sources):
        raise DataError(
            f"sources {list(sources)} must have different names, none empty and without + and |: "
            "these join the names of a subset. Rename them."
        )


def _weights(sources: Sources) -> FloatArray:
    """Return the matrix (sources, subsets) that turns values of subsets into Shapley values."""
    parts, size = every_subset(sources), len(sources)
    weights = np.zeros((size, len(parts)))
    for row, source in enumerate(sources):
        for column, part in enumerate(parts):
            inside = source in part
            others = len(part) - inside
            weight = 1 / (size * comb(size - 1, others))
            weights[row, column] = weight if inside else -weight
    return weights


def _rest(sources: Sequence[str], source: str) -> Sources:
    return tuple(other for other in sources if other != source)


def _contrasts(parts: Sequence[Sources]) -> FloatArray:
    """Return the matrix (sources, subsets): all sources, the last subset, less all but one."""
    sources = parts[-1]
    contrasts = np.zeros((len(sources), len(parts)))
    contrasts[:, -1] = 1.0
    for row, source in enumerate(sources):
        contrasts[row, parts.index(_rest(sources, source))] -= 1.0
    return contrasts


def _intervals(
    figures: Sequence[_Figures],
    games: Mapping[str, tuple[list[str], FloatArray]],
    rows: int,
    *,
    person: object,
    seed: int,
    resamples: int,
) -> dict[str, pd.DataFrame]:
    """Return, for each matrix of ``games``, the figures it makes of the scores' figures.

    Columns ``name`` (its row), ``metric, value, standard_error, low, high``. Everything is
    computed from the same draws, so differences are paired.
    """
    metrics = list(figures[0](np.ones(rows)))
    keys = [(kind, n, metric) for kind, (names, _) in games.items() for n in names
            for metric in metrics]  # fmt: skip
    matrix = np.concatenate([weights for _, weights in games.values()])
    joined = ["|".join(key) for key in keys]

    def statistic(weight: FloatArray) -> dict[str, float]:
        values = np.array([list(one(weight).values()) for one in figures])
        return dict(zip(joined, (matrix @ values).ravel().tolist(), strict=True))

    table = bootstrap(statistic, rows, person=person, seed=seed, resamples=resamples)
    table = table.drop(columns="used").reset_index(drop=True)
    table.insert(0, "name", [name for _, name, _ in keys])
    table.insert(1, "metric", [metric for *_, metric in keys])
    kinds = np.array([kind for kind, *_ in keys])
    return {kind: table[kinds == kind].reset_index(drop=True) for kind in games}


def _beside(
    differences: pd.DataFrame, subsets: pd.DataFrame, every: str, *, refitted: bool
) -> pd.DataFrame:
    """Put the figures with and without each source beside their difference."""
    value = subsets.set_index(["sources", "metric"])["value"]
    sources = list(dict.fromkeys(differences["name"]))
    rows = [
        {
            "source": row["name"],
            "metric": row["metric"],
            "refitted": refitted,
            "with": value[every, row["metric"]],
            "without": value[named(_rest(sources, row["name"])), row["metric"]],
            "difference": row["value"],
            "low": row["low"],
            "high": row["high"],
        }
        for row in differences.to_dict("records")
    ]
    return pd.DataFrame(rows)
