"""An offer in words, in English and Chinese, from the records of its features."""

from __future__ import annotations

from credit.errors import DataError
from credit.explain.levers import Lever
from credit.explain.reasons import Language
from credit.explain.recourse import Offer

_SAID = {
    "en": {"fen": " yuan", "fen a day": " yuan a day", "days": " days"},
    "zh": {"fen": "元", "fen a day": "元（每日）", "days": "天"},
}


def offer_text(offer: Offer, horizon: int, *, language: Language = "en") -> list[str]:
    """Return what a person would have to do, a sentence for each move.

    Parameters
    ----------
    offer : Offer
    horizon : int
        Days within which it must be done, as in the plan.
    language : {"en", "zh"}

    Raises
    ------
    DataError
        For another language.
    """
    if language not in _SAID:
        raise DataError(f"language must be 'en' or 'zh', got {language!r}.")
    sentences = []
    for change in offer.changes:
        if not change.told:
            continue
        action = change.lever.action
        words = getattr(action, language).replace(
            "{value}", said(change.after, change.lever, language)
        )
        now = said(change.before, change.lever, language)
        if language == "en":
            sentences.append(f"Within {horizon} days: {words} (now {now}).")
        else:
            sentences.append(f"未来{horizon}天：{words}（现为{now}）。")
    return sentences


def said(value: float, lever: Lever, language: Language) -> str:
    """Return a value with its unit, as a person reads it.

    >>> from credit.feature import Action
    >>> act = Action(group="g", direction="raise", en="{value}", zh="{value}")
    >>> said(123_456.0, Lever(feature="f", unit="fen", action=act, quantiles=(0.0,)), "en")
    '1,235 yuan'
    """
    if lever.unit == "share":
        return f"{100 * value:.0f} %" if language == "en" else f"{100 * value:.0f}%"
    amount = value / 100 if lever.unit.startswith("fen") else value
    plain = (
        f"{amount:,.0f}"
        if lever.unit.startswith("fen") or lever.unit == "days"
        else f"{amount:.4g}"
    )
    return plain + _SAID[language].get(lever.unit, "")
