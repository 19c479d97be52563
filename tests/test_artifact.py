"""credit.artifact: what is written scores as the model does, or is not written."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb

from credit import artifact, runtime
from credit.artifact.forest import export
from credit.artifact.reference import equal_mass_edges
from credit.blend import BlendedModel
from credit.boost import BoostedModel, BoostOptions
from credit.calibrate import Calibration, default_master_scale
from credit.errors import ArtifactError
from credit.explain.reasons import ReasonText, Reference, reason_codes
from credit.feature import Catalogue, Reason, Stated
from credit.policy import Policy
from credit.runtime.counts import counts_between
from credit.runtime.forest import UNIT, Forest, read_forest
from credit.runtime.plain import parse
from credit.runtime.shapley import build_tables
from credit.scorecard import PolicyCard, Scale, Scorecard

ROWS = 1_500


def sample(rows: int = ROWS, seed: int = 3) -> pd.DataFrame:
    """Numbers with missing values and a special code, names with a missing one, and noise."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "income": random.normal(size=rows),
            "night": random.integers(0, 6, size=rows).astype(np.float64),
            "segment": random.choice(["sme", "white", "blue"], size=rows),
            "noise": random.normal(size=rows),
        }
    )
    frame.loc[random.random(rows) < 0.1, "income"] = np.nan
    frame.loc[random.random(rows) < 0.05, "night"] = -9.0
    frame.loc[random.random(rows) < 0.05, "segment"] = None
    return frame


def target(frame: pd.DataFrame) -> np.ndarray:
    margin = -2 - frame["income"].fillna(0) + 0.4 * frame["night"] + (frame["segment"] == "sme")
    return (np.random.default_rng(4).random(len(frame)) < 1 / (1 + np.exp(-margin))).astype(int)


CATALOGUE = Catalogue(
    (
        Stated(
            name="night",
            dimension="payment",
            label="Nights",
            unit="count",
            null_means="no payment",
            risk=1,
            reason=Reason(en="Payments at night", zh="夜间支付"),
            expression="night",
        ),
    )
)


@dataclass(frozen=True)
class Case:
    """A model, the artifact written of it, and what it is to say."""

    model: Any
    spec: artifact.ArtifactSpec
    folder: Path
    scorer: runtime.Scorer


def specification(frame: pd.DataFrame, **changes: Any) -> artifact.ArtifactSpec:
    plain = artifact.ArtifactSpec(
        sample=frame,
        scale=Scale(),
        calibration=Calibration(slope=0.9, intercept=-0.05),
        grades=default_master_scale(),
        provenance=artifact.Provenance(
            data_sha256="ab" * 32,
            policy=Policy("weilidai", "a policy", (), "cd" * 32),
            metrics={"auc": np.float64(0.7), "rows": np.int64(5), "folds": [0.1, 0.2]},
        ),
        catalogue=CATALOGUE,
    )
    return replace(plain, **changes)


