"""Evidence weighed: which features stay, the logistic fit, and what each counts for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from credit.binning import BinLimits, Bins, Sample, transform_frame
from credit.columns import Floats
from credit.errors import ModelError
from credit.evaluate.stability import psi
from credit.frames import Frame
from credit.scorecard.collinear import correlations, inflation, too_correlated, too_inflated
from credit.scorecard.evidence import Evidence
from credit.scorecard.logistic import fit_logistic
from credit.scorecard.selection import Selection, Stepwise, WoeOptions
from credit.scorecard.stepwise import choose_stepwise
from credit.scorecard.table import coefficients


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What :func:`fit_woe` and :func:`weigh` found: base, margins of bins, coefficients."""

    base: float
    margins: Mapping[str, tuple[float, ...]]
    coefficients: pd.DataFrame


def fit_woe(frame: Frame, sample: Sample, bins: Mapping[str, Bins], limits: BinLimits) -> Weighed:
    """Choose among the features by the rules of the limits, and weigh their evidence.

    Raises
    ------
    ModelError
        A rule asks for periods and the sample has none.
    """
    dropped = too_weak(bins, limits)
    if isinstance(limits, WoeOptions):
        left = {name: column for name, column in bins.items() if name not in dropped}
        dropped |= _left_out(frame, sample, left, limits.selection)
    return weigh(frame, sample, bins, dropped)


def too_weak(bins: Mapping[str, Bins], limits: BinLimits) -> dict[str, str]:
    """Return each feature of less information value than the limits ask, and the sentence."""
    dropped = {}
    for name, column in bins.items():
        if column.iv < limits.min_iv:
            because = f" ({column.diagnosis})" if column.diagnosis else ""
            dropped[name] = f"information value {column.iv:.4f} < {limits.min_iv:g}{because}"
    return dropped


def weigh(
    frame: Frame, sample: Sample, bins: Mapping[str, Bins], dropped: Mapping[str, str]
) -> Weighed:
    """Fit the logistic regression on the evidence of the features that are not dropped."""
    used = {name: column for name, column in bins.items() if name not in dropped}
    return weigh_evidence(Evidence.of(frame, used), sample, bins, dropped)


def weigh_evidence(
    evidence: Evidence, sample: Sample, bins: Mapping[str, Bins], dropped: Mapping[str, str]
) -> Weighed:
    """Do what :func:`weigh` does with the evidence of the features that are not dropped."""
    used = {name: column for name, column in bins.items() if name not in dropped}
    weight = sample.weights.sum(axis=1)
    fit = fit_logistic(evidence, sample.bad.astype(np.float64), weight, whole=sample.whole)
    inside = fit.coefficients > 0
    vif = np.full(len(used), np.nan)
    within = evidence.columns(np.flatnonzero(inside))
    vif[inside] = inflation(correlations(within, weight, sample.whole))
    margins = {
        name: tuple((coefficient * np.array(column.woe)).tolist())
        for (name, column), coefficient in zip(used.items(), fit.coefficients, strict=True)
        if coefficient > 0
    }
    table = coefficients(bins, dropped, fit, vif)
    return Weighed(base=fit.intercept, margins=margins, coefficients=table)


def _left_out(
    frame: Frame, sample: Sample, bins: Mapping[str, Bins], selection: Selection
) -> dict[str, str]:
    """Return each feature the rules leave out, and the rule with its figure."""
    dropped = _unstable(frame, sample, bins, selection) if selection.max_psi < np.inf else {}
    left = [name for name in bins if name not in dropped]
    if not left or selection == Selection(max_psi=selection.max_psi, psi=selection.psi):
        return dropped
    evidence, weight = transform_frame(frame, bins), sample.weights.sum(axis=1)
    position = {name: at for at, name in enumerate(bins)}
    correlation = correlations(evidence, weight, sample.whole)
    iv = np.array([column.iv for column in bins.values()])
    if selection.max_correlation < 1:
        at = [position[name] for name in left]
        gone = too_correlated(correlation[np.ix_(at, at)], iv[at], selection.max_correlation)
        dropped |= {
            left[j]: f"correlation {r:.3f} with {left[i]!r}, which has more information value: "
            f"above {selection.max_correlation:g}"
            for j, (i, r) in gone.items()
        }
        left = [name for name in left if name not in dropped]
    if selection.max_vif < np.inf:
        at = [position[name] for name in left]
        factors = too_inflated(correlation[np.ix_(at, at)], iv[at], selection.max_vif)
        dropped |= {left[j]: f"VIF {v:.4g} > {selection.max_vif:g}" for j, v in factors.items()}
        left = [name for name in left if name not in dropped]
    if selection.stepwise is not None:
        at = [position[name] for name in left]
        bad = sample.bad.astype(np.float64)
        dropped |= _stepped(evidence[:, at], bad, weight, left, selection.stepwise)
    return dropped


def _unstable(
    frame: Frame, sample: Sample, bins: Mapping[str, Bins], selection: Selection
) -> dict[str, str]:
    if sample.period is None:
        raise ModelError(
            f"max_psi is {selection.max_psi:g}, but the rows have no periods. Pass period= when "
            "fitting, one value a row, or leave max_psi at infinity."
        )
    many = len(sample.period_names)
    if many < 2:
        raise ModelError(
            f"max_psi compares periods, but all rows are of {sample.period_names[0]!r}. Pass rows "
            "of two periods or more."
        )
    dropped = {}
    for name, column in bins.items():
        held = sample.count_periods(column.assign(frame[name]), column.size).sum(axis=-1)
        if selection.psi == "ends":
            found = {f"{sample.period_names[-1]} against {sample.period_names[0]}": (0, -1)}
            indices = {who: psi(held[a], held[b]).psi for who, (a, b) in found.items()}
        else:
            whole = held.sum(axis=0)
            indices = {
                f"{period} against all rows": psi(whole, part).psi
                for period, part in zip(sample.period_names, held, strict=True)
                if part.sum() > 0
            }
        who = max(indices, key=lambda period: indices[period])
        if indices[who] > selection.max_psi:
            dropped[name] = f"PSI {indices[who]:.3f} > {selection.max_psi:g} ({who})"
    return dropped


def _stepped(
    evidence: Floats, bad: Floats, weight: Floats, names: list[str], options: Stepwise
) -> dict[str, str]:
    found = choose_stepwise(evidence, bad, weight, options)
    enter, leave = options.limits(float(weight.sum()))
    words = (
        f"the deviance rises by {{:.2f}} without it, at most {leave:.2f}"
        if options.direction == "backward"
        else f"the deviance falls by {{:.2f}} with it, no more than {enter:.2f}"
    )
    return {
        names[j]: f"stepwise, {options.direction} by {options.criterion}: {words.format(change)}"
        for j, change in sorted(found.outside.items())
    }
