"""What the parts given mean, for every subset of the sources, and what hiding would gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.typing import ArrayLike

from credit.calibrate import Calibration, fit_platt
from credit.columns import Floats
from credit.consent.maps import Consent, ConsentMap, Guard
from credit.errors import ModelError
from credit.evaluate import Sources, every_subset, named
from credit.feature import DIMENSIONS
from credit.scorecard import Scale, fit_logistic
from credit.split import binary


class Rows(NamedTuple):
    """Parts of a model's margin (rows x sources and what is always known), and outcomes."""

    parts: pd.DataFrame
    y: ArrayLike


def fit_consent(
    rows: Rows,
    *,
    calibrate: Rows | None = None,
    sources: Sequence[str] | None = None,
    guard: Guard | None = None,
) -> Consent:
    """Find the map of every subset of the sources.

    With all sources the margin is the model's own. With fewer, the parts given are weighted anew
    by a logistic regression with no weight below 0, since they stand for some of what is not
    given. The terms within a part stay: refitting them too, feature by feature, changed the
    AUC of a subset by .006 at most on a generated world, either way. Each map is then calibrated
    by a line of its own.

    The penalties are the least that meet the guard for every pair of subsets S < S'::

        penalty_S = max(0, max over S' of penalty_S' + mean(m_S' - m_S | bad news) - tolerance)

    from the largest subset down, m being margins without penalties on the rows of the fit, and
    bad news a sum of the parts of S' - S above its mean.

    Parameters
    ----------
    rows : Rows
        What the model was fitted on.
    calibrate : Rows, optional
        Rows it was not fitted on, for the lines; by default they come from ``rows``.
    sources : sequence of str, optional
        Parts that a person may keep; by default the five dimensions, as far as there are parts
        of them. Other parts are always known.
    guard : Guard, optional

    Raises
    ------
    ModelError
        A source has no part, there is none, or outcomes that are not 0 and 1, or of one class.
    """
    names = _sources(rows.parts, sources)
    bad = _outcome(rows)
    learnt = Rows(rows.parts, bad)
    held = learnt if calibrate is None else Rows(calibrate.parts, _outcome(calibrate))
    reference = rows.parts[list(names)].mean()
    maps = {
        given: _calibrated(_weighed(learnt, given, names), held) for given in every_subset(names)
    }
    plain = Consent(
        sources=names,
        maps=maps,
        reference={str(name): float(mean) for name, mean in reference.items()},
        guard=guard,
    )
    return plain if guard is None else _guarded(plain, rows.parts, guard)


