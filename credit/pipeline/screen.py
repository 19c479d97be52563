"""Look at every feature before any model does: information by month, gaps, near duplicates."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.dataset import Dataset
from credit.evaluate import correlated_pairs, feature_report, information_values
from credit.feature import Catalogue
from credit.pipeline.config import FeaturesSection


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """What was seen of the features on the training rows, and which were left out.

    Attributes
    ----------
    report : DataFrame
        One row a feature: see `credit.evaluate.feature_report`; with a column ``dropped``.
    pairs : DataFrame
        Pairs with a rank correlation above the limit: first, second, correlation, action.
    """

    report: pd.DataFrame
    pairs: pd.DataFrame


FINER = 20
"""Parts of a feature when two near duplicates are compared: all rows count, so bins can be fine."""


def months_of(as_of: pd.Series) -> npt.NDArray[np.str_]:
    """Return the calendar month (UTC) of each instant as ``YYYY-MM``."""
    return pd.to_datetime(as_of, unit="us").dt.strftime("%Y-%m").to_numpy(dtype=np.str_)


def quantile_codes(column: pd.Series, parts: int = 5) -> npt.NDArray[np.int64]:
    """Return bin numbers of a column: equal parts of its values, or its names; 0 where missing.

    Fifths are coarse on purpose: the information of a month with a few dozen bad rows is mostly
    noise in finer bins.
    """
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(dtype=np.float64)
        known = values[~np.isnan(values)]
        edges = np.unique(np.quantile(known, np.arange(1, parts) / parts)) if len(known) else known
        codes = np.searchsorted(edges, values, side="right") + 1
    else:
        codes = pd.factorize(column, sort=True)[0] + 1
    return np.where(column.isna().to_numpy(), 0, codes).astype(np.int64)


def screen(
    data: Dataset, rows: npt.NDArray[np.int64], section: FeaturesSection
) -> tuple[Dataset, Screening]:
    """Report on every feature and leave out near duplicates and constants.

    Of two features whose rank correlation exceeds ``section.max_correlation``, the one with
    less information on the training rows is left out, unless ``section.keep`` names it.
    """
    X = data.X.iloc[rows]
    codes = pd.DataFrame({name: quantile_codes(X[name]) for name in X.columns}, index=X.index)
    y = data.y.iloc[rows].to_numpy(dtype=np.int64)
    report = feature_report(X, y, months_of(data.as_of.iloc[rows]), codes=codes)
    finer = pd.DataFrame({name: quantile_codes(X[name], FINER) for name in X.columns})
    information = information_values(finer, y)["iv"].to_dict()
    pairs = correlated_pairs(X, threshold=section.max_correlation)
    dropped: dict[str, str] = {
        name: "one value only" for name in X.columns if X[name].nunique(dropna=False) < 2
    }
    actions = []
    for first, second in zip(pairs["first"], pairs["second"], strict=True):
        weaker = min((first, second), key=lambda name: (name in section.keep, information[name]))
        other = second if weaker == first else first
        if weaker in section.keep:
            actions.append("both kept: the pipeline file names them under keep")
        elif weaker in dropped or other in dropped:
            actions.append("one of them is left out already")
        else:
            dropped[weaker] = f"near duplicate of {other}"
            actions.append(f"{weaker} left out: less information than {other}")
    report["dropped"] = [dropped.get(name, "") for name in report["feature"]]
    kept = [name for name in data.X.columns if name not in dropped]
    chosen = replace(
        data,
        X=data.X[kept],
        catalogue=Catalogue(tuple(f for f in data.catalogue if f.name in set(kept))),
    )
    return chosen, Screening(report=report, pairs=pairs.assign(action=actions))
