"""The command as a user meets it: answers, refusals, exit codes, help."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import typer
from conftest import REPOSITORY
from experiment import CARD_ONLY, Finished, caught, pipeline
from typer.testing import CliRunner

from credit import __version__, cli
from credit.engine import Engine
from credit.errors import ArtifactError, ConfigError, DataError, ModelError, SchemaError
from credit.features import merchant_categories
from credit.features.parts import read_parts
from credit.features.social_graph import SOCIAL_GRAPH
from credit.pipeline.features import feature_sql, write_features
from credit.pipeline.scoring import KEYS, explain_person, score_file

COMMANDS = [
    [], ["world"], ["world", "generate"], ["data"], ["data", "list"], ["data", "verify"],
    ["data", "dictionary"], ["audit"], ["audit", "leakage"], ["audit", "prices"],
    ["check"], ["features"], ["train"], ["score"], ["explain"], ["compare"], ["runs"],
    ["federated"], ["federated", "train"], ["promote"], ["export"], ["diff"], ["monitor"],
    ["serve"], ["keys"], ["sign"], ["verify"], ["log"], ["log", "verify"], ["log", "erase"],
    ["replay"], ["policy"], ["policy", "show"],
    ["policy", "diff"], ["policy", "check"], ["policy", "explain"], ["cost"],
    ["decide"], ["appeal"], ["fraud"], ["fraud", "report"], ["fraud", "indicators"], ["products"],
    ["products", "compare"], ["products", "presets"],
    ["strategy"], ["strategy", "simulate"], ["strategy", "leaves"],
]  # fmt: skip


@dataclass
class Done:
    """What a command said, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


def credit(*words: object, cwd: Path | None = None) -> Done:
    """Run the command as its entry point does, in this process: imports cost seconds."""
    out, err = io.StringIO(), io.StringIO()
    handler = signal.getsignal(signal.SIGINT)
    code = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["credit", *map(str, words)])
        if cwd is not None:
            patch.chdir(cwd)
        try:
            with redirect_stdout(out), redirect_stderr(err):
                cli.main()
        except SystemExit as done:
            code = int(done.code or 0)
        finally:
            signal.signal(signal.SIGINT, handler)
    return Done(code, out.getvalue(), err.getvalue())


