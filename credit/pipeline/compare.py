"""Compare models on any flat file under one protocol.

Every model is fitted inside the fold, on the same rows. With repeated folds, paired
differences carry the corrected resampled t interval (Nadeau and Bengio 2003) and p-values are
adjusted over models (Holm 1979); with a time column there is one hold-out, the latest rows,
and differences in AUC carry DeLong's interval (DeLong, DeLong and Clarke-Pearson 1988).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from credit.errors import ConfigError, DataError, nearest
from credit.evaluate import delong_difference, ks, paired_table
from credit.pipeline.flat import (
    FlatTable,
    flat_table,
    read_frame,
    require_folder,
    special_codes,
    written,
)
from credit.pipeline.models import NAMES, Knowledge, bad_probability, make
from credit.pipeline.words import Printed, interval, number, records
from credit.split import Fold, repeated_folds, require_both_classes

HOLD_OUT_SHARE = 0.3
"""Share of the latest rows that test a model when the file has a time column."""

METRIC_NAMES = {"auc": "AUC", "ks": "KS", "log_loss": "log-loss", "brier": "Brier"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareOptions:
    """What `credit compare` was asked."""

    target: str
    bad: str | None = None
    groups: str | None = None
    time: str | None = None
    special: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    models: tuple[str, ...] = ("card", "boost", "logistic")
    folds: str = "5x2"
    seed: int = 20261121


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Every fold's figures and the tables made of them."""

    figures: pd.DataFrame
    tables: list[Printed]


def parse_folds(text: str) -> tuple[int, int]:
    """Read ``REPEATSxFOLDS``.

    >>> parse_folds("5x2")
    (5, 2)
    """
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if match is None or int(match[1]) < 1 or int(match[2]) < 2:
        raise ConfigError(
            f"--folds {text!r}: write REPEATSxFOLDS with at least 2 folds, for instance 5x2."
        )
    return int(match[1]), int(match[2])


def _folds(table: FlatTable, options: CompareOptions) -> list[Fold]:
    if table.time is None:
        repeats, folds = parse_folds(options.folds)
        groups = None if table.groups is None else table.groups.to_numpy()
        return repeated_folds(table.y, groups, folds=folds, repeats=repeats, seed=options.seed)
    order = np.argsort(_instants(table.time), kind="stable")
    test = order[int(np.ceil(len(order) * (1 - HOLD_OUT_SHARE))) :]
    train = order[: len(order) - len(test)]
    if table.groups is not None:
        train = train[~table.groups.iloc[train].isin(table.groups.iloc[test]).to_numpy()]
    fold = Fold(train=train, validation=train[:0], test=test)
    require_both_classes(table.y, fold, name=f"--time {options.time}")
    return [fold]


def _instants(time: pd.Series) -> np.ndarray[Any, Any]:
    """Return what a column of instants sorts by: its numbers, or the dates its texts mean."""
    if time.isna().any():
        raise DataError(f"--time {time.name}: {int(time.isna().sum())} row(s) have none.")
    if pd.api.types.is_numeric_dtype(time) or pd.api.types.is_datetime64_any_dtype(time):
        return time.to_numpy()
    try:
        return pd.to_datetime(time, format="ISO8601", utc=True).to_numpy()
    except (ValueError, TypeError) as error:
        raise DataError(
            f"--time {time.name}: holds {time.iloc[0]!r}, which is neither a number nor a date "
            "written as 2024-03-31. As text, dates would be put in the order of their letters."
        ) from error


def fold_figures(y: np.ndarray[Any, Any], probability: np.ndarray[Any, Any]) -> dict[str, float]:
    """Return AUC, KS, log-loss and Brier score of one fold."""
    return {
        "auc": float(roc_auc_score(y, probability)),
        "ks": float(ks(y, probability)),
        "log_loss": float(log_loss(y, np.clip(probability, 1e-12, 1 - 1e-12), labels=[0, 1])),
        "brier": float(brier_score_loss(y, probability)),
    }


