"""Leaves as terms read them: of the kind and range a rule needs, or an error that names the leaf.

``where`` names the leaf and the place in it (``repay.grace.days``); every error begins with it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import Any

from credit.decide.money import exact
from credit.errors import PolicyError, nearest
from credit.policy import InForce


def number(value: Any, where: str, *, low: float = 0, high: float = 1) -> Fraction:
    """Return a number of a leaf, exactly as written, that lies in ``[low, high]``."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise PolicyError(f"{where}: {value!r} is not a number.")
    if not low <= value <= high:
        raise PolicyError(f"{where}: {value} must lie between {low} and {high}.")
    return exact(value)


def whole(value: Any, where: str, *, low: int = 0) -> int:
    """Return a whole number of a leaf that is at least ``low``."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise PolicyError(f"{where}: {value!r} is not a whole number.")
    if value < low:
        raise PolicyError(f"{where}: {value} must be {low} or more.")
    return value


def flag(value: Any, where: str) -> bool:
    """Return a yes or no of a leaf."""
    if not isinstance(value, bool):
        raise PolicyError(f"{where}: {value!r} is neither true nor false.")
    return value


def choice(value: Any, where: str, allowed: Collection[str]) -> str:
    """Return a word of a leaf, one of those that a rule knows."""
    if value not in allowed:
        raise PolicyError(
            f"{where}: {value!r} is not one of {tuple(allowed)}.{nearest(str(value), allowed)}"
        )
    return str(value)


def table(value: Any, where: str, names: Collection[str]) -> Mapping[str, Any]:
    """Return a table of a leaf that has these names and no others."""
    if not isinstance(value, Mapping):
        raise PolicyError(f"{where}: {value!r} is not a table with {tuple(names)}.")
    for name in value:
        if name not in names:
            raise PolicyError(f"{where}: unknown name {name!r}.{nearest(str(name), names)}")
    for name in names:
        if name not in value:
            raise PolicyError(f"{where}: {name!r} is missing.")
    return value


def named(figures: InForce, key: str, names: Collection[str]) -> Mapping[str, Any]:
    """Return the table that a leaf holds, with these names and no others."""
    return table(figures[key], key, names)


def items(value: Any, where: str) -> list[Any]:
    """Return a list of a leaf that is not empty."""
    if not isinstance(value, list) or not value:
        raise PolicyError(f"{where}: {value!r} is not a list with at least one item.")
    return value
