"""Feature: one row of the data dictionary, in six kinds.

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
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args

from credit.errors import FeatureError, nearest

Dimension = Literal["payment", "social", "wealth", "consumption", "repayment", "application"]

DIMENSIONS: tuple[str, ...] = ("payment", "social", "wealth", "consumption", "repayment")
"""The five dimensions that carry policy weight, in the policy's order."""

Aggregate = Literal[
    "count", "sum", "mean", "std", "min", "max", "distinct", "entropy", "days_since_last",
    "days_since_first",
]  # fmt: skip

_NAME = re.compile(r"[a-z][a-z0-9_]*")


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
        ``<dimension>_<what>_<window>``, lower case.
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
        if not _NAME.fullmatch(self.name):
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

    >>> Measure(aggregate="sum", value="amount_fen", where="local_hour(event_time) < 6",
    ...         per="amount_fen", base="direction = 'out'").per
    'amount_fen'
    """

    aggregate: Aggregate
    value: str = "1"
    where: str | None = None
    per: str | None = None
    base: str | None = None

    def __post_init__(self) -> None:
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


Tie = Literal["contacts", "transfers", "red_packets", "guarantees", "devices"]
"""What makes two people neighbours; ``devices``: both were seen on one device."""

Statistic = Literal[
    "pagerank", "core_number", "clustering", "neighbour_bad_rate", "two_hop_bad_share",
    "bad_exposure", "good_exposure", "hops_to_bad", "hops_to_good", "community_size",
    "community_bad_rate", "ring_size", "ring_bad_rate", "sharers",
]  # fmt: skip

_OF_RINGS = ("ring_size", "ring_bad_rate", "sharers")
"""The statistics that are defined between people and devices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Propagation(Feature):
    """A statistic of the whole network, which no join of a person's own rows can give.

    Computed as of a snapshot, the latest start of a local month that is not after q, from the
    events visible at that instant, which are visible at q as well. Two people are neighbours
    from the first visible event of a kind in ``ties`` that joins them, in either direction.
    What is known of other people (``bad``: a visible tag, or an instalment that was or is 90
    days late; ``good``: an instalment fell due, none was ever a whole day late, no tag) obeys
    the same instant, and what is known of the person themselves never enters.

    ``pagerank``
        PageRank times the number of people with ties, so that the mean is 1.
    ``core_number``
        The largest k for which the person belongs to a group tied to k others within it.
    ``clustering``
        Share of pairs of neighbours who are neighbours; null below two neighbours.
    ``neighbour_bad_rate``
        Bad among the neighbours known to be bad or good, shrunk to the rate of everybody else.
    ``two_hop_bad_share``
        Bad share of the ends of walks of two steps that do not come back.
    ``bad_exposure``, ``good_exposure``
        How often random walks of one to three steps from bad (good) people arrive here,
        divided by how often walks from everybody do.
    ``hops_to_bad``, ``hops_to_good``
        Steps to the nearest bad (good) other person, 5 where there is none within 4.
    ``community_size``, ``community_bad_rate``
        Of the community by label propagation: other people in it, and their bad rate.
    ``ring_size``, ``ring_bad_rate``
        Of the connected group: other people in it, and their bad rate. A device with more
        than 30 people joins nobody.
    ``sharers``
        ``devices`` only: other people on the person's most shared device.

    Every statistic is null for a person without a visible tie.
    """

    statistic: Statistic
    ties: tuple[Tie, ...]
    every: Literal["month"] = "month"

    def __post_init__(self) -> None:
        Feature.__post_init__(self)
        if not self.ties or not set(self.ties) <= set(get_args(Tie)):
            raise FeatureError(
                f"{self.name}: ties must name some of {list(get_args(Tie))}, got {self.ties}."
            )
        if self.statistic not in get_args(Statistic):
            raise FeatureError(
                f"{self.name}: no statistic {self.statistic!r}."
                f"{nearest(self.statistic, get_args(Statistic))} There are "
                f"{list(get_args(Statistic))}."
            )
        if "devices" in self.ties and (len(self.ties) > 1 or self.statistic not in _OF_RINGS):
            raise FeatureError(
                f"{self.name}: devices stand alone and know {list(_OF_RINGS)}, got "
                f"{self.statistic!r} over {self.ties}."
            )
        if self.statistic == "sharers" and self.ties != ("devices",):
            raise FeatureError(f"{self.name}: sharers are counted over ties=('devices',) only.")

    @property
    def uses_labels(self) -> bool:
        """Whether the statistic reads what is known of other people."""
        return self.statistic.endswith(("bad_rate", "_share", "exposure", "_bad", "_good"))


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


@dataclass(frozen=True)
class Catalogue:
    """An ordered set of features with unique names."""

    features: tuple[Feature, ...]
    _index: dict[str, Feature] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index: dict[str, Feature] = {}
        for feature in self.features:
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
