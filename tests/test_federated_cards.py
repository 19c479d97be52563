"""Cards that parties fit together: the bins and terms of all rows in one place."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import pairwise
from types import SimpleNamespace

import federated_card_work as work
import numpy as np
import pandas as pd
import pytest
from federated_parties import outcomes, together
from golden_artifacts import applicants, outcome, specification
from hypothesis import given, settings
from hypothesis import strategies as st

from credit import artifact, runtime
from credit.binning import BinLimits, Neighbours, Sample, count_frame
from credit.binning.edges import candidate_edges
from credit.errors import FederatedError, ModelError
from credit.evaluate import auc, every_subset, shapley
from credit.federated import party
from credit.federated.card import fit_card
from credit.federated.coalitions import coalition_aucs
from credit.federated.counts import count_together, opening_ranks, read_column
from credit.federated.order import order_statistics
from credit.federated.party import Rows
from credit.federated.reduce import memory_reducers
from credit.federated.together import run_together
from credit.scorecard import (
    FusedOptions,
    Scorecard,
    Selection,
    Stepwise,
    WoeOptions,
    bagging,
    fused,
    stacking,
)
from credit.scorecard.thermometer import Rows as CodedRows
from credit.whole import ALONE, generator

ENDS = (0, 50, 130, 500, 1_200)
"""Four parties: one of 50 rows, one without bads, one without any income, and a large one."""

CODES = {"night": [-9], "segment": ["n/a"]}
WOE = BinLimits(edges={"income": (0.25,)}, fixed={"night": (3.0,)})
QUICK = FusedOptions(path=((0.5, 4.0), (0.12, 1.0)), few_bags=3)


def everybody() -> tuple[pd.DataFrame, np.ndarray]:
    """All rows, in the order of the parties that hold them."""
    X = applicants(ENDS[-1], 5).assign(flat=0.0)
    X.loc[::41, "flat"] = np.arange(len(X[::41])) + 1.0
    y = outcome(X)
    X.loc[130:499, "income"] = np.nan
    y[50:130] = 0
    return X, y


def parts() -> list[tuple[pd.DataFrame, np.ndarray]]:
    X, y = everybody()
    return [(X.iloc[a:b], y[a:b]) for a, b in pairwise(ENDS)]


def card(binning: BinLimits) -> Scorecard:
    return Scorecard(binning=binning, special_codes=CODES, signs={"income": -1}, random_state=1)


def fit_together(options: Scorecard, held: list[tuple[pd.DataFrame, np.ndarray]]):
    return together(len(held), lambda r: fit_card(options, *held[r.rank], r))


def same(one: Scorecard, other: Scorecard, tolerance: float) -> None:
    """Assert that two cards have identical bins and points, and the same terms."""
    assert one.bins_ == other.bins_
    assert one.points_ == other.points_
    assert one.base_points_ == other.base_points_
    assert one.base_ == pytest.approx(other.base_, abs=tolerance)
    assert list(one.margins_) == list(other.margins_)
    for name, terms in one.margins_.items():
        np.testing.assert_allclose(terms, other.margins_[name], rtol=0, atol=tolerance)
    mine, theirs = one.coefficients_, other.coefficients_
    assert mine["dropped"].tolist() == theirs["dropped"].tolist()
    columns = ["coefficient", "standard_error", "p_value", "iv"]
    np.testing.assert_allclose(mine[columns], theirs[columns], rtol=0, atol=tolerance)
    np.testing.assert_allclose(mine["vif"], theirs["vif"], rtol=1e-6)


# --- the same card as in one place


def test_bins_coefficients_and_errors_are_those_of_all_rows_in_one_place():
    options = card(WoeOptions(edges=WOE.edges, fixed=WOE.fixed, selection=Selection(max_vif=50)))
    central = options.fit(*everybody())
    found = fit_together(options, parts())
    for one in found:
        same(one.card, central, 1e-10)
    assert found[0].card.to_dict() == found[3].card.to_dict()
    assert [one.disclosed.rounds for one in found] == [found[0].disclosed.rounds] * 4
    assert found[0].disclosed.small_cells > found[3].disclosed.small_cells


def test_three_processes_fit_the_card_of_all_rows_in_one_place(tmp_path):
    X, y = everybody()
    held = [
        (card(WOE), Rows(X=X[a:b], y=y[a:b], test=X[:3]), str(tmp_path))
        for a, b in ((0, 50), (50, 130), (130, 1_200))
    ]
    found = run_together(("a", "b", "c"), work.fit, held, time_limit=120).of
    (digest, _, rounds), *_ = found
    assert found == [[digest, False, rounds], [digest, True, rounds], [digest, False, rounds]]
    written = json.loads((tmp_path / "b" / "scorecard.json").read_text(encoding="utf-8"))
    same(Scorecard.from_dict(written), card(WOE).fit(X, y), 1e-10)


def test_one_party_alone_fits_the_central_card_to_the_bit():
    X, y = everybody()
    for options in (card(BinLimits()), card(QUICK)):
        (found,) = fit_together(options, [(X, y)])
        central = options.fit(X, y)
        assert json.dumps(found.card.to_dict()) == json.dumps(central.to_dict())


def test_a_fused_card_is_that_of_all_rows_under_the_same_deals(monkeypatch):
    """The oracle deals every party's rows apart, and fits them all in one place."""
    found = fit_together(card(QUICK), parts())[0].card
    rows: list[int] = []
    random = [generator(_Part(rank), 1) for rank in range(4)]

    def patterns(held: CodedRows, weight: np.ndarray) -> tuple[CodedRows, np.ndarray]:
        own = [
            bagging.patterns(CodedRows(codes=held.codes[a:b], bad=held.bad[a:b]), weight[a:b])
            for a, b in pairwise(ENDS)
        ]
        rows[:] = [len(mass) for _, mass in own]
        codes, bad = (
            np.concatenate([getattr(r, name) for r, _ in own]) for name in ("codes", "bad")
        )
        return CodedRows(codes=codes, bad=bad), np.concatenate([mass for _, mass in own])

    def draw(bad: np.ndarray, weight: np.ndarray, _: object) -> np.ndarray:
        at = list(pairwise(np.cumsum([0, *rows])))
        return np.concatenate(
            [
                bagging.draw(bad[a:b], weight[a:b], own)
                for (a, b), own in zip(at, random, strict=True)
            ]
        )

    monkeypatch.setattr(fused, "patterns", patterns)
    monkeypatch.setattr(fused, "draw", draw)
    monkeypatch.setattr(
        stacking, "folds", lambda _: np.concatenate([np.arange(n) % stacking.FOLDS for n in rows])
    )
    same(found, card(QUICK).fit(*everybody()), 1e-8)


