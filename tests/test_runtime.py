"""credit.runtime: artifacts written by hand, so nothing here depends on a model room."""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from credit import runtime
from credit.errors import ArtifactError
from credit.runtime import files as files_module

Documents = dict[str, Any]

NUMBER = {
    "name": "night_share",
    "dimension": "payment",
    "type": "number",
    "unit": "share",
    "null_means": "no payment",
    "learned_range": [0.0, 0.9],
    "hard_range": [0.0, 1.0],
    "special_codes": [-9.0],
    "categories": [],
    "unknown_category": "model",
}
NAME = {
    "name": "segment",
    "dimension": "application",
    "type": "category",
    "unit": "category",
    "null_means": "not stated",
    "learned_range": None,
    "hard_range": None,
    "special_codes": [],
    "categories": ["sme", "3"],
    "unknown_category": "model",
}
ROWS = {
    "night_share": [0.05, 0.1, None, -9, 0.5, math.nan],
    "segment": ["sme", "3", None, "sme", 3.0, "other"],
}
MARGINS = [-3 - 0.5 + 0.2, -3 + 0.25 - 0.1, -3 + 0.4, -3 + 1 + 0.2, -3 + 0.25 - 0.1, -3 + 0.4]
POINTS = [514 + 14 - 6, 514 - 7 + 3, 514 - 12, 514 - 29 - 6, 514 - 7 + 3, 514 - 12]


def manifest(kind: str = "scorecard") -> dict[str, Any]:
    return {
        "format": 1,
        "kind": kind,
        "features": [dict(NUMBER), dict(NAME)],
        "unused": ["dropped"],
        "score": {
            "points": "table" if kind == "scorecard" else "scale",
            "rounding": "floor(x + 0.5)",
            "base_points": 600,
            "base_odds": 50,
            "points_to_double": 20,
        },
        "calibration": {"slope": 1.5, "intercept": 0.25},
        "grades": {"bounds": [0.02, 0.1], "names": ["A", "B", "C"]},
        "policy": None,
        "training": {"data_sha256": "0" * 64, "rows": 6},
        "code": {"credit": "0.1.0"},
        "metrics": {"auc": 0.75},
        "files": {},
    }


def card() -> dict[str, Any]:
    return {
        "intercept": -3.0,
        "base_points": 514,
        "terms": [
            {
                "feature": "night_share",
                "labels": ["< 0.1", ">= 0.1", "= -9", "missing"],
                "edges": [0.1],
                "special": [{"code": -9, "bin": 2}],
                "missing": 3,
                "unknown": 3,
                "margin": [-0.5, 0.25, 1.0, 0.4],
                "points": [14, -7, -29, -12],
            },
            {
                "feature": "segment",
                "labels": ["sme", "3", "not seen"],
                "categories": {"sme": 0, "3": 1},
                "special": [],
                "missing": 2,
                "unknown": 2,
                "margin": [0.2, -0.1, 0.0],
                "points": [-6, 3, 0],
            },
        ],
    }


def forest() -> dict[str, Any]:
    """Two trees over (night_share, code of segment): a stump and one of depth 2."""
    return {
        "inputs": [
            {"feature": "night_share", "missing_codes": [-9.0]},
            {"feature": "segment", "codes": {"sme": 0.0, "3": 1.0}, "unknown": None},
        ],
        "rounding": 1e-6,
        "trees": {
            "base": -3 * 2**20,
            "start": [0, 3, 8],
            "feature": [0, 0, 0, 1, 0, 0, 0, 0],
            "left": [1, -1, -1, 4, 6, -1, -1, -1],
            "right": [2, -1, -1, 5, 7, -1, -1, -1],
            "threshold": [0.5, 0, 0, 1.0, 0.25, 0, 0, 0],
            "default_left": [1, 0, 0, 0, 0, 0, 0, 0],
            "value": [0, -(2**19), 2**20, 0, 0, 2**18, 3, 2**17],
            "cover": [10.0, 6.0, 4.0, 10.0, 7.0, 3.0, 2.0, 5.0],
        },
    }


def documents(kind: str = "scorecard") -> Documents:
    return {
        "manifest.json": manifest(kind),
        "scorecard.json" if kind == "scorecard" else "forest.json": (
            card() if kind == "scorecard" else forest()
        ),
        "reasons.json": {
            "texts": {
                "night_share": {"en": "Many payments at night", "zh": "夜间支付较多"},
                "segment": {"en": "Kind of work", "zh": "职业类别"},
            },
            "reference_contributions": {"night_share": -0.1, "segment": 0.0},
        },
        "reference.json": {"rows": 6},
    }


