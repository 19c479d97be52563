"""One pipeline file, embedded and on Spark: features, counts, bins, card, trees, scores.

    python -m benchmarks.spark_pipeline [PEOPLE [MASTER]]

Without arguments 80,000 people (20 million events) on ``local-cluster[2,1,1024]``: two executors
that are processes of their own, of one core and 1 GB each. Each road runs in a process of its
own; then bins and card must be the same, and scores and the AUC of the trees are compared.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

PEOPLE, MASTER = 80_000, "local-cluster[2,1,1024]"

PIPELINE = """
name = "spark"
seed = 3
[source]
kind = "world"
months = 36
[split]
kind = "out_of_time"
test_from = 2023-01-01
[features]
include = ["payment_large*", "payment_night*", "social_contact*", "wealth_stable*",
           "consumption_living*", "repayment_overdue*"]
[engine]
master = "{master}"
scratch = "{scratch}"
[models.scorecard]
[models.xgboost]
trials = 0
seeds = 1
[tracking]
enabled = false
"""


def train(kind: str, folder: Path) -> None:
    """Take the road to fitted models on one engine; keep what is to be compared."""
    from sklearn.metrics import roc_auc_score

    from credit.pipeline.config import load
    from credit.pipeline.fit import fit_models, plan
    from credit.pipeline.screen import screen
    from credit.pipeline.tables import prepare, silent
    from credit.pipeline.train import assemble, divide

    config = load(folder / "pipeline.toml", {"engine": {"kind": kind}})
    clock, said = time.perf_counter(), {}

    def done(stage: str) -> None:
        said[stage] = time.perf_counter() - clock

    prepared = prepare(config, data=folder / "world")
    done("check")
    with prepared.engine:
        data = assemble(config, prepared, silent).labelled()
        done("features")
        fold, _ = divide(config, data)
        learnt = np.sort(np.concatenate([fold.train, fold.validation]))
        data, _ = screen(data, learnt, config.features)
        shared = plan(config, data, prepared.special_codes)
        fitted, _ = fit_models(shared, data, fold, silent)
        done("bins, card, trees")
    models = {one.name: one for one in fitted}
    X, y = data.X.iloc[fold.test], data.y.iloc[fold.test].to_numpy(int)
    card, trees = models["scorecard"], models["xgboost"]
    aucs = {name: roc_auc_score(y, one.margin(X)) for name, one in models.items()}
    plain = card.model.to_dict()
    np.save(folder / f"{kind}.npy", np.column_stack([card.probability(X), trees.probability(X)]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    (folder / f"{kind}.json").write_text(
        json.dumps({"card": plain, "aucs": aucs, "wall": said, "peak": peak, "rows": len(data)})
    )


def bins(found: dict[str, Any]) -> list[object]:
    """Return the bins of a card as it was kept."""
    return [feature["bins"] for feature in found["card"]["features"]]


def spark_home(folder: Path) -> str:
    """Return a Spark home in a folder that may be written: a cluster keeps its work there."""
    import pyspark

    home = folder / "spark"
    home.mkdir()
    for part in Path(pyspark.__file__).parent.iterdir():
        (home / part.name).symlink_to(part)
    return str(home)


def main() -> int:
    if sys.argv[1:2] == ["train"]:
        train(sys.argv[2], Path(sys.argv[3]))
        return 0
    people = int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE
    master = sys.argv[2] if len(sys.argv) > 2 else MASTER
    from datetime import date

    from credit.world import WorldOptions, generate

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "scratch").mkdir()
        options = WorldOptions(people=people, start=date(2021, 1, 1), months=36, seed=3)
        made = generate(folder / "world", options)
        text = PIPELINE.format(master=master, scratch=folder / "scratch")
        (folder / "pipeline.toml").write_text(text, encoding="utf-8")
        environment = {
            **os.environ, "SPARK_HOME": spark_home(folder), "SPARK_LOCAL_IP": "127.0.0.1",
            "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONWARNINGS": "ignore",
        }  # fmt: skip
        sys.stdout.write(f"{people:,} people, {sum(made.rows.values()):,} rows, {master}\n")
        found = {}
        for kind in ("duckdb", "spark"):
            command = [sys.executable, "-m", "benchmarks.spark_pipeline", "train", kind, name]
            subprocess.run(command, check=True, env=environment)
            found[kind] = json.loads((folder / f"{kind}.json").read_text())
            walls = ", ".join(f"{k} {v:.1f} s" for k, v in found[kind]["wall"].items())
            sys.stdout.write(f"{kind:<7} {walls}; driver at most {found[kind]['peak']:.2f} GB\n")
            sys.stdout.flush()
        here, there = found["duckdb"], found["spark"]
        scores = [np.load(folder / f"{kind}.npy") for kind in found]
        apart = np.abs(scores[0] - scores[1]).max(axis=0)
        sys.stdout.write(
            f"{here['rows']:,} labelled applications; bins the same: "
            f"{bins(here) == bins(there)}; card the same: "
            f"{here['card'] == there['card']}; card's scores apart by {apart[0]:.1e}; "
            f"AUC of trees {here['aucs']['xgboost']:.4f} and {there['aucs']['xgboost']:.4f}\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
