"""What a model's stability is measured by, and the limits monitoring will use: numbers alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.calibrate import default_master_scale
from credit.errors import DataError
from credit.evaluate import (
    AucInterval,
    Stability,
    alarm_counts,
    auc,
    csi_table,
    delong,
    grade_table,
    psi_critical,
    score_psi,
)
from credit.evaluate.grades import AMBER, RED
from credit.evaluate.stability import score_edges
from credit.pipeline.findings import Findings
from credit.pipeline.screen import months_of, quantile_codes

Floats = npt.NDArray[np.float64]

YEAR = 12
BINS = 10
"""Bins of the score whose shares are watched."""

ONE_SIDED = 1.6448536269514722
"""Standard errors that a normal estimate falls short by in one case of twenty."""

LEAST_CLASS = 10
"""Rows of each outcome that a development AUC is compared by."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drift:
    """From the development rows to the test rows, where the split is out of time.

    Attributes
    ----------
    score : Stability
        Of the champion's score: the validation part, which it was not fitted on, and the test.
    months : DataFrame
        ``month, rows, psi, critical, shifted`` of the score: each test month and the validation
        part.
    features : DataFrame
        ``feature, psi, critical, bins, shifted``: all rows that were learnt from, and the test.
    auc_before : float or None
        Of the validation part; None with few rows of an outcome.
    """

    score: Stability
    months: pd.DataFrame
    features: pd.DataFrame
    auc_before: float | None


def drift(findings: Findings) -> Drift | None:
    """Return how scores, features and ranking moved; None where the split is not in time."""
    fold, data = findings.fold, findings.data
    if findings.config.split.kind != "out_of_time" or not len(fold.validation):
        return None
    before = findings.champion.probability(data.X.iloc[fold.validation])
    rows = findings.assessment.rows
    now = findings.assessment.probability[findings.champion.name]
    month = months_of(data.as_of.iloc[rows])
    months = [
        {"month": name, "rows": int((month == name).sum())}
        | _plain(score_psi(before, now[month == name], bins=BINS))
        for name in np.unique(month)
    ]
    learnt = np.concatenate([fold.train, fold.validation])
    codes = pd.DataFrame(
        {name: quantile_codes(data.X[name].iloc[np.concatenate([learnt, rows])])
         for name in data.X.columns}
    )  # fmt: skip
    first, second = codes.iloc[: len(learnt)], codes.iloc[len(learnt) :]
    y = data.y.iloc[fold.validation].to_numpy(dtype=np.int64)
    enough = min(int(y.sum()), len(y) - int(y.sum())) >= LEAST_CLASS
    return Drift(
        score=score_psi(before, now, bins=BINS),
        months=pd.DataFrame(months),
        features=csi_table(first, second),
        auc_before=auc(y, before) if enough else None,
    )


def _plain(found: Stability) -> dict[str, object]:
    return {"psi": found.psi, "critical": found.critical, "shifted": found.shifted}


def auc_now(findings: Findings) -> AucInterval | None:
    """Return the champion's AUC out of sample with DeLong's error; None with too few rows."""
    y = findings.data.y.iloc[findings.assessment.rows].to_numpy(dtype=np.int64)
    try:
        return delong(y, findings.assessment.probability[findings.champion.name])
    except DataError:
        return None


def champion_grades(findings: Findings) -> pd.DataFrame:
    """Return the `credit.evaluate.grade_table` of the champion out of sample."""
    y = findings.data.y.iloc[findings.assessment.rows].to_numpy(dtype=np.int64)
    champion = findings.assessment.probability[findings.champion.name]
    return grade_table(y, champion, default_master_scale().grade(champion))