def save(folder: Path, content: Documents, raw: dict[str, bytes] | None = None) -> Path:
    """Write documents with right hashes, so that only what they say can be wrong."""
    folder.mkdir()
    encoded = {name: json.dumps(value).encode() for name, value in content.items()}
    encoded.update(raw or {})
    described = json.loads(json.dumps(content["manifest.json"]))
    for name, value in encoded.items():
        if name != "manifest.json":
            described["files"].setdefault(
                name, {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
            )
    if "manifest.json" not in (raw or {}):
        encoded["manifest.json"] = json.dumps(described).encode()
    encoded["manifest.sha256"] = files_module.seal(encoded["manifest.json"])
    for name, value in encoded.items():
        (folder / name).write_bytes(value)
    return folder


@pytest.fixture
def scorecard(tmp_path: Path) -> runtime.Scorer:
    return runtime.load(save(tmp_path / "card", documents()))


@pytest.fixture
def boosted(tmp_path: Path) -> runtime.Scorer:
    return runtime.load(save(tmp_path / "forest", documents("boosted")))


# --- scores ---------------------------------------------------------------------------------


def test_a_scorecard_sums_margins_and_points_of_the_bins(scorecard: runtime.Scorer) -> None:
    scores = scorecard.score(ROWS)
    assert scores.margin == pytest.approx(MARGINS, abs=1e-15)
    assert scores.points.tolist() == POINTS
    assert scores.points.dtype == np.int64
    log_odds = 1.5 * np.array(MARGINS) + 0.25
    assert scores.probability == pytest.approx(1 / (1 + np.exp(-log_odds)), abs=1e-15)
    assert scores.grade.tolist() == [
        "A" if p < 0.02 else "B" if p < 0.1 else "C" for p in scores.probability
    ]
    assert scores.reasons == ((),) * 6


def test_a_forest_walks_its_trees(boosted: runtime.Scorer) -> None:
    def by_hand(share: float | None, name: str | None) -> float:
        total = -3.0
        total += -0.5 if share is None or share < np.float32(0.5) else 1.0
        if name == "sme":
            total += 3 * 2**-20 if share is not None and share < 0.25 else 2**-3
        else:
            total += 2**-2
        return total

    margins = boosted.score(ROWS).margin
    expected = [
        by_hand(0.05, "sme"), by_hand(0.1, "3"), by_hand(None, None), by_hand(None, "sme"),
        by_hand(0.5, "3"), by_hand(None, None),
    ]  # fmt: skip
    assert margins.tolist() == expected


def test_points_of_the_scale_round_halves_up(boosted: runtime.Scorer) -> None:
    scores = boosted.score(ROWS)
    factor = 20 / math.log(2)
    offset = 600 - factor * math.log(50)
    exact = offset - factor * (1.5 * scores.margin + 0.25)
    assert scores.points.tolist() == [math.floor(x + 0.5) for x in exact]


def test_probability_is_stable_at_any_margin(scorecard: runtime.Scorer) -> None:
    rule = scorecard.rule
    with np.errstate(all="raise", under="ignore"):
        low, middle, high = rule.probability(np.array([-1e4, -0.25 / 1.5, 1e4]))
    assert (low, middle, high) == (0.0, 0.5, 1.0)


def test_a_probability_on_a_bound_is_of_the_riskier_grade(scorecard: runtime.Scorer) -> None:
    bound = np.array([0.02, np.nextafter(0.02, 0), 0.1])
    assert scorecard.rule.grade(bound).tolist() == ["B", "A", "C"]


def test_columns_are_found_by_name(scorecard: runtime.Scorer, boosted: runtime.Scorer) -> None:
    turned = dict(reversed(ROWS.items()))
    for scorer in (scorecard, boosted):
        assert scorer.score(turned).margin.tolist() == scorer.score(ROWS).margin.tolist()


def test_rows_do_not_depend_on_each_other(boosted: runtime.Scorer) -> None:
    together = boosted.score(ROWS, reasons=2)
    for i in range(6):
        alone = boosted.score({name: values[i : i + 1] for name, values in ROWS.items()}, reasons=2)
        assert alone.margin[0] == together.margin[i]
        assert alone.reasons[0] == together.reasons[i]


def test_no_rows_give_no_scores(scorecard: runtime.Scorer, boosted: runtime.Scorer) -> None:
    for scorer in (scorecard, boosted):
        scores = scorer.score({"night_share": [], "segment": []}, reasons=3)
        assert len(scores.margin) == len(scores.points) == len(scores.grade) == 0
        assert scores.reasons == ()


def test_every_dtype_of_a_number_scores_the_same(scorecard: runtime.Scorer) -> None:
    names = ["sme", "sme"]
    expected = scorecard.score({"night_share": [0, 1], "segment": names}).margin.tolist()
    for given in (
        np.array([0, 1], dtype=np.int8),
        np.array([False, True]),
        np.array([0, 1], dtype=np.float32),
        np.array([np.int64(0), 1.0], dtype=object),
        (0, True),
    ):
        assert scorecard.score({"night_share": given, "segment": names}).margin.tolist() == expected


def test_a_number_and_its_text_are_one_name(scorecard: runtime.Scorer) -> None:
    for given in (["3", "sme"], [3, "sme"], [3.0, "sme"], np.array(["3", "sme"])):
        scores = scorecard.score({"night_share": [0.0, 0.0], "segment": given})
        assert scores.points.tolist() == [514 + 14 + 3, 514 + 14 - 6]
    assert scorecard.score({"night_share": [0.0], "segment": np.array([3])}).points[0] == 531


# --- contributions and reasons --------------------------------------------------------------


def test_contributions_sum_to_the_margin(
    scorecard: runtime.Scorer, boosted: runtime.Scorer
) -> None:
    for scorer in (scorecard, boosted):
        parts = scorer.contributions(ROWS)
        total = parts.base + parts.values.sum(axis=1)
        assert total == pytest.approx(scorer.score(ROWS).margin, abs=1e-12)
        assert parts.features == ("night_share", "segment")


def test_reasons_are_the_largest_excesses_over_the_reference(scorecard: runtime.Scorer) -> None:
    reasons = scorecard.score(ROWS, reasons=2).reasons
    assert [[r.feature for r in row] for row in reasons] == [
        ["segment"], ["night_share"], ["night_share"], ["night_share", "segment"],
        ["night_share"], ["night_share"],
    ]  # fmt: skip
    first = reasons[3][0]
    assert (first.text, first.dimension) == ("Many payments at night", "payment")
    assert first.excess == pytest.approx(1.0 + 0.1)
    chinese = scorecard.score(ROWS, reasons=1, language="zh").reasons
    assert chinese[3][0].text == "夜间支付较多"
    assert all(len(row) <= 1 for row in chinese)


def random_forest(random: np.random.Generator, columns: int, trees: int, depth: int) -> Any:
    """Return a forest of random shape, as plain data, with children after parents."""
    nodes: dict[str, list[Any]] = {
        name: []
        for name in (
            "feature", "left", "right", "threshold", "default_left", "value", "cover"
        )
    }  # fmt: skip
    start = [0]

    def grow(level: int, cover: float) -> int:
        at = len(nodes["left"])
        leaf = level == depth or random.random() < 0.2
        nodes["feature"].append(0 if leaf else int(random.integers(columns)))
        nodes["threshold"].append(0.0 if leaf else float(np.float32(random.normal())))
        nodes["default_left"].append(0 if leaf else int(random.integers(2)))
        nodes["value"].append(int(random.integers(-(2**20), 2**20)) if leaf else 0)
        nodes["cover"].append(cover)
        nodes["left"].append(-1)
        nodes["right"].append(-1)
        if not leaf:
            share = random.uniform(0.1, 0.9)
            nodes["left"][at] = grow(level + 1, cover * share)
            nodes["right"][at] = grow(level + 1, cover * (1 - share))
        return at

    for _ in range(trees):
        grow(0, 100.0)
        start.append(len(nodes["left"]))
    return {"base": 17, "start": start, **nodes}


def read_random(random: np.random.Generator, columns: int, trees: int, depth: int) -> Any:
    from credit.runtime.forest import read_forest
    from credit.runtime.plain import parse

    plain = json.dumps(random_forest(random, columns, trees, depth)).encode()
    return read_forest(parse("forest.json", plain), columns)


def walk(forest: Any, row: np.ndarray, node: int, known: set[int]) -> float:
    """Expected leaf value (in units) when only the columns in ``known`` are followed."""
    if forest.left[node] < 0:
        return float(forest.value[node])
    left, right = int(forest.left[node]), int(forest.right[node])
    column = int(forest.feature[node])
    if column in known:
        x = row[column]
        goes_left = forest.default_left[node] if np.isnan(x) else x < forest.threshold[node]
        return walk(forest, row, left if goes_left else right, known)
    cover = forest.cover[left] + forest.cover[right]
    return forest.cover[left] / cover * walk(forest, row, left, known) + forest.cover[
        right
    ] / cover * walk(forest, row, right, known)


def naive_shapley(forest: Any, row: np.ndarray, columns: int) -> np.ndarray:
    """Shapley values from the definition: a sum over all subsets of columns."""
    from itertools import combinations

    def value(known: set[int]) -> float:
        return sum(walk(forest, row, int(root), known) for root in forest.start[:-1]) * 2.0**-20

    result = np.zeros(columns)
    for i in range(columns):
        others = [j for j in range(columns) if j != i]
        for size in range(columns):
            weight = (
                math.factorial(size) * math.factorial(columns - size - 1) / math.factorial(columns)
            )
            for subset in combinations(others, size):
                result[i] += weight * (value({*subset, i}) - value(set(subset)))
    return result


@pytest.mark.parametrize("depth", [0, 1, 2, 3, 4, 6])
def test_walks_and_contributions_equal_their_definitions(depth: int) -> None:
    from credit.runtime.shapley import build_tables

    random = np.random.default_rng(depth)
    forest = read_random(random, 4, 5, depth)
    X = random.normal(size=(12, 4)).astype(np.float32)
    X[random.random(X.shape) < 0.2] = np.nan
    inner = np.flatnonzero(forest.left >= 0)
    for i, node in enumerate(inner[:12]):
        X[i, forest.feature[node]] = forest.threshold[node]
    everything = {0, 1, 2, 3}
    margins = [
        (17 + sum(walk(forest, row, int(root), everything) for root in forest.start[:-1])) * 2**-20
        for row in X
    ]
    assert forest.margin(X).tolist() == margins
    tables = build_tables(forest)
    parts = tables.contributions(X)
    for row, part in zip(X, parts, strict=True):
        assert part == pytest.approx(naive_shapley(forest, row, 4), abs=1e-12)
    assert parts.sum(axis=1) + tables.base == pytest.approx(margins, abs=1e-12)


def test_zero_has_no_sign() -> None:
    random = np.random.default_rng(1)
    plain = random_forest(random, 1, 1, 3)
    plain["threshold"] = [0.0] * len(plain["threshold"])
    from credit.runtime.forest import read_forest
    from credit.runtime.plain import parse

    forest = read_forest(parse("forest.json", json.dumps(plain).encode()), 1)
    margins = forest.margin(np.array([[0.0], [-0.0]], dtype=np.float32))
    assert margins[0] == margins[1]


# --- what the caller may get wrong ----------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("segment"), r"column 'segment' is missing\..*may be None"),
        (
            lambda c: c.update(segmant=c.pop("segment")),
            r"column 'segment' is missing\. Did you mean 'segmant'\?",
        ),
        (
            lambda c: c.update(night_shares=[1] * 6),
            r"column 'night_shares' is unknown.* Did you mean 'night_share'\?.*ignore=",
        ),
        (
            lambda c: c.update(night_share=["0.1"] * 6),
            r"column 'night_share', row 0: '0.1' of type str is not a number\. The unit is 'share'",
        ),
        (
            lambda c: c.update(night_share=[0.1, 0.2, "0.3", 0.1, 0.1, 0.1]),
            r"column 'night_share', row 2: '0.3' of type str is not a number",
        ),
        (
            lambda c: c.update(night_share=np.array(["2024-01-01"] * 6, dtype="datetime64[s]")),
            r"column 'night_share': type datetime64\[s\] is not a number",
        ),
        (
            lambda c: c.update(night_share=[0, 0, 0, math.inf, 0, -math.inf]),
            r"column 'night_share', row 3: the value is infinite \(2 row\(s\)\)",
        ),
        (
            lambda c: c.update(night_share=[0, 10**400, 0, 0, 0, 0]),
            r"column 'night_share', row 1: the value is infinite",
        ),
        (
            lambda c: c.update(night_share=[0, 0, 1.5, 0, 7, -9]),
            r"column 'night_share', row 2: 1.5 is outside the declared range \[0.0, 1.0\] "
            r"\(2 row\(s\)\)\. Check the unit, 'share'",
        ),
        (
            lambda c: c.update(segment=["sme"] * 5),
            r"columns differ in length: 'night_share' has 6 row\(s\), 'segment' has 5",
        ),
        (lambda c: c.update(night_share=0.3), r"'night_share': got 0.3, but one value a row"),
        (lambda c: c.update(segment="sme"), r"'segment': got 'sme', but one value a row"),
        (lambda c: c.update(night_share=[[0.1]] * 6), r"'night_share': got shape \(6, 1\)"),
        (lambda c: c.update(night_share=[0, [1], 2, 3, 4, 5]), r"'night_share'.*one value a row"),
        (
            lambda c: c.update(night_share=np.ma.masked_array([0.0] * 6, mask=True)),
            r"'night_share': masked arrays are not read",
        ),
        (
            lambda c: c.update(segment=[object()] * 6),
            r"column 'segment', row 0: .* of type object is neither text nor number",
        ),
        (
            lambda c: c.update(segment=np.array([["sme"], None, [], 1, 2, 3], dtype=object)),
            r"column 'segment', row 0: \['sme'\] of type list is neither text nor number",
        ),
        (
            lambda c: c.update(segment=np.array(["2024"] * 6, dtype="datetime64[Y]")),
            r"column 'segment': type datetime64\[Y\] holds no names",
        ),
    ],
)
def test_bad_columns_are_refused(
    scorecard: runtime.Scorer,
    boosted: runtime.Scorer,
    change: Callable[[dict[str, Any]], object],
    message: str,
) -> None:
    columns = dict(ROWS)
    change(columns)
    for scorer in (scorecard, boosted):
        with pytest.raises(ArtifactError, match=message):
            scorer.score(columns)


