"""A small case for Featuretools, in its own environment, and the same for this package.

`python -m benchmarks.peers.feature_tools NAME FOLDER FILE`: counts, sums, means and maxima of
payments out, and their merchants, over five windows, at 300 observations. Featuretools knows one
time of an event, so payments count as known when they happen; each window is a run of its own.
Conversions before and after are not measured.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import pandas as pd

from benchmarks.peers.feature_data import WINDOWS

OBSERVATIONS = 300
NAMES = {
    "COUNT(payments)": "out_count",
    "SUM(payments.amount_fen)": "out_sum",
    "MEAN(payments.amount_fen)": "out_mean",
    "MAX(payments.amount_fen)": "out_max",
    "NUM_UNIQUE(payments.merchant_id)": "merchants",
}
ZERO = ("out_count", "out_sum", "merchants")
"""What is 0, not null, where nothing happened."""


def tables(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    payments = pd.read_parquet(folder / "payments")
    payments["available_at"] = payments["event_time"]
    return payments, pd.read_parquet(folder / "observations.parquet").head(OBSERVATIONS)


def featuretools(folder: Path) -> tuple[float, pd.DataFrame]:
    import featuretools as ft

    from benchmarks.peers.feature_measure import cpu

    warnings.simplefilter("ignore")
    payments, observations = tables(folder)
    payments = payments[payments["direction"] == "out"]
    payments["at"] = pd.to_datetime(payments["event_time"], unit="us")
    payments["merchant_id"] = payments["merchant_id"].astype("int64").astype("category")
    entities = ft.EntitySet("credit")
    people = pd.DataFrame({"customer_id": observations["customer_id"].unique()})
    entities.add_dataframe(dataframe_name="people", dataframe=people, index="customer_id")
    entities.add_dataframe(
        dataframe_name="payments",
        dataframe=payments[["payment_id", "customer_id", "at", "amount_fen", "merchant_id"]],
        index="payment_id",
        time_index="at",
    )
    entities.add_relationship("people", "customer_id", "payments", "customer_id")
    cutoffs = pd.DataFrame(
        {
            "customer_id": observations["customer_id"],
            "time": pd.to_datetime(observations["as_of"], unit="us"),
        }
    )
    found, start = {}, cpu()
    for days in WINDOWS:
        matrix, _ = ft.dfs(
            entityset=entities, target_dataframe_name="people", cutoff_time=cutoffs,
            training_window=f"{days} days", include_cutoff_time=False, trans_primitives=[],
            agg_primitives=["count", "sum", "mean", "max", "num_unique"], max_depth=1,
            cutoff_time_in_index=True,
        )  # fmt: skip
        for said, name in NAMES.items():
            column = matrix[said].astype("float64")
            found[f"payment_{name}_{days}d"] = column.fillna(0) if name in ZERO else column
    took = cpu() - start
    frame = pd.DataFrame(found).reset_index()
    key = ["customer_id", "time"]
    frame = cutoffs.assign(observation_id=observations["observation_id"]).merge(frame, on=key)
    return took, frame.drop(columns=key)


def ours(folder: Path) -> tuple[float, pd.DataFrame]:
    from benchmarks.peers.feature_measure import cpu
    from benchmarks.peers.feature_ours import declared
    from credit.engine import Engine
    from credit.features import build, chosen

    payments, observations = tables(folder)
    names = [f"payment_{name}_{days}d" for days in WINDOWS for name in NAMES.values()]
    with Engine() as engine:
        engine.add("payments", payments)
        start = cpu()
        frame = build(engine, observations, chosen(declared(), names))
        return cpu() - start, frame


def main() -> int:
    name, folder, file = sys.argv[1:]
    took, frame = {"Featuretools": featuretools, "ours": ours}[name](Path(folder))
    frame.to_parquet(file, index=False)
    sys.stdout.write("\n" + json.dumps({"cpu": took}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