def invoke(*words: object) -> str:
    """Run the command inside this process and return its standard output."""
    result = CliRunner().invoke(cli.app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


# -- help


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(command: list[str]):
    text = invoke(*command, "--help")
    assert "Usage" in text
    groups = (
        "world", "data", "audit", "log", "policy", "fraud", "products", "strategy", "federated",
    )  # fmt: skip
    if command and command not in [[name] for name in groups]:
        assert f"Example: credit {' '.join(command)}" in " ".join(text.replace("│", " ").split())


def test_every_command_is_listed_here():
    def walk(command: object, path: list[str]) -> list[list[str]]:
        inner = getattr(command, "commands", {})
        return [path, *(p for name, one in inner.items() for p in walk(one, [*path, name]))]

    assert sorted(walk(typer.main.get_command(cli.app), [])) == sorted(COMMANDS)


def test_the_version_is_the_package_version():
    assert invoke("--version").strip() == f"credit {__version__}"


# -- exit codes and refusals


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["train", "absent.toml"], 1, "error: pipeline file 'absent.toml' does not exist."),
        (["check", "absent"], 1, "error: absent: no table of the contract."),
        (["data", "verify", "absent"], 1, "error: absent: there is no such folder."),
        (["score", "absent", "rows.csv", "-o", "a.csv"], 1, "error: absent: there is no artifact"),
        (
            ["train", str(REPOSITORY / "pipelines" / "german.toml"), "--people", "900"],
            1,
            "error: --people: this pipeline reads 'german'",
        ),
        (["world", "generate", "w", "--people", "10"], 1, "error: people must be at least 200"),
        (["world", "generate", "w", "--people", "ten"], 2, "Invalid value for '--people'"),
        (["compare", "a.csv"], 2, "Missing option '--target'"),
        (["bogus"], 2, "No such command 'bogus'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_refusal_is_one_sentence_and_its_exit_code(tmp_path, words, code, said):
    done = credit(*words, cwd=tmp_path)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []
    if code == 1:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        assert len(lines) == 1


def test_a_pipeline_file_with_text_in_place_of_a_section_is_refused(tmp_path):
    path = tmp_path / "p.toml"
    path.write_text('name = "x"\nsource = "world"\nsplit = "out_of_time"\n', encoding="utf-8")
    done = credit("train", path, "--quiet")
    assert done.returncode == 1
    assert "source: Input should be" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_module_runs_as_a_process_of_its_own(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "credit.cli", "train", "absent.toml"],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "error: pipeline file 'absent.toml' does not exist." in done.stderr
    assert done.stdout == ""


def test_quiet_prints_results_alone(tmp_path):
    loud = credit("world", "generate", "a", "--people", 200, "--months", 3, cwd=tmp_path)
    quiet = credit("world", "generate", "b", "--people", 200, "--months", 3, "--quiet",
                   cwd=tmp_path)  # fmt: skip
    assert loud.returncode == quiet.returncode == 0
    assert "events" in loud.stderr
    assert quiet.stderr == ""
    assert "payments" in quiet.stdout
    assert loud.stdout.replace("a\n", "", 1).strip() != ""


@pytest.mark.parametrize("wait", ["events", "features behind the truth"])
def test_ctrl_c_exits_with_130_and_leaves_nothing(tmp_path, wait):
    """Interrupt while events are drawn, and while DuckDB runs."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, wait, "world"], cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": str(scratch)},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "interrupted; nothing half-written was left behind" in said
    assert [path.name for path in tmp_path.iterdir()] == ["scratch"]
    assert list(scratch.iterdir()) == []


SLOW = """
import sys
from importlib import import_module
from credit import cli
module = import_module("credit.world.passes")
wait, folder = sys.argv[1:]
if wait == "events":
    drawn = module.block_tables
    def slow(*given):
        made = drawn(*given)
        print("ready", flush=True)
        import time
        time.sleep(30)
        return made
    module.block_tables = slow
else:
    def slow(*given):
        with module.Engine() as engine:
            print("ready", flush=True)
            engine.rows("select sum(ln(range + 1.5)) from range(100000000000)")
    module._features = slow
sys.argv = ["credit", "world", "generate", folder, "--people", "200", "--months", "3", "--quiet"]
cli.main()
"""


# -- check


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory, small_world: Path) -> Path:
    """Return a copy of the small world with a repeated key, and a column that is gone."""
    folder = tmp_path_factory.mktemp("broken") / "world"
    shutil.copytree(small_world, folder, ignore=shutil.ignore_patterns("truth", "payments*"))
    tags = pd.read_parquet(folder / "tags.parquet")
    pd.concat([tags, tags.head(3)]).to_parquet(folder / "tags.parquet", index=False)
    return folder


def test_check_lists_every_broken_rule_and_exits_with_1(broken, tmp_path):
    lost = tmp_path / "world"
    shutil.copytree(broken, lost)
    orders = pd.read_parquet(lost / "wealth_orders.parquet").drop(columns="amount_fen")
    orders.to_parquet(lost / "wealth_orders.parquet", index=False)
    done = credit("check", lost, "--quiet")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "tags.tag_id: 6 row(s) break the rule" in done.stderr
    # What stands in brackets is part of the sentence, not the terminal's markup.
    assert "wealth_orders: no column ['amount_fen']" in done.stderr
    assert "map them under [tables.wealth_orders.columns] in the pipeline file" in done.stderr
    assert re.search(r"tags\s+│\s+[\d,]+ │\s+1 ", done.stdout)


def test_check_sets_broken_rows_apart(broken, tmp_path):
    done = credit("check", broken, "--quarantine", tmp_path / "apart", "--quiet")
    assert done.returncode == 0
    apart = pd.read_parquet(tmp_path / "apart" / "tags.parquet")
    assert len(apart) == 6
    assert "rule" in apart.columns


def test_a_sound_folder_passes(small_world):
    assert "payments" in invoke("check", small_world, "--quiet")


def test_a_quarantine_does_not_excuse_what_it_cannot_set_apart(broken, tmp_path):
    lost = tmp_path / "world"
    shutil.copytree(broken, lost)
    orders = pd.read_parquet(lost / "wealth_orders.parquet").drop(columns="amount_fen")
    orders.to_parquet(lost / "wealth_orders.parquet", index=False)
    done = credit("check", lost, "--quarantine", tmp_path / "apart", "--quiet")
    assert done.returncode == 1


# -- features


def test_the_printed_sql_gives_the_frame_that_is_built(experiment, tmp_path, monkeypatch):
    # The network's statistics are joined by the query, and computed beside it.
    apart = ", ".join(f'"{feature.name}"' for feature in SOCIAL_GRAPH)
    path = pipeline(tmp_path, CARD_ONLY + f"[features]\nexclude = [{apart}]\n")
    write_features(path, tmp_path / "built.parquet", data=experiment.world)
    built = pd.read_parquet(tmp_path / "built.parquet")
    sql = feature_sql(path, data=experiment.world)
    shown = credit("features", path, "--data", experiment.world, "--sql").stdout
    assert shown.strip() == sql.strip()
    spine = built[["application_id", "customer_id", "as_of"]].rename(
        columns={"application_id": "observation_id"}
    )
    with Engine() as engine:
        engine.add_lookup("merchant_categories", merchant_categories())
        engine.add_directory(experiment.world)
        engine.temporary("spine", spine.assign(application_id=spine["observation_id"]))
        found = engine.frame(sql)
    names = [name for name in built.columns if name not in KEYS]
    found = found.set_index("observation_id").loc[built["application_id"], names]
    pd.testing.assert_frame_equal(
        found.reset_index(drop=True), built[names], check_dtype=False, rtol=1e-12
    )
    assert duckdb.extract_statements(sql)


def test_one_person_now_is_shown_as_the_batch_has_it(experiment, tmp_path):
    path = pipeline(tmp_path, CARD_ONLY)
    write_features(path, tmp_path / "built", data=experiment.world, parts=3)
    row = read_parts(tmp_path / "built").iloc[40]
    instant = pd.Timestamp(row["as_of"], unit="us", tz="UTC").isoformat()
    text = invoke("features", path, "--data", experiment.world, "--person", row["customer_id"],
                  "--as-of", instant, "--quiet")  # fmt: skip
    for name in ("payment_large_count_90d", "social_contact_count"):
        assert re.search(rf"{name}[ │]+{row[name]:g} ", text), name
    for given, said in (
        (["--person", "1"], "--person and --as-of go together"),
        (["--person", "x", "--as-of", instant], "people are numbered here"),
        (["--person", "1", "--as-of", "2024-03-01"], "such as 2024-03-01T00:00+08:00"),
        (["--person", "1", "--as-of", "soon"], "write an instant such as"),
    ):
        done = credit("features", path, "--data", experiment.world, *given, "--quiet")
        assert done.returncode == 1
        assert said in done.stderr


def test_features_are_listed_with_what_null_means(experiment, tmp_path):
    text = invoke("features", pipeline(tmp_path), "--data", experiment.world, "--quiet")
    assert "payment_night_share_90d" in text
    assert "null means" in text


def test_an_unknown_dialect_is_refused(experiment, tmp_path):
    done = credit("features", pipeline(tmp_path), "--data", experiment.world, "--sql",
                  "--dialect", "orakel")  # fmt: skip
    assert done.returncode == 1
    assert "orakel" in done.stderr
    assert "Traceback" not in done.stderr


# -- score and explain


@pytest.mark.parametrize("model", ["scorecard", "xgboost"])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_score_writes_what_the_run_predicted(experiment: Finished, tmp_path, model, suffix):
    out = tmp_path / f"scores{suffix}"
    text = invoke("score", experiment.folder / f"artifact-{model}",
                  experiment.folder / "rows.parquet", "-o", out)  # fmt: skip
    assert "435 rows" in text
    scored = pd.read_csv(out) if suffix == ".csv" else pd.read_parquet(out)
    predicted = pd.read_parquet(experiment.folder / "predictions.parquet")
    np.testing.assert_allclose(scored["probability"], predicted[model], rtol=1e-12)
    assert (scored["application_id"] == predicted["application_id"]).all()
    assert scored["grade"].notna().all()
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def scored(experiment: Finished, rows: pd.DataFrame, folder: Path) -> pd.DataFrame:
    rows.to_parquet(folder / "given.parquet", index=False)
    score_file(experiment.folder / "artifact-scorecard", folder / "given.parquet",
               folder / "out.parquet")  # fmt: skip
    return pd.read_parquet(folder / "out.parquet")


def test_columns_are_found_by_name_and_unknown_or_missing_ones_refused(experiment, tmp_path):
    rows = pd.read_parquet(experiment.folder / "rows.parquet")
    straight = scored(experiment, rows, tmp_path)
    turned = scored(experiment, rows[rows.columns[::-1]], tmp_path)
    pd.testing.assert_frame_equal(straight, turned[straight.columns])
    with pytest.raises(ArtifactError, match="payment_extra"):
        scored(experiment, rows.assign(payment_extra=1), tmp_path)
    used = "payment_night_share_90d"
    with pytest.raises(ArtifactError, match=used):
        scored(experiment, rows.drop(columns=used), tmp_path)
    with pytest.raises(ModelError, match=f"{used}.*'much' is no number"):
        scored(experiment, rows.assign(**{used: "much"}), tmp_path)
    assert not list(tmp_path.glob(".*"))


def test_an_artifact_with_a_changed_byte_is_refused(experiment, tmp_path):
    folder = tmp_path / "artifact"
    shutil.copytree(experiment.folder / "artifact-scorecard", folder)
    whole = bytearray((folder / "scorecard.json").read_bytes())
    whole[len(whole) // 2] ^= 1
    (folder / "scorecard.json").write_bytes(bytes(whole))
    done = credit("score", folder, experiment.folder / "rows.parquet", "-o", tmp_path / "a.csv")
    assert done.returncode == 1
    assert "scorecard.json" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "a.csv").exists()


def test_an_output_that_cannot_be_is_refused(experiment, tmp_path):
    rows = experiment.folder / "rows.parquet"
    artifact = experiment.folder / "artifact-scorecard"
    with pytest.raises(ConfigError, match=r"name the file \.csv or \.parquet"):
        score_file(artifact, rows, tmp_path / "scores.xlsx")
    with pytest.raises(ConfigError, match="there is no folder"):
        score_file(artifact, rows, tmp_path / "absent" / "scores.csv")
    with pytest.raises(DataError, match=r"absent\.parquet' does not exist"):
        score_file(artifact, tmp_path / "absent.parquet", tmp_path / "scores.csv")


@pytest.mark.parametrize("model", ["scorecard", "xgboost"])
def test_a_person_is_explained_in_both_languages(experiment: Finished, model):
    predicted = pd.read_parquet(experiment.folder / "predictions.parquet")
    riskiest = predicted.sort_values(model).iloc[-1]
    artifact, rows = experiment.folder / f"artifact-{model}", experiment.folder / "rows.parquet"
    answers = {
        language: explain_person(
            artifact, rows, person=str(int(riskiest["customer_id"])), language=language
        )[0]
        for language in ("en", "zh")
    }
    asked = pd.to_datetime(int(riskiest["as_of"]), unit="us")
    for answer in answers.values():
        assert f"{riskiest[model]:.2%}" in answer.headline
        assert f"{asked:%Y-%m-%d %H:%M} UTC" in answer.headline
        assert 1 <= len(answer.reasons) <= 4
        effects = [int(effect) for _, _, effect in answer.reasons]
        assert effects == sorted(effects)
        assert all(effect <= 0 for effect in effects)
    assert not re.search("[\u4e00-\u9fff]", "".join(text for _, text, _ in answers["en"].reasons))
    assert all(re.search("[\u4e00-\u9fff]", text) for _, text, _ in answers["zh"].reasons)


def test_explain_prints_reasons_and_refuses_whom_it_does_not_know(experiment):
    artifact, rows = experiment.folder / "artifact-scorecard", experiment.folder / "rows.parquet"
    person = pd.read_parquet(rows)["customer_id"].iloc[0]
    text = invoke("explain", artifact, rows, "--person", person)
    assert f"person {person} as of " in text
    assert "principal reasons" in text
    with pytest.raises(DataError, match=r"no person 'nobody'.*It holds \d+ people"):
        explain_person(artifact, rows, person="nobody")
    with pytest.raises(ConfigError, match=r"--language 'fr': must be one of"):
        explain_person(artifact, rows, person=str(person), language="fr")


@pytest.mark.parametrize("model", ["scorecard", "xgboost"])
def test_a_refusal_is_explained_with_what_would_change_it(experiment: Finished, model):
    predicted = pd.read_parquet(experiment.folder / "predictions.parquet").set_index("customer_id")
    predicted = predicted[~predicted.index.duplicated(keep=False)]
    artifact, rows = experiment.folder / f"artifact-{model}", experiment.folder / "rows.parquet"
    cutoff = 0.05 / 0.665
    above = predicted[predicted[model].between(cutoff * 1.01, cutoff * 1.3)].index[:8]
    offers = 0
    for person in map(str, above):
        (answer,) = explain_person(artifact, rows, person=person, language="zh")
        assert answer.decision == "refused at a cut-off of 7.52%"
        for words, points, probability in answer.offers:
            offers += 1
            assert probability <= cutoff
            assert points > int(re.search(r"(\d+) points", answer.headline)[1])
            assert all(word.startswith("未来90天：") for word in words)
    assert offers
    safest = str(predicted[model].idxmin())
    (answer,) = explain_person(artifact, rows, person=safest)
    assert (answer.decision, answer.offers) == ("approved at a cut-off of 7.52%", [])
    (answer,) = explain_person(artifact, rows, person=safest, cutoff=1e-9)
    assert (answer.decision, answer.offers) == ("refused at a cut-off of 0.00%", [])
    with pytest.raises(DataError, match="cutoff must lie between 0 and 1, got 2"):
        explain_person(artifact, rows, person=safest, cutoff=2)
    text = invoke("explain", artifact, rows, "--person", safest, "--cutoff", "0.000000001")
    assert "nothing that can be changed in time would change the refusal" in text
    text = invoke("explain", artifact, rows, "--person", above[0])
    assert "refused at a cut-off" in text


def test_a_person_is_found_in_a_file_of_dates(experiment, tmp_path):
    rows = pd.read_parquet(experiment.folder / "rows.parquet").head(3)
    rows["as_of"] = pd.to_datetime(rows["as_of"], unit="us")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    (answer,) = explain_person(
        experiment.folder / "artifact-scorecard",
        tmp_path / "rows.csv",
        person=str(rows["customer_id"].iloc[0]),
    )
    assert str(rows["as_of"].iloc[0])[:16] in answer.headline


# -- train and compare, as printed


def test_train_prints_its_tables(experiment, tmp_path):
    path = pipeline(tmp_path, CARD_ONLY)
    with caught(export=False):
        done = credit("train", path, "--data", experiment.world, "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for said in ("policy card", "scorecard", "ceiling", "attainable", "note: "):
        assert said in done.stdout


def test_compare_prints_paired_differences(tmp_path):
    draw = np.random.default_rng(0)
    x = draw.normal(size=300)
    pd.DataFrame({"x": x, "y": (x + draw.normal(size=300) > 1).astype(int)}).to_csv(
        tmp_path / "flat.csv", index=False
    )
    text = invoke("compare", tmp_path / "flat.csv", "--target", "y", "--models", "card, logistic",
                  "--folds", "1x2", "--quiet", "-o", tmp_path / "folds.csv")  # fmt: skip
    assert "logistic - card" in text
    assert len(pd.read_csv(tmp_path / "folds.csv")) == 4


def test_check_refuses_in_process_what_breaks_the_contract(broken, tmp_path):
    path = pipeline(tmp_path, CARD_ONLY)
    with pytest.raises(SchemaError, match=r"tags\.tag_id: 6 row\(s\) break the rule"):
        write_features(path, tmp_path / "a.parquet", data=broken)
    assert not (tmp_path / "a.parquet").exists()


# -- policies


def test_a_policy_is_shown_on_a_day_and_compared_with_its_overlay():
    early = invoke(
        "policy", "show", "weilidai+cn-2026", "--key", "comply.apr", "--on", "2019-01-01"
    )
    assert "weilidai+cn-2026 on 2019-01-01" in early
    assert '"private": 0.24' in early
    changed = invoke("policy", "diff", "cn-2026", "cn-2026", "--on", "2025-02-28",
                     "--on2", "2025-03-01")  # fmt: skip
    assert "comply.internet_loan" in changed
    assert "comply.penalty" not in changed


def test_a_policy_file_is_checked_and_every_slip_said(tmp_path):
    own = tmp_path / "house.toml"
    leaf = 'value = {}\nunit = "u"\nsource = "s"\nstatus = "assumed"\neffective_from = 2026-01-01\n'
    own.write_text(f"[fairness.air]\n{leaf.format(0.75)}", encoding="utf-8")
    assert "1 keys, 1 values, sound; SHA-256" in invoke("policy", "check", own)
    own.write_text(
        f"[fairness.air]\n{leaf.format(1.75)}[product.limt]\n{leaf.format(1)}", encoding="utf-8"
    )
    done = credit("policy", "check", own)
    assert done.returncode == 1
    assert "fairness.air must be at most 1, got 1.75." in done.stderr
    own.write_text(f"[product.limt]\n{leaf.format(1)}", encoding="utf-8")
    assert "Did you mean 'product.limit'" in credit("policy", "check", own).stderr


def test_a_leaf_is_explained_with_its_versions_and_readers():
    text = invoke("policy", "explain", "weilidai+cn-2026", "score.scale")
    assert "score.scale from 2020-01-01" in text
    assert "read by: credit.pipeline.fit" in text
    dated = invoke("policy", "explain", "cn-2026", "comply.internet_loan")
    assert "from 2020-07-01, before 2025-03-01" in dated
    assert "published otherwise" in dated