def fitted(kind: str) -> Any:
    frame = sample()
    common: dict[str, Any] = {
        "signs": {"income": -1},
        "special_codes": {"night": [-9]},
        "random_state": 1,
    }
    card = Scorecard(**common)
    trees = BoostedModel(options=BoostOptions(rounds=60, seeds=2, threads=1), **common)
    models = {"scorecard": card, "boosted": trees, "blended": BlendedModel(card=card, trees=trees)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("credit.blend.ERRORS", -1e9)  # whatever comes later wins
        return models[kind].fit(frame, target(frame))


@pytest.fixture(scope="module", params=["scorecard", "boosted", "blended"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    model = fitted(request.param)
    spec = specification(sample())
    folder = artifact.write(tmp_path_factory.mktemp("a") / "artifact", model, spec)
    return Case(model, spec, folder, runtime.load(folder))


@pytest.fixture(scope="module")
def card() -> Scorecard:
    return fitted("scorecard")


def strange(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows beyond what training saw: extremes, edges, missing values, an unknown name."""
    frame = frame.copy()
    frame.loc[frame.index[:50], "income"] = [1e30, -1e30, 0.0, -0.0, np.nan] * 10
    frame.loc[frame.index[50:60], "segment"] = "never seen"
    frame.loc[frame.index[60:80], "night"] = np.nan
    return frame


# --- the artifact says what the model says --------------------------------------------------


def test_scores_equal_the_model_on_rows_it_never_saw(case: Case) -> None:
    frame = strange(sample(seed=99))
    scores = case.scorer.score(artifact.columns_of(frame, case.scorer.features))
    margin = case.model.decision_function(frame)
    calibrated = case.spec.calibration.apply(margin)
    if case.scorer.kind == "scorecard":
        assert scores.margin == pytest.approx(margin, abs=1e-12)
        assert scores.probability == pytest.approx(calibrated, abs=1e-12)
        assert scores.points.tolist() == case.model.points(frame).tolist()
    else:
        # Leaves are multiples of 2**-20 already and add up exactly; only the start is rounded.
        assert np.abs(scores.margin - margin).max() <= 2e-6
        assert np.abs(scores.margin - margin).max() <= case.scorer.model.rounding + 1e-5
        exact = Scale().of_margin(case.spec.calibration.margin(scores.margin))
        assert scores.points.tolist() == np.floor(exact + 0.5).astype(int).tolist()
    assert scores.grade.tolist() == case.spec.grades.grade(scores.probability).tolist()


def test_uncalibrated_probability_is_predict_proba(card: Scorecard, tmp_path: Path) -> None:
    spec = specification(sample(), calibration=Calibration())
    scorer = runtime.load(artifact.write(tmp_path / "a", card, spec))
    frame = strange(sample(seed=98))
    probability = scorer.score(artifact.columns_of(frame, scorer.features)).probability
    assert probability == pytest.approx(card.predict_proba(frame)[:, 1], abs=1e-12)


def test_contributions_equal_the_model(case: Case) -> None:
    frame = strange(sample(seed=97))
    parts = case.scorer.contributions(artifact.columns_of(frame, case.scorer.features))
    expected = case.model.contributions(frame)[list(parts.features)].to_numpy()
    assert np.abs(parts.values - expected).max() <= 1e-5
    assert parts.base == pytest.approx(case.model.base_, abs=1e-5)


def test_order_of_columns_and_rows_changes_nothing(case: Case) -> None:
    frame = sample(seed=5)
    columns = artifact.columns_of(frame, case.scorer.features)
    expected = case.scorer.score(columns, reasons=2)
    turned = case.scorer.score(dict(reversed(columns.items())), reasons=2)
    assert turned.margin.tolist() == expected.margin.tolist()
    assert turned.reasons == expected.reasons
    backwards = artifact.columns_of(frame.iloc[::-1], case.scorer.features)
    assert case.scorer.score(backwards).margin[::-1].tolist() == expected.margin.tolist()


def test_every_pandas_type_reads_the_same(case: Case) -> None:
    frame = sample(seed=6)
    expected = case.scorer.score(artifact.columns_of(frame, case.scorer.features)).margin
    for types in (
        {"segment": "string", "night": "Int64", "income": "Float64"},
        {"segment": "category", "income": "object"},
        {"segment": "object"},
    ):
        columns = artifact.columns_of(frame.astype(types), case.scorer.features)
        assert case.scorer.score(columns).margin.tolist() == expected.tolist()


def test_a_fresh_process_gives_the_same_scores(case: Case) -> None:
    """No pandas, no model library: lists in, the same floats out."""
    frame = sample(200, seed=8)
    columns = {
        name: [None if pd.isna(v) else v for v in frame[name].tolist()]
        for name in (feature.name for feature in case.scorer.features)
    }
    program = (
        "import json, sys\n"
        "from credit import runtime\n"
        f"scorer = runtime.load({str(case.folder)!r})\n"
        "scores = scorer.score(json.load(sys.stdin), reasons=3, language='zh')\n"
        "heavy = {'pandas', 'sklearn', 'xgboost', 'scipy', 'mlflow', 'shap'} & set(sys.modules)\n"
        "print(json.dumps([scores.margin.tolist(), scores.points.tolist(), scores.grade.tolist(),"
        " [[r.text for r in row] for row in scores.reasons], sorted(heavy)]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(columns), capture_output=True, text=True, check=True,
        cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    margin, points, grade, texts, heavy = json.loads(done.stdout)
    expected = case.scorer.score(columns, reasons=3, language="zh")
    assert margin == expected.margin.tolist()
    assert points == expected.points.tolist()
    assert grade == expected.grade.tolist()
    assert texts == [[r.text for r in row] for row in expected.reasons]
    assert heavy == []


def test_folder_and_packed_zip_agree(case: Case, tmp_path: Path) -> None:
    path = artifact.pack(case.folder, tmp_path / "a.zip")
    columns = artifact.columns_of(sample(seed=9), case.scorer.features)
    expected = case.scorer.score(columns)
    assert runtime.load(path).score(columns).margin.tolist() == expected.margin.tolist()
    again = artifact.pack(case.folder, tmp_path / "b.zip")
    assert path.read_bytes() == again.read_bytes()
    with pytest.raises(ArtifactError, match=r"a\.zip: exists already"):
        artifact.pack(case.folder, path)


def test_reasons_name_the_risk_above_the_average_person(case: Case) -> None:
    columns = artifact.columns_of(sample(400, seed=10), case.scorer.features)
    reasons = case.scorer.score(columns, reasons=4).reasons
    parts = case.scorer.contributions(columns)
    average = case.scorer.reference_contributions
    at = {name: i for i, name in enumerate(parts.features)}
    for row, (found, values) in enumerate(zip(reasons, parts.values, strict=True)):
        excess = values - average
        assert [r.excess for r in found] == sorted(excess[excess > 0].tolist(), reverse=True)[:4]
        assert all(r.excess == excess[at[r.feature]] for r in found), row
    texts = {r.feature: r.text for row in reasons for r in row}
    assert texts["night"] == "Payments at night"
    assert texts["income"] == "income"


def test_reasons_are_those_of_explain(case: Case) -> None:
    """The runtime may not import explain: the two rooms are held together here."""
    columns = artifact.columns_of(sample(300, seed=13), case.scorer.features)
    parts = case.scorer.contributions(columns)
    means = dict(zip(parts.features, case.scorer.reference_contributions.tolist(), strict=True))
    expected = reason_codes(
        pd.DataFrame(parts.values, columns=list(parts.features)),
        Reference(name="sample", means=means, rows=ROWS),
        {
            feature.name: ReasonText(dimension=feature.dimension, **case.scorer.texts[feature.name])
            for feature in case.scorer.features
        },
        k=3,
        language="zh",
    )
    found = case.scorer.score(columns, reasons=3, language="zh").reasons
    assert [[(r.feature, r.dimension, r.text, r.excess) for r in row] for row in found] == [
        [(r.feature, r.dimension, r.text, r.difference) for r in row] for row in expected
    ]


def test_the_average_person_has_no_excess_on_average(case: Case) -> None:
    parts = case.scorer.contributions(artifact.columns_of(sample(), case.scorer.features))
    assert parts.values.mean(axis=0) == pytest.approx(
        case.scorer.reference_contributions, abs=1e-12
    )


# --- what the files hold --------------------------------------------------------------------


def test_the_manifest_says_what_the_model_reads(case: Case) -> None:
    manifest = json.loads((case.folder / "manifest.json").read_text())
    assert manifest == case.scorer.manifest
    features = {feature["name"]: feature for feature in manifest["features"]}
    frame = sample()
    night = frame.loc[frame["night"] != -9, "night"]
    assert features["night"] == {
        "name": "night",
        "dimension": "payment",
        "type": "number",
        "unit": "count",
        "null_means": "no payment",
        "learned_range": [night.min(), night.max()],
        "hard_range": None,
        "special_codes": [-9.0],
        "categories": [],
        "unknown_category": "model",
    }
    assert features["segment"]["type"] == "category"
    assert sorted(features["segment"]["categories"]) == ["blue", "sme", "white"]
    assert features["income"]["dimension"] == "unassigned"
    assert set(features) | set(manifest["unused"]) == set(frame.columns)
    assert manifest["policy"] == {"name": "weilidai", "sha256": "cd" * 32}
    assert manifest["training"] == {"data_sha256": "ab" * 32, "rows": ROWS}
    assert manifest["metrics"] == {"auc": 0.7, "rows": 5, "folds": [0.1, 0.2]}
    assert manifest["calibration"] == {"slope": 0.9, "intercept": -0.05}
    assert manifest["score"]["points"] == ("table" if manifest["kind"] == "scorecard" else "scale")


def test_special_and_unseen_names_score_as_in_the_model(tmp_path: Path) -> None:
    frame = sample(400)
    options = BoostOptions(rounds=20, eta=0.3, seeds=1)
    model = BoostedModel(options=options, special_codes={"segment": ["blue", "gone"]})
    model.fit(frame, target(frame))
    scorer = runtime.load(artifact.write(tmp_path / "a", model, specification(frame)))
    names = ["blue", "gone", "sme", "white", "nobody", None]
    asked = frame.iloc[[0] * len(names)].assign(segment=names)
    margin = scorer.score(artifact.columns_of(asked, scorer.features)).margin
    assert margin == pytest.approx(model.decision_function(asked), abs=2e-6)
    assert len(set(margin.round(6))) > 2


def test_every_file_is_hashed_strict_json(case: Case) -> None:
    manifest = json.loads((case.folder / "manifest.json").read_text())
    names = {path.name for path in case.folder.iterdir()}
    assert names == {*manifest["files"], "manifest.json", "manifest.sha256"}
    expected = {"reference.json", "reasons.json"}
    expected |= {
        "scorecard": {"scorecard.json"},
        "boosted": {"forest.json", "model.json"},
        "blended": {"blended.json"},
    }[manifest["kind"]]
    assert set(manifest["files"]) == expected
    for name, stated in manifest["files"].items():
        content = (case.folder / name).read_bytes()
        assert stated == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        parse(name, content)
    line = (case.folder / "manifest.sha256").read_text()
    digest = hashlib.sha256((case.folder / "manifest.json").read_bytes()).hexdigest()
    assert line == f"{digest}  manifest.json\n"


def test_the_reference_counts_every_row_once(case: Case) -> None:
    reference = json.loads((case.folder / "reference.json").read_text())
    assert reference == case.scorer.reference
    assert reference["rows"] == ROWS == sum(reference["points"]["counts"])
    assert sum(reference["grades"].values()) == ROWS
    for name, feature in reference["features"].items():
        counts = feature["counts"]
        inside = sum(counts.values()) if isinstance(counts, dict) else sum(counts)
        special = sum(item["count"] for item in feature.get("special", []))
        assert inside + special + feature["missing"] == ROWS, name
    frame = sample()
    columns = artifact.columns_of(
        frame[[f.name for f in case.scorer.features]], case.scorer.features
    )
    reasons = case.scorer.score(columns, reasons=1).reasons
    assert reference["reasons"]["rows"] == ROWS
    assert reference["reasons"]["first"] == Counter(row[0].feature for row in reasons if row)
    assert "approved" not in reference
    assert reference["features"]["segment"]["counts"] == (
        frame["segment"].value_counts().sort_index().to_dict()
    )
    assert reference["features"]["night"]["special"] == [
        {"code": -9.0, "count": int((frame["night"] == -9).sum())}
    ]


def test_equal_mass_edges_split_a_sample_evenly() -> None:
    values = np.random.default_rng(0).permutation(1_000).astype(np.float64)
    edges = equal_mass_edges(values)
    assert counts_between(values, edges) == [100] * 10
    assert equal_mass_edges(np.array([1.0, 1.0, 1.0])) == []
    assert equal_mass_edges(np.array([np.nan])) == []
    assert equal_mass_edges(np.array([0.0, 0.0, 0.0, 1.0])) == [1.0]


def test_a_changed_byte_is_refused(case: Case, tmp_path: Path) -> None:
    random = np.random.default_rng(20261121)
    for path in sorted(case.folder.iterdir()):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    for path in sorted(case.folder.iterdir()):
        whole = path.read_bytes()
        for at in random.integers(len(whole), size=40):
            changed = bytearray(whole)
            changed[at] ^= 1 << int(random.integers(8))
            (tmp_path / path.name).write_bytes(bytes(changed))
            with pytest.raises(ArtifactError, match="its SHA-256 hash is not the one in"):
                runtime.load(tmp_path)
        (tmp_path / path.name).write_bytes(whole)
    runtime.load(tmp_path)


def test_the_same_model_gives_the_same_bytes(case: Case, tmp_path: Path) -> None:
    again = artifact.write(tmp_path / "again", case.model, case.spec)
    for path in case.folder.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes(), path.name


# --- forests --------------------------------------------------------------------------------


def grown(depth: int, rounds: int, **options: Any) -> tuple[xgb.Booster, np.ndarray]:
    random = np.random.default_rng(depth)
    X = random.normal(size=(4_000, 8)).astype(np.float32)
    X[:, 2] = np.round(X[:, 2])
    X[random.random(X.shape) < 0.1] = np.nan
    margin = -2 + np.nan_to_num(X[:, 0] * X[:, 1] + X[:, 2])
    y = (random.random(len(X)) < 1 / (1 + np.exp(-margin))).astype(int)
    parameters = {
        "objective": "binary:logistic", "max_depth": depth, "eta": 0.1, "nthread": 1, **options
    }  # fmt: skip
    return xgb.train(parameters, xgb.DMatrix(X, y), rounds), X


def read(booster: xgb.Booster) -> Forest:
    arrays = json.dumps(export(booster).arrays).encode()
    return read_forest(parse("forest.json", arrays), 8)


def hard_rows(forest: Forest, rows: int) -> np.ndarray:
    """Random rows with many missing values, exact thresholds, their neighbours and signed zeros."""
    random = np.random.default_rng(11)
    X = random.normal(size=(rows, 8)).astype(np.float32)
    inner = forest.left >= 0
    for column in range(8):
        at = np.unique(forest.threshold[inner & (forest.feature == column)])
        up, down = np.nextafter(at, np.float32(np.inf)), np.nextafter(at, np.float32(-np.inf))
        special = np.concatenate((at, up, down, [0.0, -0.0])).astype(np.float32)
        chosen = random.random(rows) < 0.4
        X[chosen, column] = random.choice(special, size=int(chosen.sum()))
    X[random.random(X.shape) < 0.15] = np.nan
    return X


@pytest.mark.parametrize(
    ("depth", "rounds", "options"),
    [(1, 30, {}), (3, 60, {"gamma": 2.0}), (4, 60, {"subsample": 0.7}), (6, 20, {})],
)
def test_margins_equal_xgboost_on_hard_rows(
    depth: int, rounds: int, options: dict[str, Any]
) -> None:
    """To 1e-5 the booster's; to the last bit those of the XGBoost file beside the forest."""
    booster, _ = grown(depth, rounds, **options)
    forest = read(booster)
    X = hard_rows(forest, 100_000 if depth == 3 else 20_000)
    data = xgb.DMatrix(X)
    margin = forest.margin(X)
    assert np.abs(margin - booster.predict(data, output_margin=True)).max() <= 1e-5
    exported = export(booster)
    beside = xgb.Booster()
    beside.load_model(bytearray(exported.model))
    assert margin.tolist() == beside.predict(data, output_margin=True).astype(float).tolist()
    tables = build_tables(forest)
    for model in (booster, beside):
        expected = model.predict(xgb.DMatrix(X[:500]), pred_contribs=True)
        assert np.abs(tables.contributions(X[:500]) - expected[:, :-1]).max() <= 1e-5
        assert tables.base == pytest.approx(expected[0, -1], abs=1e-5)


def test_rounding_stays_within_its_bound() -> None:
    booster, X = grown(4, 200)
    exported = export(booster)
    forest = read(booster)
    trees = len(exported.arrays["start"]) - 1
    assert exported.rounding <= (trees + 1) * UNIT / 2
    single = booster.predict(xgb.DMatrix(X), output_margin=True).astype(np.float64)
    assert np.abs(forest.margin(X) - single).max() <= exported.rounding + trees * 2**-21


def test_a_written_forest_is_what_xgboost_reads(tmp_path: Path) -> None:
    model = fitted("boosted")
    folder = artifact.write(tmp_path / "a", model, specification(sample()))
    beside = xgb.Booster()
    beside.load_model(folder / "model.json")
    frame = strange(sample(seed=12))
    matrix = xgb.DMatrix(model.encoder_.matrix(frame), feature_names=list(model.encoder_.outputs))
    scorer = runtime.load(folder)
    margin = scorer.score(artifact.columns_of(frame, scorer.features)).margin
    assert margin.tolist() == beside.predict(matrix, output_margin=True).astype(float).tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"booster": "gblinear", "verbosity": 0}, "the booster is 'gblinear': only 'gbtree'"),
        ({"objective": "reg:squarederror"}, "objective is 'reg:squarederror': only"),
        ({"objective": "multi:softprob", "num_class": 2}, "only .* give log-odds"),
        ({"min_child_weight": 0.0, "lambda": 0.0, "eta": 100.0}, "log-odds: more than 16"),
    ],
)
def test_boosters_that_are_no_log_odds_are_refused(options: dict[str, Any], message: str) -> None:
    booster, _ = grown(2, 3, **options)
    with pytest.raises(ArtifactError, match=message):
        export(booster)


