"""One place that makes a model by its name, for experiments and comparisons alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from credit.binning import BinLimits
from credit.blend import BlendedModel
from credit.boost import BoostedModel, BoostOptions
from credit.dataset import Dataset
from credit.errors import ConfigError, nearest
from credit.pipeline.config import SplitSection
from credit.scorecard import FusedOptions, Scorecard

NAMES = ("card", "woe", "boost", "logistic", "blend")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is known about the columns before any row is seen."""

    signs: Mapping[str, int] = field(default_factory=dict)
    dimensions: Mapping[str, str] = field(default_factory=dict)
    special_codes: Mapping[str, Sequence[float]] = field(default_factory=dict)
    edges: Mapping[str, Sequence[float]] = field(default_factory=dict)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn every text column into Python strings with None, as scikit-learn's encoders need."""
    plain = frame.copy()
    for name in plain.columns:
        column = plain[name]
        if not pd.api.types.is_numeric_dtype(column):
            plain[name] = (
                column.astype("object")
                .where(column.notna(), None)
                .map(lambda value: "(missing)" if value is None else str(value))
            )
        else:
            plain[name] = column.astype("float64")
    return plain


def logistic(frame: pd.DataFrame) -> Any:
    """Return a plain logistic regression: one-hot texts, standardised numbers, median filled."""
    numeric = [n for n in frame.columns if pd.api.types.is_numeric_dtype(frame[n])]
    texts = [n for n in frame.columns if n not in numeric]
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numeric),
        (OneHotEncoder(handle_unknown="ignore"), texts),
    )
    return make_pipeline(
        FunctionTransformer(_plain), columns, LogisticRegression(C=1.0, max_iter=2000)
    )


def make(
    name: str,
    frame: pd.DataFrame,
    *,
    knowledge: Knowledge | None = None,
    limits: BinLimits | None = None,
    boost: BoostOptions | None = None,
    seed: int = 0,
) -> Any:
    """Return an unfitted model.

    Parameters
    ----------
    name : {"card", "woe", "boost", "logistic", "blend"}
        Which model: the default scorecard, the classic one, boosted trees, a plain regression,
        the default scorecard and boosted trees added up where that wins.
    frame : DataFrame
        The columns it will see (logistic needs to know which are texts).
    knowledge : Knowledge, optional
        Signs, dimensions, special codes and meaningful cut points of the columns.
    limits, boost : optional
        Options of the card's bins and of the boosted model.
    seed : int
        Seed of everything random in it.
    """
    knowledge = knowledge or Knowledge()
    special = {k: list(v) for k, v in knowledge.special_codes.items() if k in frame.columns}
    common: dict[str, Any] = {
        "signs": {k: v for k, v in knowledge.signs.items() if k in frame.columns},
        "dimensions": {k: v for k, v in knowledge.dimensions.items() if k in frame.columns},
        "special_codes": special,
        "random_state": seed,
    }
    edges = limits.edges if limits else {}
    if name == "card":
        return Scorecard(binning=FusedOptions(edges=edges), **common)
    if name == "woe":
        return Scorecard(binning=limits or BinLimits(), **common)
    if name == "boost":
        return BoostedModel(options=boost, **common)
    if name == "blend":
        card, trees = (
            Scorecard(binning=FusedOptions(edges=edges), **common),
            BoostedModel(options=boost, **common),
        )
        return BlendedModel(card=card, trees=trees, random_state=seed)
    if name == "logistic":
        return logistic(frame)
    raise ConfigError(f"no model {name!r}.{nearest(name, NAMES)} It is one of {NAMES}.")


def clues_of(
    data: Dataset, positions: npt.NDArray[np.int64], split: SplitSection
) -> dict[str, npt.NDArray[Any] | None]:
    """Return what a boosted model divides off by: the latest rows out of time, people whole.

    Folds are drawn without regard to time, so early stopping within them is too.
    """
    person = data.person.iloc[positions].to_numpy()
    repeated = split.by == "person" and len(pd.unique(person)) < len(person)
    timed = split.kind == "out_of_time"
    return {
        "order": data.as_of.iloc[positions].to_numpy() if timed else None,
        "groups": person if repeated else None,
    }


def bad_probability(model: Any, X: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the model's probability of bad for each row."""
    return np.asarray(model.predict_proba(X)[:, 1], dtype=np.float64)
