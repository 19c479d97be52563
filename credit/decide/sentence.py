"""Sentences of checks and steps, filled with what was compared."""

from __future__ import annotations

from collections.abc import Mapping

from credit.decide.money import yuan
from credit.decide.record import Fact
from credit.errors import DataError, nearest
from credit.feature import Reason


def said(
    words: Mapping[str, Reason],
    code: str,
    facts: Mapping[str, Fact],
    names: Mapping[str, Reason] | None = None,
) -> Reason:
    """Return the sentence of a code in both languages, its places filled from the facts.

    A fact whose name ends in ``_fen`` is written in yuan; a text that ``names`` knows, or a list
    of such texts joined by commas, is written in the reader's language.

    >>> said({"X": Reason(en="at most {cap_fen}", zh="不超过{cap_fen}")}, "X", {"cap_fen": 150}).en
    'at most 1.50'

    Raises
    ------
    DataError
        There is no sentence for the code, or a place that no fact fills.
    """
    if code not in words:
        raise DataError(f"no sentence for {code!r}.{nearest(code, words)}")
    en: dict[str, str] = {}
    zh: dict[str, str] = {}
    for name, fact in facts.items():
        en[name], zh[name] = _shown(name, fact, names or {})
    try:
        return Reason(en=words[code].en.format_map(en), zh=words[code].zh.format_map(zh))
    except KeyError as error:
        raise DataError(
            f"the sentence of {code} names {error}, which is not among its facts {sorted(facts)}."
        ) from error


def _shown(name: str, fact: Fact, names: Mapping[str, Reason]) -> tuple[str, str]:
    """Return a fact as English and as Chinese text."""
    if isinstance(fact, str):
        parts = [names.get(part, Reason(en=part, zh=part)) for part in fact.split(", ")]
        return ", ".join(part.en for part in parts), "、".join(part.zh for part in parts)
    if name.endswith("_fen") and isinstance(fact, int):
        text = yuan(fact)
    else:
        text = f"{fact:,.10g}" if isinstance(fact, float) else str(fact)
    return text, text


def in_language(words: Mapping[str, Reason], code: str, language: str, **facts: object) -> str:
    """Return the words of a code in one language (``zh``, else English), places filled as given."""
    both = words[code]
    return (both.zh if language == "zh" else both.en).format_map(facts)
