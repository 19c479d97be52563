"""The limit a person is shown, and the part of it that can be used."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from credit.decide.leaves import flag, number
from credit.decide.money import fen
from credit.policy import InForce


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTerms:
    """The share of the limit shown that cannot be used, and whether the person is told."""

    buffer: Fraction
    disclose: bool

    @classmethod
    def of(cls, figures: InForce) -> ShownTerms:
        """Read ``limit.hidden_buffer`` and ``limit.disclose_buffer``."""
        return cls(
            buffer=number(figures["limit.hidden_buffer"], "limit.hidden_buffer"),
            disclose=flag(figures["limit.disclose_buffer"], "limit.disclose_buffer"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A limit as shown and as usable; ``code`` names the sentence the person reads.

    A report shows both whatever the person is told.
    """

    shown_fen: int
    usable_fen: int
    code: str


def usable(shown_fen: int, buffer: Fraction) -> int:
    """Return what can be used of a limit shown, ``(1 - buffer) shown``, to the fen, half up."""
    return fen(shown_fen * (1 - buffer))


def shown(shown_fen: int, terms: ShownTerms) -> Shown:
    """Return a limit as shown and as usable."""
    return Shown(
        shown_fen=shown_fen,
        usable_fen=usable(shown_fen, terms.buffer),
        code="L_USABLE" if terms.disclose else "L_SHOWN",
    )
