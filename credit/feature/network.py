"""Features of the whole network of people, which no join of a person's own rows can give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from credit.errors import FeatureError, nearest
from credit.feature.record import Feature

Tie = Literal["contacts", "transfers", "red_packets", "guarantees", "devices"]
"""What makes two people neighbours; ``devices``: both were seen on one device."""

Statistic = Literal[
    "pagerank", "core_number", "clustering", "neighbour_bad_rate", "two_hop_bad_share",
    "bad_exposure", "good_exposure", "hops_to_bad", "hops_to_good", "community_size",
    "community_bad_rate", "ring_size", "ring_bad_rate",
]  # fmt: skip

_OF_RINGS = ("ring_size", "ring_bad_rate")
"""The statistics that are defined between people and devices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Propagation(Feature):
    """A statistic of the whole network, which no join of a person's own rows can give.

    Computed as of a snapshot, the latest start of a local month that is not after q, from the
    events visible at that instant, which are visible at q as well. Two people are neighbours
    from the first visible event of a kind in ``ties`` that joins them, in either direction.
    What is known of other people (``bad``: a visible tag, or an instalment that was or is 90
    days late; ``good``: an instalment fell due, none was ever a whole day late, no tag; what a
    register suppressed by then says nothing) obeys the same instant, and what is known of the
    person themselves never enters.

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

    @property
    def uses_labels(self) -> bool:
        """Whether the statistic reads what is known of other people."""
        return self.statistic.endswith(("bad_rate", "_share", "exposure", "_bad", "_good"))
