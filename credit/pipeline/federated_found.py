"""What a federated run found: every model measured alone, together and in one place."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from credit.boost import BoostedModel
from credit.dataset import Dataset
from credit.federated.card import Disclosed
from credit.federated.card_leaves import card_leaves, card_unprotected
from credit.federated.leaves import TREES_LEAVE, TREES_UNPROTECTED
from credit.federated.party import Model
from credit.federated.record import Cost, FederatedResult, Leaving, PartyRow
from credit.federated.together import Answers
from credit.pipeline.config import Pipeline
from credit.pipeline.federated_party import SCORES
from credit.pipeline.models import clues_of
from credit.pipeline.parties import Parties
from credit.pipeline.quality import gap, quality
from credit.pipeline.tables import Progress
from credit.scorecard import Scorecard
from credit.split import Fold


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OnePlace:
    """Everything in one place: the data, who learns from what, models that are not fitted."""

    data: Dataset
    fold: Fold
    parties: Parties
    models: Mapping[str, Model]

    def of(self, party: str, rows: np.ndarray[Any, np.dtype[np.int64]]) -> pd.Index:
        """Return the applications of a party among some rows."""
        person = self.data.person.iloc[rows]
        mine = person.isin(self.parties.people[party]).to_numpy()
        return pd.Index(self.data.application_id.iloc[rows[mine]])


def place_of(name: str, number: int) -> str:
    """Return a folder's name for a party, whatever is in the column."""
    plain = "".join(c if c.isalnum() or c in "-_" else "_" for c in name)
    return f"{number + 1:02d}-{plain[:60]}"


def found_of(
    config: Pipeline, started: datetime, whole: OnePlace, answers: Answers, folder: Path,
    progress: Progress,
) -> FederatedResult:  # fmt: skip
    """Fit in one place, and measure all on each party's test rows."""
    rows: list[PartyRow] = []
    costs = {}
    for done, model in enumerate(whole.models):
        progress("training in one place", done / len(whole.models))
        central, seconds = _central(config, whole, model)
        for number, (name, answer) in enumerate(zip(whole.parties.names, answers.of, strict=True)):
            scores = pd.read_parquet(folder / "parties" / place_of(name, number) / SCORES)
            tested = _tested(whole, central, scores, model)
            rows.append(_row(name, model, answer, tested, config.seed))
        spent = sum(row.federated_seconds for row in rows if row.model == model)
        # What adds up serves all models; each is charged a part by what its parties spent.
        costs[model] = Cost(central=seconds, federated=spent)
    progress("training in one place", 1.0)
    every = sum(cost.federated for cost in costs.values())
    server = answers.server_seconds
    costs = {
        model: replace(cost, federated=cost.federated * (1 + server / every))
        for model, cost in costs.items()
    }
    leaving, unprotected = _words(whole, answers)
    return FederatedResult(
        name=config.name,
        started=started.isoformat(timespec="seconds"),
        parties=whole.parties.names,
        divided_by=whole.parties.divided_by,
        rows=tuple(rows),
        costs=costs,
        leaving=leaving,
        unprotected=unprotected,
        contributions=answers.of[0]["contributions"],
    )


def _central(config: Pipeline, whole: OnePlace, model: str) -> tuple[Model, float]:
    """Fit a model on all rows to learn from, in one place; return it and its CPU seconds."""
    data, rows, options = whole.data, whole.fold.train, whole.models[model]
    clues = clues_of(data, rows, config.split) if isinstance(options, BoostedModel) else {}
    y = data.y.iloc[rows].to_numpy(dtype=np.int64)
    begun = time.process_time()
    fitted: Model = clone(options).fit(data.X.iloc[rows], y, **clues)
    return fitted, time.process_time() - begun


def _words(whole: OnePlace, answers: Answers) -> tuple[tuple[Leaving, ...], tuple[str, ...]]:
    """Return what leaves a party for all models, and what nothing protects, once each."""
    leaving: list[Leaving] = []
    unprotected: list[str] = []
    for model, options in whole.models.items():
        if isinstance(options, Scorecard):
            told = {
                name: Disclosed(**answer["models"][model]["disclosed"])
                for name, answer in zip(whole.parties.names, answers.of, strict=True)
            }
            leaving += card_leaves(options)
            unprotected += card_unprotected(options, told)
        else:
            leaving += TREES_LEAVE
            unprotected += TREES_UNPROTECTED
    return tuple(dict.fromkeys(leaving)), tuple(dict.fromkeys(unprotected))


def _tested(whole: OnePlace, central: Model, scores: pd.DataFrame, model: str) -> pd.DataFrame:
    """Return a model's scores of a party's test rows with outcomes, people, central margins."""
    at = pd.Index(whole.data.application_id).get_indexer(scores["application_id"])
    return pd.DataFrame(
        {
            "alone": scores[f"{model}_alone"],
            "federated": scores[f"{model}_federated"],
            "central": central.decision_function(whole.data.X.iloc[at]),
            "bad": whole.data.y.iloc[at].to_numpy(dtype=np.int64),
            "person": whole.data.person.iloc[at].to_numpy(),
        }
    )


def _row(
    party: str, model: str, answer: Mapping[str, Any], tested: pd.DataFrame, seed: int
) -> PartyRow:
    trained_alone = bool(tested["alone"].notna().all())
    own = answer["models"][model]
    return PartyRow(
        party=party,
        model=model,
        train_rows=answer["train_rows"],
        train_bads=answer["train_bads"],
        test_rows=len(tested),
        test_bads=int(tested["bad"].sum()),
        alone=quality(tested, "alone", seed) if trained_alone else None,
        federated=quality(tested, "federated", seed),
        central=quality(tested, "central", seed),
        gain=gap(tested, "federated", "alone") if trained_alone else None,
        short=gap(tested, "federated", "central"),
        alone_seconds=own["alone_seconds"],
        federated_seconds=own["federated_seconds"],
        model_sha256=own["model_sha256"],
    )
