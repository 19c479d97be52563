"""What one party of a federated run does in its own process: tables, features, models, scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from credit.boost import BoostedModel
from credit.dataset import Dataset
from credit.errors import FederatedError
from credit.feature import Catalogue
from credit.federated.party import Rows, take_turns
from credit.federated.transport import Seat, Told
from credit.pipeline.config import Pipeline
from credit.pipeline.models import clues_of
from credit.pipeline.tables import Prepared, open_engine
from credit.pipeline.train import assemble, without

ROWS, SCORES, MODEL = "rows.parquet", "scores.parquet", "model"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """What a party is told to do, and where its own things are.

    Attributes
    ----------
    config : Pipeline
    catalogue : Catalogue
        The features to build.
    audit : tuple of str
        Of them, those kept out of models.
    observed_until : int
        The instant up to which outcomes are known, microseconds.
    model : BoostedModel
        Not fitted; the same for all.
    tables : Path
        The folder of the party's own tables.
    folder : Path
        Gets its features, scores and model.
    learn, test : array
        Applications to learn from and to test on.
    """

    config: Pipeline
    catalogue: Catalogue
    audit: tuple[str, ...]
    observed_until: int
    model: BoostedModel
    tables: Path
    folder: Path
    learn: pd.Index
    test: pd.Index


def train_party(seat: Seat, task: Task, told: Told) -> dict[str, Any]:
    """Build the party's features from its own tables, train alone and together, score its test.

    Returns
    -------
    dict
        ``train_rows, train_bads, alone_seconds, federated_seconds, model_sha256``. Features,
        scores and the model are in its folder.
    """
    data = _own(task, told)
    learn = _positions(data, task.learn)
    test = _positions(data, task.test)
    y = data.y.iloc[learn].to_numpy(dtype=np.int64)
    rows = Rows(
        X=data.X.iloc[learn],
        y=y,
        test=data.X.iloc[test],
        clues=clues_of(data, learn, task.config.split),
    )
    scored = take_turns(seat, rows, task.model, task.folder / MODEL, told)
    scores = pd.DataFrame({"application_id": data.application_id.iloc[test].to_numpy()})
    scores["federated"] = scored.federated
    scores["alone"] = np.nan if scored.alone is None else scored.alone
    scores.to_parquet(task.folder / SCORES, index=False)
    data.X.assign(application_id=data.application_id).to_parquet(task.folder / ROWS, index=False)
    return {
        "train_rows": len(learn),
        "train_bads": int(y.sum()),
        "alone_seconds": scored.alone_seconds,
        "federated_seconds": scored.federated_seconds,
        "model_sha256": scored.model_sha256,
    }


def _own(task: Task, told: Told) -> Dataset:
    """Return the party's labelled applications, their features from its own tables alone."""
    told("building each party's features", 0.0)
    with open_engine(task.config, lambda _stage, _share: None) as engine:
        engine.add_directory(task.tables)
        prepared = Prepared(
            engine=engine, catalogue=task.catalogue, notes=[], special_codes={},
            observed_until=task.observed_until, truth=None,
        )  # fmt: skip
        whole = assemble(task.config, prepared, lambda _stage, _share: None)
    told("building each party's features", 1.0)
    return without(whole.labelled(), task.audit)


def _positions(data: Dataset, applications: pd.Index) -> np.ndarray[Any, np.dtype[np.int64]]:
    found = pd.Index(data.application_id).get_indexer(applications)
    if (found < 0).any():
        raise FederatedError(
            f"{int((found < 0).sum())} application(s) have an outcome in all tables together and "
            "none in this party's own. A loan must belong to the person who applied for it."
        )
    return np.sort(found.astype(np.int64))
