"""A whole experiment, from a pipeline file to files on disk."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from experiment import CARD_ONLY, Finished, caught, few_refits, pipeline, run_in

from credit import policy
from credit.boost import BoostOptions
from credit.errors import ConfigError, DataError, SchemaError
from credit.pipeline import config as config_module
from credit.pipeline import export as export_module
from credit.pipeline import tables
from credit.pipeline import tune as tune_module
from credit.pipeline.export import EXPORTED, export
from credit.pipeline.features import write_features
from credit.pipeline.fit import fit_models
from credit.pipeline.models import make
from credit.pipeline.train import divide, fingerprint, run
from credit.runtime import load

KEYS = ["application_id", "customer_id", "as_of"]

FRESH = """
import json, sys
from credit import runtime
scorer = runtime.load(sys.argv[1])
scores = scorer.score(json.load(sys.stdin), reasons=4, ignore=("application_id",))
heavy = sorted({"pandas", "sklearn", "scipy", "xgboost", "mlflow", "duckdb"} & set(sys.modules))
print(json.dumps({"probability": scores.probability.tolist(), "heavy": heavy}))
"""


# -- what a run leaves behind


def test_the_run_is_whole_and_nothing_hidden_is_left(experiment: Finished):
    home = experiment.folder.parent
    assert [p.name for p in home.iterdir() if p.name.startswith(".")] == []
    assert experiment.folder.is_symlink()
    assert experiment.folder.resolve().name == experiment.outcome.stamp
    names = {p.name for p in experiment.folder.iterdir()}
    assert names >= {
        "report.html", "metrics.csv", "features.csv", "trials.csv", "scorecard.csv",
        "pipeline.json", "printed.txt", "rows.parquet", "predictions.parquet",
        "artifact-scorecard", "artifact-xgboost", "shares-scorecard.csv",
    }  # fmt: skip
    for place in ("report", "artifact"):
        assert (experiment.home / experiment.result.places[place]).exists()
    assert (experiment.home / "mlruns" / "mlflow.db").is_file()
    assert not list(experiment.folder.rglob("*.partial"))


def test_progress_names_every_stage_and_ends_each(experiment: Finished):
    ended = {stage for stage, share in experiment.stages if share == 1.0}
    assert ended >= {
        "checking tables", "building features", "fitting the scorecard", "tuning XGBoost",
        "explaining", "writing artifacts and report", "tracking in MLflow",
    }  # fmt: skip
    assert all(0 <= share <= 1 for _, share in experiment.stages)


def test_what_is_printed_is_what_is_written(experiment: Finished):
    printed = (experiment.folder / "printed.txt").read_text(encoding="utf-8")
    for table in experiment.result.tables:
        assert table.title in printed
        for row in table.rows:
            assert all(cell in printed for cell in row)
    titles = [table.title for table in experiment.result.tables]
    assert titles[0].startswith("out of sample")
    assert titles[-1] == "what moves the score: learnt covariance shares"
    assert [row[0] for row in experiment.result.tables[0].rows] == [
        "policy card", "scorecard", "XGBoost", "ceiling",
    ]  # fmt: skip


def test_the_resolved_pipeline_is_written_and_is_a_pipeline(experiment: Finished):
    resolved = json.loads((experiment.folder / "pipeline.json").read_text(encoding="utf-8"))
    again = config_module.Pipeline.model_validate(resolved)
    assert again.sha256 == experiment.outcome.config.sha256


def test_the_policy_is_in_the_artifact_and_on_the_page(experiment: Finished):
    used = policy.load("weilidai")
    text = (experiment.folder / "artifact-scorecard" / "manifest.json").read_text(encoding="utf-8")
    assert json.loads(text)["policy"] == {"name": used.name, "sha256": used.sha256}
    assert used.sha256 in (experiment.folder / "report.html").read_text(encoding="utf-8")


def test_metrics_recomputed_from_the_predictions(experiment: Finished):
    from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

    predicted = pd.read_parquet(experiment.folder / "predictions.parquet")
    written = pd.read_csv(experiment.folder / "metrics.csv").set_index(["model", "metric"])["value"]
    for model in ("policy_card", "scorecard", "xgboost"):
        y, p = predicted["bad"], predicted[model]
        assert written[model, "auc"] == pytest.approx(roc_auc_score(y, p), abs=1e-12)
        assert written[model, "brier"] == pytest.approx(brier_score_loss(y, p), abs=1e-12)
        assert written[model, "log_loss"] == pytest.approx(log_loss(y, p), abs=1e-12)


def test_no_row_that_was_learnt_from_is_scored(experiment: Finished):
    outcome = experiment.outcome
    predicted = pd.read_parquet(experiment.folder / "predictions.parquet")
    learnt = np.concatenate([outcome.fold.train, outcome.fold.validation])
    test_from = pd.Timestamp("2023-01-01").value // 1000
    assert (predicted["as_of"] >= test_from).all()
    assert not set(predicted["customer_id"]) & set(outcome.data.person.iloc[learnt])
    assert (outcome.data.known_at.iloc[learnt] <= test_from).all()


@pytest.mark.parametrize("model", ["scorecard", "xgboost"])
def test_a_fresh_process_with_the_runtime_alone_gives_the_same_probabilities(experiment, model):
    rows = pd.read_parquet(experiment.folder / "rows.parquet").drop(
        columns=["customer_id", "as_of"]
    )
    columns = {
        name: [None if pd.isna(value) else value for value in rows[name].tolist()] for name in rows
    }
    done = subprocess.run(
        [sys.executable, "-c", FRESH, str(experiment.folder / f"artifact-{model}")],
        input=json.dumps(columns), capture_output=True, text=True, check=True,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    predicted = pd.read_parquet(experiment.folder / "predictions.parquet")
    assert answer["heavy"] == []
    np.testing.assert_allclose(answer["probability"], predicted[model], rtol=1e-12)


def test_the_artifact_scores_by_name_whatever_the_order(experiment: Finished):
    scorer = load(experiment.folder / "artifact-xgboost")
    rows = pd.read_parquet(experiment.folder / "rows.parquet").drop(columns=KEYS)
    straight = {name: rows[name].tolist() for name in rows}
    turned = {name: rows[name].tolist() for name in reversed(rows.columns)}
    first, second = scorer.score(straight), scorer.score(turned)
    np.testing.assert_array_equal(first.probability, second.probability)
    np.testing.assert_array_equal(first.points, second.points)


@pytest.fixture
def unpriced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the curves of prices, which take longest and go into files of their own."""
    monkeypatch.setattr(export_module, "prices_of", lambda _findings: {})


