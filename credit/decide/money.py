"""Exact money: integer fen, and rates as the decimal numbers that a policy file states."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from credit.errors import DataError

YUAN = 100
"""Fen in a yuan."""


def exact(figure: float | int | str | Fraction) -> Fraction:
    """Return a figure as the decimal number it is written as: ``0.1`` is one tenth.

    >>> exact(0.1) == Fraction(1, 10)
    True
    """
    return figure if isinstance(figure, Fraction) else Fraction(str(figure))


def fen(amount: Fraction | int) -> int:
    """Round an amount in fen half up (away from zero), as bills are.

    >>> fen(Fraction(5, 2)), fen(Fraction(-5, 2))
    (3, -3)
    """
    up, down = amount.numerator, amount.denominator
    whole = (2 * abs(up) + down) // (2 * down)
    return whole if up >= 0 else -whole


def yuan(amount_fen: int) -> str:
    """Return an amount as people read it.

    >>> yuan(500_001), yuan(-5)
    ('5,000.01', '-0.05')
    """
    sign = "-" if amount_fen < 0 else ""
    whole, rest = divmod(abs(amount_fen), YUAN)
    return f"{sign}{whole:,}.{rest:02d}"


def split(amount_fen: int, weights: Sequence[int | Fraction]) -> list[int]:
    """Split an amount by weights so that the parts sum to it exactly.

    Part i is the difference of the rounded cumulative shares, so no part is off by a fen or more.

    >>> split(100, [1, 1, 1])
    [33, 34, 33]
    """
    total = sum(map(Fraction, weights), Fraction(0))
    if total <= 0 or min(weights) < 0:
        raise DataError(f"weights must be 0 or more and not all 0, got {list(weights)}.")
    parts, reached, before = [], Fraction(0), 0
    for weight in weights:
        reached += weight
        upto = fen(amount_fen * reached / total)
        parts.append(upto - before)
        before = upto
    return parts
