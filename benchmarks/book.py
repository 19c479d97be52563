"""The book of the world's lender against the figures published of it.

    python -m benchmarks.book [--people 100000] [--months 24] [--seed 31] [--folder FOLDER]

Generates a world with a lender and fraud, and reads each figure from its tables. A figure with a
tolerance holds within it; any other within three standard errors. The bars on time and memory are
those of a machine with two cores to itself.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.run import machine
from credit.evaluate import jeffreys
from credit.world import WorldOptions, generate, read, read_fraud
from credit.world.figures import Figures, figures
from credit.world.lender.balance import Balance
from credit.world.options import SEGMENTS

MINUTES, GIGABYTES = 10, 6
OFFICIAL, THIRD = "weilidai", "third_party"


@dataclass(frozen=True)
class Figure:
    """A published figure and what the world makes of it; ``tolerance`` is relative."""

    name: str
    published: float
    values: pd.Series
    tolerance: float | None = None
    digits: int = 4

    @property
    def measured(self) -> float:
        return float(self.values.mean())

    @property
    def error(self) -> float:
        return float(self.values.std() / np.sqrt(len(self.values)))

    @property
    def bar(self) -> float:
        return self.published * self.tolerance if self.tolerance else 3 * self.error

    @property
    def holds(self) -> bool:
        return abs(self.measured - self.published) <= self.bar

    def row(self) -> str:
        numbers = (self.published, self.measured, self.error, self.bar)
        told = " | ".join(f"{number:,.{self.digits}f}" for number in numbers)
        return f"| {self.name} | {len(self.values):,} | {told} | {'yes' if self.holds else 'NO'} |"


def column(folder: Path, table: str, *names: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{table}.parquet", columns=list(names))


def granted(folder: Path) -> pd.DataFrame:
    """Return a row an application: what was decided, the segment, and the truth."""
    made = column(
        folder, "decisions",
        "application_id", "event_time", "product", "outcome", "grounds", "probability", "grade",
        "limit_fen", "random_approval",
    )  # fmt: skip
    told = read(folder).frame[["application_id", "segment", "p", "y"]]
    return made.merge(told, on="application_id").assign(
        approved=lambda rows: (rows["outcome"] == "approve").astype(float)
    )


def of_decisions(rows: pd.DataFrame, numbers: Figures) -> Iterator[Figure]:
    """Yield limits, overdue rates and approvals."""
    official = rows[rows["product"] == OFFICIAL]
    lent = official[official["approved"] == 1]
    for name, mean in zip(SEGMENTS, numbers.array("segment.mean_limit"), strict=True):
        own = lent.loc[lent["segment"] == name, "limit_fen"] / 100
        yield Figure(f"mean limit, {name}, yuan", mean, own, 0.02, 0)
    for name, rate in zip(SEGMENTS, numbers.array("segment.bad_rate"), strict=True):
        yield Figure(f"90+ days overdue, {name}", rate, lent.loc[lent["segment"] == name, "y"])
    levels = numbers["sim.lender.approval"]
    for product, level in levels.items():
        asked = rows.loc[rows["product"] == product, "approved"]
        yield Figure(f"approved, {product}", level, asked)


def gap(rows: pd.DataFrame, numbers: Figures) -> str:
    """Return the row of the approval gap, whose error is that of two samples."""
    official, third = (rows.loc[rows["product"] == name, "approved"] for name in (OFFICIAL, THIRD))
    wanted = float(np.mean(numbers["sim.approval_gap"]))
    found = official.mean() - third.mean()
    error = np.sqrt(official.var() / len(official) + third.var() / len(third))
    holds = "yes" if abs(found - wanted) <= 3 * error else "NO"
    return (
        f"| approval gap, points | {len(rows):,} | {wanted:.4f} | {found:.4f} | {error:.4f} | "
        f"{3 * error:.4f} | {holds} |"
    )


def of_loans(folder: Path, numbers: Figures) -> Iterator[Figure]:
    """Yield the mean loan, who borrows again, how repayments are made, and who is fraud."""
    loans = column(folder, "loans", "line_application_id", "event_time", "principal_fen").dropna()
    mean = numbers.number("sim.serve.mean_loan")
    yield Figure("mean loan, yuan", mean, loans["principal_fen"] / 100, 0.02, 0)
    yield Figure("borrowed again", numbers.number("sim.serve.repeat_share"), again(folder, loans))
    paid = column(folder, "repayments", "receipt_id", "channel").dropna().drop_duplicates()
    balance = numbers["lending.channel"]["balance"]
    yield Figure("repayments from balance", balance, (paid["channel"] == "balance").astype(float))
    studio = (read_fraud(folder).frauds["type"] == "studio").astype(float)
    yield Figure("fraud from studios", numbers.number("sim.fraud.studio_share"), studio)


def again(folder: Path, loans: pd.DataFrame) -> pd.Series:
    """Return, of borrowers observed for 12 months, who drew a second loan within them."""
    ends = json.loads((folder / "world.json").read_text(encoding="utf-8"))["observed_until"]
    rows = loans.sort_values("event_time")
    place = rows.groupby("line_application_id").cumcount()
    first, second = (
        rows[place == k].set_index("line_application_id")["event_time"] for k in (0, 1)
    )
    within = first + pd.DateOffset(months=12)
    whole = within <= pd.Timestamp(ends)
    return (second.reindex(first.index) < within)[whole].astype(float)


def bias(rows: pd.DataFrame) -> str:
    """Return how much worse refused people are than equal columns say, with its error."""
    refused = rows[(rows["grounds"] == "score") & (rows["approved"] == 0)]
    chance = rows[rows["random_approval"] == 1]
    hidden = refused["y"] - refused["p"]
    return (
        f"Refused by the score alone: {len(refused):,}; true bad rate {refused['y'].mean():.4f}, "
        f"what equal columns say {refused['p'].mean():.4f}, what the lender's score said "
        f"{refused['probability'].mean():.4f}; missing not at random: {hidden.mean():+.4f} (SE "
        f"{hidden.std() / np.sqrt(len(refused)):.4f}). Approved by chance: {len(chance):,}, of "
        f"whom bad {chance['y'].mean():.4f}."
    )


def bands(rows: pd.DataFrame) -> Iterator[str]:
    """Yield what the score said of whom it let borrow, by grade, and what became of them."""
    yield "| grade | approved | score | bad | 95 % interval | inside |"
    yield "|---|---|---|---|---|---|"
    for grade, own in rows[rows["approved"] == 1].groupby("grade"):
        bads, said = int(own["y"].sum()), own["probability"].mean()
        low, high = (float(end[0]) for end in jeffreys([bads], [len(own) - bads]))
        yield (
            f"| {grade} | {len(own):,} | {said:.4f} | {bads / len(own):.4f} | "
            f"[{low:.4f}, {high:.4f}] | {'yes' if low <= said <= high else 'NO'} |"
        )


def months(rows: pd.DataFrame) -> str:
    """Return approvals of the official product before and after its cut-off is loosened."""
    official = rows[rows["product"] == OFFICIAL]
    late = official["event_time"] >= pd.Timestamp("2024-06-30 16:00")
    before, after = (official.loc[which, "approved"].mean() for which in (~late, late))
    return f"Approved before the break {before:.4f}, after it {after:.4f}."


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--seed", type=int, default=31)
    parser.add_argument("--folder", type=Path)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        folder = wanted.folder or Path(spare) / "world"
        options = WorldOptions(
            people=wanted.people, months=wanted.months, seed=wanted.seed, fraud=True, lender=True
        )
        began, used = time.perf_counter(), time.process_time()
        summary = generate(folder, options)
        took, spent = time.perf_counter() - began, time.process_time() - used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        report(folder, options)
    sys.stdout.write(
        f"\n{sum(summary.rows.values()):,} rows. {took:.0f} s, {spent:.0f} s of processor "
        f"(bar {MINUTES * 60} s); peak memory {peak:.2f} GB (bar {GIGABYTES}).\n{machine()}\n"
    )
    return 0


def report(folder: Path, options: WorldOptions) -> None:
    numbers = figures(options.start)
    rows = granted(folder)
    said = json.loads((folder / "world.json").read_text(encoding="utf-8"))
    out = [
        f"{options.people:,} people, {options.months} months, seed {options.seed}.\n",
        "| figure | rows | published | measured | SE | tolerance | holds |",
        "|---|---|---|---|---|---|---|",
        *(figure.row() for figure in of_decisions(rows, numbers)),
        gap(rows, numbers),
        *(figure.row() for figure in of_loans(folder, numbers)),
        "",
        *bands(rows),
        "",
        bias(rows),
        months(rows),
        f"Of {said['balance']['disbursed']:,} fen lent, unaccounted for: "
        f"{Balance(**said['balance']).gaps}.",
    ]
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    sys.exit(main())