def test_the_same_seed_gives_the_same_files(
    experiment: Finished, tmp_path: Path, unpriced: None, monkeypatch: pytest.MonkeyPatch
):
    # Pages say again what the files hold; that a page repeats itself is tested with pages.
    monkeypatch.setattr(export_module, "report_page", lambda *_arguments: None)
    monkeypatch.setattr(export_module, "write_report", lambda *_arguments: None)
    again = run_in(
        tmp_path, data=experiment.world, overrides={"tracking": {"enabled": False}}
    )  # another hash of the experiment, so no trial of the first run is reused
    for name in ("metrics.csv", "features.csv", "scorecard.csv", "rows.parquet", "recourse.csv",
                 "reasons-fidelity.csv",
                 "predictions.parquet", "trials.csv", "shares-scorecard.csv"):  # fmt: skip
        assert (again.folder / name).read_bytes() == (experiment.folder / name).read_bytes(), name
    for model in ("scorecard", "xgboost"):
        for path in (experiment.folder / f"artifact-{model}").iterdir():
            twin = again.folder / f"artifact-{model}" / path.name
            assert twin.read_bytes() == path.read_bytes(), path
    assert "mlflow" not in again.result.places
    assert not (tmp_path / "mlruns" / "mlflow.db").exists()


# -- interrupted


