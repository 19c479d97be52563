"""The models that `serving` and `exports` ask: a card and a forest over twenty numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from credit.artifact import ArtifactSpec, Provenance, write
from credit.boost import BoostedModel, BoostOptions
from credit.calibrate import Calibration, default_master_scale
from credit.scorecard import Scale, Scorecard

COLUMNS, TRAINED = 20, 20_000


def applicants(rows: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw numbers, a twentieth of them missing, and who turned bad."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, COLUMNS))
    X[random.random(X.shape) < 0.05] = np.nan
    known = np.nan_to_num(X)
    margin = -2 + 0.4 * known[:, :10].sum(axis=1) + known[:, 0] * known[:, 1]
    bad = random.random(rows) < 1 / (1 + np.exp(-margin))
    return pd.DataFrame(X, columns=[f"x{i}" for i in range(COLUMNS)]), bad.astype(int)


def _written(folder: Path, model: Any) -> Path:
    X, y = applicants(TRAINED, 0)
    spec = ArtifactSpec(
        sample=X, scale=Scale(), calibration=Calibration(), grades=default_master_scale(),
        provenance=Provenance(data_sha256="0" * 64),
    )  # fmt: skip
    return write(folder, model.fit(X, y), spec)


def boosted_artifact(folder: Path) -> Path:
    """Write a forest of 300 trees of depth 5."""
    options = BoostOptions(
        rounds=300,
        eta=0.02,
        max_depth=5,
        seeds=1,
        early_stopping=10_000,
        refit=False,
        min_child_weight=1.0,
    )
    return _written(folder / "boosted", BoostedModel(options=options, random_state=0))


def card_artifact(folder: Path) -> Path:
    """Write a card of twenty terms."""
    return _written(folder / "card", Scorecard(random_state=0))