class _Part:
    parties = 4

    def __init__(self, rank: int) -> None:
        self.rank = rank


def test_the_order_of_parties_and_of_columns_and_the_labels_may_differ():
    held = [
        (X[list(X)[:: 1 if i % 2 else -1]], np.where(y, "z", "g"))
        for i, (X, y) in enumerate(parts()[::-1])
    ]
    found = fit_together(card(WOE), held)[0].card
    assert found.classes_.tolist() == ["g", "z"]
    X, y = everybody()
    central = card(WOE).fit(X[list(held[0][0])], np.where(y, "z", "g"))
    same(found, central, 1e-10)
    np.testing.assert_array_equal(found.predict(X), central.predict(X))


def test_the_card_is_an_ordinary_artifact(tmp_path):
    held = [(X.drop(columns="flat"), y) for X, y in parts()]
    found = fit_together(card(WOE), held)[1].card
    artifact.write(tmp_path / "a", found, specification())
    scorer = runtime.load(tmp_path / "a")
    rows = applicants(40, 8)
    columns = {n: [None if pd.isna(v) else v for v in rows[n].tolist()] for n in rows}
    scores = scorer.score(columns, reasons=2)
    np.testing.assert_allclose(scores.margin, found.decision_function(rows), atol=1e-12)
    np.testing.assert_array_equal(scores.points, found.points(rows))


