"""Monitoring on generated worlds: false alarms in stable months, and months until a planted break.

Each world has 44 months of applications. A card learns from the first nine, is calibrated on the
next three and then watched: 24 months in which nothing changes, and eight with one planted break
each, of people of one segment. In four their habits are riskier, so features and outcomes move; in
four their odds of bad alone rise, so that nothing shows before outcomes are known. A month is
watched when it ends, and again twelve months later with its outcomes; every month is judged alone,
so the one month of a break is its first.

Features of what contacts have borrowed are left out unless ``--growing`` is given: a world's lender
begins without a book, so they rise month by month, and a month of them is not a stable one.

    python -m benchmarks.watching --seeds 6 --people 24000
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.world_recovery import applications
from credit import artifact, monitor, runtime
from credit.calibrate import default_master_scale, fit_platt
from credit.dataset import Dataset
from credit.evaluate import delong
from credit.pipeline.fit import knowledge_of
from credit.pipeline.models import make
from credit.pipeline.screen import months_of
from credit.scorecard import Scale
from credit.world import Shock, WorldOptions, generate, read

START = date(2021, 1, 1)
LEARNT, CALIBRATED, STABLE = 9, 3, 24
SEGMENT = "blue_collar"
HABITS: tuple[dict[str, float], ...] = (
    {"traits": 0.5},
    {"traits": 0.75},
    {"traits": 1.0},
    {"traits": 1.0, "income": 0.7},
)
GROWING = ("social_borrower_share", "social_good_contact_share")
ODDS = (1.5, 2.0, 2.5, 3.0)
APPROVED = 0.7


def breaks() -> dict[str, Shock]:
    """Return the planted breaks, one month each, by their name."""
    first = LEARNT + CALIBRATED + STABLE
    found = {}
    for how in (*HABITS, *({"log_odds": math.log(times)} for times in ODDS)):
        name = ", ".join(f"{key} {value:.2f}" for key, value in how.items())
        found[name] = Shock(segment=SEGMENT, first=first, until=first + 1, **how)
        first += 1
    return found


def load(folder: Path, *, growing: bool) -> tuple[Dataset, np.ndarray]:
    """Return every application of a world with its features, and the outcome it will have."""
    data = applications(folder)
    if not growing:
        data = replace(data, X=data.X.drop(columns=[*GROWING]))
    truth = read(folder).frame.set_index("application_id")
    return data, truth["y"].loc[data.application_id].to_numpy(dtype=np.int64)


def trained(
    data: Dataset, y: np.ndarray, month: np.ndarray, folder: Path, seed: int
) -> tuple[runtime.Scorer, float]:
    """Write an artifact of a card of the first months; return it loaded, and its cut-off."""
    learnt = month < LEARNT
    held = (month >= LEARNT) & (month < LEARNT + CALIBRATED)
    X = data.X[learnt]
    card = make("card", X, knowledge=knowledge_of(data, {}), seed=seed).fit(X, y[learnt])
    line = fit_platt(card.decision_function(data.X[held]), y[held])
    stated = line.apply(card.decision_function(data.X[held]))
    ranking = delong(y[held], stated)
    auc = {"value": ranking.value, "low": ranking.low, "high": ranking.high}
    spec = artifact.ArtifactSpec(
        sample=X, scale=Scale(), calibration=line, grades=default_master_scale(),
        provenance=artifact.Provenance(data_sha256="0" * 64, metrics={"auc": auc}),
        catalogue=data.catalogue,
    )  # fmt: skip
    artifact.write(folder, card, spec)
    return runtime.load(folder), float(np.quantile(stated, APPROVED))


def watched(
    scorer: runtime.Scorer, data: Dataset, y: np.ndarray, month: np.ndarray, cutoff: float
) -> pd.DataFrame:
    """Return the alarms of every month after training, by when they came: one row a check."""
    history: list[dict[str, Any]] = []
    found = []
    unused = set(scorer.unused) - {feature.name for feature in scorer.features}
    for at in range(LEARNT + CALIBRATED, int(month.max()) + 1):
        rows = month == at
        columns = artifact.columns_of(data.X[rows].drop(columns=[*unused]), scorer.features)
        days = pd.Period(START, "M") + at
        for when, outcome in (("arrival", None), ("outcomes", y[rows])):
            batch = monitor.Batch(
                columns=columns, days=float(days.days_in_month), outcome=outcome,
                group=data.segment[rows].to_numpy(), cutoff=cutoff,
            )  # fmt: skip
            result = monitor.watch(scorer, batch, history=history)
            found.append(result.checks.assign(month=at, when=when, rows=int(rows.sum())))
        # A month of a break is not what the next is compared with.
        if at < LEARNT + CALIBRATED + STABLE:
            history.append(result.seen)
    return pd.concat(found, ignore_index=True)


def summary(checks: pd.DataFrame) -> tuple[int, dict[str, str]]:
    """Return how many stable months raised an alarm, and of each break what raised one."""
    alarms = checks[checks["alarm"]]
    last = LEARNT + CALIBRATED + STABLE
    false = alarms[alarms["month"] < last]
    for row in false.itertuples():
        sys.stdout.write(
            f"  false: month {row.month} {row.when} {row.area} {row.name} {row.before:.4f} -> "
            f"{row.now:.4f}, p {row.p_value:.2g}\n"
        )
    found = {}
    for name, shock in breaks().items():
        own = alarms[alarms["month"] == shock.first]
        early = own[own["when"] == "arrival"]
        if len(early):
            found[name] = "arrival: " + ", ".join(sorted(early["area"].unique()))
        else:
            late = ", ".join(sorted(own["name"]))
            found[name] = f"outcomes: {late}" if late else "not found"
    return false["month"].nunique(), found


def table(checks: pd.DataFrame) -> str:
    """Return in how many worlds each break was found, when, and by what, as Markdown."""
    lines = ["| break | on arrival | with outcomes | not | found by |", "|---|---|---|---|---|"]
    alarms = checks[checks["alarm"]]
    seeds = checks["seed"].nunique()
    for name, shock in breaks().items():
        own = alarms[alarms["month"] == shock.first]
        early = set(own.loc[own["when"] == "arrival", "seed"])
        late = set(own["seed"]) - early
        areas = own.groupby("area")["seed"].nunique().sort_values(ascending=False, kind="stable")
        found = ", ".join(f"{area} {count}" for area, count in areas.items())
        missed = seeds - len(early) - len(late)
        lines.append(f"| {name} | {len(early)} | {len(late)} | {missed} | {found or '-'} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--first-seed", type=int, default=11)
    parser.add_argument("--people", type=int, default=24_000)
    parser.add_argument("--worlds", type=Path, help="Where generated worlds are kept.")
    parser.add_argument("--checks", type=Path, help="Write every check as Parquet.")
    parser.add_argument("--growing", action="store_true", help="Keep the features that rise.")
    options = parser.parse_args()
    began = time.process_time()
    everything = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        with tempfile.TemporaryDirectory() as temporary:
            folder = (options.worlds or Path(temporary)) / f"{seed}"
            if not folder.exists():
                months = LEARNT + CALIBRATED + STABLE + len(breaks())
                generate(
                    folder,
                    WorldOptions(
                        people=options.people, seed=seed, months=months, start=START,
                        shocks=tuple(breaks().values()),
                    ),
                )  # fmt: skip
            data, y = load(folder, growing=options.growing)
            name = pd.PeriodIndex(months_of(data.as_of), freq="M")
            month = np.asarray((name - pd.Period(START, "M")).map(lambda gap: gap.n), np.int64)
            scorer, cutoff = trained(data, y, month, Path(temporary) / "artifact", seed)
        checks = watched(scorer, data, y, month, cutoff).assign(seed=seed)
        everything.append(checks)
        false, found = summary(checks)
        sys.stdout.write(f"seed {seed}: {false} of {STABLE} stable months raise an alarm\n")
        for name_of_break, what in found.items():
            sys.stdout.write(f"  {name_of_break}: {what}\n")
        sys.stdout.flush()
    whole = pd.concat(everything, ignore_index=True)
    sys.stdout.write(f"{table(whole)}\n")
    if options.checks is not None:
        whole.to_parquet(options.checks)
    sys.stdout.write(f"{time.process_time() - began:.0f} CPU seconds\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
