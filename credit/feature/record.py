"""What every feature has, whatever its kind, and what it measures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from credit.errors import FeatureError

Dimension = Literal[
    "payment", "social", "wealth", "consumption", "repayment", "application", "fraud",
]  # fmt: skip

Days = int | Fraction
"""The length of a window in days of 24 hours; ``Fraction(1, 24)`` is an hour."""

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
class Action:
    """What a person can do about a feature; declared only where one can, and may be asked to.

    No action is declared for what is past and stays (age, tenure, an instalment that was late;
    but one can keep from being late again, see ``since``),
    for what other people do or are (friends' defaults), for what a person would have to invent
    (a declared income), and for holding, buying or using more of the lender's own products: that
    would be selling, unless it were shown that doing so lowers the risk and not the score alone.

    Attributes
    ----------
    group : str
        What is done, in a word or two. Features of one group follow from one behaviour (the
        windows of one habit) and move together.
    direction : {"raise", "lower"}
        Where the feature goes; never against its sign of risk.
    en, zh : str
        What the person does, in English and Chinese, with ``{value}`` where the value to be
        reached stands; without it where a ``goal`` says all.
    days : int or None
        Days that the feature looks back on. In h days from now the share ``min(1, h / days)`` of
        that window is new, and no more than that share of the way can be gone. None: the feature
        says how things stand now, and can be changed at once.
    lasting : bool
        One event decides (a lowest balance): nothing changes until the whole window is new.
    since : bool
        The feature says how many days ago something last happened: whoever keeps from it for h
        days comes h days further.
    goal : float or None
        The only value that can be aimed at (no instalment overdue); else any value between the
        person's own and the best that is common.
    """

    group: str
    direction: Literal["raise", "lower"]
    en: str
    zh: str
    days: int | None = None
    lasting: bool = False
    since: bool = False
    goal: float | None = None

    def __post_init__(self) -> None:
        if self.direction not in ("raise", "lower"):
            raise FeatureError(
                f"action: direction must be 'raise' or 'lower', got {self.direction!r}."
            )
        if self.goal is None and not ("{value}" in self.en and "{value}" in self.zh):
            raise FeatureError(
                f"action {self.group!r}: en and zh must hold {{value}}, where the value to be "
                "reached stands, or a goal must be stated."
            )
        if self.days is not None and self.days < 1 and self.days != -1:  # EACH, until `over`
            raise FeatureError(f"action {self.group!r}: days must be at least 1, got {self.days}.")
        if self.lasting and self.days is None:
            raise FeatureError(f"action {self.group!r}: what lasts needs days, its window.")
        if self.since and (self.direction == "lower" or self.days or self.goal is not None):
            raise FeatureError(
                f"action {self.group!r}: days since something can only be raised, have no window "
                "and no goal."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """What every feature has, whatever its kind.

    Attributes
    ----------
    name : str
        ``<dimension>_<what>_<window>``, lower case; ``{days}`` in it until `over` fills it in.
    dimension : str
        One of the five, or ``application`` for a fact stated on the application itself,
        which carries no policy weight, or ``fraud`` for what fraud rules look at and no credit
        model does.
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
    action : Action or None
        What a person can do about it; None where they can do nothing, or must not be asked to.
    """

    name: str
    dimension: Dimension
    label: str
    unit: str
    null_means: str
    risk: int
    reason: Reason
    edges: tuple[float, ...] = ()
    action: Action | None = None

    def __post_init__(self) -> None:
        if not _FAMILY.fullmatch(self.name):
            raise FeatureError(f"{self.name!r}: a feature's name is lower case, [a-z][a-z0-9_]*.")
        if self.risk not in (-1, 0, 1):
            raise FeatureError(f"{self.name}: risk must be -1, 0 or +1, got {self.risk}.")
        if self.action is not None:
            self._check(self.action)

    def _check(self, action: Action) -> None:
        if self.is_categorical:
            raise FeatureError(f"{self.name}: an action moves an amount; this feature holds names.")
        if self.risk == {"raise": 1, "lower": -1}[action.direction]:
            raise FeatureError(
                f"{self.name}: an action to {action.direction} it adds to the risk, whose sign is "
                f"{self.risk:+d}. Turn the direction, or drop the action."
            )

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