def test_named_columns_are_passed_over(scorecard: runtime.Scorer) -> None:
    columns = {**ROWS, "application_id": ["x"], "dropped": "not read"}
    with pytest.raises(ArtifactError, match="column 'application_id' is unknown"):
        scorecard.score(columns)
    scores = scorecard.score(columns, ignore=["application_id", "customer_id"])
    assert scores.points.tolist() == POINTS
    with pytest.raises(ArtifactError, match="'segment' is a feature of the model"):
        scorecard.score(columns, ignore=["segment"])
    with pytest.raises(ArtifactError, match="ignore: got the text 'as_of'"):
        scorecard.score(columns, ignore="as_of")


def test_bad_arguments_are_refused(scorecard: runtime.Scorer) -> None:
    with pytest.raises(ArtifactError, match="columns: got list, but scoring needs a dict"):
        scorecard.score([1, 2])  # type: ignore[arg-type]
    with pytest.raises(ArtifactError, match="reasons: must be a whole number from 0, got -1"):
        scorecard.score(ROWS, reasons=-1)
    with pytest.raises(ArtifactError, match=r"language: must be one of .*, got 'fr'"):
        scorecard.score(ROWS, language="fr")  # type: ignore[arg-type]


def test_an_unknown_name_is_refused_where_the_manifest_says_so(tmp_path: Path) -> None:
    content = documents()
    content["manifest.json"]["features"][1]["unknown_category"] = "refuse"
    scorer = runtime.load(save(tmp_path / "a", content))
    with pytest.raises(
        ArtifactError, match=r"column 'segment', row 1: 'smes' .*never seen.*Did you mean 'sme'\?"
    ):
        scorer.score({"night_share": [0, 0], "segment": [None, "smes"]})
    assert scorer.score({"night_share": [0], "segment": [None]}).points[0] == 528


