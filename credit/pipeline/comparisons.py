"""What a group of features is worth: several sets of them on the same rows and folds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from credit.dataset import Dataset, Given, observations, outcomes
from credit.engine import Engine
from credit.errors import ConfigError, DataError, nearest
from credit.evaluate import auc, delong, delong_difference, nadeau_bengio
from credit.feature import Catalogue
from credit.pipeline.config import ComparisonSection, FeaturesSection, microseconds
from credit.pipeline.fit import Floats, Plan, knowledge_of, limits_of
from credit.pipeline.models import bad_probability, make
from credit.pipeline.tables import Progress, select
from credit.pipeline.words import Printed, interval, number
from credit.split import Fold, out_of_time, repeated_folds, require_both_classes

END_OF_TIME = 2**62
"""An instant after every outcome: takes them as the source states them."""

KINDS = {"scorecard": "woe", "xgboost": "boost"}


def cohort(section: ComparisonSection, engine: Engine, whole: Dataset) -> Dataset:
    """Return the rows a comparison takes.

    Raises
    ------
    ConfigError
        If ``where`` names no column of the applications, or ``include_immature`` is asked for
        where the source states no outcomes.
    DataError
        If the rows hold one outcome only.
    """
    data = whole
    if section.include_immature:
        if "outcomes" not in engine.tables:
            raise ConfigError(
                f"comparison {section.name!r}: include_immature needs outcomes that the source "
                "states; here they are computed from repayments."
            )
        stated = outcomes(engine, Given(), observed_until=END_OF_TIME)
        status = stated.set_index("application_id").loc[whole.application_id]["status"]
        y = status.map({"good": 0, "bad": 1}).astype("Int8").reset_index(drop=True)
        data = replace(whole, status=status.reset_index(drop=True), y=y)
    data = rows_where(data, section.where, engine)
    data = data.labelled()
    if data.y.nunique() < 2:
        raise DataError(
            f"comparison {section.name!r}: its {len(data)} rows hold one outcome only; both good "
            "and bad are needed."
        )
    return data


def rows_where(data: Dataset, where: str | None, engine: Engine, *, key: str = "where") -> Dataset:
    """Return the rows whose application has 1 in the column ``where``; all without one.

    ``key`` is what the pipeline file calls it.
    """
    if where is None:
        return data
    facts = observations(engine)
    if where not in facts.columns:
        raise ConfigError(
            f"{key} = {where!r} is no column of the applications."
            f"{nearest(where, [str(name) for name in facts.columns])}"
        )
    chosen = facts.set_index("application_id").loc[data.application_id, where]
    return data.take((chosen == 1).to_numpy(dtype=bool))


def compare_sets(
    section: ComparisonSection,
    data: Dataset,
    shared: Plan,
    audit: Collection[str],
    progress: Progress,
) -> tuple[Printed, list[str]]:
    """Fit one kind of model on each set of features, inside the same folds.

    Returns
    -------
    Printed
        AUC of each set and its difference to the first, with 95 % intervals: corrected for
        overlapping training sets over folds, DeLong's on one split in time.
    list of str
        What must be said about the rows: which were taken, and how they were split.
    """
    y = data.y.to_numpy(dtype=np.int64)
    folds = _folds(section, data, shared.config.seed)
    offered = Catalogue(tuple(f for f in data.catalogue if section.audit or f.name not in audit))
    chosen = {
        name: list(select(offered, FeaturesSection(include=patterns)).names)
        for name, patterns in section.sets.items()
    }
    knowledge = knowledge_of(data, shared.knowledge.special_codes)
    scores: dict[tuple[str, int], Floats] = {}
    fits = [(number_, name) for number_ in range(len(folds)) for name in chosen]
    for done, (number_, name) in enumerate(fits):
        progress(f"comparing {section.name}", done / len(fits))
        fold, X = folds[number_], data.X[chosen[name]]
        model = make(
            KINDS[section.model],
            X,
            knowledge=knowledge,
            limits=limits_of(shared.config, knowledge, X.columns),
            seed=shared.config.seed + number_,
        )
        model.fit(X.iloc[fold.train], y[fold.train])
        scores[name, number_] = bad_probability(model, X.iloc[fold.test])
    progress(f"comparing {section.name}", 1.0)
    rows, means = _compared(chosen, scores, folds, y)
    split = f"tested from {section.test_from}" if section.test_from else (
        f"{section.repeats} x {section.folds} folds by {section.by}"
    )  # fmt: skip
    title = (
        f"{section.name}: {section.model} on {len(y):,} applications, {int(y.sum()):,} bad, {split}"
    )
    columns = ["features", "count", "AUC [95 %]", f"difference to {next(iter(chosen))}"]
    return Printed(title, columns, rows), _notes(section, data, folds, means)


def _folds(section: ComparisonSection, data: Dataset, seed: int) -> list[Fold]:
    person = data.person.to_numpy()
    groups = person if section.by == "person" else data.application_id.to_numpy()
    if section.test_from is not None:
        test_from = microseconds(section.test_from)
        fold = out_of_time(
            data.as_of,
            data.known_at if section.embargo else data.as_of,
            groups,
            train_until=test_from,
            test_from=test_from,
            validation_share=0.0,
        )
        require_both_classes(data.y, fold, name=f"comparison {section.name!r}")
        return [fold]
    repeat = section.by == "person" and len(np.unique(person)) < len(person)
    return repeated_folds(
        data.y, person if repeat else None, folds=section.folds, repeats=section.repeats, seed=seed
    )


def _compared(
    chosen: Mapping[str, list[str]],
    scores: Mapping[tuple[str, int], Floats],
    folds: Sequence[Fold],
    y: npt.NDArray[np.int64],
) -> tuple[list[list[str]], dict[str, float]]:
    """Return a row of words for each set, and its AUC."""
    first, rows, means = next(iter(chosen)), [], {}
    n_train = float(np.mean([len(fold.train) for fold in folds]))
    n_test = float(np.mean([len(fold.test) for fold in folds]))
    found = {
        name: np.array([auc(y[fold.test], scores[name, i]) for i, fold in enumerate(folds)])
        for name in chosen
    }
    for name, columns in chosen.items():
        means[name] = float(found[name].mean())
        against = "-"
        if len(folds) > 1:
            own = nadeau_bengio(found[name], n_train=n_train, n_test=n_test)
            level = interval(own.difference, own.low, own.high)
            if name != first:
                gap = nadeau_bengio(found[name] - found[first], n_train=n_train, n_test=n_test)
                against = interval(gap.difference, gap.low, gap.high)
        else:
            test = y[folds[0].test]
            single = delong(test, scores[name, 0])
            level = interval(single.value, single.low, single.high)
            if name != first:
                paired = delong_difference(test, scores[name, 0], scores[first, 0])
                against = interval(paired.difference, paired.low, paired.high)
        rows.append([name, str(len(columns)), level, against])
    return rows, means


def _notes(
    section: ComparisonSection, data: Dataset, folds: Sequence[Fold], means: dict[str, float]
) -> list[str]:
    notes = [f"{section.name}: {sentence}" for fold in folds for sentence in fold.notes]
    if section.test_from is not None and not section.embargo:
        notes.append(
            f"{section.name}: no embargo; training outcomes are known with hindsight, so the "
            "figure says how stable the model is in time, not what a model of that day could do."
        )
    if section.include_immature:
        notes.append(
            f"{section.name}: outcomes are taken as the source states them, including loans whose "
            "window has not closed; these look better than they are."
        )
    repeated = len(data) - data.person.nunique()
    if section.by == "application" and repeated:
        best = ", ".join(f"{name} {number(value, 3)}" for name, value in means.items())
        notes.append(
            f"WARNING: {section.name} splits by application although {repeated:,} rows are further "
            f"ones of the same person: its AUC ({best}) is inflated and no estimate of anything."
        )
    return notes
