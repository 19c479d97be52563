"""Feature: one row of the data dictionary, in four kinds.

A feature is a record, not a function. From the one record come its SQL, its line in the
dictionary, the sign a model must keep, and the text of its reason code. The two halves of
the package (data, model) meet here and in a data frame, nowhere else.

Expressions are SQL in a small portable subset: columns of the feature's table, literals,
``+ - * /``, comparisons, ``and or not``, ``case``, ``coalesce``, ``nullif``, ``abs``,
``greatest``, ``least``, ``ln``, ``sqrt``, and three calendar functions of this package:
``local_hour(t)``, ``local_weekday(t)`` (0 is Monday), ``local_day(t)`` (days since 1970).
No expression may name the as-of instant: comparing times is the compiler's business alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Literal, TypeVar

from credit.errors import FeatureError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Dimension = Literal["payment", "social", "wealth", "consumption", "repayment", "application"]

DIMENSIONS: tuple[str, ...] = ("payment", "social", "wealth", "consumption", "repayment")
"""The five dimensions that carry policy weight, in the policy's order."""

Aggregate = Literal[
    "count", "sum", "mean", "std", "min", "max", "distinct", "entropy", "largest", "herfindahl",
    "days_since_last", "days_since_first",
]  # fmt: skip

KEYED: tuple[str, ...] = ("distinct", "entropy", "largest", "herfindahl")
"""Aggregates over the keys that a value takes: how many, how even, the heaviest, sum share^2."""

WINDOWS: tuple[int, ...] = (7, 30, 90, 180, 365)
"""The windows in days that families of built-in features run over."""