def test_a_number_beyond_float32_is_refused_by_a_forest(tmp_path: Path) -> None:
    content = documents("boosted")
    content["manifest.json"]["features"][0]["hard_range"] = None
    scorer = runtime.load(save(tmp_path / "a", content))
    with pytest.raises(ArtifactError, match=r"'night_share', row 1: 1e\+39 is beyond float32"):
        scorer.score({"night_share": [0, 1e39], "segment": ["sme", "sme"]})


# --- damaged and hostile artifacts ----------------------------------------------------------


def test_a_changed_byte_is_refused_with_the_name_of_its_file(tmp_path: Path) -> None:
    folder = save(tmp_path / "a", documents())
    random = np.random.default_rng(20261121)
    for name in sorted(path.name for path in folder.iterdir()):
        whole = (folder / name).read_bytes()
        for at in random.integers(len(whole), size=60):
            changed = bytearray(whole)
            changed[at] ^= int(random.integers(1, 256))
            (folder / name).write_bytes(bytes(changed))
            named = "manifest.json" if name == "manifest.sha256" else name
            with pytest.raises(ArtifactError, match=f"{named}: its SHA-256 hash is not"):
                runtime.load(folder)
        (folder / name).write_bytes(whole)
    runtime.load(folder)


def test_a_changed_byte_of_a_zip_changes_no_score(tmp_path: Path) -> None:
    folder = save(tmp_path / "a", documents())
    path = zip_of(folder, tmp_path / "a.zip")
    whole = path.read_bytes()
    random = np.random.default_rng(7)
    refused = 0
    for at in random.integers(len(whole), size=300):
        changed = bytearray(whole)
        changed[at] ^= int(random.integers(1, 256))
        path.write_bytes(bytes(changed))
        try:
            scorer = runtime.load(path)
        except ArtifactError:
            refused += 1
        else:  # a byte that carries no content: a date, an attribute
            assert scorer.score(ROWS).points.tolist() == POINTS
    assert refused > 200


