"""Latency of a decision in process: eligibility, fraud rules, score, limit, price, reasons.

    python -m benchmarks.decision RUN_FOLDER [--decisions 2000]

``RUN_FOLDER`` is what `credit train` wrote (``make demo``: runs/weilidai/latest). Applicants are
rows of its ``rows.parquet`` in turn; facts are those of docs/examples/case.json, with every
indicator of fraud in the row and ten earlier events. Timed by the wall clock, one decision at a
time, in one process: the score with four exact reasons, the decision, and its sentences. The same
decision without a model, and what the person is told in full (with offers and the true cost), stand
beside.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.run import machine
from credit import policy
from credit.decide.answer import reasons
from credit.decide.case import Case, Seen, read_case
from credit.decide.decision import decide
from credit.decide.fraud import Event
from credit.features.fraud import indicators
from credit.pipeline.decide import Desk, scored_by
from credit.pipeline.scoring import KEYS
from credit.runtime import load

EXAMPLE = Path(__file__).resolve().parent.parent / "docs" / "examples" / "case.json"
RULES = "weilidai+cn-2026"
MOST = 4


def documents(folder: Path, kind: str, count: int) -> list[dict[str, Any]]:
    example = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    example.pop("score")
    rows = pd.read_parquet(folder / "rows.parquet").drop(columns=list(KEYS), errors="ignore")
    names = [feature.name for feature in load(folder / f"artifact-{kind}").features]
    found = []
    for record in rows[names].head(count).to_dict("records"):
        row = {str(name): None if pd.isna(value) else value for name, value in record.items()}
        found.append({**example, "features": row})
    return found


def timed(call: Callable[[Any], object], given: list[Any], count: int) -> str:
    for one in given[:50]:
        call(one)
    seconds = []
    for number in range(count):
        one = given[number % len(given)]
        start = time.perf_counter()
        call(one)
        seconds.append(time.perf_counter() - start)
    median, high = np.quantile(seconds, [0.5, 0.99]) * 1e6
    return f"median {median:7.0f} us, 99 % {high:7.0f} us, least {min(seconds) * 1e6:7.0f} us"


def past(case: Case) -> Case:
    """Return a case with ten earlier payments and every indicator."""
    hour = timedelta(hours=1) // timedelta(microseconds=1)
    events = tuple(
        Seen(event=Event(at=case.instant - hour * (10 - n), kind="payment", amount_fen=1_000))
        for n in range(10)
    )
    known = dict.fromkeys((feature.name for feature in indicators()), 0.0)
    return replace(case, events=events, indicators=known)


def calls(run: Path, kind: str, given: list[dict[str, Any]]) -> dict[str, Callable[[Any], object]]:
    folder = run / f"artifact-{kind}"
    scorer, desk = load(folder), Desk(folder, policy.load(RULES))
    bare = past(read_case({name: one for name, one in given[0].items() if name != "features"}))
    _, terms = desk.terms(bare.instant)

    def whole(document: dict[str, Any]) -> object:
        score = scored_by(scorer, document["features"], MOST)
        return [why.en for why in reasons(decide(replace(bare, score=score), terms), MOST)]

    return {
        "score with reasons": lambda one: scored_by(scorer, one["features"], MOST),
        "decision without a model": lambda _: decide(bare, terms),
        "whole decision": whole,
        "told in full": desk.decide,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--decisions", type=int, default=2_000)
    asked = parser.parse_args()
    sys.stdout.write(machine() + "\n")
    for kind in ("scorecard", "xgboost"):
        given = documents(asked.run, kind, 500)
        for name, call in calls(asked.run, kind, given).items():
            count = min(asked.decisions, 200) if name == "told in full" else asked.decisions
            sys.stdout.write(f"{kind:<10} {name:<26} {timed(call, given, count)}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