@pytest.mark.parametrize(
    "stage",
    [
        ("events", 1.0), ("lending", 1.0), ("checking tables", 0.0), ("building features", 1.0),
        ("fitting the scorecard", 0.0),
    ],
    ids=str,
)  # fmt: skip
def test_an_interrupted_run_leaves_nothing_behind(tmp_path, monkeypatch, stage):
    monkeypatch.chdir(tmp_path)
    text = CARD_ONLY.replace("1500", "500").replace("months = 36", "months = 30")

    def progress(name: str, share: float) -> None:
        if (name, share) == stage:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(pipeline(tmp_path, text), progress=progress)
    assert not (tmp_path / "runs").exists()
    assert not (tmp_path / "mlruns" / "mlflow.db").exists()
    worlds = list((tmp_path / "data").iterdir())
    if stage[0] in {"events", "lending"}:
        assert worlds == []
    else:
        assert [world.name for world in worlds] == ["world-500-202101-30-3"]


@pytest.mark.parametrize(
    "stage",
    [("explaining", 0.0), ("explaining", 1.0), ("writing artifacts and report", 0.0)],
    ids=str,
)
def test_an_interrupted_export_leaves_no_folder(experiment, tmp_path, monkeypatch, unpriced, stage):
    monkeypatch.chdir(tmp_path)

    def progress(name: str, share: float) -> None:
        if (name, share) == stage:
            raise KeyboardInterrupt

    kept = [one for one in experiment.outcome.fitted if one.name == "scorecard"]
    with few_refits(), pytest.raises(KeyboardInterrupt):
        export(replace(experiment.outcome, fitted=kept), experiment.tables, progress)
    assert list((tmp_path / "runs" / "small").iterdir()) == []
    assert not (tmp_path / "mlruns").exists()