EACH = -1
"""In place of ``days``: the window of each member of a family (`over`)."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowAggregate(Feature):
    """``measure`` over the events of ``table`` with ``q - days <= event_time < q``, known by q.

    ``days=None`` takes every event before q that was known by q.
    """

    table: str
    days: int | None
    measure: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class StateAsOf(Feature):
    """``measure`` over what is in force at q: the latest visible row for each ``latest_by``.

    ``days`` limits the rows to those of the last ``days``. With ``table="instalments"`` the
    rows are the visible instalments that fell due in the last ``days`` before q (all visible
    ones, also those not yet due, where ``days`` is None), with more columns computed from
    the repayments visible at q:

    ``paid_fen``
        paid on it so far.
    ``is_open``
        1 while less than ``due_fen`` is paid, else 0.
    ``is_due``
        1 if it fell due before q, else 0.
    ``days_past_due``
        whole days it was late when paid in full, or is late at q while open; 0 if in time.
    ``days_early``
        whole days between payment in full and the due date; 0 if open or late.
    ``days_since_paid``
        days from payment in full to q; null while open.

    With ``table="lots"`` the rows are what is left at q of each purchase in ``wealth_orders``
    when every sale takes the oldest purchases of its product first (first in, first out), with
    ``product_id``, ``risk_level``, ``bought_fen``, ``held_fen`` (left of it) and ``held_days``
    (whole days since it was bought). A sale of more than was bought until then takes all there
    is, and nothing of what is bought later.

    With ``table="statements"`` the rows are the local days of visible ``wealth_positions``, with
    ``total_fen``, the sum of all balances stated on that day.
    """

    table: str
    measure: Measure
    latest_by: tuple[str, ...] = ("customer_id",)
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphStatistic(Feature):
    """An aggregate over the ties of a person, and over facts about the people at their ends.

    Ties come from ``ties`` (``contacts``: each visible contact; ``transfers``: each
    counterparty, both directions merged), of the last ``days`` or of all time (None). They
    carry ``amount_fen`` (sum exchanged), ``sent_fen`` and ``received_fen`` (transfers only),
    ``count`` (events merged into the tie), ``age_days`` (since the first) and
    ``recency_days`` (since the last). About the person at the end, as known at q, never
    about the applicant: ``peer_tagged`` (any visible tag), ``peer_borrower`` (any visible
    loan), ``peer_overdue`` (an instalment that was, or still is, a whole day late as far as
    the repayments visible at q tell), each 0 or 1.
    """

    ties: Literal["contacts", "transfers"]
    measure: Measure
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPart:
    """A window aggregate that exists only inside one expression, under ``name``."""

    name: str
    table: str
    days: int | None
    measure: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class StatePart:
    """A state as of q that exists only inside one expression, under ``name``."""

    name: str
    table: str
    measure: Measure
    latest_by: tuple[str, ...] = ("customer_id",)
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TiesPart:
    """A graph statistic that exists only inside one expression, under ``name``."""

    name: str
    ties: Literal["contacts", "transfers"]
    measure: Measure
    days: int | None = None


Part = WindowPart | StatePart | TiesPart
"""An ingredient of an expression that is no feature of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression(Feature):
    """``expression`` over its ``parts`` and over other features, all named directly.

    Division by zero gives null, and so does any arithmetic with a null. A part hides a
    feature of the same name.
    """

    expression: str
    parts: tuple[Part, ...] = ()

    def __post_init__(self) -> None:
        Feature.__post_init__(self)
        names = [part.name for part in self.parts]
        if len(set(names)) < len(names):
            raise FeatureError(f"{self.name}: two parts of one expression share a name: {names}.")
        for name in names:
            if not _NAME.fullmatch(name):
                raise FeatureError(
                    f"{self.name}: {name!r} is no name of a part; write [a-z][a-z0-9_]*."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated(Feature):
    """A fact stated on the application or at registration: ``table.column`` as it is.

    ``table`` is ``applications`` (the application made at q itself) or ``customers``, whose
    facts count only when they are visible at q. ``expression`` may derive from one row;
    ``q_days(event_time)`` gives the days from a time to q.
    """

    table: Literal["applications", "customers"] = "applications"
    expression: str


F = TypeVar("F", bound=Feature)


def over(windows: Iterable[int], *families: F) -> tuple[F, ...]:
    """Return each family once a window, its windows together.

    ``{days}`` in any text of a family becomes the window, and so does `EACH` where a number of
    days is meant, in the feature itself and in the parts of its expression.

    >>> more = over((30, 90), WindowAggregate(
    ...     name="payment_count_{days}d", dimension="payment", label="Payments, {days} days",
    ...     unit="count", null_means="never null: none is 0", risk=0,
    ...     reason=Reason(en="Few payments, {days} days", zh="近{days}天支付较少"),
    ...     table="payments", days=EACH, measure=Measure(aggregate="count"),
    ... ))
    >>> [(one.name, one.days, one.reason.zh) for one in more]
    [('payment_count_30d', 30, '近30天支付较少'), ('payment_count_90d', 90, '近90天支付较少')]
    """
    lengths = tuple(windows)
    return tuple(_member(family, days) for family in families for days in lengths)


D = TypeVar("D", bound="DataclassInstance")


def _member(record: D, days: int) -> D:
    """Return a record with a window in place of ``{days}`` and `EACH`, all the way down."""
    filled: dict[str, object] = {}
    for item in fields(record):
        value = getattr(record, item.name)
        if isinstance(value, str):
            filled[item.name] = value.replace("{days}", str(days))
        elif item.name == "days":
            filled[item.name] = days if value == EACH else value
        elif item.name == "parts":
            filled[item.name] = tuple(_member(part, days) for part in value)
        elif isinstance(value, Reason | Measure):
            filled[item.name] = _member(value, days)
    return replace(record, **filled)


@dataclass(frozen=True)
class Catalogue:
    """An ordered set of features with unique names.

    ``support`` are further features that expressions of the set name; they are computed on the
    way and are no column of the result.
    """

    features: tuple[Feature, ...]
    support: tuple[Feature, ...] = ()
    _index: dict[str, Feature] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index: dict[str, Feature] = {}
        for feature in self.everything:
            if not _NAME.fullmatch(feature.name):
                raise FeatureError(f"{feature.name!r} is a family: give it windows with `over`.")
            if feature.name in index:
                raise FeatureError(f"two features are called {feature.name!r}.")
            index[feature.name] = feature
        object.__setattr__(self, "_index", index)

    def __iter__(self) -> Iterator[Feature]:
        return iter(self.features)

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, name: str) -> Feature:
        return self._index[name]

    def __contains__(self, name: object) -> bool:
        return name in self._index

    @property
    def everything(self) -> tuple[Feature, ...]:
        """The features, and those in support of them."""
        return self.features + self.support

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, in order."""
        return tuple(feature.name for feature in self.features)

    @property
    def risk(self) -> dict[str, int]:
        """Feature name -> sign of risk, for those that declare one."""
        return {feature.name: feature.risk for feature in self.features if feature.risk}

    @property
    def dimension(self) -> dict[str, str]:
        """Feature name -> dimension."""
        return {feature.name: feature.dimension for feature in self.features}
