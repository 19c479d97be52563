"""What one party does: a model of its own rows, one together with the others, both scored."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd
import xgboost as xgb
from numpy.typing import NDArray
from sklearn.base import clone

from credit.binning import BinLimits
from credit.boost import BoostedModel, Encoder
from credit.columns import Floats, read_frame
from credit.errors import ModelError
from credit.federated.boost import fit_together
from credit.federated.card import Disclosed, fit_card
from credit.federated.coalitions import MOST_COALITIONS, contributions
from credit.federated.transport import Seat, Told, joined
from credit.scorecard import Scorecard
from credit.whole import Whole, exchange

BOOSTER, ENCODER, CARD = "booster.ubj", "encoder.json", "scorecard.json"

T = TypeVar("T")


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
        ``order`` and ``groups`` of the rows to learn from, as the fit of trees takes them.
    test_y : array, optional
        Outcomes of the rows to score: with them parties learn what each contributes.
    """

    X: pd.DataFrame
    y: NDArray[np.int64]
    test: pd.DataFrame
    clues: Mapping[str, Any] = field(default_factory=dict)
    test_y: NDArray[np.int64] | None = None


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
    disclosed : Disclosed, optional
        What a card's fit took out of the party.
    """

    alone: Floats | None
    federated: Floats
    alone_seconds: float
    federated_seconds: float
    model_sha256: str
    disclosed: Disclosed | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Turns:
    """What a party's models score, by folder, and what each party contributes to the AUC."""

    of: Mapping[Path, Scored]
    contributions: Mapping[str, float]


Model = BoostedModel | Scorecard
"""What parties can train together."""


def take_turns(seat: Seat, rows: Rows, model: Model, folder: Path, told: Told) -> Scored:
    """Fit one model alone, then together: :func:`take_all_turns` of one."""
    return take_all_turns(seat, rows, {folder: model}, told).of[folder]


def take_all_turns(seat: Seat, rows: Rows, models: Mapping[Path, Model], told: Told) -> Turns:
    """Fit each model alone, then together; write the latter and return what test rows score.

    Where a scorecard is among several models and the test rows have outcomes, up to six parties
    also learn what each contributes: by the classic card, a fit of which for every coalition
    costs little.

    Parameters
    ----------
    seat : Seat
    rows : Rows
    models : dict of Path to model
        Folder -> a model that is not fitted, equal at all parties. The folder gets the federated
        model, whole or not at all; it must not exist.
    told : callable
    """
    told("training alone", 0.0)
    alone = {folder: _timed(partial(_fit_alone, model, rows)) for folder, model in models.items()}
    told("training together", 0.0)
    shares: dict[str, float] = {}
    with joined(seat) as reducer:
        fits = {
            folder: _timed(partial(_fit_together, model, rows, reducer, seat.name))
            for folder, model in models.items()
        }
        cards = [model for model in models.values() if isinstance(model, Scorecard)]
        if cards and rows.test_y is not None and reducer.parties <= MOST_COALITIONS:
            told("weighing each party", 0.0)
            names = exchange(reducer, seat.name)
            classic = clone(cards[0]).set_params(binning=BinLimits())
            shares = contributions(
                classic, (rows.X, rows.y), (rows.test, rows.test_y), reducer, names
            )
    told("training together", 1.0)
    scored = {}
    for folder, (fitted, seconds) in fits.items():
        own, own_seconds = alone[folder]
        scored[folder] = Scored(
            alone=None if own is None else own.decision_function(rows.test),
            federated=fitted.model.decision_function(rows.test),
            alone_seconds=own_seconds,
            federated_seconds=seconds,
            model_sha256=write_model(folder, fitted.model),
            disclosed=fitted.disclosed,
        )
    return Turns(of=scored, contributions=shares)


def _timed(fit: Callable[[], T]) -> tuple[T, float]:
    begun = time.process_time()
    found = fit()
    return found, time.process_time() - begun


def _fit_alone(model: Model, rows: Rows) -> Model | None:
    if min(np.bincount(rows.y, minlength=2)) < 2:
        return None
    clues = rows.clues if isinstance(model, BoostedModel) else {}
    fitted: Model = clone(model).fit(rows.X, rows.y, **clues)
    return fitted


class _Together(NamedTuple):
    """A model of all parties, and what a card's fit took out of this one."""

    model: Model
    disclosed: Disclosed | None


def _fit_together(model: Model, rows: Rows, reducer: Whole, party: str) -> _Together:
    if isinstance(model, Scorecard):
        found = fit_card(model, rows.X, rows.y, reducer, party=party)
        return _Together(found.card, found.disclosed)
    grown = fit_together(clone(model), rows.X, rows.y, reducer, party=party, clues=rows.clues)
    return _Together(grown, None)


def write_model(folder: Path, model: Model) -> str:
    """Write a fitted model as plain files, the folder by one rename; return their SHA-256.

    Raises
    ------
    ModelError
        The folder exists.
    """
    if folder.exists():
        raise ModelError(f"{folder}: exists already. Choose another folder for the model.")
    files = _files(model)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial_folder = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in files.items():
            (partial_folder / name).write_bytes(content)
        partial_folder.rename(folder)
    finally:
        shutil.rmtree(partial_folder, ignore_errors=True)
    return hashlib.sha256(b"".join(files[name] for name in sorted(files))).hexdigest()


def _files(model: Model) -> dict[str, bytes]:
    if isinstance(model, Scorecard):
        plain = model.to_dict()
        return {CARD: json.dumps(plain, ensure_ascii=False, indent=1).encode()}
    plain = {
        "encoder": model.encoder_.to_dict(),
        "rounds": model.rounds_,
        "classes": model.classes_.tolist(),
    }
    return {
        BOOSTER: bytes(model.booster_.save_raw("ubj")),
        ENCODER: json.dumps(plain, sort_keys=True, ensure_ascii=False, indent=1).encode(),
    }


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
