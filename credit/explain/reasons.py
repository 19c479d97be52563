"""Why this person's risk is above that of a named reference: at most four reasons.

A contribution is a part of the margin (log-odds of bad), so a reason is a feature that adds
more to this person's risk than it does, on average, in the reference population. Two
references are customary: everybody, and the applicants just above the cut-off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.errors import DataError
from credit.feature import Catalogue

Language = Literal["en", "zh"]

REASONS = 4
"""Reasons a person is told; more are unlikely to help them."""

AT_CUTOFF = 0.1
"""Share of the approved applicants, those nearest to the cut-off, that are its reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Mean contribution of each feature over a named population of ``rows`` rows."""

    name: str
    means: Mapping[str, float]
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonText:
    """What a feature is called to a person, in two languages, and the dimension it is in."""

    dimension: str
    en: str
    zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCode:
    """One reason: the ``rank``-th largest excess over the reference.

    ``difference`` is in log-odds of bad and always positive.
    """

    rank: int
    feature: str
    dimension: str
    difference: float
    text: str


def reason_texts(catalogue: Catalogue) -> dict[str, ReasonText]:
    """Return the reason text of every feature of a catalogue."""
    return {
        feature.name: ReasonText(
            dimension=feature.dimension, en=feature.reason.en, zh=feature.reason.zh
        )
        for feature in catalogue
    }


def default_texts(
    features: Iterable[str],
    *,
    dimensions: Mapping[str, str] | None = None,
    known: Mapping[str, ReasonText] | None = None,
) -> dict[str, ReasonText]:
    """Return a text for every feature: the known one, or one made from its name.

    For work on any frame: "late payments adds to the risk" is what a column's name can say. A
    person is owed better words; write those under ``known``.

    >>> default_texts(["late_payments"])["late_payments"].en
    'late payments adds to the risk'

    Parameters
    ----------
    features : iterable of str
    dimensions : mapping of str to str, optional
        Feature -> dimension; the others have none (an empty text).
    known : mapping of str to ReasonText, optional
        Texts to take as they are.
    """
    given, inside = known or {}, dimensions or {}
    texts = {}
    for name in map(str, features):
        words = name.replace("_", " ")
        made = ReasonText(
            dimension=inside.get(name, ""), en=f"{words} adds to the risk", zh=f"{words}推高了风险"
        )
        texts[name] = given.get(name, made)
    return texts


def population_reference(contributions: pd.DataFrame) -> Reference:
    """Return the average of all rows given: all applicants."""
    return _reference("population average", contributions)


def cutoff_reference(
    contributions: pd.DataFrame, probability: object, *, cutoff: float, share: float = AT_CUTOFF
) -> Reference:
    """Return the average of the applicants who were just approved.

    Parameters
    ----------
    contributions : DataFrame (rows x features)
    probability : array
        P(bad) of each row; a row is approved when it is at most ``cutoff``.
    cutoff : float
    share : float
        Share of the approved rows, the riskiest of them; at least one row. Rows as risky as
        the last of them are all taken, so the order of rows does not matter.

    Raises
    ------
    DataError
        If nobody is approved, or the share is not in (0, 1].
    """
    near = just_approved(probability, cutoff=cutoff, share=share)
    if len(near) != len(contributions):
        raise DataError(
            f"probability has {len(near)} rows, contributions {len(contributions)}. Give one "
            "probability a row."
        )
    return _reference(f"applicants just approved at {cutoff:g}", contributions[near])


def just_approved(
    probability: object, *, cutoff: float, share: float = AT_CUTOFF
) -> npt.NDArray[np.bool_]:
    """Return which rows are the reference at the cut-off: see :func:`cutoff_reference`.

    Raises
    ------
    DataError
        If nobody is approved, a probability is null, or the share is not in (0, 1].
    """
    risk = np.asarray(probability, dtype=np.float64)
    if np.isnan(risk).any() or not risk.size:
        raise DataError(
            f"probability has {len(risk)} rows, {int(np.isnan(risk).sum())} of them null; at least "
            "one, and none of them null, is expected."
        )
    if not 0 < share <= 1:
        raise DataError(f"share must lie above 0 and at most at 1, got {share}.")
    approved = np.sort(risk[risk <= cutoff])[::-1]
    if not len(approved):
        raise DataError(
            f"cutoff {cutoff:g} approves nobody: the lowest probability is {risk.min():g}. "
            "Raise the cut-off, or use population_reference."
        )
    last = approved[int(np.ceil(share * len(approved))) - 1]
    near: npt.NDArray[np.bool_] = (risk <= cutoff) & (risk >= last)
    return near


def reason_codes(
    contributions: pd.DataFrame,
    reference: Reference,
    texts: Catalogue | Mapping[str, ReasonText],
    *,
    labels: pd.DataFrame | None = None,
    k: int = REASONS,
    language: Language = "en",
) -> list[tuple[ReasonCode, ...]]:
    """Return for each row up to ``k`` reasons, the largest excess over the reference first.

    Only features that push the risk above the reference are cited, so a row may have fewer
    than ``k`` reasons, or none. Of equal excesses the earlier column comes first. The excesses
    of all features of a row sum to its margin minus the mean margin of the reference.

    Parameters
    ----------
    contributions : DataFrame (rows x features)
        Parts of the margin, log-odds of bad.
    reference : Reference
        From :func:`population_reference` or :func:`cutoff_reference`, of the same model.
    texts : Catalogue or mapping
        Where a feature's text and dimension come from.
    labels : DataFrame (rows x features), optional
        What each value is read as, such as ``Scorecard.labels(X)``: put behind the text, in
        brackets.
    k : int
        Most reasons a row.
    language : {"en", "zh"}
        Language of the texts.

    Raises
    ------
    DataError
        If a feature has no text, the reference is of other features, the labels are of other
        rows or features, or a contribution is not finite.
    """
    names = [str(name) for name in contributions.columns]
    known = reason_texts(texts) if isinstance(texts, Catalogue) else texts
    _check(names, reference, known, k=k, language=language)
    values = contributions.to_numpy(dtype=np.float64, na_value=np.nan)
    if not np.isfinite(values).all():
        wrong = [name for at, name in enumerate(names) if not np.isfinite(values[:, at]).all()]
        raise DataError(f"contributions: null or infinite values in {wrong}.")
    excess = values - np.array([reference.means[name] for name in names])
    order = np.argsort(-excess, axis=1, kind="stable")[:, :k]
    cited = np.take_along_axis(excess, order, axis=1)
    words = [getattr(known[name], language) for name in names]
    read = None if labels is None else _labels_of(labels, contributions, names)
    return [
        tuple(
            ReasonCode(
                rank=rank,
                feature=names[at],
                dimension=known[names[at]].dimension,
                difference=difference,
                text=words[at] if read is None else _behind(words[at], read[row][at], language),
            )
            for rank, (at, difference) in enumerate(zip(columns, excesses, strict=True), start=1)
            if difference > 0
        )
        for row, (columns, excesses) in enumerate(zip(order.tolist(), cited.tolist(), strict=True))
    ]


def _labels_of(
    labels: pd.DataFrame, contributions: pd.DataFrame, names: list[str]
) -> list[list[str]]:
    lacking = [name for name in names if name not in labels.columns]
    if lacking or len(labels) != len(contributions):
        raise DataError(
            f"labels: {len(labels)} row(s) for {len(contributions)} of contributions, and no "
            f"column {lacking}. Take both from the same rows of the same model."
        )
    return labels[names].astype(str).to_numpy().tolist()


def _behind(text: str, label: str, language: str) -> str:
    """Return the text with what the value is read as behind it."""
    if language == "en":
        return f"{text} ({label})"
    whole = {"missing": "缺失", "not seen": "未曾出现", "any value": "任意值"}
    stem, guest = (label[:-11], "或缺失") if label.endswith(" or missing") else (label, "")
    return f"{text}（{whole.get(stem, stem)}{guest}）"


def _reference(name: str, contributions: pd.DataFrame) -> Reference:
    if not len(contributions):
        raise DataError(f"the reference {name!r} has no rows; at least one is needed.")
    means = contributions.mean()
    if not np.isfinite(means.to_numpy(dtype=np.float64, na_value=np.nan)).all():
        raise DataError(f"the reference {name!r} has contributions that are not finite.")
    return Reference(
        name=name,
        means={str(feature): float(value) for feature, value in means.items()},
        rows=len(contributions),
    )


def _check(
    names: list[str],
    reference: Reference,
    known: Mapping[str, ReasonText],
    *,
    k: int,
    language: str,
) -> None:
    if k < 1:
        raise DataError(f"k must be at least 1, got {k}.")
    if language not in ("en", "zh"):
        raise DataError(f"language must be 'en' or 'zh', got {language!r}.")
    untold = [name for name in names if name not in known]
    if untold:
        raise DataError(
            f"no reason text for {untold}. Declare the features with a Reason, or add a ReasonText "
            "for each: a column's name is no reason to give a person."
        )
    if set(names) != set(reference.means):
        differing = sorted(set(names) ^ set(reference.means))
        raise DataError(
            f"the reference {reference.name!r} is of other features; only one side has "
            f"{differing}. Make the reference from contributions of the same model."
        )