# --- counts


values = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(values, min_size=1, max_size=30))
@settings(max_examples=40)
def test_order_statistics_are_the_sorted_values(column):
    ordered = np.sort(np.array(column) + 0.0)
    (found,) = order_statistics([ordered], [np.arange(1, len(ordered) + 1)], ALONE)
    np.testing.assert_array_equal(found, ordered)


@given(st.lists(st.integers(0, 400), min_size=40, max_size=120), st.integers(1, 40))
@settings(max_examples=30)
def test_opening_ranks_lead_to_the_candidates_of_the_values(column, most):
    ordered = np.sort(np.array(column, dtype=float))
    distinct, weight = np.unique(ordered, return_counts=True)
    if len(distinct) > most:
        last = ordered[opening_ranks(len(ordered), most) - 1]
        opened = np.unique(np.searchsorted(ordered, last, side="right"))
        expected = candidate_edges(distinct, weight.astype(float), most)
        np.testing.assert_array_equal(ordered[opened[opened < len(ordered)]], expected)


@given(st.data())
@settings(max_examples=12)
def test_counts_of_parties_are_the_counts_of_all_rows(data):
    rows = data.draw(st.integers(6, 120))
    random = np.random.default_rng(data.draw(st.integers(0, 999)))
    parties = data.draw(st.integers(1, 3))
    spread = data.draw(st.sampled_from([3, 9, 1_000_000]))
    X = pd.DataFrame(
        {
            "number": random.integers(-spread, spread, rows) / 7,
            "name": random.choice(["a", "b", "c", None], rows),
        }
    )
    X.loc[random.random(rows) < 0.2, "number"] = np.nan
    y = (random.random(rows) < 0.4).astype(float)
    at = random.integers(0, parties, rows)
    limits = BinLimits(max_candidates=6, edges={"number": (0.5,)}, fixed={"number": (0.0, 99.0)})
    codes = {"number": [3 / 7], "name": ["c"]}
    kinds = {"number": "number", "name": "category"}
    expected = count_frame(X, Sample.of(y, np.ones(rows)), limits, special_codes=codes)

    def count(reducer):
        mine = X[at == reducer.rank]
        sample = Sample.of(y[at == reducer.rank], np.ones(len(mine)), whole=reducer)
        own = {n: read_column(mine[n], n, kind, sample, codes[n]) for n, kind in kinds.items()}
        return count_together(own, limits, codes, reducer)

    for found in together(parties, count):
        for name in kinds:
            one, other = found[name], expected[name]
            assert (one.edges, one.groups, one.codes) == (other.edges, other.groups, other.codes)
            for field in ("ordinary", "special", "missing"):
                np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


# --- what each party adds


def test_contributions_are_fair_shares_of_the_held_out_auc():
    X, y = everybody()
    X = X[["night", "share"]]
    noise = np.random.default_rng(0).permutation(y[900:])
    learn = [(X[100:500], y[100:500]), (X[500:900], y[500:900]), (X[900:], noise)]
    test = [(X[:30], y[:30]), (X[30:100], y[30:100]), (X[:0], y[:0])]
    names, options = (
        ("a", "b", "noise"),
        Scorecard(binning=BinLimits(), special_codes={"night": [-9]}),
    )

    def weigh(reducer):
        return coalition_aucs(options, learn[reducer.rank], test[reducer.rank], reducer, names)

    values, *others = together(3, weigh)
    assert others == [values, values]
    assert list(values) == every_subset(names)
    central = options.fit(
        pd.concat([learn[0][0], learn[1][0]]), np.concatenate([learn[0][1], learn[1][1]])
    )
    assert values["a", "b"] == pytest.approx(auc(y[:100], -central.points(X[:100])), abs=1e-12)
    fair = shapley(values)
    assert sum(fair.values()) == pytest.approx(values[names] - 0.5)
    assert min(fair, key=lambda name: fair[name]) == "noise"
    with pytest.raises(FederatedError, match=r"names: 2 for 1 parties, at most 6"):
        together(1, lambda r: coalition_aucs(options, learn[0], test[0], r, ("a", "b")))