def monthly_volume(findings: Findings) -> tuple[int, str]:
    """Return the applications a month that monitoring is planned for, and whose figure it is."""
    stated = findings.config.governance.monthly_applications
    if stated is not None:
        return stated, "as the pipeline file states"
    whole = findings.whole.as_of
    first = findings.data.as_of.iloc[findings.assessment.rows].min()
    counts = pd.Series(months_of(whole[whole >= first])).value_counts()
    return max(1, round(float(counts.mean()))), (
        f"the mean of the {len(counts)} months since the test begins"
        if len(counts) > 1
        else "all applications of the data, which name no months"
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Limits:
    """The limits of a monitoring plan at the expected volume.

    Attributes
    ----------
    monthly, basis :
        See :func:`monthly_volume`.
    score_psi : float
        Critical PSI of the score, ten bins, a month.
    features : DataFrame
        ``bins, features, alone, together``: critical CSI of a feature of so many bins, exceeded
        by chance in 5 % of months by one feature, or by any of all features.
    score : DataFrame
        ``low, high`` (points), ``rows, share``: the reference of the score's distribution.
    grades : DataFrame
        ``grade, predicted, rows, expected, amber, red``: a year's rows and bads, and the bads
        from which the Jeffreys test is amber or red. The last row is of all grades.
    auc_floor : float or None
        A year's AUC below this is lower than now by more than chance (one-sided, 5 %).
    """

    monthly: int
    basis: str
    score_psi: float
    features: pd.DataFrame
    score: pd.DataFrame
    grades: pd.DataFrame
    auc_floor: float | None


def watch_limits(findings: Findings) -> Limits:
    """Return the limits that this run's own rows and figures give."""
    monthly, basis = monthly_volume(findings)
    reference = len(findings.assessment.rows)
    return Limits(
        monthly=monthly,
        basis=basis,
        score_psi=psi_critical(BINS, reference, monthly),
        features=_feature_limits(findings, monthly),
        score=_score_reference(findings),
        grades=_grade_limits(findings, YEAR * monthly),
        auc_floor=_auc_floor(findings, YEAR * monthly),
    )


def _feature_limits(findings: Findings, monthly: int) -> pd.DataFrame:
    learnt = np.concatenate([findings.fold.train, findings.fold.validation])
    X = findings.data.X.iloc[learnt]
    counts = pd.Series([len(np.unique(quantile_codes(X[name]))) for name in X.columns])
    rows = [
        {
            "bins": bins,
            "features": int((counts == bins).sum()),
            "alone": psi_critical(bins, len(learnt), monthly),
            "together": psi_critical(bins, len(learnt), monthly, level=1 - 0.05 / len(counts)),
        }
        for bins in sorted(counts.unique())
        if bins > 1
    ]
    return pd.DataFrame(rows, columns=["bins", "features", "alone", "together"])


def _score_reference(findings: Findings) -> pd.DataFrame:
    probability = findings.assessment.probability[findings.champion.name]
    points = findings.shared.scale.points(probability)
    edges = score_edges(points, BINS)
    count = np.bincount(np.searchsorted(edges, points), minlength=len(edges) + 1)
    return pd.DataFrame(
        {
            "low": [-np.inf, *edges],
            "high": [*edges, np.inf],
            "rows": count,
            "share": count / count.sum(),
        }
    )


def _grade_limits(findings: Findings, yearly: int) -> pd.DataFrame:
    table = champion_grades(findings)
    whole = pd.DataFrame(
        {
            "grade": ["all"],
            "share": [1.0],
            "predicted": [float(np.average(table["predicted"], weights=table["rows"]))],
        }
    )
    kept = pd.concat([table[["grade", "share", "predicted"]], whole], ignore_index=True)
    rows = np.maximum(1.0, np.round(kept["share"].to_numpy(dtype=np.float64) * yearly))
    return pd.DataFrame(
        {
            "grade": kept["grade"].astype(str),
            "predicted": kept["predicted"],
            "rows": rows.astype(np.int64),
            "expected": kept["predicted"] * rows,
            "amber": alarm_counts(kept["predicted"], rows, level=AMBER),
            "red": alarm_counts(kept["predicted"], rows, level=RED),
        }
    )


def _auc_floor(findings: Findings, yearly: int) -> float | None:
    now = auc_now(findings)
    if now is None:
        return None
    y = findings.data.y.iloc[findings.assessment.rows]
    # The error of an AUC is ruled by the rarer outcome, and shrinks with the root of its count.
    seen, coming = float(y.sum()), float(y.mean()) * yearly
    error = now.standard_error * np.sqrt(1 + seen / coming)
    return float(now.value - ONE_SIDED * error)
