"""What every feature has, whatever its kind, and what it measures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from credit.errors import FeatureError

Dimension = Literal["payment", "social", "wealth", "consumption", "repayment", "application"]

DIMENSIONS: tuple[str, ...] = ("payment", "social", "wealth", "consumption", "repayment")
"""The five dimensions that carry policy weight, in the policy's order."""

Aggregate = Literal[
    "count", "sum", "mean", "std", "min", "max", "distinct", "entropy", "largest", "herfindahl",
    "days_since_last", "days_since_first",
]  # fmt: skip

KEYED: tuple[str, ...] = ("distinct", "entropy", "largest", "herfindahl")
"""Aggregates over the keys that a value takes: how many, how even, the heaviest, sum share^2."""

NAME = re.compile(r"[a-z][a-z0-9_]*")
"""How a feature is called."""

_FAMILY = re.compile(r"[a-z](?:[a-z0-9_]|\{days\})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What a person is told when this feature counts against them."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """What every feature has, whatever its kind.

    Attributes
    ----------
    name : str
        ``<dimension>_<what>_<window>``, lower case; ``{days}`` in it until `over` fills it in.
    dimension : str
        One of the five, or ``application`` for a fact stated on the application itself,
        which carries no policy weight.
    label : str
        A few words for a table or a plot.
    unit : str
        ``count``, ``share``, ``days``, ``fen``, ``ratio``, ``nats``, ``category``, ...
    null_means : str
        What a null says about the person; never "missing".
    risk : int
        +1 more of it is riskier, -1 more of it is safer, 0 no declared sign. Models keep it.
    reason : Reason
        Text of the reason code, in English and Chinese.
    edges : tuple of float
        Cut points that mean something (a published threshold); binning offers them.
    """

    name: str
    dimension: Dimension
    label: str
    unit: str
    null_means: str
    risk: int
    reason: Reason
    edges: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not _FAMILY.fullmatch(self.name):
            raise FeatureError(f"{self.name!r}: a feature's name is lower case, [a-z][a-z0-9_]*.")
        if self.risk not in (-1, 0, 1):
            raise FeatureError(f"{self.name}: risk must be -1, 0 or +1, got {self.risk}.")

    @property
    def is_categorical(self) -> bool:
        """Whether values are names rather than amounts."""
        return self.unit == "category"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """An aggregate over visible events.

    ``aggregate(value) over events where ...``; a share is the ratio of two sums, so it has a
    ``per``: ``sum(value where ...) / sum(per over all events of the table)``. ``base`` limits
    numerator and denominator alike.

    ``largest``, ``herfindahl`` and ``entropy`` look at the keys that ``value`` takes: with w_k
    the rows of key k, or the sum of an integer ``weight`` over them, and W the sum of all w_k,
    they are max w_k, sum (w_k / W)^2 and -sum (w_k / W) ln(w_k / W).

    >>> Measure(aggregate="sum", value="amount_fen", where="local_hour(event_time) < 6",
    ...         per="amount_fen", base="direction = 'out'").per
    'amount_fen'
    """

    aggregate: Aggregate
    value: str = "1"
    where: str | None = None
    per: str | None = None
    base: str | None = None
    weight: str | None = None

    def __post_init__(self) -> None:
        if self.weight is not None and self.aggregate not in ("entropy", "largest", "herfindahl"):
            raise FeatureError(
                f"a weight is what the keys of entropy, largest or herfindahl weigh, not of "
                f"{self.aggregate!r}: drop 'weight'."
            )
        if self.per is not None and self.aggregate not in ("sum", "count"):
            raise FeatureError(
                f"a share is a ratio of sums or counts, not of {self.aggregate!r}: drop 'per'."
            )
