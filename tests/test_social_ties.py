"""Ties of one person at the edge of what q may know: devices, accounts, records of peers."""

from __future__ import annotations

import pandas as pd
import pytest
from feature_tables import engine_of

from credit.feature import Catalogue
from credit.features import build, catalogue
from credit.schema import DAY

Q = 1_704_067_200_000_000  # 2024-01-01 UTC
MONTH = Q - 8 * 3_600_000_000  # its beginning in Shanghai, where the network is looked at
ALL = catalogue()


def built(tables: dict[str, list[dict]], *names: str) -> dict[str, float]:
    """Return features of person 1 at Q."""
    spine = pd.DataFrame({"observation_id": [1], "customer_id": [1], "as_of": [Q]})
    with engine_of(tables) as engine:
        frame = build(engine, spine, Catalogue(tuple(ALL[name] for name in names)))
    return {name: float(frame[name].iloc[0]) for name in names}


def use(person: int, device: int, account: int, at: int = Q - DAY, known: int = 0) -> dict:
    return {
        "customer_id": person, "device_id": device, "account_id": account, "event_time": at,
        "available_at": known or at,
    }  # fmt: skip


DEVICES = (
    "social_account_count", "social_device_count", "social_device_sharers",
    "social_device_accounts",
)  # fmt: skip


def test_a_fourth_account_counts_from_the_instant_it_is_known() -> None:
    rows = [use(1, 5, account) for account in (1, 2, 3)]
    for known, count in ((Q, 4), (Q + 1, 3)):
        found = built({"device_use": [*rows, use(1, 5, 4, known=known)]}, *DEVICES)
        assert list(found.values()) == [count, 1, 0, count]


def test_a_device_of_many_counts_no_further_than_31() -> None:
    rows = [use(person, 9, person + 100) for person in range(40)]
    assert list(built({"device_use": [*rows, use(1, 1, 7)]}, *DEVICES).values()) == [2, 2, 30, 31]
    assert list(built({"device_use": rows[:30]}, *DEVICES).values()) == [1, 1, 29, 30]


def test_who_came_to_the_device_later_is_not_there_yet() -> None:
    rows = [use(1, 9, 1), use(2, 9, 2), use(3, 9, 3, at=Q), use(4, 9, 4, known=Q + 1)]
    assert built({"device_use": rows}, "social_device_sharers") == {"social_device_sharers": 1}


def owing(repaired_at: int | None) -> dict[str, list[dict]]:
    """Return a peer who never paid an instalment, which a register suppressed or not."""
    times = {"event_time": Q - 300 * DAY, "available_at": Q - 300 * DAY}
    lately = {"event_time": Q - 100 * DAY, "available_at": Q - 100 * DAY}
    owed = {"loan_id": 3, "number": 1, "due_at": Q - 200 * DAY, "due_fen": 100}
    sent = {"transfer_id": 1, "counterparty_id": 2, "amount_fen": 500, "type": "transfer"}
    paid = {"repayment_id": 1, "loan_id": 8, "number": 1, "amount_fen": 1, "channel": "card"}
    return {
        "contacts": [{"customer_id": 1, "contact_id": 2, "type": "friend", **times}],
        "transfers": [{"customer_id": 1, **sent, **lately}],
        "loans": [{"loan_id": 3, "customer_id": 2, "principal_fen": 1, "term_months": 1, **times}],
        "instalments": [{"customer_id": 2, **times, **owed, "repaired_at": repaired_at}],
        "repayments": [{"customer_id": 4, **paid, **times}],
        "tags": [{"tag_id": 1, "customer_id": 4, "tag": "court", **times}],
    }


@pytest.mark.parametrize(
    ("repaired_at", "good"), [(None, 0.0), (Q, 1.0), (Q - DAY, 1.0), (Q + 1, 0.0)]
)
def test_a_repaired_record_of_a_contact_is_not_held_against_anybody(
    repaired_at: int | None, good: float
) -> None:
    names = ("social_good_contact_share", "social_contact_quality_180d")
    assert set(built(owing(repaired_at), *names).values()) == {good}


@pytest.mark.parametrize(
    ("repaired_at", "steps"), [(None, 1.0), (MONTH, 5.0), (MONTH - DAY, 5.0), (MONTH + 1, 1.0)]
)
def test_the_network_forgets_what_was_repaired(repaired_at: int | None, steps: float) -> None:
    found = built(owing(repaired_at), "social_money_hops_to_bad")
    assert found == {"social_money_hops_to_bad": steps}