def test_an_interrupted_report_leaves_no_folder(experiment, tmp_path, monkeypatch, unpriced):
    def stop(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("credit.pipeline.export.report_page", stop)
    kept = [one for one in experiment.outcome.fitted if one.name == "scorecard"]
    with few_refits(), pytest.raises(KeyboardInterrupt):
        export(replace(experiment.outcome, fitted=kept), experiment.tables, lambda _s, _x: None)
    assert list((tmp_path / "runs" / "small").iterdir()) == []


# -- the split


def test_rows_after_test_until_are_left_out_and_positions_stay_those_of_the_data(experiment):
    section = experiment.outcome.config.split.model_copy(update={"test_until": date(2023, 7, 1)})
    config = experiment.outcome.config.model_copy(update={"split": section})
    # The latest rows first: positions in what is kept are not positions in what was given.
    order = np.argsort(-experiment.outcome.data.as_of.to_numpy(), kind="stable")
    data = experiment.outcome.data.take(order)
    fold, _ = divide(config, data)
    cut = [pd.Timestamp(day).value // 1000 for day in ("2023-01-01", "2023-07-01")]
    as_of = data.as_of.to_numpy()
    expected = np.flatnonzero((as_of >= cut[0]) & (as_of < cut[1]))
    np.testing.assert_array_equal(fold.test, expected)
    assert (as_of[np.concatenate([fold.train, fold.validation])] < cut[0]).all()


def test_a_split_without_bad_rows_on_one_side_is_refused(experiment):
    section = experiment.outcome.config.split.model_copy(update={"test_until": date(2023, 1, 3)})
    config = experiment.outcome.config.model_copy(update={"split": section})
    with pytest.raises(DataError, match=r"its test rows hold 0 bad and \d+ good, but both"):
        divide(config, experiment.outcome.data)


# -- the user's own tables


def own_tables(folder: Path, **changed: pd.DataFrame) -> Path:
    """Write 300 applications with payments and stated outcomes, and their pipeline file."""
    draw = np.random.default_rng(5)
    people = np.arange(300)
    asked = pd.Timestamp("2024-01-01") + pd.to_timedelta(people * 6, unit="h")
    bad = (draw.random(300) < 0.3).astype(int)
    who = np.repeat(people, 10)
    at = asked.repeat(10) - pd.to_timedelta(draw.integers(1, 60 * 24, 3000), unit="h")
    tables = {
        "customers": pd.DataFrame({
            "customer_id": people, "event_time": asked - pd.Timedelta(days=400),
            "available_at": asked - pd.Timedelta(days=400), "segment": "sme",
        }),
        "payments": pd.DataFrame({
            "payment_id": np.arange(3000), "customer_id": who, "event_time": at,
            "available_at": at, "direction": "out", "status": "ok", "mcc": 5411,
            "amount_fen": draw.integers(1_000, 90_000, 3000) * (1 + bad[who]),
        }),
        "applications": pd.DataFrame({
            "application_id": people, "customer_id": people, "event_time": asked,
            "available_at": asked,
        }),
        "outcomes": pd.DataFrame({
            "application_id": people, "bad": bad, "known_at": asked + pd.Timedelta(days=1),
        }),
    }  # fmt: skip
    for name, table in (tables | changed).items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    sections = "".join(f'[tables.{n}]\npath = "{n}.parquet"\n' for n in tables)
    text = (
        'name = "own"\n[source]\nkind = "tables"\n[outcome]\nkind = "given"\n'
        'observed_until = 2025-01-01\n[split]\nkind = "repeated_folds"\nfolds = 2\nrepeats = 1\n'
        "[models.scorecard]\n[tracking]\nenabled = false\n"
    )
    return pipeline(folder, text + sections)


def test_a_file_of_own_tables_trains(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with caught(export=False) as found:
        result = run(own_tables(tmp_path))
    assert found.outcome is not None
    assert found.outcome.bayes is None
    assert len(found.outcome.data.y) == 300
    assert [row[0] for row in result.tables[0].rows] == ["policy card", "scorecard"]
    auc = found.outcome.assessment.metrics.query("metric == 'auc' and model == 'scorecard'")
    assert auc["value"].item() > 0.9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="amount_fen"), r"payments: no column \['amount_fen'\]"),
        (lambda t: t.assign(amount_fen=t["amount_fen"] / 100), r"payments\.amount_fen.*fen"),
        (lambda t: t.assign(amount_fen="12 yuan"), r"payments\.amount_fen.*(type|number)"),
        (lambda t: pd.concat([t, t.head(2)]), r"payments\.payment_id: 4 row\(s\) break the rule"),
        (
            lambda t: t.assign(available_at=t["event_time"] - pd.Timedelta(hours=1)),
            r"3000 row\(s\) break the rule that available_at is not before event_time",
        ),
        (lambda t: t.head(0), r"payments: the table is empty\. It must have at least one row"),
        (lambda t: t.assign(direction="sideways"), r"payments\.direction: 3000 row\(s\) break"),
    ],
    ids=["missing column", "wrong unit", "text in a number", "duplicate key", "too early",
         "empty table", "unknown value"],
)  # fmt: skip
def test_a_table_that_breaks_the_contract_stops_the_run(tmp_path, monkeypatch, change, message):
    monkeypatch.chdir(tmp_path)
    path = own_tables(tmp_path)
    own_tables(tmp_path, payments=change(pd.read_parquet(tmp_path / "payments.parquet")))
    with pytest.raises(SchemaError, match=message):
        run(path)
    assert not (tmp_path / "runs").exists()