def hiding_table(consent: Consent, parts: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    """Return what hiding some sources gains those about whom they hold bad news.

    Parameters
    ----------
    consent : Consent
    parts : DataFrame (rows x sources and what is always known)
        Of rows that authorise everything.
    scale : Scale
        Turns log-odds into points.

    Returns
    -------
    DataFrame
        A row for each pair of subsets: ``given`` (authorised before), ``hidden`` (of these, no
        more afterwards), ``rows`` (with bad news in what is hidden), ``share`` (of all rows),
        ``gain`` (mean rise of their points) with ``standard_error``, ``most`` (the largest rise
        of any of them), ``honest`` (mean rise of all rows: what hiding costs who hides for
        reasons of their own). A pair in which nobody has bad news has NaN for gain and most.
    """
    margins = {given: consent.maps[given].margin(parts) for given in consent.maps}
    found = []
    for wider, given in _pairs(consent.sources):
        hidden = [name for name in wider if name not in given]
        served = _bad_news(consent, parts, hidden)
        rise = scale.factor * (margins[wider] - margins[given])
        gains = rise[served]
        found.append(
            {
                "given": named(wider),
                "hidden": named(hidden),
                "rows": int(served.sum()),
                "share": float(served.mean()),
                "gain": float(gains.mean()) if len(gains) else np.nan,
                "standard_error": (
                    float(gains.std(ddof=1) / np.sqrt(len(gains))) if len(gains) > 1 else np.nan
                ),
                "most": float(gains.max()) if len(gains) else np.nan,
                "honest": float(rise.mean()),
            }
        )
    return pd.DataFrame(found)


def _sources(parts: pd.DataFrame, sources: Sequence[str] | None) -> Sources:
    present = [str(name) for name in parts.columns]
    wanted = [n for n in DIMENSIONS if n in present] if sources is None else list(sources)
    lacking = [name for name in wanted if name not in present]
    if lacking or not wanted or len(set(wanted)) < len(wanted):
        raise ModelError(
            f"sources {wanted}: at least one is needed, each once and with a part of the margin. "
            f"There are parts of {present}."
        )
    return tuple(wanted)


def _outcome(rows: Rows) -> npt.NDArray[np.float64]:
    bad = binary(rows.y).astype(np.float64)
    if len(bad) != len(rows.parts) or bad.min() == bad.max():
        raise ModelError(
            f"y has {len(bad)} rows, {int(bad.sum())} of them bad, for {len(rows.parts)} rows of "
            "parts; as many are needed, and both outcomes."
        )
    return bad


def _weighed(rows: Rows, given: Sources, sources: Sources) -> ConsentMap:
    """Weigh the parts given, and what is always known; with all sources each weighs 1."""
    names = [str(n) for n in rows.parts.columns if n in given or n not in sources]
    whole = ConsentMap(weights=dict.fromkeys(names, 1.0), intercept=0.0)
    whole.margin(rows.parts)  # says which part is null
    if given == sources or not names:
        return whole
    values = rows.parts[names].to_numpy(dtype=np.float64)
    fit = fit_logistic(values, np.asarray(rows.y, dtype=np.float64), np.ones(len(values)))
    weights = dict(zip(names, fit.coefficients.tolist(), strict=True))
    return ConsentMap(weights=weights, intercept=fit.intercept)


def _calibrated(draft: ConsentMap, held: Rows) -> ConsentMap:
    line = _rising(draft.margin(held.parts), np.asarray(held.y))
    return ConsentMap(
        weights={name: line.slope * weight for name, weight in draft.weights.items()},
        intercept=line.slope * draft.intercept + line.intercept,
    )


def _rising(margin: Floats, bad: Floats) -> Calibration:
    """Return the calibration line; a level one where it would turn riskier into safer."""
    line = fit_platt(margin, bad)
    return line if line.slope > 0 else fit_platt(np.zeros(len(bad)), bad)


def _pairs(sources: Sources) -> list[tuple[Sources, Sources]]:
    """Return every pair of a subset and a smaller one within it, the largest smaller ones first."""
    parts = every_subset(sources)[::-1]
    return [
        (wider, given)
        for given in parts
        for wider in parts
        if len(wider) > len(given) and set(given) < set(wider)
    ]


def _bad_news(
    consent: Consent, parts: pd.DataFrame, hidden: Sequence[str]
) -> npt.NDArray[np.bool_]:
    """Mark the rows about which the hidden sources say worse than they do on average."""
    news = sum(parts[name].to_numpy(np.float64) - consent.reference[name] for name in hidden)
    # Rounding must not make news of a part that is the same for everybody.
    return np.asarray(news > 1e-12)


def _guarded(plain: Consent, parts: pd.DataFrame, guard: Guard) -> Consent:
    allowed = guard.tolerance / guard.scale.factor
    margins = {given: one.margin(parts) for given, one in plain.maps.items()}
    penalty = dict.fromkeys(plain.maps, 0.0)
    for wider, given in _pairs(plain.sources):
        served = _bad_news(plain, parts, [name for name in wider if name not in given])
        if served.any():
            gain = float((margins[wider] - margins[given])[served].mean())
            penalty[given] = max(penalty[given], penalty[wider] + gain - allowed)
    maps: Mapping[Sources, ConsentMap] = {
        given: replace(one, penalty=penalty[given]) for given, one in plain.maps.items()
    }
    return replace(plain, maps=maps)
