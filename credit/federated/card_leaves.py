"""What fitting a card together takes out of a party, and what does not protect it, in words."""

from __future__ import annotations

from collections.abc import Mapping

from credit.federated.card import SMALLEST_CELL, Disclosed
from credit.federated.leaves import EVERYBODY, NAMES_LEAVE, SUMS, TERMS_LEAVE, UNPROTECTED
from credit.federated.record import Leaving
from credit.scorecard import FusedOptions, Scorecard


def card_leaves(card: Scorecard) -> tuple[Leaving, ...]:
    """Return what leaves a party for this kind of card.

    Parameters
    ----------
    card : Scorecard
        Its options count; it need not be fitted.
    """
    most = card.bin_limits.max_candidates
    common = (
        TERMS_LEAVE,
        NAMES_LEAVE,
        Leaving(
            what=f"outcome labels; the different values of columns with at most {most} of them",
            when="once",
            seen_by=EVERYBODY,
        ),
        Leaving(
            what=f"rows at or below thresholds: 15 for each of up to {most - 1} quantiles a column",
            when="32 rounds",
            seen_by=SUMS,
        ),
        Leaving(
            what="good and bad rows in each candidate interval, special code and name",
            when="once",
            seen_by=SUMS,
        ),
        Leaving(
            what="of the weights of evidence: a slope a feature, a curvature a pair of features",
            when="every step",
            seen_by=SUMS,
        ),
    )
    fused = Leaving(
        what="of the shapes: a slope an interval, a curvature a pair of intervals of two columns",
        when="every step in every bag",
        seen_by=SUMS,
    )
    return (*common, fused) if isinstance(card.bin_limits, FusedOptions) else common


def card_unprotected(card: Scorecard, told: Mapping[str, Disclosed]) -> tuple[str, ...]:
    """Return what the protocol does not protect, a sentence each; the small cells are counted.

    Parameters
    ----------
    card : Scorecard
        Its options count; it need not be fitted.
    told : dict of str to Disclosed
        Party -> what fitting took out of it.
    """
    small = "; ".join(f"{name} {one.small_cells} of {one.cells}" for name, one in told.items())
    common = (
        "The process that adds up sees each party's counts and slopes, not their sum alone: "
        "whoever runs it must be trusted with these.",
        f"A count of a few rows says something of single people. Cells told that hold fewer than "
        f"{SMALLEST_CELL} of a party's rows: {small}.",
        "Quantiles are exact: a threshold, and a cut point near it, may be one person's value.",
    )
    fused = (
        "A curvature of a pair of intervals is near the count of rows in both: of every two "
        "columns it says how they go together.",
    )
    own = (*common, *fused) if isinstance(card.bin_limits, FusedOptions) else common
    return (*own, *UNPROTECTED)
