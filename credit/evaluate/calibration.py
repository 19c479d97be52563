"""Whether a probability means what it says: Brier, log-loss, ECE, bins, grades."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import chi2, norm

from credit.errors import DataError
from credit.evaluate.discrimination import equal_mass_bins
from credit.evaluate.inputs import FloatArray, both_classes, probabilities, weights
from credit.evaluate.intervals import LEVEL, jeffreys
from credit.split import binary

ECE_BINS = 10
"""Bins of equal mass in the expected calibration error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationLine:
    """``logit P(bad) = intercept + slope * logit(probability)``, fitted by maximum likelihood.

    A calibrated model has intercept 0 and slope 1; a slope below 1 says the probabilities are
    too extreme.
    """

    slope: float
    slope_error: float
    intercept: float
    intercept_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationTest:
    """A test statistic, its degrees of freedom (0: none) and its p-value."""

    statistic: float
    degrees_of_freedom: int
    p_value: float


def brier(y: object, probability: object, *, weight: object = None) -> float:
    """Return the mean of ``(probability - y)^2``."""
    labels = binary(y)
    stated = probabilities(probability, "probability", length=len(labels))
    mass = weights(weight, length=len(labels))
    return float(np.average((stated - labels) ** 2, weights=mass))


def log_loss(y: object, probability: object, *, weight: object = None) -> float:
    """Return the mean of ``-log P(the outcome that came)``.

    Infinite when a row that came out the other way was given 0 or 1: nothing is clipped.
    """
    labels = binary(y)
    stated = probabilities(probability, "probability", length=len(labels))
    losses = row_log_losses(labels == 1, stated)
    mass = weights(weight, length=len(labels))
    return float(np.average(losses[mass > 0], weights=mass[mass > 0]))


def row_log_losses(bad: object, probability: FloatArray) -> FloatArray:
    """Return ``-log P(the outcome that came)`` of each row, infinite where P is 0."""
    with np.errstate(divide="ignore"):
        losses: FloatArray = -np.log(np.where(np.asarray(bad), probability, 1 - probability))
    return losses


def ece(y: object, probability: object, *, bins: int = ECE_BINS, weight: object = None) -> float:
    """Return the expected calibration error over bins of equal mass.

    ``sum_b |sum_{i in b} w_i (probability_i - y_i)| / sum_i w_i``. Noise alone makes it
    positive: read it beside :func:`ece_floor`.
    """
    labels = binary(y)
    stated = probabilities(probability, "probability", length=len(labels))
    mass = weights(weight, length=len(labels))
    codes = equal_mass_bins(stated, bins, weight=mass)
    return float(np.abs(np.bincount(codes, mass * (stated - labels))).sum() / mass.sum())