def zip_of(folder: Path, path: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, prefix + file.name)
    return path


def test_folder_and_zip_agree(tmp_path: Path) -> None:
    folder = save(tmp_path / "a", documents("boosted"))
    expected = runtime.load(folder).score(ROWS, reasons=4)
    for prefix in ("", "a/"):
        path = zip_of(folder, tmp_path / f"{len(prefix)}.zip", prefix)
        for given in (path, str(path)):
            scores = runtime.load(given).score(ROWS, reasons=4)
            assert scores.margin.tolist() == expected.margin.tolist()
            assert scores.reasons == expected.reasons


def test_what_is_no_artifact_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="there is no artifact"):
        runtime.load(tmp_path / "nothing")
    with pytest.raises(ArtifactError, match=r"the file manifest\.json is missing"):
        runtime.load(tmp_path)
    text = tmp_path / "a.zip"
    text.write_text("not a zip")
    with pytest.raises(ArtifactError, match=r"a\.zip: not a readable zip file"):
        runtime.load(text)
    folder = save(tmp_path / "a", documents())
    (folder / "scorecard.json").unlink()
    with pytest.raises(ArtifactError, match=r"scorecard\.json: the file is missing"):
        runtime.load(folder)
    (folder / "manifest.sha256").unlink()
    with pytest.raises(ArtifactError, match=r"the file manifest\.sha256 is missing"):
        runtime.load(folder)


