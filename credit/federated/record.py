"""What a federated run found, as plain data: what a page, a notebook or a file is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A number and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """AUC (DeLong's interval) and KS (people drawn again) on rows no model has seen."""

    auc: Interval
    ks: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyRow:
    """One party and one kind of model: alone, together, and if all rows had been in one place.

    Attributes
    ----------
    party, model : str
        The party's name, and ``"xgboost"``, ``"scorecard"`` or another kind.
    train_rows, train_bads, test_rows, test_bads : int
        The party's own; all three models are measured on the same test rows.
    alone : Quality or None
        A model fitted on this party's rows only; None where one class has too few of them.
    federated, central : Quality
        The model all parties trained together, and one fitted on all rows in one place.
    gain : Interval or None
        AUC federated - alone on the same rows (DeLong, paired).
    short : Interval
        AUC federated - central on the same rows (DeLong, paired).
    alone_seconds, federated_seconds : float
        CPU of this party for each.
    model_sha256 : str
        Of the federated model as this party holds it.
    """

    party: str
    model: str
    train_rows: int
    train_bads: int
    test_rows: int
    test_bads: int
    alone: Quality | None
    federated: Quality
    central: Quality
    gain: Interval | None
    short: Interval
    alone_seconds: float
    federated_seconds: float
    model_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU seconds of one kind of model.

    Attributes
    ----------
    central, federated : float
        One process with all rows; all parties and the one that adds up, together.
    ratio : float
        ``federated / central``.
    """

    central: float
    federated: float

    @property
    def ratio(self) -> float:
        """How many times the CPU of one place it takes."""
        return self.federated / self.central


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """One kind of thing that leaves a party: what it is, how often, who sees it."""

    what: str
    when: str
    seen_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FederatedResult:
    """Everything a federated run found.

    Attributes
    ----------
    name : str
        The pipeline's.
    started : str
        ISO 8601, UTC.
    parties : tuple of str
        In the order of ranks, which is the order sums are stated in.
    divided_by : str
        How rows came to the parties: a number of shares, or a column.
    rows : tuple of PartyRow
        One a party and kind of model.
    costs : dict of str to Cost
        By kind of model.
    leaving : tuple of Leaving
    unprotected : tuple of str
        What the protocol does not protect, a sentence each.
    contributions : dict of str to float
        Shapley value of each party in AUC; empty where coalitions were not trained.
    """

    name: str
    started: str
    parties: tuple[str, ...]
    divided_by: str
    rows: tuple[PartyRow, ...]
    costs: Mapping[str, Cost]
    leaving: tuple[Leaving, ...]
    unprotected: tuple[str, ...]
    contributions: Mapping[str, float] = field(default_factory=dict)

    def of_model(self, model: str) -> tuple[PartyRow, ...]:
        """Return the rows of one kind of model, in the order of parties."""
        return tuple(row for row in self.rows if row.model == model)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON; costs carry their ratio."""
        plain = asdict(self)
        plain["costs"] = {k: asdict(c) | {"ratio": c.ratio} for k, c in self.costs.items()}
        return plain
