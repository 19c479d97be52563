"""Findings: everything a run has found, before a line of it is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.dataset import Dataset
from credit.pipeline.assess import Assessment
from credit.pipeline.book import Book
from credit.pipeline.config import Pipeline
from credit.pipeline.fit import Fitted, Plan
from credit.pipeline.lineage import Lineage
from credit.pipeline.refused import Refused
from credit.pipeline.screen import Screening
from credit.split import Fold


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything an experiment has found, before it is written.

    ``group`` is the protected group of each row of ``data``, where a fairness audit is asked for;
    ``true_ceilings`` the ceiling AUC of each subset of the dimensions, where it is known;
    ``book`` the applications' loans, where the tables hold them; ``refused`` what an inference
    says of refused applicants, where the pipeline asks for one.
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

    @property
    def learnt(self) -> npt.NDArray[np.int64]:
        """Positions of the rows the models were fitted on."""
        return self.fold.train