def test_an_unreadable_table_stops_the_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = own_tables(tmp_path)
    (tmp_path / "payments.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(SchemaError, match=r"payments.*payments\.parquet"):
        run(path)


def test_outcomes_of_one_kind_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = own_tables(tmp_path)
    stated = pd.read_parquet(tmp_path / "outcomes.parquet")
    own_tables(tmp_path, outcomes=stated.assign(bad=0))
    with pytest.raises(DataError, match=r"300 good.*A model needs both|needs both"):
        run(path)


def test_broken_rows_are_set_apart_on_request(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = own_tables(tmp_path)
    table = pd.read_parquet(tmp_path / "payments.parquet")
    table.loc[:4, "direction"] = "sideways"
    own_tables(tmp_path, payments=table)
    with caught(export=False):
        result = run(path, quarantine=True)
    assert any("payments.direction: 5 row(s) break the rule" in note for note in result.notes)
    (apart,) = (tmp_path / "runs" / "own").glob("*-quarantine/payments.parquet")
    assert len(pd.read_parquet(apart)) == 5


def test_tables_under_other_names_and_units_give_the_same_features(experiment, tmp_path):
    mapped = tmp_path / "mapped"
    mapped.mkdir()
    sections = []
    for source in sorted(experiment.world.glob("*.parquet")):
        name = source.stem
        section = [f"[tables.{name}]", f'path = "{(mapped / source.name).as_posix()}"']
        table = pd.read_parquet(source)
        if name == "payments":
            # Whole hundredths of a yuan; written as decimal text, as an export from a bank is.
            table = table.rename(columns={"customer_id": "who", "amount_fen": "yuan"})
            table["yuan"] = [f"{fen // 100}.{fen % 100:02d}" for fen in table["yuan"]]
            section = [f"[tables.{name}]", f'path = "{(mapped / "payments.csv").as_posix()}"']
            table.to_csv(mapped / "payments.csv", index=False)
            section += ['columns = { customer_id = "who", amount_fen = "yuan" }',
                        'units = { amount_fen = "yuan" }']  # fmt: skip
        elif name == "wealth_positions":
            table = table.drop(columns="available_at")
            section += ['lag = "8h"']
            table.to_parquet(mapped / source.name, index=False)
        elif name == "transfers":
            seconds = {c: table[c].astype("int64") // 1000 * 1000 for c in
                       ("event_time", "available_at")}  # fmt: skip
            table = table.assign(**seconds)
            table["sent"] = table.pop("event_time")
            section += ['columns = { event_time = "sent" }',
                        'units = { event_time = "us", available_at = "us" }']  # fmt: skip
            table.to_parquet(mapped / source.name, index=False)
        else:
            shutil.copy(source, mapped / source.name)
        sections.append("\n".join(section))
    text = CARD_ONLY.replace('kind = "world"\npeople = 1500\nmonths = 36', 'kind = "tables"')
    path = pipeline(tmp_path, text + "\n" + "\n".join(sections))
    count = write_features(path, tmp_path / "mapped.parquet").computed
    plain = pipeline(mapped, CARD_ONLY)
    write_features(plain, tmp_path / "plain.parquet", data=experiment.world)
    assert count == 1500
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "mapped.parquet"), pd.read_parquet(tmp_path / "plain.parquet"),
        rtol=1e-12,
    )  # fmt: skip


def test_a_folder_of_data_beside_own_tables_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"--data"):
        run(own_tables(tmp_path), data=tmp_path)


def test_a_folder_of_data_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"credit world generate"):
        run(pipeline(tmp_path), data=tmp_path / "absent")


def test_the_options_of_a_world_reach_it_and_a_folder_without_them_is_refused(
    experiment, tmp_path, monkeypatch
):
    text = CARD_ONLY.replace("people = 1500", "people = 1500\nlender = true")
    with pytest.raises(ConfigError, match=r"source.lender = true, but .* has no decisions"):
        run(pipeline(tmp_path, text), data=experiment.world)
    asked = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        tables, "generate", lambda folder, options, progress: asked.append((folder, options))
    )
    with pytest.raises(ConfigError, match="has no decisions"):
        run(pipeline(tmp_path, text))
    [(folder, options)] = asked
    assert folder.name == "world-1500-202101-36-3-lender"
    assert (options.lender, options.fraud) == (True, False)


