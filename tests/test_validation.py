"""Tests a validation report lists: by hand, against scipy, and as properties."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom, binomtest, chi2, norm

from credit import evaluate as ev
from credit.errors import DataError


def test_counts_are_tested_as_scipy_does():
    found = ev.count_test(7, 100, 0.03)
    assert found.binomial == pytest.approx(binomtest(7, 100, 0.03, alternative="greater").pvalue)
    assert found.jeffreys == pytest.approx(beta.cdf(0.03, 7.5, 93.5))
    assert ev.count_test(0, 100, 0.03).binomial == 1.0


@pytest.mark.parametrize("wrong", [(5, 3, 0.1), (-1, 3, 0.1), (0, 0, 0.1), (1, 3, 0.0), (1, 3, 1)])
def test_an_impossible_count_is_refused(wrong):
    with pytest.raises(DataError, match=r"bads must lie between 0 and rows"):
        ev.count_test(*wrong)


@given(
    st.floats(0.001, 0.6),
    st.integers(0, 400),
    st.sampled_from([0.05, 0.001]),
)
def test_the_alarm_is_the_first_count_the_test_rejects(predicted, rows, level):
    (alarm,) = ev.alarm_counts([predicted], [rows], level=level)
    counts = np.arange(rows + 1)
    rejected = beta.cdf(predicted, counts + 0.5, rows - counts + 0.5) < level
    assert alarm == next(iter(np.flatnonzero(rejected)), rows + 1)


def test_alarms_of_many_grades_are_those_of_each():
    together = ev.alarm_counts([0.01, 0.2, 0.5], [1000, 40, 1])
    alone = [ev.alarm_counts([p], [n])[0] for p, n in [(0.01, 1000), (0.2, 40), (0.5, 1)]]
    assert together.tolist() == alone
    assert ev.alarm_counts([0.999], [3])[0] == 4  # three of three bad are no surprise
    with pytest.raises(DataError, match="level between 0 and 1"):
        ev.alarm_counts([0.1], [5], level=0)


def test_a_fall_of_the_auc_is_in_standard_errors():
    y = np.array([0, 1, 0, 1, 0, 1, 0, 0, 1, 1])
    now = ev.delong(y, np.array([0.1, 0.4, 0.35, 0.8, 0.2, 0.3, 0.5, 0.15, 0.9, 0.45]))
    statistic, p = ev.auc_fall(now.value + 2 * now.standard_error, now)
    assert statistic == pytest.approx(2)
    assert p == pytest.approx(norm.sf(2))
    both, _ = ev.auc_fall(
        now.value + 2 * now.standard_error, now, before_error=np.sqrt(3) * now.standard_error
    )
    assert both == pytest.approx(1)
    with pytest.raises(DataError, match="before_error must be 0 or more, got -1"):
        ev.auc_fall(0.9, now, before_error=-1)
    with pytest.raises(DataError, match="no standard error"):
        ev.auc_fall(0.9, ev.AucInterval(value=1.0, standard_error=0.0, low=1.0, high=1.0))


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12).filter(any))
def test_concentration_lies_between_equal_grades_and_one(counts):
    found = ev.concentration(counts)
    share = np.array(counts) / sum(counts)
    assert found.index == pytest.approx((share**2).sum())
    assert 1 / len(counts) <= found.index + 1e-12
    assert found.index <= 1 + 1e-12
    assert found.effective * found.index == pytest.approx(1)
    assert found.largest == pytest.approx(share.max())


def test_no_row_at_all_has_no_concentration():
    for counts in ([0, 0], [-1, 2]):
        with pytest.raises(DataError, match="counts must be 0 or more, not all 0"):
            ev.concentration(counts)


def test_moves_between_grades_by_hand():
    table = ev.migration_matrix(["A", "A", "B"], ["A", "B", "B"], ["A", "B", "C"])
    cells = table.set_index(["origin", "target"])
    assert len(table) == 9
    assert cells.loc[("A", "B"), "share"] == pytest.approx(0.5)
    assert cells.loc[("B", "B"), "rows"] == 1
    assert cells.loc["C"].drop(columns="rows").isna().all(axis=None)
    low = cells.loc[("A", "B"), "share_low"]
    assert low == pytest.approx(beta.ppf(0.025, 1.5, 1.5))
    with pytest.raises(DataError, match=r"1 row\(s\) hold a grade that is not among"):
        ev.migration_matrix(["A", "Z"], ["A", "A"], ["A"])
    with pytest.raises(DataError, match="before has 1 rows and after 2"):
        ev.migration_matrix(["A"], ["A", "A"], ["A"])


def test_the_critical_value_is_that_of_two_samples():
    assert ev.psi_critical(10, 5000, 400) == pytest.approx(chi2.ppf(0.95, 9) * (1 / 5000 + 1 / 400))
    assert ev.psi_critical(10, 5000, 400, level=0.999) > ev.psi_critical(10, 5000, 400)
    found = ev.psi([50, 30, 20], [25, 15, 10])
    assert found.critical == pytest.approx(ev.psi_critical(3, 100, 50))
    with pytest.raises(DataError, match="bins must be at least 2"):
        ev.psi_critical(1, 10, 10)


def test_chance_exceeds_the_critical_value_in_one_of_twenty():
    draw = np.random.default_rng(2)
    share = np.array([0.1, 0.2, 0.3, 0.4])
    pairs = [(draw.multinomial(2000, share), draw.multinomial(500, share)) for _ in range(2000)]
    above = np.mean([ev.psi(one, other).shifted for one, other in pairs])
    assert binom.ppf(0.0005, 2000, 0.05) / 2000 < above < binom.ppf(0.9995, 2000, 0.05) / 2000


# -- what a loan costs


def annuity(principal: float, monthly: float, term: int) -> list[float]:
    payment = principal * monthly / (1 - (1 + monthly) ** -term) if monthly else principal / term
    return [payment] * term


@given(st.just(0.0) | st.floats(1e-4, 0.05), st.integers(1, 36))
def test_a_rate_is_read_off_its_own_schedule(monthly, term):
    due = annuity(1e6, monthly, term)
    loans = pd.DataFrame({"loan_id": [1], "principal_fen": [1e6]})
    table = pd.DataFrame({"loan_id": 1, "number": np.arange(1, term + 1), "due_fen": due})
    # A schedule without interest adds up to a little less than the principal now and then.
    table["due_fen"] += 1e-3
    assert ev.yearly_rates(loans, table).item() == pytest.approx(12 * monthly, abs=1e-7)


def test_loans_without_a_rate_have_none():
    loans = pd.DataFrame({"loan_id": [1, 2, 3, 4], "principal_fen": [100, 100, 0, 100]})
    table = pd.DataFrame(
        {"loan_id": [1, 1, 2, 3, 9], "number": [1, 2, 1, 1, 1], "due_fen": [60, 60, 90, 5, 5]}
    )
    found = ev.yearly_rates(loans, table)
    assert found.isna().tolist() == [False, True, True, True]
    with pytest.raises(DataError, match=r"loans: 1 loan_id\(s\) repeat"):
        ev.yearly_rates(loans.assign(loan_id=[1, 1, 2, 3]), table)
    with pytest.raises(DataError, match=r"instalments: no column \['due_fen'\]"):
        ev.yearly_rates(loans, table.drop(columns="due_fen"))
