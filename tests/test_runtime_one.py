"""One row by the short way: the same floats, integers and reasons as among many, and errors too."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from golden_artifacts import Golden, golden, hard_columns
from test_artifact import grown, hard_rows, read
from test_runtime import M, documents, random_forest, save, set_at

from credit import runtime
from credit.errors import ArtifactError
from credit.runtime import masks as masks_module
from credit.runtime.forest import read_forest
from credit.runtime.masks import build_masks
from credit.runtime.plain import parse

KINDS = pytest.mark.parametrize("kept", golden(), ids=lambda one: one.name)


def rows_of(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def same(scorer: runtime.Scorer, rows: list[dict[str, Any]]) -> None:
    """Every row alone says what it says among the others, to the last bit."""
    many = scorer.score({name: [row[name] for row in rows] for name in rows[0]}, reasons=4)
    for i, row in enumerate(rows):
        one = scorer.score_one(row, reasons=4)
        assert one.margin == many.margin[i]
        assert one.probability == many.probability[i]
        assert one.points == many.points[i]
        assert one.grade == many.grade[i]
        assert one.reasons == many.reasons[i]
        assert [type(value) for value in one[:4]] == [float, float, int, str]


@KINDS
def test_a_row_alone_is_the_row_among_many(kept: Golden) -> None:
    scorer = runtime.load(kept.folder)
    rows = rows_of(hard_columns(scorer, 600, 31))
    same(scorer, rows)
    plain = [scorer._one.reader.read(row, ()) is not None for row in rows]
    assert all(plain)  # none of them took the long way


@KINDS
def test_a_forest_too_large_for_masks_says_the_same(
    kept: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(masks_module, "MAX_BYTES", 0)
    scorer = runtime.load(kept.folder)
    same(scorer, rows_of(hard_columns(scorer, 50, 32)))


@pytest.mark.parametrize(("depth", "rounds"), [(1, 30), (3, 60), (6, 20)])
def test_masks_find_the_leaves_of_a_walk(depth: int, rounds: int) -> None:
    booster, _ = grown(depth, rounds)
    forest = read(booster)
    masks = build_masks(forest)
    assert masks is not None
    X = hard_rows(forest, 1_000)
    wide = X.astype(np.float64)
    # Doubles between two floats round to one of them before they are compared.
    wide[::2] += np.random.default_rng(5).choice([0, 1e-9, -1e-9], wide[::2].shape)
    rows = [[None if math.isnan(v) else v for v in row] for row in wide.tolist()]
    found = [masks.units(row) * 2.0**-20 for row in rows]
    assert found == forest.margin(wide.astype(np.float32)).tolist()


def test_masks_of_uneven_trees_and_of_none() -> None:
    random = np.random.default_rng(8)
    for depth, trees in ((0, 3), (2, 7), (6, 4), (3, 0)):
        plain = json.dumps(random_forest(random, 3, trees, depth)).encode()
        forest = read_forest(parse("forest.json", plain), 3)
        masks = build_masks(forest)
        assert (masks is None) == (not trees)
        if masks is not None:
            X = random.normal(size=(50, 3)).astype(np.float32)
            found = [masks.units(row) * 2.0**-20 for row in X.astype(float).tolist()]
            assert found == forest.margin(X).tolist()


def test_a_double_is_rounded_to_a_float_before_it_is_compared() -> None:
    """Between two neighbours of float32 the middle goes to the even one."""
    for threshold in np.float32([0.1, 1.0, -2.5, 0.0, 1e-45, -1e-45, 3.4e38, -1e30]):
        (least,) = masks_module._least_doubles(np.array([threshold])).tolist()
        assert np.float32(least) >= threshold
        assert np.float32(math.nextafter(least, -math.inf)) < threshold
    lowest = np.array([np.finfo(np.float32).min])
    assert masks_module._least_doubles(lowest)[0] < lowest[0]


STRANGE = [
    {"night_share": np.float64(0.5), "segment": np.str_("sme")},
    {"night_share": True, "segment": 3},
    {"night_share": 1, "segment": 3.0},
    {"night_share": -9, "segment": "other"},
    {"night_share": math.nan, "segment": math.nan},
    {"night_share": -0.0, "segment": None, "dropped": "not read"},
]


@pytest.mark.parametrize("kind", ["scorecard", "boosted"])
def test_rows_that_are_not_plain_score_all_the_same(tmp_path: Path, kind: str) -> None:
    scorer = runtime.load(save(tmp_path / "a", documents(kind)))
    for row in STRANGE:
        many = scorer.score({name: [value] for name, value in row.items()}, reasons=2)
        one = scorer.score_one(row, reasons=2)
        assert (one.margin, one.points, one.reasons) == (
            many.margin[0], many.points[0], many.reasons[0],
        )  # fmt: skip
    more = {**STRANGE[0], "application_id": 17}
    expected = scorer.score_one(STRANGE[0]).points
    assert scorer.score_one(more, ignore=["application_id"]).points == expected


@pytest.mark.parametrize("kind", ["scorecard", "boosted"])
@pytest.mark.parametrize(
    ("row", "ignore", "message"),
    [
        ({"night_share": 0.1}, (), r"column 'segment' is missing\."),
        (
            {"night_share": 0.1, "segmant": "sme"}, (),
            r"'segment' is missing\. Did you mean 'segmant'\?",
        ),
        ({"night_share": 0.1, "segment": "sme", "x": 1}, (), "column 'x' is unknown"),
        ({"night_share": "0.1", "segment": "sme"}, (), "'night_share', row 0: '0.1' of type str"),
        ({"night_share": math.inf, "segment": "sme"}, (), "the value is infinite"),
        ({"night_share": 10**400, "segment": "sme"}, (), "the value is infinite"),
        ({"night_share": 1.5, "segment": "sme"}, (), "1.5 is outside the declared range"),
        ({"night_share": [0.1], "segment": "sme"}, (), "one value a row"),
        ({"night_share": 0.1, "segment": b"sme"}, (), "is neither text nor number"),
        ({"night_share": 0.1, "segment": "sme"}, ["segment"], "is a feature of the model"),
        ({"night_share": 0.1, "segment": "sme"}, "as_of", "ignore: got the text 'as_of'"),
        ([0.1, "sme"], (), "row: got list, but a dict from column name to value is needed"),
    ],
)  # fmt: skip
def test_a_bad_row_is_refused(
    tmp_path: Path, kind: str, row: Any, ignore: Any, message: str
) -> None:
    scorer = runtime.load(save(tmp_path / "a", documents(kind)))
    with pytest.raises(ArtifactError, match=message):
        scorer.score_one(row, ignore=ignore)


def test_names_that_may_not_be_unknown_are_refused(tmp_path: Path) -> None:
    content = documents()
    set_at(f"{M}:features.1.unknown_category", "refuse")(content)
    scorer = runtime.load(save(tmp_path / "a", content))
    with pytest.raises(ArtifactError, match=r"'segment', row 0: 'smes' .*never seen"):
        scorer.score_one({"night_share": 0.5, "segment": "smes"})
    assert scorer.score_one({"night_share": 0.5, "segment": "3"}).points == 514 - 7 + 3


def test_bad_arguments_of_one_row_are_refused(tmp_path: Path) -> None:
    scorer = runtime.load(save(tmp_path / "a", documents()))
    with pytest.raises(ArtifactError, match="reasons: must be a whole number from 0, got -1"):
        scorer.score_one(STRANGE[0], reasons=-1)
    with pytest.raises(ArtifactError, match=r"language: must be one of .*, got 'fr'"):
        scorer.score_one(STRANGE[0], language="fr")  # type: ignore[arg-type]
    chinese = scorer.score_one({"night_share": -9, "segment": "sme"}, reasons=1, language="zh")
    assert chinese.reasons[0].text == "夜间支付较多"


def test_a_number_beyond_float32_is_refused_for_one_row_too(tmp_path: Path) -> None:
    content = documents("boosted")
    set_at(f"{M}:features.0.hard_range", None)(content)
    scorer = runtime.load(save(tmp_path / "a", content))
    with pytest.raises(ArtifactError, match=r"'night_share', row 0: 1e\+39 is beyond float32"):
        scorer.score_one({"night_share": 1e39, "segment": "sme"})


def test_a_scale_that_has_no_whole_points_is_refused(tmp_path: Path) -> None:
    for number, value in enumerate((1e15, 9e15)):
        content = documents("boosted")
        set_at(f"{M}:calibration.slope", value)(content)
        scorer = runtime.load(save(tmp_path / f"a{number}", content))
        row = {"night_share": 0.1, "segment": "sme"}
        with pytest.raises(ArtifactError, match="has no whole points on this scale"):
            scorer.score_one(row)
        with pytest.raises(ArtifactError, match="has no whole points on this scale"):
            scorer.score({name: [item] for name, item in row.items()})
