"""What a rule says: that it was kept or broken, and how it moved an amount."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Fact = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule that was looked at.

    Attributes
    ----------
    code : str
        The rule, upper case (``E_AGE``); its sentences stand in the room's ``WORDS``.
    passed : bool
        Whether the person or event keeps it.
    key : str
        The policy's leaf that the rule reads.
    facts : mapping of str to str, number, bool or None
        What was compared with what; the sentences name these.
    """

    code: str
    passed: bool
    key: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of an amount: the rule, and the amount before and after it, in fen.

    The steps of an explanation join: each begins where the one before ended.
    """

    code: str
    key: str
    before_fen: int
    after_fen: int
    facts: Mapping[str, Fact] = field(default_factory=dict)
