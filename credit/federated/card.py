"""A scorecard that several parties fit together: each keeps its rows, and all get the card.

Whatever a card's fit sums over rows is summed over parties, so the steps are those of the fit on
all rows in one place. Every party computes everything else by itself, from the same sums, and so
arrives at the same card; in the end they compare it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from credit.binning import BinLimits, Counts, Sample
from credit.columns import Kind, kinds_of, known_names, read_frame, read_outcome
from credit.errors import CreditError, FederatedError, ModelError
from credit.federated.agree import (
    EMPTY,
    Facts,
    exchange,
    fingerprint,
    kinds_agreed,
    labels_agreed,
    refuse_errors,
    refuse_options,
)
from credit.federated.counts import Column, count_together, own_rows, read_column
from credit.federated.reduce import Number, Reducer
from credit.frames import Frame, as_frame
from credit.scorecard import Scorecard, WoeOptions

SMALLEST_CELL = 10
"""Fewer rows of one party in a cell that it tells are called a small cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What fitting a card took out of one party.

    Attributes
    ----------
    rounds, numbers : int
        Sums it took part in, and numbers of 8 bytes it gave to them.
    cells, small_cells : int
        Counts of its rows by candidate and outcome that are not 0, and those of them below
        ``SMALLEST_CELL``: with so few rows a count says something of single people.
    """

    rounds: int
    numbers: int
    cells: int
    small_cells: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FederatedCard:
    """The card of all parties, and what this one told the others for it."""

    card: Scorecard
    told: Told


class Counted:
    """A reducer that counts what goes through it."""

    def __init__(self, reducer: Reducer) -> None:
        self._reducer = reducer
        self.rounds = 0
        self.numbers = 0

    @property
    def rank(self) -> int:
        """Number of this party, from 0."""
        return self._reducer.rank

    @property
    def parties(self) -> int:
        """How many there are."""
        return self._reducer.parties

    def sum(self, values: NDArray[Number]) -> NDArray[Number]:
        """Return the sum over parties."""
        self.rounds += 1
        self.numbers += values.size
        return self._reducer.sum(values)


def fit_card(card: Scorecard, X: Any, y: ArrayLike, reducer: Reducer) -> FederatedCard:
    """Fit a scorecard on the rows of all parties; each calls this with its own.

    The bins are those of ``card.fit`` on all rows in one place, to the bit. So are, up to the
    order in which floats are added, the coefficients of a woe card and their standard errors.
    Of a fused card, bags and folds are dealt by each party among its own rows: the card is the
    one that all rows in one place give under the same deals.

    Parameters
    ----------
    card : Scorecard
        Its options, the same at every party; it is not fitted itself.
    X : frame (rows, features)
        This party's rows, or none. The columns are every party's, in any order; one without any
        value will do.
    y : (rows,)
        Outcome. A party may hold one class only.
    reducer : Reducer

    Raises
    ------
    FederatedError
        Parties do not hold the same columns in the same kinds, have different options, or got
        different cards; or one of them has an error, which all of them raise.
    ModelError
        All parties together hold one outcome only, or more than two; the card needs weights or
        periods, or chooses stepwise.
    """
    metered = Counted(reducer)
    fitted: Scorecard = clone(card)
    mine = _read(fitted, X, y)
    every = [Facts(**one) for one in exchange(metered, asdict(mine.facts))]
    refuse_errors([one.error for one in every])
    refuse_options(every)
    kinds, labels = kinds_agreed(every), labels_agreed(every)
    known_names("special_codes", fitted.special_codes or {}, kinds)
    bad = (mine.outcome == labels[1]).astype(np.float64)
    sample = Sample.of(bad, np.ones(len(bad)), whole=metered)
    columns = _columns(fitted, mine.frame, kinds, sample, metered)
    counts = count_together(
        columns, limits=fitted.bin_limits, special_codes=fitted.special_codes or {}, reducer=metered
    )
    fitted.features_, fitted.n_features_in_ = tuple(kinds), len(kinds)
    fitted.feature_names_in_ = np.array(list(kinds), dtype=object)
    fitted.fit_counted(mine.frame[list(kinds)], sample, counts, np.array(labels))
    _refuse_other_cards(exchange(metered, fingerprint(fitted.to_dict())))
    return FederatedCard(card=fitted, told=_told(columns, counts, metered))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Own:
    """What a party has read, and what it says of it."""

    frame: Frame = field(default_factory=pd.DataFrame)
    outcome: NDArray[Any] = field(default_factory=lambda: np.zeros(0))
    facts: Facts


def _read(card: Scorecard, X: Any, y: ArrayLike) -> _Own:
    """Read this party's rows; what is wrong with them becomes a fact that the others hear."""
    try:
        _refuse_unsummed(card.bin_limits)
        frame = read_frame(card, X, reset=True) if len(X) else as_frame(X)
        outcome = read_outcome(card, y, len(frame)) if len(X) else np.zeros(0)
        kinds = kinds_of(frame)
    except CreditError as error:
        return _Own(facts=Facts(error=str(error)))
    told = {name: EMPTY if frame[name].isna().all() else kind for name, kind in kinds.items()}
    options = {name: fingerprint(value) for name, value in card.get_params(deep=False).items()}
    labels = np.unique(outcome).tolist()
    return _Own(
        frame=frame,
        outcome=outcome,
        facts=Facts(columns=told, labels=labels, options=options),
    )


def _columns(
    card: Scorecard, frame: Frame, kinds: Mapping[str, Kind], sample: Sample, reducer: Reducer
) -> dict[str, Column]:
    """Read every column as the kind that all agree on; no party goes on if one cannot."""
    columns: dict[str, Column] = {}
    codes, failed = card.special_codes or {}, ""
    try:
        for name, kind in kinds.items():
            own = tuple(codes.get(name, ()))
            columns[name] = read_column(frame[name], name, kind, sample, own)
    except CreditError as error:
        failed = str(error)
    refuse_errors(exchange(reducer, failed))
    return columns


def _refuse_unsummed(limits: BinLimits) -> None:
    """Refuse rules whose sums are not shared."""
    chosen = limits.selection if isinstance(limits, WoeOptions) else None
    if chosen is not None and (chosen.stepwise is not None or chosen.max_psi < np.inf):
        raise ModelError(
            "selection: a federated card chooses by information value, correlation and VIF; "
            "stepwise and max_psi need rows that no party has alone. Remove them."
        )
    if limits.neighbours.same_order:
        raise ModelError("same_order: parties count no periods. Remove it from the limits.")


def _refuse_other_cards(prints: list[str]) -> None:
    other = [rank for rank, one in enumerate(prints) if one != prints[0]]
    if other:
        raise FederatedError(
            f"parties {other} arrived at another card than party 0. The sums are the same, so "
            "their machines calculate differently: let all use the same versions of NumPy and "
            "SciPy on the same kind of processor."
        )


def _told(columns: Mapping[str, Column], counts: Mapping[str, Counts], metered: Counted) -> Told:
    cells = np.concatenate([own_rows(one, counts[name]).ravel() for name, one in columns.items()])
    return Told(
        rounds=metered.rounds,
        numbers=metered.numbers,
        cells=int((cells > 0).sum()),
        small_cells=int(((cells > 0) & (cells < SMALLEST_CELL)).sum()),
    )
