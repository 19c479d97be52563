"""An artifact's ONNX graph: the runtime's integers and probabilities on hard rows."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden_artifacts import Golden, golden, hard_columns
from test_runtime import F, M, documents, save, set_at

from credit import artifact, runtime
from credit.cli.commands import app
from credit.errors import ArtifactError

GOLDEN = golden()
KINDS = pytest.mark.parametrize("kept", GOLDEN, ids=lambda one: one.name)


def run(model: bytes, scorer: runtime.Scorer, columns: dict[str, list[Any]]) -> dict[str, Any]:
    pytest.importorskip("onnx", reason="the extra onnx is not installed")
    onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options)
    given = {
        feature.name: np.array([math.nan if v is None else v for v in columns[feature.name]], float)
        if feature.type == "number"
        else np.array(["" if v is None else v for v in columns[feature.name]], dtype=object)
        for feature in scorer.features
    }
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, given), strict=True))


def exported(scorer: runtime.Scorer) -> bytes:
    pytest.importorskip("onnx", reason="the extra onnx is not installed")
    return artifact.to_onnx(scorer)


def assert_same(scorer: runtime.Scorer, columns: dict[str, list[Any]]) -> None:
    found, scores = run(exported(scorer), scorer, columns), scorer.score(columns)
    assert found["points"].dtype == np.int64
    assert found["points"].tolist() == scores.points.tolist()
    assert found["margin"].tolist() == scores.margin.tolist()
    assert found["grade"].tolist() == scores.grade.tolist()
    assert np.abs(found["probability"] - scores.probability).max() <= 1e-15
    assert found["valid"].all()


@KINDS
def test_twenty_thousand_hard_rows_have_the_runtimes_points(kept: Golden) -> None:
    scorer = runtime.load(kept.folder)
    assert_same(scorer, hard_columns(scorer, 20_000, 91))


@pytest.mark.parametrize("kind", ["scorecard", "boosted"])
def test_rows_that_the_runtime_refuses_are_not_valid(tmp_path: Path, kind: str) -> None:
    content = documents(kind)
    set_at(f"{M}:features.1.unknown_category", "refuse")(content)
    scorer = runtime.load(save(tmp_path / "a", content))
    columns = {
        "night_share": [0.0, 1.0, -9.0, None, 1.5, -0.1, math.inf, -math.inf, 0.5],
        "segment": ["sme", "3", None, "sme", "sme", "sme", "3", "3", "other"],
    }
    found = run(exported(scorer), scorer, columns)
    assert found["valid"].tolist() == [True] * 4 + [False] * 5
    good = {name: values[:4] for name, values in columns.items()}
    assert found["points"][:4].tolist() == scorer.score(good).points.tolist()


def test_numbers_beyond_float_are_not_valid(tmp_path: Path) -> None:
    content = documents("boosted")
    set_at(f"{M}:features.0.hard_range", None)(content)
    scorer = runtime.load(save(tmp_path / "a", content))
    first = 2.0**128 - 2.0**103
    columns = {"night_share": [math.nextafter(first, 0), first], "segment": ["sme"] * 2}
    assert run(exported(scorer), scorer, columns)["valid"].tolist() == [True, False]


def test_sums_that_no_float_holds_are_exact(tmp_path: Path) -> None:
    """Leaves far from one another in size: floats alone would lose the small ones."""
    content = documents("boosted")
    trees = content[F]["trees"]
    count = 400
    trees["start"] = list(range(0, 3 * count + 1, 3))
    trees["feature"] = [0] * 3 * count
    trees["left"] = [at for t in range(count) for at in (3 * t + 1, -1, -1)]
    trees["right"] = [at for t in range(count) for at in (3 * t + 2, -1, -1)]
    trees["threshold"] = [v for t in range(count) for v in ((t + 1) / 512, 0, 0)]
    trees["default_left"] = [t % 2 if not part else 0 for t in range(count) for part in range(3)]
    values = np.random.default_rng(3).integers(-(2**22), 2**22, (count, 2)) | 1
    trees["value"] = [v for left, right in values.tolist() for v in (0, left, right)]
    trees["cover"] = [1.0] * 3 * count
    set_at(f"{M}:calibration", {"slope": 1e-3, "intercept": 0.0})(content)
    scorer = runtime.load(save(tmp_path / "a", content))
    columns = {"night_share": [*np.linspace(0, 1, 300).tolist(), None], "segment": ["sme"] * 301}
    units = scorer.score(columns).margin * 2**20
    assert np.any(units.astype(np.float32) != units)
    assert_same(scorer, columns)


def test_what_cannot_be_in_a_graph_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="the extra onnx is not installed")
    content = documents()
    content["manifest.json"]["features"][1]["categories"] = ["sme", ""]
    content["scorecard.json"]["terms"][1]["categories"] = {"sme": 0, "": 1}
    with pytest.raises(ArtifactError, match="'segment' knows the empty text as a name"):
        artifact.to_onnx(runtime.load(save(tmp_path / "a", content)))
    scorer = runtime.load(save(tmp_path / "b", documents()))
    named = replace(scorer.features[0], name="valid")
    scorer = replace(scorer, features=(named, scorer.features[1]))
    with pytest.raises(ArtifactError, match="'valid' cannot be an input of the graph"):
        artifact.to_onnx(scorer)


def test_without_the_package_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    scorer = runtime.load(save(tmp_path / "a", documents()))
    with pytest.raises(
        ArtifactError, match=r'needs the package onnx: pip install "credit\[onnx\]"'
    ):
        artifact.to_onnx(scorer)


def test_the_command_writes_the_model(tmp_path: Path) -> None:
    folder = GOLDEN[0].folder
    expected = exported(runtime.load(folder))
    path = tmp_path / "model.onnx"
    app(["export", str(folder), "--to", "onnx", "-o", str(path)], standalone_mode=False)
    assert path.read_bytes() == expected