def test_files_that_are_not_its_own_are_refused(tmp_path: Path) -> None:
    folder = save(tmp_path / "a", documents())
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(ArtifactError, match=r"notes\.txt: the file is not named in manifest"):
        runtime.load(folder)
    (folder / "notes.txt").unlink()
    (folder / "inside").mkdir()
    with pytest.raises(ArtifactError, match="inside: not a plain file"):
        runtime.load(folder)
    (folder / "inside").rmdir()
    path = zip_of(folder, tmp_path / "a.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../evil", "x")
    with pytest.raises(ArtifactError, match="the zip holds folders"):
        runtime.load(path)
    path = zip_of(folder, tmp_path / "b.zip")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("manifest.json", "x")
    with pytest.raises(ArtifactError, match="two files of the same name"):
        runtime.load(path)


def test_a_file_of_a_zip_without_a_name_is_refused(tmp_path: Path) -> None:
    path = zip_of(save(tmp_path / "a", documents()), tmp_path / "a.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x", "{}")
    whole = bytearray(path.read_bytes())
    at = whole.rfind(b"PK\x01\x02") + 28
    whole[at : at + 4] = b"\x00\x00\x01\x00"  # no name, and an extra field of one byte
    with pytest.raises(ArtifactError, match="not a readable zip file"):
        runtime.load(bytes(whole))


