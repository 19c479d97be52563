"""What a policy's weights cost on Taiwan, beside the curve of the method's first trial.

The raw columns are given to the policy's dimensions thus: PAY_* (status of repayment) to
repayment, LIMIT_BAL to wealth, BILL_AMT* to consumption, PAY_AMT* to payment, SEX, EDUCATION,
MARRIAGE and AGE to social. Half of the rows are learnt from, half are measured on. Repayment
status holds most of the score's variance, the policy allows it a tenth: a hard case.

Then the seconds of one card held to range shares, at 15,000 rows and 25 features.

    python -m benchmarks.policy_price DIR

DIR is the folder of the published sets; without it the environment's CREDIT_DATA.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from credit.binning import BinLimits
from credit.boost import BoostedModel, BoostOptions
from credit.evaluate import auc
from credit.scorecard import (
    Scorecard,
    policy_shares,
    price_of_policy,
    price_of_ranges,
    range_card,
)

POLICY = {"payment": 0.30, "social": 0.25, "wealth": 0.20, "consumption": 0.15, "repayment": 0.10}

TRIAL = (0.7675, 0.7639, 0.7577, 0.7449, 0.7182)
"""AUC of the trial's card on its own split and columns, alpha 0, .25, .5, .75 and 1."""

TARGET = "default.payment.next.month"


def dimension_of(column: str) -> str:
    for start, dimension in (
        ("PAY_AMT", "payment"), ("PAY_", "repayment"), ("BILL", "consumption"), ("LIMIT", "wealth"),
    ):  # fmt: skip
        if column.startswith(start):
            return dimension
    return "social"


def taiwan(path: Path) -> None:
    """Print every curve beside the trial's."""
    X = pd.read_csv(path).drop(columns="ID")
    y = X.pop(TARGET).to_numpy()
    dimensions = {column: dimension_of(column) for column in X.columns}
    order = np.random.default_rng(0).permutation(len(X))
    fit, test = order[: len(X) // 2], order[len(X) // 2 :]
    rows = (X.iloc[fit], y[fit], X.iloc[test], y[test])
    common = {"dimensions": dimensions, "random_state": 0}
    card = Scorecard(binning=BinLimits(), **common).fit(*rows[:2])
    fused = Scorecard(**common).fit(*rows[:2])
    free = BoostedModel(**common).fit(*rows[:2])
    apart = BoostedModel(options=BoostOptions(by_dimension=True), **common).fit(*rows[:2])
    curves = {
        "card, variance": price_of_policy(card, *rows, dimensions, POLICY),
        "card, range": price_of_ranges(card, *rows, POLICY),
        "fused card, variance": price_of_policy(fused, *rows, dimensions, POLICY),
        "fused card, range": price_of_ranges(fused, *rows, POLICY),
        "XGBoost by dimension, variance": price_of_policy(apart, *rows, dimensions, POLICY).assign(
            free_auc=auc(y[test], free.decision_function(X.iloc[test]))
        ),
    }
    table = pd.DataFrame({"trial": (TRIAL[0], *TRIAL)}, index=["as it is", 0, 0.25, 0.5, 0.75, 1])
    for name, curve in curves.items():
        table[name] = [curve["free_auc"].iloc[0], *curve["auc"]]
    sys.stdout.write("AUC out of sample, by alpha\n" + table.T.round(4).to_string() + "\n\n")
    for name, model in (("card", card), ("fused card", fused)):
        for words, one in (("learnt", model), ("policy", range_card(model, *rows[:2], POLICY))):
            shares = policy_shares(one, rows[0], POLICY)
            sys.stdout.write(f"{name}, {words}\n{shares.round(3).to_string(index=False)}\n\n")


def speed(rows: int = 15_000, features: int = 25) -> None:
    """Print seconds of processor time of one card, and how far its shares are off."""
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(rows, features)))
    X.columns = [f"x{i}" for i in range(features)]
    owner = {name: list(POLICY)[i % len(POLICY)] for i, name in enumerate(X.columns)}
    strength = np.linspace(0.15, 0.4, features)
    y = (random.random(rows) < expit(X.to_numpy() @ strength - 1.5)).astype(int)
    card = Scorecard(dimensions=owner, random_state=0).fit(X, y)
    range_card(card, X, y, POLICY)  # compiles
    start = time.process_time()
    weighted = range_card(card, X, y, POLICY)
    taken = time.process_time() - start
    table = policy_shares(weighted, X, POLICY)
    off = float((table["range_share"] - table["policy"]).abs().max())
    sys.stdout.write(
        f"range shares, {rows:,} rows x {len(weighted.margins_)} features: {taken:.2f} s CPU, "
        f"shares off by at most {off:.1e}\n"
    )


def main() -> int:
    root = Path(
        sys.argv[1] if len(sys.argv) > 1 else os.environ.get("CREDIT_DATA", "../shared/data")
    )
    speed()
    path = root / "taiwan" / "taiwan.csv"
    if path.is_file():
        taiwan(path)
    else:
        sys.stdout.write(f"no published set in {root}; see `credit data list`\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
