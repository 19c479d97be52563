"""From a data frame to the columns that the runtime reads: a dict of plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from credit.columns import names, numbers
from credit.runtime import Feature, Scorer


def columns_of(frame: pd.DataFrame, features: Iterable[Feature]) -> dict[str, Any]:
    """Return ``frame`` as the dict that `credit.runtime.Scorer.score` takes.

    Numbers of any pandas type become float64 with NaN, names become text with None. Columns
    that are not among ``features`` are handed over as they are: the scorer never reads them,
    it refuses them by name unless told to ignore them.

    Raises
    ------
    ModelError
        A number column holds text or an infinity; a name is neither text nor number.
    """
    declared = {feature.name: feature for feature in features}
    columns: dict[str, Any] = _plain(frame, declared)
    for label in frame.columns:
        name = str(label)
        if name in columns:
            continue
        if name not in declared:
            columns[name] = frame[label]
        elif declared[name].type == "number":
            columns[name] = numbers(frame[label], name)
        else:
            columns[name] = _texts(frame[label], name)
    return columns


def _plain(frame: pd.DataFrame, declared: Mapping[str, Feature]) -> dict[str, NDArray[np.float64]]:
    """Return the number columns that are float64 already, taken at once; none if one is infinite.

    A frame is asked for its columns one by one only where one of them has to be looked at.
    """
    known = [
        label
        for label, kind in frame.dtypes.items()
        if kind == np.float64 and str(label) in declared and declared[str(label)].type == "number"
    ]
    block = frame[known].to_numpy()
    if not frame.columns.is_unique or np.isinf(block).any():
        return {}
    return {str(label): block[:, place] for place, label in enumerate(known)}


def risk_of(
    scorer: Scorer,
    *,
    output: Literal["probability", "margin"] = "probability",
    ignore: Collection[str] = (),
) -> Callable[[pd.DataFrame], NDArray[np.float64]]:
    """Return the artifact as a function from a frame of named features to each row's risk.

    It is what `credit.explain.recourse` and `credit.explain.fidelity` ask.

    Parameters
    ----------
    scorer : Scorer
    output : {"probability", "margin"}
        P(bad), or the log-odds before calibration.
    ignore : collection of str
        Columns that are passed over: see `credit.runtime.Scorer.score`.
    """

    def risk(frame: pd.DataFrame) -> NDArray[np.float64]:
        scores = scorer.score(columns_of(frame, scorer.features), ignore=ignore)
        return scores.margin if output == "margin" else scores.probability

    return risk


def _texts(column: pd.Series, name: str) -> NDArray[np.object_]:
    found = names(column, name)
    return np.array([*found.names, None], dtype=object)[found.codes]