def test_parties_that_take_turns_with_a_card_learn_what_each_contributes(tmp_path, monkeypatch):
    X, y = everybody()
    X = X[["night", "share"]]
    options = Scorecard(binning=QUICK, special_codes={"night": [-9]})
    reducers = memory_reducers(2)
    monkeypatch.setattr(party, "joined", lambda seat: nullcontext(reducers[seat.rank]))

    def turn(rank):
        a, b = ((130, 500), (500, 1_200))[rank]
        rows = Rows(X=X[a:b], y=y[a:b], test=X[:50], test_y=y[:50])
        seat = SimpleNamespace(rank=rank, name=("south", "north")[rank])
        place = tmp_path / seat.name
        turns = party.take_all_turns(seat, rows, {place: options}, lambda *_: None)
        return turns.contributions, turns.of[place]

    with ThreadPoolExecutor(2) as pool:
        (shares, scored), (again, other) = pool.map(turn, range(2))
    assert shares == again
    assert list(shares) == ["south", "north"]
    assert scored.model_sha256 == other.model_sha256
    assert scored.alone is not None
    np.testing.assert_array_equal(scored.federated, other.federated)
    classic = options.set_params(binning=BinLimits()).fit(X[130:], y[130:])
    assert sum(shares.values()) == pytest.approx(auc(y[:50], -classic.points(X[:50])) - 0.5)


# --- what is refused, and by whom


def refused(held, options=None) -> list[str]:
    """Return what every party says, each with its own options."""
    given = options or [card(WOE)] * len(held)
    found = outcomes(len(held), lambda r: fit_card(given[r.rank], *held[r.rank], r))
    assert all(isinstance(one, FederatedError | ModelError) for one in found)
    return [str(one) for one in found]


def small() -> list[tuple[pd.DataFrame, np.ndarray]]:
    X, y = everybody()
    return [(X.iloc[a:b].copy(), y[a:b].copy()) for a, b in ((0, 40), (600, 700))]


def test_a_column_that_a_party_lacks_is_named_with_the_party():
    held = small()
    held[1] = (held[1][0].rename(columns={"night": "nights"}), held[1][1])
    for said in refused(held):
        assert "party '1' lacks column 'night', compared to party '0'" in said


def test_a_column_of_two_kinds_is_named_with_the_parties():
    held = small()
    held[1][0]["income"] = held[1][0]["income"].map(lambda v: f"{v} yuan")
    for said in refused(held):
        assert "party '1' holds column 'income' as category, party '0' as number" in said


def test_what_is_wrong_at_one_party_is_heard_at_all():
    held = small()
    held[1][0].iloc[3, 0] = np.inf
    for said in refused(held):
        assert said.startswith("party '1' cannot take part: column 'income': 1 infinite value(s)")
    held = small()
    held[0] = (held[0][0], held[0][1][:-1])
    for said in refused(held):
        assert said.startswith("party '0' cannot take part: y: inconsistent numbers of samples")


def test_parties_with_other_options_or_outcomes_do_not_train():
    held = small()
    for said in refused(held, [card(WOE), card(BinLimits(max_bins=5))]):
        assert "party '1' has binning \"BinLimits(max_bins=5" in said
    held[0] = (held[0][0], held[0][1] * 2)
    for said in refused(held):
        assert "y: all parties together have the outcome(s) [0, 1, 2]" in said


@pytest.mark.parametrize(
    ("binning", "rule"),
    [
        (WoeOptions(selection=Selection(stepwise=Stepwise())), "stepwise and max_psi"),
        (BinLimits(neighbours=Neighbours(same_order=True)), "same_order"),
    ],
)
def test_rules_without_shared_sums_are_refused(binning, rule):
    for said in refused(small(), [card(binning)] * 2):
        assert rule in said
