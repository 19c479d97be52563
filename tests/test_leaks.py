"""Planted leaks are found on twenty seeds, honest frames stay quiet on the same seeds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from credit import evaluate as ev
from credit.errors import DataError
from credit.split import Fold

SEEDS = range(20)
NOW = pd.Timestamp("2024-03-01")


def honest(seed, rows=1000):
    """Strong and weak columns of every kind, gaps that depend on risk, spikes and names."""
    random = np.random.default_rng(seed)
    risk = random.normal(size=rows)
    y = (random.random(rows) < expit(1.6 * risk - 2.2)).astype(int)
    seen = risk + random.normal(0, 0.5, rows)
    X = pd.DataFrame(
        {
            "strong": seen,
            "twice_told": np.round(seen, 1),
            "count": random.poisson(np.exp(0.6 * risk)),
            "spike": np.where(random.random(rows) < 0.6, 0.0, np.exp(random.normal(risk))),
            "gaps": np.where(random.random(rows) < expit(risk - 1), np.nan, random.random(rows)),
            "whole": random.integers(0, 30, rows),
            "city": random.choice(list("abcdefgh"), rows),
            "grade": pd.cut(seen, [-9, -2, -1, 0, 1, 2, 9]).astype(str),
            "constant": 1.0,
            "seen_at": NOW - pd.to_timedelta(random.integers(1, 900, rows), "D"),
        }
    )
    return X, y, random


def known_of(rows, random, *, apart=True, **more):
    person = np.arange(rows) // 2
    order = random.permutation(rows // 2) if apart else None
    if order is None:
        test = random.permutation(rows)[: rows // 3]
    else:
        test = np.flatnonzero(np.isin(person, order[: rows // 6]))
    train = np.setdiff1d(np.arange(rows), test)
    fold = Fold(train=train, validation=train[:0], test=np.sort(test))
    return ev.LeakFacts(as_of=[NOW] * rows, person=person, fold=fold, **more)


@pytest.mark.parametrize("seed", SEEDS)
def test_honest_frames_are_quiet(seed):
    X, y, random = honest(seed)
    found = ev.leaks(X, y, known_of(len(X), random, ceiling=0.95))
    assert found.empty, found.to_string()


def checks(X, y, known=None):
    found = ev.leaks(X, y, known or ev.LeakFacts())
    return set(zip(found["check"], found["feature"], strict=True))


@pytest.mark.parametrize("seed", SEEDS)
def test_planted_leaks_are_found_and_only_they(seed):
    X, y, random = honest(seed)
    filled = X["strong"].copy()
    lost = random.random(len(X)) < 0.25
    for side in (0, 1):  # the mean of the class in place of a gap
        filled[lost & (y == side)] = X["strong"][y == side].mean()
    late = X["seen_at"].where(random.random(len(X)) > 0.01, NOW + pd.Timedelta(days=40))
    planted = X.assign(
        imputed=filled,
        collected=np.where((y == 1) & (random.random(len(X)) < 0.7), random.random(len(X)), np.nan),
        status=np.where((y == 1) & (random.random(len(X)) < 0.4), "legal", X["city"]),
        recovered=y + random.normal(0, 0.2, len(X)),
        seen_at=late,
    )
    found = checks(planted, y, known_of(len(X), random, apart=False, ceiling=0.95))
    assert {
        ("one outcome", "imputed"), ("filler", "collected"), ("one outcome", "status"),
        ("above ceiling", "recovered"), ("alone at top", "recovered"),
        ("after instant", "seen_at"), ("both sides", ""),
    } <= found  # fmt: skip
    assert {name for _, name in found} <= {
        "imputed", "collected", "status", "recovered", "seen_at", ""
    }  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS[:5])
def test_twin_rows_across_a_split_are_found(seed):
    X, y, _ = honest(seed, 600)
    again = np.concatenate([np.arange(600), np.arange(200)])
    fold = Fold(train=np.arange(600), validation=np.arange(0), test=np.arange(600, 800))
    found = ev.leaks(X.iloc[again], y[again], ev.LeakFacts(fold=fold))
    assert found.set_index("check").loc["twin rows", "figure"] == 1.0
    few = X[["city", "constant"]].iloc[again]  # twins by chance are no finding
    assert ev.leaks(few, y[again], ev.LeakFacts(fold=fold)).empty


def test_the_chance_of_one_outcome_is_the_beta_binomial():
    random = np.random.default_rng(0)
    value = np.concatenate([random.normal(size=1000), np.full(40, 0.1)])
    y = np.concatenate([random.random(1000) < 0.3, np.ones(40)]).astype(int)
    row = ev.leaks(pd.DataFrame({"x": value}), y).iloc[0]
    assert (row["check"], row["value"], row["rows"]) == ("one outcome", "0.1", 40)
    order = np.argsort(value[:1000])
    at = np.searchsorted(value[:1000][order], 0.1)
    near = y[:1000][order][at - 200 : at + 200]
    theta = random.beta(near.sum() + 0.5, 400 - near.sum() + 0.5, 400_000)
    assert row["figure"] == pytest.approx((theta**40).mean(), rel=0.1)
    assert row["limit"] == pytest.approx(1e-3)


@pytest.mark.data
def test_the_known_leaks_of_the_sba_case_are_found(data_dir):
    """The term of these loans was cut when they defaulted; the rest is written off afterwards."""
    frame = pd.read_csv(data_dir("sba_case") / "SBAcase.11.13.17.csv", encoding="utf-8-sig")
    X = frame.drop(columns=["Default", "Selected", "LoanNr_ChkDgt", "Name"])
    found = ev.leaks(X, frame["Default"])
    alone = set(found.query("check == 'alone at top'")["feature"])
    assert alone == {"MIS_Status", "ChgOffPrinGr", "ChgOffDate", "Term", "daysterm"}
    assert set(found["feature"]) == alone | {"Portion"}


def test_instants_as_numbers_must_be_named():
    X, y, _ = honest(0)
    X = X.assign(paid_at=20.0)
    known = ev.LeakFacts(as_of=np.full(len(X), 10.0), times=("paid_at",))
    assert ("after instant", "paid_at") in checks(X.drop(columns="seen_at"), y, known)
    with pytest.raises(DataError, match=r"seen_at has type datetime64.* but as_of float64"):
        ev.leaks(X, y, known)


def test_what_cannot_be_checked_is_refused():
    X, y, _ = honest(0)
    with pytest.raises(DataError, match=r"ceiling must lie above .5 and at most at 1, got 80"):
        ev.LeakFacts(ceiling=80)
    with pytest.raises(DataError, match="person is given without fold"):
        ev.LeakFacts(person=[1, 2])
    with pytest.raises(DataError, match=r"times \['paid_at'\] need as_of"):
        ev.LeakFacts(times=("paid_at",))
    with pytest.raises(DataError, match=r"times: no column 'seen_att'. Did you mean 'seen_at'?"):
        ev.leaks(X, y, ev.LeakFacts(times=("seen_att",), as_of=y))
    with pytest.raises(DataError, match="as_of has 2 rows, 0 of them null; 1000 without"):
        ev.leaks(X, y, ev.LeakFacts(as_of=[NOW] * 2))
    with pytest.raises(DataError, match=r"one row an outcome .* got \(1000, 10\) for 4"):
        ev.leaks(X, [0, 1, 0, 1])
