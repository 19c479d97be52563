"""What a group of features is worth: several sets of them on the same rows and folds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from credit.dataset import Dataset, Given, observations, outcomes
from credit.engine import Engine
from credit.errors import ConfigError, DataError, nearest
from credit.evaluate import auc, nadeau_bengio
from credit.pipeline.config import ComparisonSection, FeaturesSection
from credit.pipeline.fit import Plan, limits_of
from credit.pipeline.models import bad_probability, make
from credit.pipeline.tables import Progress, select
from credit.pipeline.words import Printed, interval, number
from credit.split import repeated_folds

END_OF_TIME = 2**62
"""An instant after every outcome: takes them as the source states them."""

KINDS = {"scorecard": "card", "xgboost": "boost"}


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
    if section.where is not None:
        facts = observations(engine)
        if section.where not in facts.columns:
            raise ConfigError(
                f"comparison {section.name!r}: where = {section.where!r} is no column of the "
                f"applications.{nearest(section.where, facts.columns)}"
            )
        data = data.take((facts[section.where] == 1).to_numpy(dtype=bool))
    data = data.labelled()
    if data.y.nunique() < 2:
        raise DataError(
            f"comparison {section.name!r}: its {len(data)} rows hold one outcome only; both good "
            "and bad are needed."
        )
    return data


def compare_sets(
    section: ComparisonSection, data: Dataset, shared: Plan, progress: Progress
) -> tuple[Printed, list[str]]:
    """Fit one kind of model on each set of features, inside the same folds.

    Returns
    -------
    Printed
        Mean AUC of each set and its difference to the first, with corrected intervals.
    list of str
        What must be said about the rows: which were taken, and how they were split.
    """
    y = data.y.to_numpy(dtype=np.int64)
    person = data.person.to_numpy()
    groups = person if section.by == "person" and len(np.unique(person)) < len(person) else None
    folds = repeated_folds(
        y, groups, folds=section.folds, repeats=section.repeats, seed=shared.config.seed
    )
    chosen = {
        name: list(select(data.catalogue, FeaturesSection(include=patterns)).names)
        for name, patterns in section.sets.items()
    }
    rows = []
    for number_, fold in enumerate(folds):
        progress(f"comparing {section.name}", number_ / len(folds))
        for name, columns in chosen.items():
            X = data.X[columns]
            model = make(
                KINDS[section.model],
                X,
                knowledge=shared.knowledge,
                limits=limits_of(shared.config, shared.knowledge, columns),
                seed=shared.config.seed + number_,
            )
            model.fit(X.iloc[fold.train], y[fold.train])
            score = bad_probability(model, X.iloc[fold.test])
            rows.append({"fold": number_, "set": name, "auc": auc(y[fold.test], score)})
    progress(f"comparing {section.name}", 1.0)
    wide = pd.DataFrame(rows).pivot_table(index="fold", columns="set", values="auc")
    n_train = float(np.mean([len(fold.train) for fold in folds]))
    n_test = float(np.mean([len(fold.test) for fold in folds]))
    first = next(iter(chosen))
    printed = []
    for name, columns in chosen.items():
        own = nadeau_bengio(wide[name], n_train=n_train, n_test=n_test)
        against = "-"
        if name != first:
            paired = nadeau_bengio(wide[name] - wide[first], n_train=n_train, n_test=n_test)
            against = interval(paired.difference, paired.low, paired.high)
        printed.append(
            [name, str(len(columns)), interval(own.difference, own.low, own.high), against]
        )
    title = (
        f"{section.name}: {section.model} on {len(y):,} applications, {int(y.sum()):,} bad, "
        f"{section.repeats} x {section.folds} folds by {section.by}"
    )
    columns_ = ["features", "count", "AUC [95 %]", f"difference to {first}"]
    return Printed(title, columns_, printed), _notes(section, data, wide.mean().to_dict())


def _notes(section: ComparisonSection, data: Dataset, means: dict[str, float]) -> list[str]:
    notes = []
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
