"""Large batches of a card by compiled code: the doubles and integers of the runtime's own sums."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden_artifacts import Golden, golden, hard_columns
from test_runtime import documents, save

from credit import artifact, runtime
from credit.errors import ArtifactError

GOLDEN = {one.name: one for one in golden()}
CARDS = [one for one in GOLDEN.values() if not one.name.endswith("boosted")]


def same(one: runtime.Scores, other: runtime.Scores) -> bool:
    """Say whether two answers are equal to the last bit, signs of zeros among them."""
    return (
        one.margin.tobytes() == other.margin.tobytes()
        and one.probability.tobytes() == other.probability.tobytes()
        and one.points.tolist() == other.points.tolist()
        and one.grade.tolist() == other.grade.tolist()
    )


@pytest.mark.parametrize("kept", CARDS, ids=lambda one: one.name)
def test_numba_says_what_numpy_says_to_the_last_bit(kept: Golden) -> None:
    slow = runtime.load(kept.folder)
    fast = artifact.with_numba(slow)
    columns = hard_columns(slow, 20_000, 52)
    expected, found = slow.score(columns), fast.score(columns)
    assert (expected.engine, found.engine) == ("numpy", "numba")
    assert same(expected, found)
    few = {name: values[:100] for name, values in columns.items()}
    assert fast.score(few).engine == "numpy"
    always = artifact.with_numba(slow, least_rows=1)
    assert always.score(few, reasons=2).reasons == slow.score(few, reasons=2).reasons
    row = {name: values[0] for name, values in columns.items()}
    assert always.score_one(row) == slow.score_one(row)


def test_a_blend_has_an_engine_for_each_part() -> None:
    slow = runtime.load(GOLDEN["1-blended"].folder)
    both = artifact.with_xgboost(artifact.with_numba(slow, least_rows=1), least_rows=1)
    columns = hard_columns(slow, 500, 53)
    found = both.score(columns)
    assert found.engine == "numba and xgboost"
    assert same(found, slow.score(columns))


def card_of(folder: Path, edges: int, bins: int) -> runtime.Scorer:
    """Load a card whose number has many edges and bins, two codes among its range, and no name."""
    random = np.random.default_rng(edges)
    content: dict[str, Any] = documents()
    content["manifest.json"]["features"][0] |= {"special_codes": [-9.0, 0.25], "hard_range": None}
    content["scorecard.json"]["terms"][0] |= {
        "labels": ["x"] * bins,
        "edges": sorted(set(random.normal(size=edges).tolist())),
        "special": [{"code": -9, "bin": bins - 1}, {"code": 0.25, "bin": bins - 2}],
        "missing": bins - 3,
        "unknown": 0,
        "margin": random.normal(size=bins).tolist(),
        "points": random.integers(-(10**9), 10**9, size=bins).tolist(),
    }
    return runtime.load(save(folder, content))


@pytest.mark.parametrize(
    ("edges", "bins"),
    [(0, 4), (1, 5), (7, 11), (8, 12), (9, 13), (63, 67), (65, 69), (128, 132), (129, 133),
     (250, 254), (250, 255), (251, 256), (252, 257), (700, 9_000)],
)  # fmt: skip
def test_every_way_of_counting_finds_the_same_bins(tmp_path: Path, edges: int, bins: int) -> None:
    """One row at a time (bisection), many by NumPy (counting, searching), many by numba."""
    slow = card_of(tmp_path / "a", edges, bins)
    fast = artifact.with_numba(slow, least_rows=1)
    assert slow.card is not None
    at = slow.card.terms[0].edges
    near = np.concatenate([at, np.nextafter(at, -np.inf), np.nextafter(at, np.inf)])
    hard = [math.nan, -9.0, 0.25, 0.0, -0.0, 5e-324, 1e308, -1e308]
    values = np.concatenate([near, hard, np.random.default_rng(1).normal(size=9_000)])
    columns = {"night_share": values, "segment": ["sme"] * len(values)}
    expected = slow.score(columns)
    assert same(expected, fast.score(columns))
    for row in range(0, len(values), 1 + len(values) // 500):
        one = slow.score_one({"night_share": float(values[row]), "segment": "sme"})
        assert (one.margin, one.points) == (expected.margin[row], expected.points[row])


def test_columns_of_every_layout_are_read(tmp_path: Path) -> None:
    slow = card_of(tmp_path / "a", 9, 13)
    fast = artifact.with_numba(slow, least_rows=1)
    values = np.random.default_rng(2).normal(size=10_000)
    names = ["sme"] * len(values)
    expected = slow.score({"night_share": values, "segment": names})
    fixed = values.copy()
    fixed.setflags(write=False)
    spread = np.repeat(values, 2)[::2]
    for given in (values, fixed, spread, values.tolist(), values[::-1][::-1]):
        assert same(expected, fast.score({"night_share": given, "segment": names}))
    nothing = fast.score({"night_share": [], "segment": []})
    assert nothing.points.tolist() == []


def test_a_forest_has_nothing_for_numba() -> None:
    with pytest.raises(ArtifactError, match="the model has no card"):
        artifact.with_numba(runtime.load(GOLDEN["1-boosted"].folder))
