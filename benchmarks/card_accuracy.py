"""The default card against the other methods and the peers' card, over seeds of 2-fold CV.

``python -m benchmarks.card_accuracy DIR --seeds 20 --sets german taiwan --models default woe``.
The peers' card (OptBinning's bins and a logistic regression) joins where it is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from benchmarks.card_sets import GENERATED, PUBLISHED, Case, cases
from credit.binning import BinLimits
from credit.evaluate import ece, ece_floor, paired_table
from credit.scorecard import FusedOptions, Scorecard

Model = Callable[[pd.DataFrame, np.ndarray[Any, Any], Case], Any]
REFERENCE = "optbinning"


def _card(binning: BinLimits | None) -> Model:
    def fit(X: pd.DataFrame, y: Any, case: Case) -> Any:
        codes = dict(case.special_codes)
        return Scorecard(binning=binning, special_codes=codes, random_state=0).fit(X, y)

    return fit


def _boost(X: pd.DataFrame, y: Any, case: Case) -> Any:
    from credit.boost import BoostedModel

    codes = dict(case.special_codes)
    return BoostedModel(special_codes=codes, random_state=0).fit(X, y)


class Peer:
    """OptBinning's process with its defaults and a logistic regression with its own."""

    def __init__(self, X: pd.DataFrame, y: Any, case: Case) -> None:
        from optbinning import BinningProcess

        texts = [name for name in X if not pd.api.types.is_numeric_dtype(X[name])]
        self.process = BinningProcess(
            list(X.columns),
            categorical_variables=texts,
            binning_fit_params={
                name: {"special_codes": list(codes)} for name, codes in case.special_codes.items()
            },
        )
        self.model = LogisticRegression(max_iter=1000)
        self.model.fit(self.process.fit_transform(X, y), y)

    def predict_proba(self, X: pd.DataFrame) -> Any:
        return self.model.predict_proba(self.process.transform(X))


MODELS: dict[str, Model] = {
    "default": _card(None),
    "woe": _card(BinLimits()),
    "fused": _card(FusedOptions()),
    "boost": _boost,
    REFERENCE: Peer,
}


def measure(case: Case, models: list[str], seeds: range) -> pd.DataFrame:
    """Return one row for each seed, fold and model: AUC, log-loss, ECE in its floor, points."""
    rows = []
    for seed in seeds:
        folds = StratifiedKFold(2, shuffle=True, random_state=seed).split(case.X, case.y)
        for fold, (train, test) in enumerate(folds):
            X, Z = case.X.iloc[train], case.X.iloc[test]
            for name in models:
                start = time.process_time()
                model = MODELS[name](X, case.y[train], case)
                seconds = time.process_time() - start
                p = model.predict_proba(Z)[:, 1]
                row = {"seed": seed, "fold": fold, "model": name, "seconds": seconds}
                row["auc"] = roc_auc_score(case.y[test], p)
                row["log-loss"] = log_loss(case.y[test], p)
                if isinstance(model, Scorecard):
                    row["ece / floor"] = ece(case.y[test], p) / ece_floor(p, seed=0)[0]
                    row["points"] = roc_auc_score(case.y[test], -model.points(Z)) - row["auc"]
                rows.append(row)
    return pd.DataFrame(rows)


def report(case: Case, found: pd.DataFrame, reference: str) -> str:
    """Return means, and differences to a reference with corrected 95 % intervals."""
    order = list(dict.fromkeys(found["model"]))
    means = found.drop(columns=["seed", "fold"]).groupby("model").mean().loc[order]
    parts = [
        f"{case.name}: {len(case.y)} rows, {case.X.shape[1]} columns, {case.y.mean():.1%} bad",
        means.round(5).to_string(),
    ]
    for metric in ("auc", "log-loss"):
        scores = found.pivot_table(index=["seed", "fold"], columns="model", values=metric)[order]
        half = len(case.y) / 2
        if reference in order and len(order) > 1:
            table = paired_table(scores, n_train=half, n_test=half, reference=reference)
            columns = ["model", "difference", "low", "high"]
            parts.append(f"{metric} above {reference}\n{table[columns].round(5).to_string()}")
    return "\n".join(parts) + "\n\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--first", type=int, default=100, help="the first seed; 0 to 2 chose")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--sets", nargs="+", default=[*PUBLISHED, *GENERATED])
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--reference", default=REFERENCE)
    asked = parser.parse_args()
    models = asked.models
    if importlib.util.find_spec(REFERENCE) is None:
        models = [name for name in models if name != REFERENCE]
    warnings.filterwarnings("ignore", module="sklearn|optbinning|ortools")
    for case in cases(asked.root, asked.sets):
        found = measure(case, models, range(asked.first, asked.first + asked.seeds))
        sys.stdout.write(report(case, found, asked.reference))
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