def ece_floor(
    probability: object, *, bins: int = ECE_BINS, seed: int, simulations: int = 500
) -> tuple[float, float, float]:
    """Return mean, 2.5 % and 97.5 % quantile of the ECE that noise alone would give.

    Outcomes are drawn as if each probability were true. An ECE inside these bounds shows no
    miscalibration that this many rows could reveal.
    """
    stated = probabilities(probability, "probability")
    codes = equal_mass_bins(stated, bins)
    order = np.argsort(codes, kind="stable")
    ordered = stated[order]
    starts = np.unique(codes[order], return_index=True)[1]
    expected = np.add.reduceat(ordered, starts)
    generator = np.random.default_rng(seed)
    simulated = np.empty(simulations)
    for number in range(simulations):
        bads = np.add.reduceat(generator.random(len(ordered)) < ordered, starts, dtype=np.int64)
        simulated[number] = np.abs(expected - bads).sum() / len(ordered)
    low, high = np.quantile(simulated, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(simulated.mean()), float(low), float(high)


def calibration_table(y: object, probability: object, *, bins: int = ECE_BINS) -> pd.DataFrame:
    """Return stated and observed rates by bin of equal mass, safest first.

    Columns ``bin, rows, bads, predicted, rate, rate_low, rate_high``: predicted is the mean
    probability, the bounds are the Jeffreys interval of the rate at 95 %.
    """
    labels = binary(y)
    stated = probabilities(probability, "probability", length=len(labels))
    return rates(labels, stated, pd.Series(equal_mass_bins(stated, bins) + 1, name="bin"))


def calibration_line(y: object, probability: object) -> CalibrationLine:
    """Fit the calibration line by Newton's method; errors from the observed information.

    Raises
    ------
    DataError
        With one class, a probability of exactly 0 or 1, one probability for all rows, or when
        a threshold separates the classes, so that no finite slope is best.
    """
    labels = both_classes(y)
    stated = probabilities(probability, "probability", length=len(labels))
    extreme = int(((stated == 0) | (stated == 1)).sum())
    if extreme:
        raise DataError(
            f"probability is exactly 0 or 1 in {extreme} row(s); a calibration line needs finite "
            "log-odds. Calibrate the model first."
        )
    margin = logit(stated)
    centre, spread = margin.mean(), margin.std()
    if spread < 1e-12:
        raise DataError("probability is the same in all rows; a calibration line needs at least 2.")
    design = np.column_stack([np.ones(len(margin)), (margin - centre) / spread])
    coefficients, covariance = _newton(design, labels.astype(np.float64))
    # Back from the standardised margin: intercept and slope are linear in the coefficients.
    back = np.array([[1.0, -centre / spread], [0.0, 1 / spread]])
    intercept, slope = back @ coefficients
    errors = np.sqrt(np.diag(back @ covariance @ back.T))
    return CalibrationLine(
        slope=float(slope),
        slope_error=float(errors[1]),
        intercept=float(intercept),
        intercept_error=float(errors[0]),
    )


def cox_test(y: object, probability: object) -> CalibrationTest:
    """Test whether the calibration line is intercept 0 and slope 1 at once (Cox 1958).

    Twice the log-likelihood gained by :func:`calibration_line`, against chi-square with 2 degrees
    of freedom (Miller, Hui and Tierney 1991, Statistics in Medicine 10).

    Raises
    ------
    DataError
        As :func:`calibration_line`.
    """
    line = calibration_line(y, probability)
    labels, stated = binary(y), probabilities(probability, "probability")
    fitted = expit(line.intercept + line.slope * logit(stated))
    bad = labels == 1
    gain = float((row_log_losses(bad, stated) - row_log_losses(bad, fitted)).sum())
    statistic = max(2 * gain, 0.0)
    return CalibrationTest(
        statistic=statistic, degrees_of_freedom=2, p_value=float(chi2.sf(statistic, 2))
    )


def _newton(design: FloatArray, labels: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return logistic coefficients and their covariance."""
    rate = labels.mean()
    coefficients = np.array([logit(rate), 0.0])
    for _ in range(50):
        fitted = 1 / (1 + np.exp(-np.clip(design @ coefficients, -700, 700)))
        information = (design * (fitted * (1 - fitted))[:, None]).T @ design
        if np.linalg.cond(information) > 1e12:
            break
        step = np.linalg.solve(information, design.T @ (labels - fitted))
        # A step longer than 2 standard deviations of log-odds overshoots; shorten it.
        coefficients = coefficients + step * min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))
        if np.abs(step).max() < 1e-10:
            return coefficients, np.linalg.inv(information)
    raise DataError(
        "the calibration line has no finite slope: a threshold of the probability separates bad "
        "from good. Use more rows, or look for a leak."
    )


def spiegelhalter(y: object, probability: object) -> CalibrationTest:
    """Test calibration row by row (Spiegelhalter 1986), two-sided.

    ``z = sum (y - p)(1 - 2p) / sqrt(sum (1 - 2p)^2 p (1 - p))``, standard normal when every
    probability is true.
    """
    labels = binary(y)
    stated = probabilities(probability, "probability", length=len(labels))
    variance = float((((1 - 2 * stated) ** 2) * stated * (1 - stated)).sum())
    if variance == 0:
        raise DataError(
            "probability is 0, .5 or 1 in every row: Spiegelhalter's z has no variance."
        )
    z = float(((labels - stated) * (1 - 2 * stated)).sum() / np.sqrt(variance))
    return CalibrationTest(statistic=z, degrees_of_freedom=0, p_value=float(2 * norm.sf(abs(z))))


def hosmer_lemeshow(grades: pd.DataFrame) -> CalibrationTest:
    """Test all rows of a `credit.evaluate.grade_table` (or :func:`calibration_table`) together.

    ``sum (bads - n p)^2 / (n p (1 - p))``, n rows and p predicted, against chi-square with as
    many degrees of freedom as grades, for probabilities that were not fitted on these rows.
    """
    expected = grades["predicted"]
    if ((expected <= 0) | (expected >= 1)).any():
        raise DataError("predicted is 0 or 1 in a grade: the test has no variance there.")
    variance = grades["rows"] * expected * (1 - expected)
    statistic = float(((grades["bads"] - grades["rows"] * expected) ** 2 / variance).sum())
    count = len(grades)
    return CalibrationTest(
        statistic=statistic, degrees_of_freedom=count, p_value=float(chi2.sf(statistic, count))
    )


def calibration_tests(y: object, probability: object) -> pd.DataFrame:
    """Return every test of calibration, a row each.

    Columns ``test, statistic, degrees_of_freedom, p_value`` of ``line`` (:func:`cox_test`),
    ``bins`` (:func:`hosmer_lemeshow` of ten bins of equal mass) and ``rows``
    (:func:`spiegelhalter`). They look for different faults, so one may see what another does
    not; as there are three of them, compare p with 5 % / 3.
    """
    found = {
        "line": cox_test(y, probability),
        "bins": hosmer_lemeshow(calibration_table(y, probability)),
        "rows": spiegelhalter(y, probability),
    }
    return pd.DataFrame([{"test": name} | asdict(test) for name, test in found.items()])


def rates(labels: object, stated: FloatArray, group: pd.Series) -> pd.DataFrame:
    """Return ``rows, bads, predicted, rate, rate_low, rate_high`` of each group, ascending."""
    frame = pd.DataFrame({"bad": labels, "probability": stated})
    grouped = frame.groupby(group, sort=True, observed=True)
    table = grouped.agg(
        rows=("bad", "size"), bads=("bad", "sum"), predicted=("probability", "mean")
    )
    goods = table["rows"] - table["bads"]
    table["rate"] = table["bads"] / table["rows"]
    table["rate_low"], table["rate_high"] = jeffreys(table["bads"], goods)
    return table.rename_axis(str(group.name)).reset_index()
