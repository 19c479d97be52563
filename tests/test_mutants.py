"""Damaged and hostile artifacts by the thousand: refused or scored, never a crash or a hang.

`python -m benchmarks.mutants` examines a hundred thousand.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("processes are limited as Linux limits them", allow_module_level=True)

import mutant_workers
from artifact_changes import of_structure
from artifact_mutants import mutant, packed, read_artifacts, sealed, stated
from golden_artifacts import FOLDER, golden
from mutant_workers import FINE, REFUSED, SCORED, run

from credit.artifact import recourse_plan
from credit.errors import ArtifactError

FOLDERS = [one.folder.parent for one in golden()]
SEED, COUNT = 20261126, 1_200


def test_mutants_are_refused_or_scored() -> None:
    seen = list(run(FOLDERS, SEED, COUNT))
    assert [one for one in seen if one.outcome not in FINE] == []
    assert [one.number for one in seen] == list(range(COUNT))
    assert {one.outcome for one in seen if one.hashes == "stale"} == {REFUSED}
    # They reach every part of loading: some of each kind score, in either form.
    scored = Counter(one.change.partition(":")[0] for one in seen if one.outcome == SCORED)
    assert set(scored) == {one.change.partition(":")[0] for one in seen}
    assert {one.form for one in seen if one.outcome == SCORED} == {"folder", "zip"}
    assert {one.of for one in seen} == {folder.name for folder in FOLDERS}


def test_a_mutant_is_the_same_every_time() -> None:
    artifacts = read_artifacts([folder / "artifact" for folder in FOLDERS])
    for number in range(30):
        assert mutant(artifacts, 5, number) == mutant(artifacts, 5, number)


PLAN = {
    "cutoff": 0.1,
    "horizon": 90,
    "levers": [
        {
            "feature": "night",
            "unit": "count",
            "action": {
                "group": "nights", "direction": "lower", "en": "at most {value}", "zh": "{value}",
                "days": 90, "lasting": False, "since": False, "goal": None,
            },
            "quantiles": [0.0, 1.0, 2.5],
            "codes": [-9.0],
        }
    ],
}  # fmt: skip


def test_mutants_of_a_plan_of_recourse_are_refused_or_are_one(tmp_path: Path) -> None:
    files = read_artifacts([FOLDER / "1-scorecard" / "artifact"])["1-scorecard"]
    path, outcomes = tmp_path / "artifact.zip", Counter[str]()
    for number in range(150):
        content = json.dumps(PLAN).encode()
        if number:
            content = of_structure(content, random.Random(f"plan/{number}"))[1]
        path.write_bytes(packed(sealed(stated({**files, "recourse.json": content}))))
        try:
            plan = recourse_plan(path)
        except ArtifactError as error:
            assert str(error).startswith("recourse.json: ")
            outcomes["refused"] += 1
            continue
        assert plan is not None
        assert {lever.sign for lever in plan.levers} <= {-1, 1}
        outcomes["read"] += 1
    assert outcomes["refused"] > 60
    assert outcomes["read"] > 12


PROGRAM = """
import json, os, signal, sys, time
for at in range(int(sys.argv[2]), int(sys.argv[3])):
    if at == 1:
        os.kill(os.getpid(), signal.SIGSEGV)
    if at == 2:
        signal.setitimer(signal.ITIMER_PROF, 0.05)
        while True:
            pass
    if at == 3:
        time.sleep(60)
    if at == 4:
        sys.exit(3)
    print(json.dumps([at, "", "", "right", "zip", "scored", ""]), flush=True)
"""


def test_what_dies_hangs_or_waits_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    monkeypatch.setattr(mutant_workers, "PROGRAM", program)
    monkeypatch.setattr(mutant_workers, "WALL_SECONDS", 2.0)
    assert [one.outcome for one in run([FOLDER / "1-scorecard"], 0, 6)] == [
        "scored",
        "FAULT: the process died (SIGSEGV)",
        "FAULT: the process died (more than 5.0 s of CPU)",
        "FAULT: blocked",
        "FAULT: the process died (status 3)",
        "scored",
    ]
