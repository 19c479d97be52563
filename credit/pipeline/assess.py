"""How good the fitted models are: on a hold-out, or over repeated folds; beside the ceiling."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.dataset import Dataset
from credit.evaluate import LeakAlarm, leak_alarm, metrics, nadeau_bengio
from credit.pipeline.config import SplitSection
from credit.pipeline.fit import Fitted, Plan, fit_models
from credit.split import Fold, repeated_folds

Floats = npt.NDArray[np.float64]
Progress = Callable[[str, float], None]

CEILING = "ceiling"
"""Name of the row that holds the true probability, where it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What was measured of each model.

    Attributes
    ----------
    metrics : DataFrame
        ``model, metric, value, low, high``: 95 % intervals.
    rows : ndarray of int
        Positions in the dataset of the rows that were scored out of sample.
    probability : dict of str to ndarray
        Model -> its probability of bad on these rows.
    folds : DataFrame or None
        Every fold's figures, where the split repeats: ``fold, model``, one column a metric.
    ceiling : dict of str to LeakAlarm
        Model -> its distance to the ceiling, where the truth is known.
    """

    metrics: pd.DataFrame
    rows: npt.NDArray[np.int64]
    probability: dict[str, Floats]
    folds: pd.DataFrame | None
    ceiling: dict[str, LeakAlarm]


def on_hold_out(
    fitted: Sequence[Fitted], data: Dataset, rows: npt.NDArray[np.int64], *, seed: int
) -> Assessment:
    """Measure fitted models on rows that none of them has seen."""
    X = data.X.iloc[rows]
    y = data.y.iloc[rows].to_numpy(dtype=np.int64)
    person = data.person.iloc[rows].to_numpy()
    probability = {one.name: one.probability(X) for one in fitted}
    tables = [
        metrics(y, scores, person=person, seed=seed).assign(model=name)
        for name, scores in probability.items()
    ]
    return Assessment(
        metrics=pd.concat(tables, ignore_index=True),
        rows=rows,
        probability=probability,
        folds=None,
        ceiling={},
    )


def over_folds(
    shared: Plan, data: Dataset, folds: Sequence[Fold], progress: Progress
) -> Assessment:
    """Fit every model anew in every fold; pool the first repeat's predictions.

    Intervals are of the mean over folds, with the variance corrected for overlapping training
    sets (Nadeau and Bengio 2003).
    """
    y = data.y.to_numpy(dtype=np.int64)
    person = data.person.to_numpy()
    figures: list[dict[str, Any]] = []
    pooled: dict[str, Floats] = {}
    seen = np.zeros(len(y), dtype=bool)
    for number, fold in enumerate(folds):
        progress("fitting in folds", number / len(folds))
        fitted, _ = fit_models(replace(shared, journal=None), data, fold, lambda _s, _d: None)
        first_repeat = not seen[fold.test].any()
        for one in fitted:
            scores = one.probability(data.X.iloc[fold.test])
            table = metrics(y[fold.test], scores, person=person[fold.test], seed=0, resamples=2)
            figures.append(
                {"fold": number, "model": one.name}
                | dict(zip(table["metric"], table["value"], strict=True))
            )
            if first_repeat:
                pooled.setdefault(one.name, np.full(len(y), np.nan))[fold.test] = scores
        seen[fold.test] |= first_repeat
    progress("fitting in folds", 1.0)
    frame = pd.DataFrame(figures)
    n_train = float(np.mean([len(fold.train) for fold in folds]))
    n_test = float(np.mean([len(fold.test) for fold in folds]))
    rows = np.flatnonzero(seen)
    return Assessment(
        metrics=fold_intervals(frame, n_train, n_test),
        rows=rows,
        probability={name: scores[rows] for name, scores in pooled.items()},
        folds=frame,
        ceiling={},
    )


def fold_intervals(figures: pd.DataFrame, n_train: float, n_test: float) -> pd.DataFrame:
    """Return the mean of every metric over folds with its corrected 95 % interval."""
    names = [name for name in figures.columns if name not in ("fold", "model")]
    rows = []
    for model, part in figures.groupby("model", sort=False):
        for name in names:
            test = nadeau_bengio(part[name], n_train=n_train, n_test=n_test)
            rows.append(
                {"model": model, "metric": name, "value": test.difference,
                 "low": test.low, "high": test.high}
            )  # fmt: skip
    return pd.DataFrame(rows)


def with_ceiling(assessment: Assessment, data: Dataset, bayes: Floats, *, seed: int) -> Assessment:
    """Add the true probability as a row of its own, and every model's distance to it."""
    rows = assessment.rows
    y = data.y.iloc[rows].to_numpy(dtype=np.int64)
    truth = bayes[rows]
    own = metrics(y, truth, person=data.person.iloc[rows].to_numpy(), seed=seed)
    alarms = {name: leak_alarm(y, scores, truth) for name, scores in assessment.probability.items()}
    return replace(
        assessment,
        metrics=pd.concat([assessment.metrics, own.assign(model=CEILING)], ignore_index=True),
        ceiling=alarms,
    )


def folds_of(section: SplitSection, data: Dataset, *, seed: int) -> list[Fold]:
    """Return the repeated folds a pipeline asks for, people kept on one side if it says so."""
    y = data.y.to_numpy(dtype=np.int64)
    person = data.person.to_numpy()
    repeat = len(np.unique(person)) < len(person)
    groups = person if section.by == "person" and repeat else None
    return repeated_folds(y, groups, folds=section.folds, repeats=section.repeats, seed=seed)


def champion(assessment: Assessment, fitted: Sequence[Fitted], order: Sequence[str]) -> Fitted:
    """Return the simplest model within one standard error of the best one's AUC.

    ``order`` lists the models from the simplest on. The rule keeps a card that an officer can
    read unless trees are better by more than chance explains.
    """
    rows = assessment.metrics.query("metric == 'auc'").set_index("model")
    table = rows[["value", "low", "high"]].astype("float64").to_dict("index")
    by_name: Mapping[str, Fitted] = {one.name: one for one in fitted}
    candidates = [name for name in order if name in by_name and name in table]
    best = max(candidates, key=lambda name: table[name]["value"])
    error = (table[best]["high"] - table[best]["low"]) / (2 * 1.96)
    for name in candidates:
        if table[name]["value"] >= table[best]["value"] - error:
            return by_name[name]
    return by_name[best]
