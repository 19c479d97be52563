"""`credit compare`: one protocol on any flat file."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from credit.errors import ConfigError, DataError
from credit.pipeline.compare import CompareOptions, compare, compare_file, parse_folds
from credit.pipeline.flat import flat_table, read_frame
from credit.pipeline.models import Knowledge, make

FAST = CompareOptions(target="bad", models=("card", "logistic"), folds="2x2", seed=4)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Return rows whose outcome follows a bent feature that a straight line cannot use."""
    draw = np.random.default_rng(8)
    x = draw.normal(size=800)
    bad = draw.random(800) < 1 / (1 + np.exp(2.2 - 1.8 * (x**2 - 1)))
    return pd.DataFrame(
        {
            "bad": bad.astype(int),
            "bent": x,
            "noise": draw.normal(size=800),
            "kind": draw.choice(["a", "b", None], 800),
            "person": np.repeat(np.arange(400), 2),
            "asked": pd.date_range("2024-01-01", periods=800, freq="h").strftime("%Y-%m-%d %H:%M"),
        }
    )


@pytest.fixture(scope="module")
def file(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flat") / "loans.csv"
    frame.to_csv(path, index=False)
    return path


def test_the_paired_table_has_the_sign_of_the_better_model(file):
    result = compare_file(
        file, replace(FAST, models=("logistic", "card"), drop=("person", "asked"))
    )
    means, paired = result.tables
    auc = {row[0]: float(row[1]) for row in means.rows}
    assert auc["card"] > auc["logistic"] + 0.1
    (row,) = (row for row in paired.rows if row[1] == "AUC")
    assert row[0] == "card - logistic"
    value, low, high = (float(x) for x in re.findall(r"-?\d+\.\d+", row[2]))
    assert value == pytest.approx(auc["card"] - auc["logistic"], abs=2e-4)
    assert 0 < low < value < high
    (loss,) = (row for row in paired.rows if row[1] == "log-loss")
    assert loss[2].startswith("-")


def test_means_are_those_of_the_folds_and_5x2_has_ten(file, tmp_path):
    options = replace(FAST, models=("logistic",), folds="5x2", drop=("person", "asked"))
    result = compare_file(file, options, output=tmp_path / "folds.csv")
    figures = pd.read_csv(tmp_path / "folds.csv")
    assert len(figures) == 10
    assert result.tables[0].title == "mean over 10 folds"
    assert float(result.tables[0].rows[0][1]) == pytest.approx(figures["auc"].mean(), abs=5e-5)
    assert [path.name for path in tmp_path.iterdir()] == ["folds.csv"]
    assert len(result.tables) == 1


def test_the_same_seed_gives_the_same_figures_and_another_others(file):
    options = replace(FAST, drop=("person", "asked"))
    first, again = compare_file(file, options), compare_file(file, options)
    pd.testing.assert_frame_equal(first.figures, again.figures)
    other = compare_file(file, replace(options, seed=5))
    assert not first.figures["auc"].equals(other.figures["auc"])


def caught_folds(monkeypatch, frame, **options):
    """Return the rows each model was fitted and tested on."""
    fits: list[tuple[np.ndarray, np.ndarray]] = []

    class Spy:
        def fit(self, X, y):
            self.train = X.index.to_numpy()
            return self

        def predict_proba(self, X):
            fits.append((self.train, X.index.to_numpy()))
            p = np.linspace(0.1, 0.9, len(X))
            return np.column_stack([1 - p, p])

    monkeypatch.setattr("credit.pipeline.compare.make", lambda *_a, **_k: Spy())
    asked = replace(FAST, models=("card",), **options)
    table = flat_table(frame, target="bad", groups=asked.groups, time=asked.time)
    compare(table, asked, Knowledge())
    return fits


def test_a_group_is_never_on_both_sides(monkeypatch, frame):
    for train, test in caught_folds(monkeypatch, frame, groups="person"):
        assert not set(frame["person"].iloc[train]) & set(frame["person"].iloc[test])
        assert len(train) + len(test) == len(frame)


def test_a_time_column_holds_out_the_latest_rows(monkeypatch, frame):
    shuffled = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    ((train, test),) = caught_folds(monkeypatch, shuffled, time="asked")
    asked = pd.to_datetime(shuffled["asked"])
    assert len(test) == 240
    assert asked.iloc[train].max() < asked.iloc[test].min()


def test_time_and_groups_together_leave_the_people_of_the_test_out(monkeypatch, frame):
    mixed = frame.assign(person=np.arange(len(frame)) % 500)
    ((train, test),) = caught_folds(monkeypatch, mixed, time="asked", groups="person")
    assert not set(mixed["person"].iloc[train]) & set(mixed["person"].iloc[test])
    assert len(test) == 240


def test_one_hold_out_has_differences_with_delong_intervals(file):
    result = compare_file(file, replace(FAST, time="asked", drop=("person",)))
    means, paired = result.tables
    assert means.title == "hold-out: the latest rows"
    assert all(row[-1] == "-" for row in means.rows)
    assert paired.columns == ["models", "AUC difference", "p"]
    assert float(paired.rows[0][1].split()[0]) < 0  # a line ranks worse than the card


@pytest.mark.parametrize("text", ["1/2/2024", "Monday"])
def test_a_date_in_letters_is_refused_rather_than_sorted_as_text(frame, text):
    table = flat_table(frame.assign(asked=text), target="bad", time="asked")
    with pytest.raises(DataError, match=r"--time asked: holds .* neither a number nor a date"):
        compare(table, replace(FAST, time="asked"), Knowledge())


def test_a_hold_out_of_one_class_is_refused(frame):
    late = frame.assign(bad=np.where(np.arange(800) >= 500, 0, frame["bad"]))
    table = flat_table(late, target="bad", time="asked")
    with pytest.raises(DataError, match=r"--time asked: its test rows hold 0 bad and 240 good"):
        compare(table, replace(FAST, time="asked"), Knowledge())


def test_a_missing_instant_is_counted(frame):
    gap = frame.assign(asked=frame["asked"].where(frame.index > 2))
    with pytest.raises(DataError, match=r"--time asked: 3 row\(s\) have none"):
        compare(flat_table(gap, target="bad", time="asked"), replace(FAST, time="asked"),
                Knowledge())  # fmt: skip


def test_special_codes_reach_the_models(monkeypatch, file):
    seen: list[object] = []

    def spy(name, frame, *, knowledge, seed):
        seen.append(knowledge.special_codes)
        return make(name, frame, knowledge=knowledge, seed=seed)

    monkeypatch.setattr("credit.pipeline.compare.make", spy)
    compare_file(file, replace(FAST, special=("bent=-9,-8",), drop=("person", "asked")))
    assert seen[0] == {"bent": [-9.0, -8.0]}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"models": ("cards",)}, ConfigError, r"--models 'cards': no such model\. Did you mean"),
        ({"models": ("card", "card")}, ConfigError, "'card' is named twice"),
        ({"target": "bd"}, DataError, r"--target: no column 'bd'\. Did you mean 'bad'"),
        ({"groups": "persn"}, DataError, r"--groups: no column 'persn'.*'person'"),
        ({"time": "when"}, DataError, r"--time: no column 'when'"),
        ({"drop": ("nois",)}, DataError, r"--drop: no column 'nois'.*'noise'"),
        ({"folds": "5"}, ConfigError, "write REPEATSxFOLDS"),
        ({"folds": "5x1"}, ConfigError, "at least 2 folds"),
        ({"folds": "1x799"}, DataError, r"799 folds need at least 799 rows of each class"),
        ({"special": ("bnt=-9",)}, ConfigError, r"no column 'bnt'\. Did you mean 'bent'"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_said(file, change, error, message):
    with pytest.raises(error, match=message):
        compare_file(file, replace(FAST, **change))


def test_an_output_without_a_folder_is_refused_before_any_work(file, tmp_path):
    with pytest.raises(ConfigError, match=r"--output .*there is no folder"):
        compare_file(file, FAST, output=tmp_path / "absent" / "folds.csv")


def test_parse_folds():
    assert parse_folds("3x10") == (3, 10)
    for text in ("3", "x2", "0x2", "2x1", "2 x 2", "-1x2"):
        with pytest.raises(ConfigError, match="REPEATSxFOLDS"):
            parse_folds(text)


# -- flat files as people write them


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "a,b\n1,x\n2,y\n"),
        ("a.csv", "\ufeffa;b\n1;x\n2;y\n"),
        ("a.csv", "a\tb\n1\tx\n2\ty\n"),
        ("a.txt", "a|b\n1|x\n2|y\n"),
        ("a.data", "a b\n1 x\n2 y\n"),
        ("a.csv", '"a","b"\r\n1,"x"\r\n2,"y"\r\n'),
    ],
    ids=repr,
)
def test_separators(tmp_path, name, text):
    (tmp_path / name).write_bytes(text.encode())
    frame = read_frame(tmp_path / name)
    assert list(frame.columns) == ["a", "b"]
    assert frame["a"].tolist() == [1, 2]
    assert frame["b"].tolist() == ["x", "y"]


def test_a_file_of_one_column_keeps_its_name(tmp_path):
    (tmp_path / "a.csv").write_text("a\n1\n0\n")
    assert list(read_frame(tmp_path / "a.csv").columns) == ["a"]


@pytest.mark.parametrize("content", [b"", bytes(range(256)), b"a,b\n1,2\n1,2,3,4\n"], ids=str)
def test_what_is_no_table_is_refused_by_name(tmp_path, content):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.csv: cannot be read"):
        read_frame(tmp_path / "a.csv")
