"""`credit diff`: every place where two artifacts differ is named; shifts are those of scores."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from golden_artifacts import golden, hard_columns
from test_runtime import C, Documents, F, M, R, documents, save, set_at

from credit import runtime
from credit.artifact.diff import changes
from credit.cli.commands import app
from credit.errors import DataError
from credit.pipeline.diff import diff_artifacts, printed, reference_shifts, score_shifts

GOLDEN = {one.name: one for one in golden()}


def pair(tmp_path: Path, kind: str, *steps: Callable[[Documents], None]) -> list[runtime.Scorer]:
    """Return the artifact of `documents`, and the same after some changes."""
    changed = documents(kind)
    for step in steps:
        step(changed)
    contents = {"old": documents(kind), "new": changed}
    return [runtime.load(save(tmp_path / name, one)) for name, one in contents.items()]


@pytest.mark.parametrize(
    ("kind", "steps", "expected"),
    [
        ("scorecard", [], []),
        (
            "scorecard", [set_at(f"{M}:calibration.slope", 1.25)],
            [("calibration", "slope", 1.5, 1.25)],
        ),
        (
            "scorecard", [set_at(f"{M}:score.points_to_double", 40), set_at(f"{M}:unused", [])],
            [("unused", "dropped", "given", None), ("score", "points_to_double", 20, 40)],
        ),
        (
            "scorecard", [set_at(f"{M}:policy", {"name": "weilidai", "sha256": "ab"})],
            [("policy", "name", None, "weilidai"), ("policy", "sha256", None, "ab")],
        ),
        (
            "scorecard",
            [set_at(f"{M}:features.0.hard_range", None), set_at(f"{M}:features.0.unit", "percent")],
            [
                ("feature", "night_share.unit", "share", "percent"),
                ("feature", "night_share.hard_range", [0.0, 1.0], None),
            ],
        ),
        (
            "scorecard",
            [set_at(f"{C}:terms.0.points.1", -8), set_at(f"{C}:terms.0.margin.1", 0.26)],
            [
                ("points", "night_share: >= 0.1", -7, -8),
                ("margins", "night_share: >= 0.1", 0.25, 0.26),
            ],
        ),
        (
            "scorecard",
            [set_at(f"{C}:terms.0.edges", [0.2]), set_at(f"{C}:terms.0.labels.0", "< 0.2")],
            [
                ("edges", "night_share", [0.1], [0.2]),
                ("points", "night_share: < 0.1", 14, None),
                ("points", "night_share: < 0.2", None, 14),
                ("margins", "night_share: < 0.1", -0.5, None),
                ("margins", "night_share: < 0.2", None, -0.5),
            ],
        ),
        (
            "scorecard", [set_at(f"{R}:texts.segment.en", "Work")],
            [("reason", "segment.en", "Kind of work", "Work")],
        ),
        (
            "boosted", [set_at(f"{F}:trees.value.1", 5)],
            [("forest", "trees of its own", 1, 1)],
        ),
        (
            "boosted", [set_at(f"{F}:inputs.1.unknown", 1.5)],
            [
                (
                    "encoding", "segment",
                    {"codes": {"sme": 0.0, "3": 1.0}, "unknown": None},
                    {"codes": {"sme": 0.0, "3": 1.0}, "unknown": 1.5},
                ),
            ],
        ),
    ],
)  # fmt: skip
def test_each_change_is_named(
    tmp_path: Path, kind: str, steps: list[Any], expected: list[tuple[Any, ...]]
) -> None:
    old, new = pair(tmp_path, kind, *steps)
    found = [(c.part, c.name, c.before, c.after) for c in changes(old, new)]
    assert [one for one in found if one[0] != "training"] == expected
    turned = [(c.part, c.name, c.after, c.before) for c in changes(new, old)]
    assert sorted(map(repr, turned)) == sorted(map(repr, found))


def test_a_feature_that_is_added_is_named_once(tmp_path: Path) -> None:
    content = documents()
    for step in (
        set_at(f"{M}:features.0", "del"), set_at(f"{C}:terms.0", "del"),
        set_at(f"{R}:texts.night_share", "del"),
        set_at(f"{R}:reference_contributions.night_share", "del"),
    ):  # fmt: skip
        step(content)
    old = runtime.load(save(tmp_path / "old", content))
    new = runtime.load(save(tmp_path / "new", documents()))
    found = [(c.name, c.before, c.after) for c in changes(old, new) if c.part == "feature"]
    assert found == [("night_share", None, "number")]
    assert {c.name for c in changes(old, new) if c.part == "edges"} == {"night_share"}


def test_golden_artifacts_of_two_kinds_differ_in_kind_and_trees() -> None:
    scorecard, blended = (
        runtime.load(GOLDEN[name].folder) for name in ("1-scorecard", "1-blended")
    )
    found = {(c.part, c.name): (c.before, c.after) for c in changes(scorecard, blended)}
    assert found["kind", ""] == ("scorecard", "blended")
    assert found["blend", "card_weight"] == (None, 0.375)
    assert found["forest", "trees"] == (None, blended.boosted.forest.trees)
    assert not any(part in {"edges", "points", "margins", "card"} for part, _ in found)
    assert changes(blended, blended) == []


def test_shifts_are_those_of_the_rows(tmp_path: Path) -> None:
    old, new = (runtime.load(GOLDEN[name].folder) for name in ("1-scorecard", "1-boosted"))
    columns = hard_columns(old, 500, 5)
    frame = pd.DataFrame(columns).assign(note="not read")
    found = score_shifts(old, new, frame)
    before, after = old.score(columns), new.score(columns)
    points = after.points - before.points
    assert found["rows"] == 500
    assert found["mean points"] == points.mean()
    assert found["share of rows with other points"] == (points != 0).mean()
    assert found["points, 50 % quantile"] == np.median(points)
    assert found["largest fall in points"] == -points.min()
    grades = [np.searchsorted(s.rule.names, x.grade) for s, x in ((old, before), (new, after))]
    assert found["share of rows in a riskier grade"] == (grades[1] > grades[0]).mean()
    nothing = score_shifts(old, old, frame)
    assert {value for name, value in nothing.items() if name != "rows"} == {0.0}
    with pytest.raises(DataError, match=r"--rows: no column\(s\) \['income'\]"):
        score_shifts(old, new, frame.drop(columns="income"))


def test_references_are_compared_where_they_were_counted_alike(tmp_path: Path) -> None:
    old = runtime.load(GOLDEN["1-scorecard"].folder)
    new = runtime.load(GOLDEN["1-blended"].folder)
    same = reference_shifts(old, old)
    assert set(same.values()) == {0.0}
    assert set(same) >= {"expected bad rate", "psi of grades", "psi of income", "psi of segment"}
    assert reference_shifts(old, new)["psi of grades"] > 0
    new.reference["features"]["income"]["edges"][0] -= 1
    new.reference["features"]["segment"]["counts"]["sme"] *= 2
    found = reference_shifts(old, new)
    assert "psi of income" not in found
    assert found["psi of segment"] > 0.05
    bare = runtime.load(save(tmp_path / "bare", documents()))
    with pytest.raises(DataError, match=r"no distributions to compare.*--rows"):
        reference_shifts(old, bare)


def test_the_command_prints_tables_or_json(tmp_path: Path) -> None:
    folders = [GOLDEN[name].folder for name in ("1-scorecard", "1-boosted")]
    rows = tmp_path / "rows.csv"
    columns = hard_columns(runtime.load(folders[0]), 300, 6)
    pd.DataFrame(columns).to_csv(rows, index=False)
    said = io.StringIO()
    with redirect_stdout(said):
        app(["diff", *map(str, folders), "--rows", str(rows), "--json"], standalone_mode=False)
    plain = json.loads(said.getvalue())
    assert plain == json.loads(json.dumps(diff_artifacts(*folders, rows).to_dict()))
    assert plain["shifts"]["rows"] == 300
    tables = printed(diff_artifacts(*folders))
    assert tables[0].rows[0] == ["kind", "", "scorecard", "boosted"]
    assert all(len(cell) <= 60 for row in tables[0].rows for cell in row)
    assert printed(diff_artifacts(folders[0], folders[0]))[0].title == "what changed: nothing"
