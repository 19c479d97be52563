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

from credit import __version__
from credit.binning import BinLimits, Counts, Sample
from credit.columns import Kind, kinds_of, known_names, read_frame, read_outcome
from credit.errors import CreditError, ModelError
from credit.federated.agree import (
    EMPTY,
    Facts,
    fingerprint,
    kinds_at,
    labels_agreed,
)
from credit.federated.counts import Column, count_together, own_rows, read_column
from credit.federated.terms import Terms, agree
from credit.frames import Frame, as_frame
from credit.scorecard import Scorecard, WoeOptions
from credit.whole import Number, Whole, exchange

SMALLEST_CELL = 10
"""Fewer rows of one party in a cell that it tells are called a small cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
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
    """The card of all parties, and what this one disclosed for it."""

    card: Scorecard
    disclosed: Disclosed


class Counted:
    """A reducer that counts what goes through it."""

    def __init__(self, reducer: Whole) -> None:
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


def fit_card(
    card: Scorecard, X: Any, y: ArrayLike, reducer: Whole, *, party: str = ""
) -> FederatedCard:
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
    reducer : Whole
    party : str
        What this one is called in errors; its rank without it.

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
    name = party or str(reducer.rank)
    mine = _read(fitted, X, y)
    every = [Facts(**one) for one in exchange(metered, asdict(mine.facts))]
    kinds = kinds_at(mine.facts.columns, every)
    agree(metered, _terms(card, name, kinds, mine.lacking))
    labels = labels_agreed(every)
    known_names("special_codes", fitted.special_codes or {}, kinds)
    bad = (mine.outcome == labels[1]).astype(np.float64)
    sample = Sample.of(bad, np.ones(len(bad)), whole=metered)
    columns, lacking = _columns(fitted, mine.frame, kinds, sample)
    agree(metered, Terms(party=name, columns={}, settings={}, lacking=lacking))
    counts = count_together(
        columns, limits=fitted.bin_limits, special_codes=fitted.special_codes or {}, reducer=metered
    )
    fitted.features_, fitted.n_features_in_ = tuple(kinds), len(kinds)
    fitted.feature_names_in_ = np.array(list(kinds), dtype=object)
    fitted.fit_counted(mine.frame[list(kinds)], sample, counts, np.array(labels))
    same = {"the finished card": fingerprint(fitted.to_dict())}
    agree(metered, Terms(party=name, columns={}, settings=same))
    return FederatedCard(card=fitted, disclosed=_disclosed(columns, counts, metered))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Own:
    """What a party has read, and what it says of it."""

    frame: Frame = field(default_factory=pd.DataFrame)
    outcome: NDArray[Any] = field(default_factory=lambda: np.zeros(0))
    facts: Facts = field(default_factory=Facts)
    lacking: str = ""


def _read(card: Scorecard, X: Any, y: ArrayLike) -> _Own:
    """Read this party's rows; what is wrong with them becomes a fact that the others hear."""
    try:
        _refuse_unsummed(card.bin_limits)
        frame = read_frame(card, X, reset=True) if len(X) else as_frame(X)
        outcome = read_outcome(card, y, len(frame)) if len(X) else np.zeros(0)
        kinds = kinds_of(frame)
    except CreditError as error:
        return _Own(lacking=str(error))
    said = {name: EMPTY if frame[name].isna().all() else kind for name, kind in kinds.items()}
    facts = Facts(columns=said, labels=np.unique(outcome).tolist())
    return _Own(frame=frame, outcome=outcome, facts=facts)


def _terms(card: Scorecard, party: str, kinds: Mapping[str, Kind], lacking: str) -> Terms:
    """Return what must be equal at all: options, and columns in any order."""
    options = {name: str(value) for name, value in card.get_params(deep=False).items()}
    versions = {"versions": f"credit {__version__}, numpy {np.__version__}"}
    columns = {name: kinds[name] for name in sorted(kinds)}
    return Terms(party=party, columns=columns, settings=versions | options, lacking=lacking)


def _columns(
    card: Scorecard, frame: Frame, kinds: Mapping[str, Kind], sample: Sample
) -> tuple[dict[str, Column], str]:
    """Read every column as the kind that all agree on, and say why one cannot be read."""
    columns: dict[str, Column] = {}
    codes = card.special_codes or {}
    try:
        for name, kind in kinds.items():
            own = tuple(codes.get(name, ()))
            columns[name] = read_column(frame[name], name, kind, sample, own)
    except CreditError as error:
        return columns, str(error)
    return columns, ""


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


def _disclosed(
    columns: Mapping[str, Column], counts: Mapping[str, Counts], metered: Counted
) -> Disclosed:
    cells = np.concatenate([own_rows(one, counts[name]).ravel() for name, one in columns.items()])
    return Disclosed(
        rounds=metered.rounds,
        numbers=metered.numbers,
        cells=int((cells > 0).sum()),
        small_cells=int(((cells > 0) & (cells < SMALLEST_CELL)).sum()),
    )