def compare(
    table: FlatTable,
    options: CompareOptions,
    knowledge: Knowledge,
    *,
    progress: Callable[[str, float], None] = lambda _stage, _share: None,
) -> Comparison:
    """Fit every model in every fold and tabulate paired differences.

    Raises
    ------
    ConfigError
        For an unknown model (the nearest name is given) or an ill-formed ``folds``.
    DataError
        If a fold holds one class only.
    """
    for name in options.models:
        if name not in NAMES:
            raise ConfigError(
                f"--models {name!r}: no such model.{nearest(name, NAMES)} Known: {NAMES}."
            )
        if options.models.count(name) > 1:
            raise ConfigError(f"--models: {name!r} is named twice; there is nothing to compare.")
    folds = _folds(table, options)
    rows: list[dict[str, Any]] = []
    scores: dict[str, np.ndarray[Any, Any]] = {}
    fits = [(number_, fold, name) for number_, fold in enumerate(folds) for name in options.models]
    for done, (number_, fold, name) in enumerate(fits):
        progress("comparing", done / len(fits))
        model = make(name, table.X, knowledge=knowledge, seed=options.seed + number_)
        model.fit(table.X.iloc[fold.train], table.y[fold.train])
        scores[name] = bad_probability(model, table.X.iloc[fold.test])
        figures_here = fold_figures(table.y[fold.test], scores[name])
        rows.append({"fold": number_, "model": name} | figures_here)
    progress("comparing", 1.0)
    figures = pd.DataFrame(rows)
    tables = [_means(figures, options)]
    if len(options.models) > 1:
        if len(folds) > 1:
            tables.append(_paired(figures, options, folds[0]))
        else:
            tables.append(_delong(table.y[folds[0].test], scores, options))
    return Comparison(figures=figures, tables=tables)


def _means(figures: pd.DataFrame, options: CompareOptions) -> Printed:
    rows = []
    for name in options.models:
        own = figures[figures["model"] == name]
        means = [number(float(own[metric].mean())) for metric in METRIC_NAMES]
        rows.append([name, *means, number(float(own["auc"].std(ddof=1)))])
    count = figures["fold"].nunique()
    title = f"mean over {count} folds" if count > 1 else "hold-out: the latest rows"
    return Printed(title, ["model", *METRIC_NAMES.values(), "SD of AUC"], rows)


def _paired(figures: pd.DataFrame, options: CompareOptions, fold: Fold) -> Printed:
    rows = []
    for metric in ("auc", "log_loss"):
        wide = figures.pivot_table(index="fold", columns="model", values=metric)
        differences = paired_table(
            wide[list(options.models)],
            n_train=len(fold.train),
            n_test=len(fold.test),
            reference=options.models[0],
        )
        rows += [
            [
                f"{row.model} - {options.models[0]}",
                METRIC_NAMES[metric],
                interval(row.difference, row.low, row.high),
                number(row.p_holm, 3),
            ]
            for row in records(differences)
        ]
    return Printed(
        "paired differences, corrected 95 % intervals",
        ["models", "metric", "difference", "p (Holm)"],
        rows,
    )


def _delong(
    y: np.ndarray[Any, Any], scores: dict[str, np.ndarray[Any, Any]], options: CompareOptions
) -> Printed:
    first = options.models[0]
    rows = []
    for name in options.models[1:]:
        test = delong_difference(y, scores[name], scores[first])
        rows.append(
            [f"{name} - {first}", interval(test.difference, test.low, test.high),
             number(test.p_value, 3)]
        )  # fmt: skip
    return Printed("paired differences, DeLong 95 %", ["models", "AUC difference", "p"], rows)


def compare_file(
    file: Path,
    options: CompareOptions,
    *,
    output: Path | None = None,
    progress: Callable[[str, float], None] = lambda _stage, _share: None,
) -> Comparison:
    """Read a flat file and compare models on it; ``output`` receives every fold's figures."""
    if output is not None:
        require_folder(output)
    frame = read_frame(file)
    table = flat_table(
        frame,
        target=options.target,
        bad=options.bad,
        groups=options.groups,
        time=options.time,
        drop=options.drop,
    )
    codes = special_codes(options.special, [str(name) for name in table.X.columns])
    result = compare(table, options, Knowledge(special_codes=codes), progress=progress)
    if output is not None:
        with written(output) as partial:
            result.figures.to_csv(partial, index=False)
    return result
