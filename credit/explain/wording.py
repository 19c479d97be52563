"""An offer in words, in English and Chinese, from the records of its features."""

from __future__ import annotations

from credit.errors import DataError
from credit.explain.reasons import Language
from credit.explain.recourse import Offer
from credit.explain.values import said


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
    if language not in ("en", "zh"):
        raise DataError(f"language must be 'en' or 'zh', got {language!r}.")
    sentences = []
    for change in offer.changes:
        if not change.told:
            continue
        action = change.lever.action
        words = getattr(action, language).replace(
            "{value}", said(change.after, change.lever.unit, language)
        )
        now = said(change.before, change.lever.unit, language)
        if language == "en":
            sentences.append(f"Within {horizon} days: {words} (now {now}).")
        else:
            sentences.append(f"未来{horizon}天：{words}（现为{now}）。")
    return sentences