def test_the_fingerprint_follows_values_and_not_labels(experiment):
    data = experiment.outcome.data
    assert fingerprint(data) == experiment.outcome.data_sha256
    X = data.X.set_axis(np.arange(len(data.X))[::-1], axis=0)
    y, as_of = (part.set_axis(X.index) for part in (data.y, data.as_of))
    assert fingerprint(replace(data, X=X, y=y, as_of=as_of)) == fingerprint(data)
    flipped = data.y.copy()
    flipped.iloc[0] = 1 - flipped.iloc[0]
    assert fingerprint(replace(data, y=flipped)) != fingerprint(data)


def test_an_interrupted_trial_is_made_again(experiment, tmp_path, monkeypatch):
    outcome = experiment.outcome
    search = tune_module.Search(
        section=config_module.BoostSection(trials=2),
        knowledge=outcome.shared.knowledge, journal=tmp_path / "optuna.journal", name="x", seed=1,
        split=outcome.config.split,
    )  # fmt: skip
    calls: list[int] = []

    def stops_at_second(*arguments: object, **options: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return make(*arguments, **options)

    monkeypatch.setattr(tune_module, "make", stops_at_second)
    with pytest.raises(KeyboardInterrupt):
        tune_module.tune(outcome.data, outcome.fold, search, lambda _s, _x: None)
    study = tune_module.tune(outcome.data, outcome.fold, search, lambda _s, _x: None)
    assert len(calls) == 3
    assert study.trials["state"].tolist() == ["COMPLETE", "COMPLETE"]
    assert study.trials["value"].notna().all()


def test_a_blend_is_fitted_where_it_is_asked_for(experiment):
    outcome = experiment.outcome
    sections = outcome.config.models.model_copy(update={"blend": True, "policy_card": False})
    shared = replace(
        outcome.shared, config=outcome.config.model_copy(update={"models": sections}),
        journal=None, boost=BoostOptions(rounds=30, eta=0.3, seeds=1),
    )  # fmt: skip
    dimensions = pd.Series(outcome.shared.knowledge.dimensions)
    few = [name for name in outcome.data.X if name in dimensions.groupby(dimensions).head(2)]
    data = replace(outcome.data, X=outcome.data.X[few])
    fitted, study = fit_models(shared, data, outcome.fold, lambda _s, _x: None)
    assert study is None
    assert [one.name for one in fitted] == ["scorecard", "xgboost", "blend"]
    blend = fitted[-1].model
    assert blend.choice_ in {"card", "trees", "blend"}
    assert set(blend.dimensions.values()) == set(dimensions)
    assert "blend" in EXPORTED


def test_a_blend_needs_trees(tmp_path):
    path = pipeline(tmp_path, CARD_ONLY.replace("[models.scorecard]", "[models]\nblend = true\n"
                                                "[models.scorecard]"))  # fmt: skip
    with pytest.raises(ConfigError, match=r"blend = true needs boosted trees.*\[models\.xgboost\]"):
        config_module.load(path)


def test_models_without_a_section_are_not_trained_and_some_must_be(tmp_path):
    both = config_module.load(pipeline(tmp_path, CARD_ONLY.split("[models", maxsplit=1)[0])).models
    assert both.scorecard is not None
    assert both.xgboost is not None
    assert config_module.load(pipeline(tmp_path, CARD_ONLY)).models.xgboost is None
    none = CARD_ONLY.replace("[models.scorecard]\nmax_bins = 5", "[models]\npolicy_card = true")
    with pytest.raises(ConfigError, match=r"no model to export.*\[models\.scorecard\]"):
        config_module.load(pipeline(tmp_path, none))


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a b", ".hidden"])
def test_a_name_that_is_no_folder_or_model_name_is_refused(tmp_path, name):
    with pytest.raises(ConfigError, match="name: String should"):
        config_module.load(pipeline(tmp_path, CARD_ONLY.replace('"small"', f'"{name}"')))
