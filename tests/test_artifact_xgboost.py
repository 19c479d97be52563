"""Large batches by XGBoost: the integers of the runtime's own walk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from golden_artifacts import Golden, golden, hard_columns
from test_runtime import F, documents, save

from credit import artifact, runtime
from credit.errors import ArtifactError

GOLDEN = {one.name: one for one in golden()}
FORESTS = [one for one in GOLDEN.values() if not one.name.endswith("scorecard")]


@pytest.mark.parametrize("kept", FORESTS, ids=lambda one: one.name)
def test_xgboost_says_what_numpy_says_to_the_last_bit(kept: Golden) -> None:
    slow = runtime.load(kept.folder)
    fast = artifact.with_xgboost(slow)
    columns = hard_columns(slow, 20_000, 51)
    expected, found = slow.score(columns), fast.score(columns)
    assert (expected.engine, found.engine) == ("numpy", "xgboost")
    assert found.margin.tolist() == expected.margin.tolist()
    assert found.points.tolist() == expected.points.tolist()
    few = {name: values[:100] for name, values in columns.items()}
    assert fast.score(few, reasons=2).engine == "numpy"
    always = artifact.with_xgboost(slow, least_rows=1)
    assert always.score(few, reasons=2).reasons == slow.score(few, reasons=2).reasons
    row = {name: values[0] for name, values in columns.items()}
    assert always.score_one(row) == slow.score_one(row)


def test_sums_that_no_float_holds_are_exact(tmp_path: Path) -> None:
    content = documents("boosted")
    trees = content[F]["trees"]
    count = 200
    random = np.random.default_rng(3)
    trees["start"] = list(range(0, 3 * count + 1, 3))
    trees["feature"] = [0] * 3 * count
    trees["left"] = [at for t in range(count) for at in (3 * t + 1, -1, -1)]
    trees["right"] = [at for t in range(count) for at in (3 * t + 2, -1, -1)]
    trees["threshold"] = [v for t in range(count) for v in ((t + 1) / 256, 0, 0)]
    trees["default_left"] = [0] * 3 * count
    trees["value"] = [
        v for pair in random.integers(2**20, 2**22, (count, 2)) | 1 for v in (0, *pair.tolist())
    ]
    trees["cover"] = [1.0] * 3 * count
    slow = runtime.load(save(tmp_path / "a", content))
    columns = {"night_share": np.linspace(0, 1, 500), "segment": ["sme"] * 500}
    expected = slow.score(columns).margin
    assert np.any((expected * 2**20).astype(np.float32) != expected * 2**20)
    fast = artifact.with_xgboost(slow, least_rows=1)
    assert fast.score(columns).margin.tolist() == expected.tolist()


def test_a_card_has_nothing_for_xgboost() -> None:
    with pytest.raises(ArtifactError, match="the model has no forest"):
        artifact.with_xgboost(runtime.load(GOLDEN["1-scorecard"].folder))
