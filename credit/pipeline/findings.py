"""Findings: everything a run has found, before a line of it is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.dataset import Dataset
from credit.explain import Offer, ReasonCode
from credit.pipeline.assess import Assessment
from credit.pipeline.book import Book
from credit.pipeline.config import Pipeline
from credit.pipeline.fit import Fitted, Plan
from credit.pipeline.lineage import Lineage
from credit.pipeline.refused import Refused
from credit.pipeline.screen import Screening
from credit.split import Fold


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One refused person: reasons, an offer, and P(bad) as each of its moves is made."""

    row: int
    reasons: tuple[ReasonCode, ...]
    offer: Offer
    path: list[float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Refusals:
    """What refused people are told, whether it is true, and what would change it.

    Attributes
    ----------
    cutoffs : dict of str to float
        Model -> P(bad) up to which it approves.
    rule : str
        Where the cut-offs come from, in words.
    horizon : int
        Days within which a change must be possible.
    fidelity : DataFrame
        ``model, reference, refused, tested, told, faithful, passed``: see
        `credit.explain.Fidelity`; ``told_kept, faithful_kept``: the same once reasons that fail
        are left out (`credit.explain.true_reasons`), tested by other values of the reference.
    recourse : DataFrame
        ``model, refused, near, sought, offered, flipped, one, two, three, levers``: those within
        `credit.pipeline.refusals.NEAR` points of the cut-off, for how many of them an offer was
        sought, the share who got one, the share of offers that flip the decision through the
        exported artifact, the shares of offers of one, two and three moves, and how many features
        can be moved.
    example : Example or None
        A person refused by the champion.
    """

    cutoffs: dict[str, float]
    rule: str
    horizon: int
    fidelity: pd.DataFrame
    recourse: pd.DataFrame
    example: Example | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything an experiment has found, before it is written.

    ``group`` is the protected group of each row of ``data``, where a fairness audit is asked for;
    ``true_ceilings`` the ceiling AUC of each subset of the dimensions, where it is known;
    ``book`` the applications' loans, where the tables hold them; ``refused`` what an inference
    says of refused applicants, where the pipeline asks for one;
    ``refusals`` are known once the artifacts are written, through which offers are scored.
    """

    config: Pipeline
    started: datetime
    stamp: str
    whole: Dataset
    data: Dataset
    fold: Fold
    shared: Plan
    fitted: list[Fitted]
    champion: Fitted
    assessment: Assessment
    screening: Screening
    trials: pd.DataFrame | None
    data_sha256: str
    notes: list[str]
    bayes: npt.NDArray[np.float64] | None
    true_shares: dict[str, float] | None
    lineage: Lineage
    book: Book | None = None
    refused: Refused | None = None
    group: pd.Series | None = None
    true_ceilings: dict[str, float] | None = None
    refusals: Refusals | None = None

    @property
    def learnt(self) -> npt.NDArray[np.int64]:
        """Positions of the rows the models were fitted on."""
        return self.fold.train
