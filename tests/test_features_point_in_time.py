"""No feature may move when what its person's instant could not know is rewritten.

The proof is `credit.features.proof`; here every built-in feature is held to it by itself, and
the proof is held to catching comparisons of time that were broken on purpose.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from feature_tables import OWN, World, engine_of

from credit.errors import FeatureError
from credit.feature import Catalogue, Measure, Reason, Stated, WindowAggregate
from credit.features import build
from credit.features.proof import Proof, moves
from credit.features.proof.moves import longest
from credit.features.window import rule
from credit.schema import DAY

SEEDS = (101, 102)
SQL = (False,)
"""The compiled code of large builds has the same tests in test_features_sweep.py."""


@cache
def proof(what: str, seed: int) -> Proof:
    """Return the proof of all built-in features, made once."""
    return moves(OWN, what=what, seed=seed, lowerings=SQL)


@pytest.mark.parametrize("name", OWN.names)
def test_what_could_not_be_known_changes_no_feature(name: str) -> None:
    assert [seed for seed in SEEDS if name in proof("future", seed).moved] == []
    assert any(name not in proof("future", seed).still for seed in SEEDS)


@pytest.mark.parametrize("name", [f.name for f in OWN if longest(f, OWN) < np.inf])
def test_what_is_older_than_the_window_changes_no_feature(name: str) -> None:
    assert [seed for seed in SEEDS if name in proof("past", seed).moved] == []


CONTROLS = {
    "an event in the very instant counts": (
        "before",
        lambda time, q: f"{time} <= {q}",
        "future",
    ),
    "availability is ignored": ("known", lambda available_at, q: "1 = 1", "future"),
    "known a microsecond too late counts": (
        "known",
        lambda available_at, q: f"{available_at} <= {q} + 1",
        "future",
    ),
    "a repair to come hides the record": (
        "unrepaired",
        lambda repaired_at, q: f"{repaired_at} is null",
        "future",
    ),
    "a window is a microsecond too long": (
        "within",
        lambda age, days: f"{age} <= {days * DAY + 1}",
        "past",
    ),
}
"""Fault -> (function of the rule, what it becomes, the property that must notice)."""


RARE = (
    "wealth_holding_days", "repayment_days_since_first_loan", "repayment_has_loan",
    "repayment_late_", "repayment_overdue_count_", "repayment_on_time_", "repayment_early_",
    "repayment_max_days_", "repayment_mean_days_", "repayment_days_to_cure_", "repayment_cured_",
    "repayment_settled_ahead_", "repayment_bureau_max_months_", "repayment_days_since_overdue",
    "consumption_education_share_365d", "application_count_", "application_amount_to_income",
)  # fmt: skip
"""Features that a microsecond seldom moves: an event at q is nobody's first; an instalment paid
at q was as late as one still open at q; what is rare is rarely in one microsecond; an application
made at q is the question itself."""


@pytest.mark.parametrize("fault", CONTROLS)
def test_the_property_catches(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    function, broken, what = CONTROLS[fault]
    monkeypatch.setattr(rule, function, broken)
    if function == "unrepaired":
        concerned = {name for name in OWN.names if "bureau" in name or "overdue" in name}
    elif what == "future":
        concerned = {f.name for f in OWN if not isinstance(f, Stated)}
    else:
        concerned = {f.name for f in OWN if longest(f, OWN) < np.inf}
    excused = () if fault.startswith("availability") else RARE
    missed = set(concerned)
    for seed in range(SEEDS[0], SEEDS[0] + 6):  # what differs by a microsecond is not in each world
        missed -= set(moves(OWN, what=what, seed=seed, lowerings=SQL).moved)
        if all(name.startswith(excused) for name in missed):
            break
    assert [name for name in missed if not name.startswith(excused)] == []
    assert len(missed) < len(concerned) / 5


EDGES = [
    # event_time, available_at - each relative to q - and whether the event counts in 90 days
    (0, 0, False),
    (-1, -1, True),
    (-1, 0, True),
    (-1, 1, False),
    (-90 * DAY, -90 * DAY, True),
    (-90 * DAY, 0, True),
    (-90 * DAY - 1, -90 * DAY, False),
    (1, 1, False),
]


@pytest.mark.parametrize(("event", "known", "counts"), EDGES)
def test_the_edges_of_a_window(event: int, known: int, counts: bool) -> None:
    q = 1_700_000_000_000_000
    payment = {
        "payment_id": 1, "customer_id": 5, "event_time": q + event, "available_at": q + known,
        "direction": "out", "amount_fen": 700, "status": "ok", "mcc": 5411,
    }  # fmt: skip
    only = Catalogue((OWN["payment_daily_amount_90d"],))
    with engine_of({"payments": [payment]}) as engine:
        frame = build(engine, World({5: q}).spine(), only)
    assert frame["payment_daily_amount_90d"].item() == (700 / 90 if counts else 0)


def test_a_proof_says_of_what_nothing_is_proven() -> None:
    never = WindowAggregate(
        name="payment_never_30d",
        dimension="payment",
        label="Payments for the moon",
        unit="count",
        null_means="never null",
        risk=0,
        reason=Reason(en="The moon", zh="月亮"),
        table="payments",
        days=30,
        measure=Measure(aggregate="count", where="purpose = 'the moon'"),
    )
    found = moves(Catalogue((never,)))
    assert found == Proof(moved={}, still=("payment_never_30d",), observations=20)
    with pytest.raises(
        FeatureError, match=r"world of a proof has nobody in it: give at least one instant"
    ):
        moves(Catalogue((never,)), world=World({}))
