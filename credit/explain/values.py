"""A value with its unit, as a person reads it."""

from __future__ import annotations

from credit.explain.reasons import Language

_UNITS = {
    "en": {"fen": " yuan", "fen a day": " yuan a day", "days": " days"},
    "zh": {"fen": "元", "fen a day": "元（每日）", "days": "天"},
}


def said(value: float, unit: str, language: Language = "en") -> str:
    """Return a value in words: shares in percent, fen in yuan, days with their name.

    >>> said(123_456.0, "fen"), said(0.07, "share"), said(0.07, "share", "zh"), said(2.0, "count")
    ('1,235 yuan', '7 %', '7%', '2')
    """
    if unit == "share":
        return f"{100 * value:.0f} %" if language == "en" else f"{100 * value:.0f}%"
    if unit in _UNITS["en"]:
        amount = value / 100 if unit.startswith("fen") else value
        return f"{amount:,.0f}{_UNITS[language][unit]}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