def test_rounds_after_the_best_are_refused() -> None:
    booster, _ = grown(2, 6)
    booster.set_attr(best_iteration="3")
    with pytest.raises(ArtifactError, match="6 rounds but its best is number 4: export booster"):
        export(booster)
    assert len(export(booster[:4]).arrays["start"]) == 5


def test_sets_of_categories_are_refused() -> None:
    frame = pd.DataFrame({"c": pd.Categorical(["a", "b", "c", "d"] * 200)})
    y = np.array([1, 0, 1, 0] * 200)
    data = xgb.DMatrix(frame, y, enable_categorical=True)
    booster = xgb.train(
        {"objective": "binary:logistic", "max_cat_to_onehot": 1, "nthread": 1}, data, 1
    )
    with pytest.raises(ArtifactError, match="splits on sets of categories"):
        export(booster)


# --- writing --------------------------------------------------------------------------------


def test_an_existing_folder_is_kept(card: Scorecard, tmp_path: Path) -> None:
    spec = specification(sample())
    folder = artifact.write(tmp_path / "deep" / "a", card, spec)
    before = (folder / "manifest.json").read_bytes()
    with pytest.raises(ArtifactError, match=r"exists already.*overwrite=True"):
        artifact.write(folder, card, spec)
    other = replace(spec, calibration=Calibration(slope=0.5, intercept=0.0))
    artifact.write(folder, card, other, overwrite=True)
    assert (folder / "manifest.json").read_bytes() != before
    runtime.load(folder)
    assert [path.name for path in folder.parent.iterdir()] == ["a"]
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("do not lose")
    with pytest.raises(ArtifactError, match=r"holds no manifest\.json, so it is no artifact"):
        artifact.write(mine, card, spec, overwrite=True)
    assert (mine / "thesis.txt").read_text() == "do not lose"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_failure_leaves_nothing_behind(
    card: Scorecard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overwrite: bool
) -> None:
    spec = specification(sample())
    folder = tmp_path / "a"
    if overwrite:
        artifact.write(folder, card, spec)

    def fail(*arguments: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(import_module("credit.artifact.write"), "_move", fail)
    with pytest.raises(OSError, match="disk full"):
        artifact.write(folder, card, spec, overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == (["a"] if overwrite else [])


def test_an_artifact_that_is_not_its_model_is_not_written(
    card: Scorecard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    margin = Scorecard.decision_function
    monkeypatch.setattr(Scorecard, "decision_function", lambda self, X: margin(self, X) + 1e-6)
    with pytest.raises(ArtifactError, match=r"does not reproduce the model: margin .* for row \d+"):
        artifact.write(tmp_path / "a", card, specification(sample()))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (lambda f: {"sample": f.drop(columns="night")}, "sample: no column 'night'"),
        (lambda f: {"sample": f.iloc[:0]}, r"sample: no rows"),
        (
            lambda f: {"sample": pd.concat([f, f[["night"]]], axis=1)},
            r"column name\(s\) \['night'\] occur twice",
        ),
        (
            lambda f: {"hard_ranges": {"nigth": (0, 9)}},
            r"hard_ranges: 'nigth' is no column.*Did you mean 'night'\?",
        ),
        (lambda f: {"hard_ranges": {"segment": (0, 9)}}, "'segment' holds names"),
        (
            lambda f: {"hard_ranges": {"night": (1, None)}},
            r"'night' has values from 0\.0 to 5\.0 in the sample, outside \[1, None\]",
        ),
        (
            lambda f: {"calibration": Calibration(slope=-0.5, intercept=0.0)},
            r"calibration: its slope is -0\.5, but it must be above 0",
        ),
        (
            lambda f: {"provenance": artifact.Provenance(data_sha256="", metrics={"a": np.nan})},
            r"manifest\.json: a value cannot be written as strict JSON",
        ),
        (
            lambda f: {"provenance": artifact.Provenance(data_sha256="", metrics={"a": object()})},
            "is not plain data",
        ),
    ],
)
def test_a_bad_specification_is_refused(
    card: Scorecard,
    tmp_path: Path,
    changes: Callable[[pd.DataFrame], dict[str, Any]],
    message: str,
) -> None:
    frame = sample()
    with pytest.raises(ArtifactError, match=message):
        artifact.write(tmp_path / "a", card, specification(frame, **changes(frame)))
    assert list(tmp_path.iterdir()) == []


def test_declared_rules_hold_when_scoring(card: Scorecard, tmp_path: Path) -> None:
    spec = specification(
        sample(), hard_ranges={"night": (0, 31)}, unknown_category="refuse", points="scale"
    )
    scorer = runtime.load(artifact.write(tmp_path / "a", card, spec))
    row = {"income": [0.0], "night": [-9], "segment": ["sme"], "noise": [0.0]}
    assert scorer.score(row).points.dtype == np.int64
    with pytest.raises(ArtifactError, match=r"'night', row 0: 32\.0 is outside the declared range"):
        scorer.score({**row, "night": [32]})
    with pytest.raises(ArtifactError, match=r"'segment', row 0: 'smee' .* was never seen"):
        scorer.score({**row, "segment": ["smee"]})
    exact = Scale().of_margin(spec.calibration.margin(scorer.score(row).margin))
    assert scorer.score(row).points.tolist() == np.floor(exact + 0.5).astype(int).tolist()


def test_only_models_with_plain_data_are_written(tmp_path: Path) -> None:
    frame = sample()
    policy = PolicyCard(signs={"night": 1}).fit(frame[["night"]], target(frame))
    spec = specification(frame)
    with pytest.raises(ArtifactError, match="a PolicyCard cannot be written as an artifact"):
        artifact.write(tmp_path / "a", policy, spec)
    noise = frame[["noise"]]
    empty = Scorecard(random_state=0).fit(noise, target(frame))
    if not empty.points_:
        with pytest.raises(ArtifactError, match="it left out every column"):
            artifact.write(tmp_path / "a", empty, specification(noise))
    with pytest.raises(ArtifactError, match="points: 'table' needs a scorecard"):
        artifact.write(tmp_path / "a", fitted("boosted"), specification(frame, points="table"))
    assert list(tmp_path.iterdir()) == []
