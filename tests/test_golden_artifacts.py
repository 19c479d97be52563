"""Artifacts of every format that was ever written load, and score what they scored then."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from golden_artifacts import FOLDER, KINDS, REASONS, Golden, golden, main
from test_runtime import save

from credit import runtime
from credit.errors import ArtifactError
from credit.runtime.load import FORMAT

GOLDEN = golden()


def test_every_format_has_its_artifacts() -> None:
    expected = {f"{version}-{kind}" for version in range(1, FORMAT + 1) for kind in KINDS}
    assert {one.name for one in GOLDEN} >= expected


@pytest.mark.parametrize("kept", GOLDEN, ids=lambda one: one.name)
def test_a_golden_artifact_scores_what_it_did(kept: Golden) -> None:
    scorer = runtime.load(kept.folder)
    scores = scorer.score(kept.columns, reasons=REASONS)
    expected = kept.expected
    assert scores.points.tolist() == expected["points"]
    assert scores.grade.tolist() == expected["grade"]
    assert scores.margin == pytest.approx(np.array(expected["margin"]), rel=0, abs=1e-12)
    assert scores.probability == pytest.approx(np.array(expected["probability"]), rel=0, abs=1e-12)
    assert [[r.feature for r in row] for row in scores.reasons] == expected["reasons"]
    excess = [value for row in expected["excess"] for value in row]
    assert [r.excess for row in scores.reasons for r in row] == pytest.approx(excess, abs=1e-12)


@pytest.mark.parametrize("kept", GOLDEN, ids=lambda one: one.name)
def test_golden_rows_are_hard(kept: Golden) -> None:
    """Missing, special, unseen and signed zeros are among them, and many scores."""
    columns = kept.columns
    assert None in columns["income"]
    assert -9.0 in columns["night"]
    assert {"never seen", "n/a", "it's", None} <= set(columns["segment"])
    assert {"0.0", "-0.0"} <= set(map(str, columns["share"]))
    assert len(set(kept.expected["points"])) > 20
    assert len(set(kept.expected["grade"])) > 2


def test_what_is_there_is_never_written_again(capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()}
    assert main() == 0
    said = capsys.readouterr().out.splitlines()
    kept = "is there already and is never written again"
    assert said == [f"{FORMAT}-{kind}: {kept}" for kind in KINDS]
    assert {path: path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()} == before


def test_two_terms_of_one_feature_are_refused(tmp_path: Path) -> None:
    folder = next(one for one in GOLDEN if one.name == "1-blended").folder
    documents = {path.name: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}
    documents["manifest.json"]["files"] = {}
    card = documents["blended.json"]["card"]
    card["terms"].append(card["terms"][0])
    with pytest.raises(
        ArtifactError, match=r"card\.terms\[4\] must be the only term of its feature"
    ):
        runtime.load(save(tmp_path / "a", documents))
