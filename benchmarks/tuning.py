"""What a search for options costs: 150,000 rows x 10 columns, 40 trials, and the final fit.

``python -m benchmarks.tuning [--rows 150000] [--trials 40]``. The bar is 15 minutes on two cores.
The frame is generated (`credit.world` has more columns): skewed amounts, counts, missing values,
6.7 % bad, in the order of time; the last quarter judges the trials.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks.run import machine
from credit.dataset import Dataset
from credit.feature import Catalogue
from credit.pipeline.config import BoostSection, SplitSection
from credit.pipeline.models import Knowledge, make
from credit.pipeline.tune import Search, tune
from credit.split import Fold

COLUMNS, BAD_RATE, LATE = 10, 0.067, 0.25


def applications(rows: int) -> tuple[Dataset, Fold]:
    """Return generated applications, and a fold in the order of time."""
    draw = np.random.default_rng(1)
    z = draw.normal(size=(rows, COLUMNS))
    effect = z[:, 0] + 0.7 * np.abs(z[:, 1]) - 0.5 * z[:, 2] * z[:, 3] + 0.4 * (z[:, 4] > 1)
    threshold = np.quantile(effect + draw.logistic(size=rows), 1 - BAD_RATE)
    bad = (effect + draw.logistic(size=rows) > threshold).astype(np.int64)
    X = pd.DataFrame({f"amount{i}": np.exp(z[:, i]).round(2) for i in range(COLUMNS)})
    X = X.mask(draw.random(X.shape) < 0.05)
    instants = pd.Series(np.arange(rows) * 1_000_000, dtype="Int64")
    data = Dataset(
        X=X, y=pd.Series(bad, dtype="Int8"),
        status=pd.Series(np.where(bad, "bad", "good")),
        person=pd.Series(np.arange(rows)), as_of=instants, known_at=instants,
        application_id=pd.Series(np.arange(rows)), segment=pd.Series([pd.NA] * rows),
        catalogue=Catalogue(()),
    )  # fmt: skip
    cut = int(rows * (1 - LATE))
    nobody = np.empty(0, dtype=np.int64)
    return data, Fold(train=np.arange(cut), validation=np.arange(cut, rows), test=nobody)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=150_000)
    parser.add_argument("--trials", type=int, default=40)
    asked = parser.parse_args()
    data, fold = applications(asked.rows)
    wall, cpu = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        search = Search(
            section=BoostSection(trials=asked.trials),
            knowledge=Knowledge(), journal=Path(folder) / "optuna.journal", name="tuning", seed=1,
            split=SplitSection(kind="out_of_time", test_from=date(2024, 1, 1)),
        )  # fmt: skip
        study = tune(data, fold, search, lambda _stage, _share: None)
    searched = time.process_time() - cpu
    X, y = data.X.iloc[fold.train], data.y.iloc[fold.train].to_numpy(dtype=np.int64)
    model = make("boost", X, knowledge=Knowledge(), boost=study.best, seed=1).fit(X, y)
    held = fold.validation
    auc = roc_auc_score(data.y.iloc[held].astype(int), model.predict_proba(data.X.iloc[held])[:, 1])
    pruned = int((study.trials["state"] == "PRUNED").sum())
    sys.stdout.write(
        f"{asked.rows:,} x {COLUMNS}, {asked.trials} trials ({pruned} pruned): search "
        f"{searched:,.0f} CPU s, with the final fit {time.process_time() - cpu:,.0f} CPU s and "
        f"{time.perf_counter() - wall:,.0f} s of wall; AUC {auc:.4f} on the rows that judged; "
        f"chosen depth {study.best.max_depth}, eta {study.best.eta:.3f}\n\n{machine()}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