def test_size_limits_come_before_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save(tmp_path / "a", documents())
    path = zip_of(folder, tmp_path / "a.zip")
    for limit, message in (
        ("MAX_FILES", "5 files are too many for an artifact: at most 3"),
        ("MAX_TOTAL_BYTES", "bytes are too many for an artifact: at most 10"),
        ("MAX_FILE_BYTES", r"\.json: \d+ bytes are too many: at most 10"),
        ("MAX_MANIFEST_BYTES", r"manifest\.json: \d+ bytes are too many: at most 10"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(files_module, limit, 3 if limit == "MAX_FILES" else 10)
            for given in (folder, path):
                with pytest.raises(ArtifactError, match=message):
                    runtime.load(given)


def set_at(path: str, value: Any) -> Callable[[Documents], None]:
    """Return a change of one place: ``file:key.key``; a value of ``del`` removes it."""

    def change(content: Documents) -> None:
        file, _, keys = path.partition(":")
        node = content[file]
        *parents, last = [int(k) if k.isdigit() else k for k in keys.split(".")]
        for key in parents:
            node = node[key]
        if value == "del":
            del node[last]
        else:
            node[last] = value

    return change


M, C, F, R = "manifest.json", "scorecard.json", "forest.json", "reasons.json"


@pytest.mark.parametrize(
    ("kind", "path", "value", "message"),
    [
        ("scorecard", f"{M}:format", 2, "unknown format version 2; this version.*reads format 1"),
        ("scorecard", f"{M}:format", True, "unknown format version True"),
        ("scorecard", f"{M}:format", "del", "unknown format version None"),
        ("scorecard", f"{M}:kind", "neural", r"kind must be one of \['blended', 'boosted', 'sco"),
        ("scorecard", f"{M}:kind", "boosted", r"points must be one of \['scale'\]"),
        ("scorecard", f"{M}:grades", "del", "manifest.json: the document lacks 'grades'"),
        ("scorecard", f"{M}:caliber", 1, "unknown key 'caliber'.*Did you mean 'calibration'"),
        ("scorecard", f"{M}:features.0.type", "time", r"features\[0\].type must be one of"),
        ("scorecard", f"{M}:features.0.name", "segment", "features with different names"),
        ("scorecard", f"{M}:features.0.hard_range", [2, 1], "must be a range"),
        ("scorecard", f"{M}:features", [], "at least one"),
        ("scorecard", f"{M}:calibration.slope", 0, "slope must be a number above 0, got 0"),
        ("scorecard", f"{M}:score.base_odds", -1, "base_odds must be a number above 0"),
        ("scorecard", f"{M}:score.rounding", "round", "rounding must be one of"),
        ("boosted", f"{M}:score.points", "table", r"points must be one of \['scale'\]"),
        ("scorecard", f"{M}:score.points_to_double", 1e16, r"points_to_double .* than 2\*\*53"),
        ("scorecard", f"{M}:calibration.slope", 1e308, r"slope must .* less than 2\*\*53 from 0"),
        ("scorecard", f"{M}:calibration.intercept", -1e17, r"intercept .* than 2\*\*53 from 0"),
        ("scorecard", f"{C}:terms.0.margin.0", 1e16, r"margins that add up to less than 2\*\*53"),
        ("scorecard", f"{R}:reference_contributions.segment", 1e308, r"less than 2\*\*53 from 0"),
        ("scorecard", f"{M}:grades.bounds", [0.1, 0.1], "rising probabilities"),
        ("scorecard", f"{M}:grades.bounds", [0.1], "a list of 2 numbers"),
        ("scorecard", f"{M}:files", {"reference.json": {"bytes": 12, "sha256": "x"}}, "64 lower"),
        ("scorecard", f"{C}:intercept", "0", "intercept must be a finite number, got '0'"),
        ("scorecard", f"{C}:intercept", True, "intercept must be a finite number, got True"),
        ("scorecard", f"{C}:terms.0.labels", ["x"], "a list of 4 labels"),
        ("scorecard", f"{C}:terms.0.edges", [0.2, 0.1], "rising edges"),
        ("scorecard", f"{C}:terms.0.edges", [1, 2, 3, 4, 5], "fewer than the bins"),
        ("scorecard", f"{C}:terms.0.edges", "del", "a feature with edges, as it is a number"),
        ("scorecard", f"{C}:terms.0.missing", 4, "an integer from 0 to 3, got 4"),
        ("scorecard", f"{C}:terms.0.points", [1, 2, 3], "a list of 4 numbers"),
        ("scorecard", f"{C}:terms.0.points", [1, 2, 3, 0.5], "a list of integers"),
        ("scorecard", f"{C}:terms.0.margin", [1, 2, 3, None], "a list of finite numbers"),
        ("scorecard", f"{C}:terms.0.special", [], "manifest's special codes"),
        ("scorecard", f"{C}:terms.1.categories", {"sme": 0}, "the manifest's categories"),
        ("scorecard", f"{C}:terms.1.feature", "segments", "'segment', as in the manifest's order"),
        ("scorecard", f"{C}:terms.1", "del", "a list of 2 terms"),
        ("scorecard", f"{R}:texts.segment", "del", "texts lacks 'segment'"),
        ("scorecard", f"{R}:texts.segment.zh", 3, "zh must be text, got 3"),
        ("boosted", f"{F}:inputs.0.feature", "nobody", "feature must be one of"),
        ("boosted", f"{F}:inputs.1", "del", "feature must be a list of integers from 0 to 0"),
        ("boosted", f"{F}:inputs.1.codes", {"x": 1}, "the manifest's categories"),
        ("boosted", f"{F}:inputs.1.codes", "del", "a feature with codes, as it holds names"),
        ("boosted", f"{F}:inputs.0.codes", {"sme": 1}, "absent, as the feature is a number"),
        ("boosted", f"{F}:trees.left", [1, -1], "a list of 8 numbers"),
        ("boosted", f"{F}:trees.left.0", 9, "a list of integers from -1 to 7"),
        ("boosted", f"{F}:trees.left.0", 0, r"does not come after its parent \(a cycle\)"),
        ("boosted", f"{F}:trees.left.4", 3, r"does not come after its parent \(a cycle\)"),
        ("boosted", f"{F}:trees.left.0", 4, "a child in another tree"),
        ("boosted", f"{F}:trees.left.0", 2, "two parents or none"),
        ("boosted", f"{F}:trees.left.4", -1, "a node with one child"),
        ("boosted", f"{F}:trees.right.4", -1, "a node with one child"),
        ("boosted", f"{F}:trees.cover.1", 0.0, "a cover that is not positive"),
        ("boosted", f"{F}:trees.value.0", 5, "a value in an inner node"),
        ("boosted", f"{F}:trees.threshold.0", 0.1, "float32 numbers"),
        ("boosted", f"{F}:trees.threshold.0", 1e39, "float32 numbers"),
        ("boosted", f"{F}:trees.start", [0, 8, 3], "rising positions from 0"),
        ("boosted", f"{F}:trees.base", 0.5, "base must be an integer"),
        ("boosted", f"{F}:trees.value.1", 2**70, "a list of integers from"),
    ],
)  # fmt: skip
def test_an_unsound_structure_is_refused(
    tmp_path: Path, kind: str, path: str, value: Any, message: str
) -> None:
    content = documents(kind)
    set_at(path, value)(content)
    with pytest.raises(ArtifactError, match=message):
        runtime.load(save(tmp_path / "a", content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"rows": NaN}', "NaN is not JSON"),
        (b'{"rows": -Infinity}', "-Infinity is not JSON"),
        (b'{"rows": 1e999}', "the number 1e999 is too large"),
        (b'{"rows": 1, "rows": 2}', "the same key twice"),
        (b'{"rows": 1', "not strict JSON"),
        (b'{"rows": "\xff"}', "not strict JSON"),
        (b"[" * 100_000, "not strict JSON"),
        (b"1" * 5_000, "not strict JSON"),
        (b"[]", "must be an object"),
    ],
)
def test_only_strict_json_is_read(tmp_path: Path, content: bytes, message: str) -> None:
    folder = save(tmp_path / "a", documents(), {"reference.json": content})
    with pytest.raises(ArtifactError, match=rf"reference\.json: .*{message}"):
        runtime.load(folder)


def test_a_forest_too_deep_for_tables_still_scores(tmp_path: Path) -> None:
    content = documents("boosted")
    depth = 7
    inner = range(0, 2 * depth, 2)
    content["forest.json"]["trees"] = {
        "base": 0,
        "start": [0, 2 * depth + 1],
        "feature": [0] * (2 * depth + 1),
        "left": [i + 1 if i in inner else -1 for i in range(2 * depth + 1)],
        "right": [i + 2 if i in inner else -1 for i in range(2 * depth + 1)],
        "threshold": [0.5 if i in inner else 0 for i in range(2 * depth + 1)],
        "default_left": [0] * (2 * depth + 1),
        "value": [0 if i in inner else 2**20 for i in range(2 * depth + 1)],
        "cover": [1.0] * (2 * depth + 1),
    }
    scorer = runtime.load(save(tmp_path / "a", content))
    assert scorer.score(ROWS).margin.tolist() == [1.0] * 6
    with pytest.raises(ArtifactError, match=r"depth 6 or less, this forest has 7.*reasons=0"):
        scorer.score(ROWS, reasons=1)
