"""What one party does: a model of its own rows, one together with the others, both scored."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb
from numpy.typing import NDArray
from sklearn.base import clone

from credit.boost import BoostedModel, Encoder
from credit.columns import Floats, read_frame
from credit.errors import ModelError
from credit.federated.boost import fit_together
from credit.federated.transport import Seat, Told, joined

BOOSTER, ENCODER = "booster.ubj", "encoder.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """A party's rows, which stay in its process.

    Attributes
    ----------
    X, y : DataFrame, array
        To learn from; y is 1 for bad.
    test : DataFrame
        To score.
    clues : dict
        ``order`` and ``groups`` of the rows to learn from, as the fit takes them.
    """

    X: pd.DataFrame
    y: NDArray[np.int64]
    test: pd.DataFrame
    clues: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """Margins of a party's test rows, and what they cost.

    Attributes
    ----------
    alone : array or None
        None where this party's rows are too few of a class for a model.
    federated : array
    alone_seconds, federated_seconds : float
        CPU.
    model_sha256 : str
        Of the federated model's files.
    """

    alone: Floats | None
    federated: Floats
    alone_seconds: float
    federated_seconds: float
    model_sha256: str


def take_turns(seat: Seat, rows: Rows, model: BoostedModel, folder: Path, told: Told) -> Scored:
    """Fit alone, then together; write the federated model and return what test rows score.

    Parameters
    ----------
    seat : Seat
    rows : Rows
    model : BoostedModel
        Not fitted; equal at all parties.
    folder : Path
        Gets the federated model, whole or not at all; must not exist.
    told : callable
    """
    told("training alone", 0.0)
    begun = time.process_time()
    alone = None
    if min(np.bincount(rows.y, minlength=2)) >= 2:
        alone = clone(model).fit(rows.X, rows.y, **rows.clues)
    alone_seconds = time.process_time() - begun
    told("training together", 0.0)
    begun = time.process_time()
    with joined(seat) as reducer:
        together = fit_together(
            clone(model), rows.X, rows.y, reducer, party=seat.name, clues=rows.clues
        )
    federated_seconds = time.process_time() - begun
    told("training together", 1.0)
    digest = write_model(folder, together)
    return Scored(
        alone=None if alone is None else alone.decision_function(rows.test),
        federated=together.decision_function(rows.test),
        alone_seconds=alone_seconds,
        federated_seconds=federated_seconds,
        model_sha256=digest,
    )


def write_model(folder: Path, model: BoostedModel) -> str:
    """Write a fitted model as plain files, the folder by one rename; return their SHA-256.

    Raises
    ------
    ModelError
        The folder exists.
    """
    if folder.exists():
        raise ModelError(f"{folder}: exists already. Choose another folder for the model.")
    plain = {
        "encoder": model.encoder_.to_dict(),
        "rounds": model.rounds_,
        "classes": model.classes_.tolist(),
    }
    files = {
        BOOSTER: bytes(model.booster_.save_raw("ubj")),
        ENCODER: json.dumps(plain, sort_keys=True, ensure_ascii=False, indent=1).encode(),
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in files.items():
            (partial / name).write_bytes(content)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest()


def read_model(folder: Path, model: BoostedModel) -> BoostedModel:
    """Return ``model``, not fitted, with the trees and names that :func:`write_model` wrote.

    The files are those of a run of one's own: they are parsed as they are, without the checks that
    an artifact from elsewhere gets.
    """
    plain = json.loads((folder / ENCODER).read_bytes())
    fitted = clone(model)
    fitted.encoder_ = Encoder.from_dict(plain["encoder"])
    columns = [plan.feature for plan in fitted.encoder_.columns]
    read_frame(fitted, pd.DataFrame([[np.nan] * len(columns)], columns=columns), reset=True)
    fitted.rounds_ = int(plain["rounds"])
    fitted.classes_ = np.array(plain["classes"])
    booster = xgb.Booster()
    booster.load_model(bytearray((folder / BOOSTER).read_bytes()))
    fitted.adopt(booster)
    return fitted
