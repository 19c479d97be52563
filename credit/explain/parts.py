"""Contributions as tables to draw: a person's step by step, a feature's value by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.errors import DataError
from credit.explain.fidelity import Floats
from credit.explain.values import said

BASE = "(base)"
"""The first row of a points table: what everybody starts with."""

EVERYBODY = "everybody"
"""The bin of the base."""

_BINS = 20


def breakdown(
    contributions: pd.DataFrame,
    values: pd.DataFrame,
    *,
    base: float,
    points_per_margin: float,
    units: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return one person's score as a base and a step for each feature.

    ``points_f = -points_per_margin * contribution_f``, and base and steps sum to the points of
    the margin, as contributions and their base sum to the margin.

    Parameters
    ----------
    contributions : DataFrame (1 x features)
        Parts of the margin, log-odds of bad.
    values : DataFrame (1 x at least these features)
        What each feature is.
    base : float
        Points of the margin's constant part.
    points_per_margin : float
        Points that one unit of margin costs: slope of the calibration times factor of the scale.
    units : mapping of str to str, optional
        Feature -> unit, in which its value is said.

    Returns
    -------
    DataFrame
        ``feature, bin, points``, the base first, as ``plot.waterfall`` draws it; ``bin`` is the
        value in words.

    Raises
    ------
    DataError
        More or less than one row, or a contribution that is not finite.
    """
    if len(contributions) != 1 or len(values) != 1:
        raise DataError(
            f"contributions and values must be one person's, got {len(contributions)} and "
            f"{len(values)} rows. Pass X.iloc[[row]]."
        )
    parts = contributions.iloc[0].astype(np.float64)
    if not np.isfinite(parts.to_numpy()).all():
        wrong = list(parts[~np.isfinite(parts)].index)
        raise DataError(f"contributions: null or infinite values in {wrong}.")
    names = [str(name) for name in contributions.columns]
    words = [_in_words(values[name].iloc[0], (units or {}).get(name, "")) for name in names]
    points = -points_per_margin * parts.to_numpy()
    return pd.DataFrame(
        {
            "feature": [BASE, *names],
            "bin": [EVERYBODY, *words],
            "points": [float(base), *points.tolist()],
        }
    )


def by_dimension(
    table: pd.DataFrame,
    dimensions: Mapping[str, str],
    *,
    labels: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Add up one person's steps within each dimension; beside it what moves most in it.

    Parameters
    ----------
    table : DataFrame
        From :func:`breakdown`, or ``Scorecard.breakdown`` of one row.
    dimensions : mapping of str to str
        Feature -> dimension.
    labels : mapping of str to str, optional
        Feature -> words.

    Raises
    ------
    DataError
        If a feature has no dimension.
    """
    steps = table[table["feature"] != BASE]
    homeless = [name for name in steps["feature"] if name not in dimensions]
    if homeless:
        raise DataError(f"dimensions: none for {homeless}. Name it for every feature.")
    rows = [(BASE, EVERYBODY, float(table.loc[table["feature"] == BASE, "points"].sum()))]
    for name, part in steps.groupby(steps["feature"].map(dimensions), sort=False):
        at = int(part["points"].abs().to_numpy().argmax())
        strongest = str(part["feature"].to_numpy()[at])
        words = (labels or {}).get(strongest, strongest).split(", ")[0]
        rows.append((str(name), f"most: {words}", float(part["points"].sum())))
    return pd.DataFrame(rows, columns=["feature", "bin", "points"])


def _in_words(value: object, unit: str) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return "missing"
    return said(float(value), unit) if isinstance(value, Real) else str(value)


def dependence(
    contributions: pd.DataFrame, values: pd.DataFrame, features: Sequence[str]
) -> pd.DataFrame:
    """Return what each value of some features adds, beside the feature it acts together with.

    Rows of equal value whose contributions differ differ by other features. The partner is the
    one whose ranks correlate most with what is left of the contribution when the mean of its
    value (of its twentieth of the rows, for many values) is taken away.

    Parameters
    ----------
    contributions, values : DataFrame (rows x features)
    features : sequence of str

    Returns
    -------
    DataFrame
        ``feature, value, contribution, partner, partner_rank``: one line a row and feature;
        ``partner_rank`` from 0 to 1, null where the partner is. An empty partner says that
        contributions depend on the value alone.

    Raises
    ------
    DataError
        If the tables do not hold the same rows, or not these features.
    """
    for name, frame in (("contributions", contributions), ("values", values)):
        lacking = [one for one in features if one not in frame.columns]
        if lacking or not len(frame) or len(frame) != len(contributions):
            raise DataError(
                f"{name}: {len(frame)} rows and no column {lacking}; the same rows, at least one, "
                "of contributions and of values are needed, with every feature asked for."
            )
    ranks = _ranks(values[[name for name in contributions.columns if name in values.columns]])
    parts = []
    for name in features:
        added = contributions[name].to_numpy(dtype=np.float64)
        rest = added - _mean_by_value(values[name], added)
        partner = _partner(rest, ranks.drop(columns=name, errors="ignore"))
        nothing = np.full(len(added), np.nan)
        parts.append(
            pd.DataFrame(
                {
                    "feature": name,
                    "value": values[name].to_numpy(),
                    "contribution": added,
                    "partner": partner,
                    "partner_rank": ranks[partner].to_numpy() if partner else nothing,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _ranks(values: pd.DataFrame) -> pd.DataFrame:
    numeric = values.select_dtypes(include=["number", "bool"])
    return numeric.rank(pct=True).astype(np.float64)


def _mean_by_value(value: pd.Series, added: Floats) -> Floats:
    group: npt.NDArray[np.int64]
    if pd.api.types.is_numeric_dtype(value) and value.nunique() > _BINS:
        ranks = value.rank(pct=True).to_numpy(dtype=np.float64, na_value=np.nan)
        group = np.where(np.isnan(ranks), -1, np.ceil(np.nan_to_num(ranks) * _BINS)).astype(
            np.int64
        )
    else:
        group = pd.factorize(value)[0].astype(np.int64)
    return pd.Series(added).groupby(group).transform("mean").to_numpy(dtype=np.float64)


def _partner(rest: Floats, ranks: pd.DataFrame) -> str:
    """Return the feature that explains what is left, empty where nothing is."""
    if rest.std() < 1e-6 or ranks.empty:
        return ""
    filled = ranks.fillna(0.0)
    spread = filled.std(ddof=0)
    centred = filled - filled.mean()
    strength = (
        centred.mul(rest - rest.mean(), axis=0).mean().abs() / spread.where(spread > 0)
    ).dropna()
    return str(strength.idxmax()) if len(strength) else ""
