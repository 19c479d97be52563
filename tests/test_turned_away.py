"""Who was refused: by the table of decisions, by a column, or by neither; contradictions named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from credit.dataset import Dataset, DaysPastDue, Given, outcomes
from credit.engine import Engine
from credit.errors import ConfigError, DataError, SchemaError
from credit.feature import Catalogue
from credit.pipeline.config import Pipeline, load
from credit.pipeline.turned_away import turned_away
from credit.schema import DAY, SECOND

T = 1_704_067_200 * SECOND  # 2024-01-01
FILE = """
name = "small"
[source]
kind = "tables"
[tables.applications]
path = "applications.parquet"
[split]
kind = "out_of_time"
test_from = 2024-01-09
[reject]
method = "parcelling"
"""

OUTCOMES = ("approve", "refuse", "query_only", "review", "approve", "refuse", "approve")
"""Of applications 1 to 7; 8 has no decision."""

GROUNDS = (None, "score", "eligibility", None, "score", "score", None)


def at(days: list[int]) -> list[int]:
    return [T + day * DAY for day in days]


def tables() -> dict[str, pd.DataFrame]:
    """Return eight applications of eight people, a day apart; 1, 5, 7 and 8 have an outcome."""
    ids, days = np.arange(1, 9), at(list(range(8)))
    decided = pd.DataFrame(
        {
            "application_id": ids[:7], "customer_id": ids[:7], "event_time": days[:7],
            "available_at": at([0, 1, 2, 3, 4, 9, 6]), "outcome": OUTCOMES, "grounds": GROUNDS,
            "random_approval": [0, 0, 0, 0, 1, 0, 0],
        }
    )  # fmt: skip
    return {
        "applications": pd.DataFrame(
            {"application_id": ids, "customer_id": ids, "event_time": days, "available_at": days,
             "declined": [0, 1, 0, 0, 1, 0, 0, 0]}
        ),
        "outcomes": pd.DataFrame(
            {"application_id": [1, 5, 7, 8], "bad": [0, 1, 0, 1], "known_at": T}
        ),
        "decisions": decided,
    }  # fmt: skip


@contextmanager
def opened(**changed: pd.DataFrame | None) -> Iterator[tuple[Dataset, Engine]]:
    """Yield the applications and an engine; a table given as None is left out."""
    held = {name: frame for name, frame in (tables() | changed).items() if frame is not None}
    with Engine(memory_limit="500MB", threads=1) as engine:
        for name, frame in held.items():
            engine.add(name, frame)
        engine.check().raise_if_any()
        settled = outcomes(engine, Given(), observed_until=T + 99 * DAY)
        ids = settled["application_id"]
        yield Dataset(
            X=pd.DataFrame(index=ids.index), status=settled["status"], person=ids,
            y=settled["status"].map({"good": 0, "bad": 1}).astype("Int8"), application_id=ids,
            as_of=held["applications"]["event_time"].astype("Int64"), known_at=settled["known_at"],
            segment=ids, catalogue=Catalogue(()),
        ), engine  # fmt: skip


@pytest.fixture
def config(tmp_path: Path) -> Pipeline:
    path = tmp_path / "small.toml"
    path.write_text(FILE, encoding="utf-8")
    return load(path)


def named(mask: np.ndarray) -> list[int]:
    return (np.flatnonzero(mask) + 1).tolist()


def test_decisions_say_who_was_refused_and_whom_chance_granted(config: Pipeline):
    with opened() as (whole, engine):
        away = turned_away(config, whole, engine)
    assert away is not None
    assert away.source == "the table of decisions"
    assert named(away.refused) == [2, 3, 6]
    assert named(away.granted) == [5]
    assert named(away.alike) == [2, 6]  # chance overruled the score, not eligibility
    assert (away.by_chance, away.undecided) == (True, 2)
    # The refusal of application 6 was not known when the test begins.
    assert named(away.before(config)) == [2, 3]
    assert named(away.later(config)) == []


def test_a_column_that_is_named_says_it_in_their_place(config: Pipeline):
    section = config.reject.model_copy(update={"refused": "declined"})
    with opened() as (whole, engine):
        away = turned_away(config.model_copy(update={"reject": section}), whole, engine)
    assert away.source == "the column 'declined' of the applications"
    assert (named(away.refused), named(away.granted), away.by_chance) == ([2], [5], False)


def test_decisions_need_an_outcome_alone(config: Pipeline):
    bare = tables()["decisions"].drop(columns=["grounds", "random_approval"])
    with opened(decisions=bare) as (whole, engine):
        away = turned_away(config, whole, engine)
    assert named(away.refused) == named(away.alike) == [2, 3, 6]
    assert named(away.granted) == []


def test_without_decisions_a_column_has_to_be_named(config: Pipeline):
    with (
        opened(decisions=None) as (whole, engine),
        pytest.raises(ConfigError, match=r"reject.refused: name the column .* table of decisions"),
    ):
        turned_away(config, whole, engine)


def test_decisions_that_refuse_nobody_are_named(config: Pipeline):
    all_approved = tables()["decisions"].assign(outcome="approve")
    with (
        opened(decisions=all_approved) as (whole, engine),
        pytest.raises(ConfigError, match="of 7 decisions none is query_only or refuse, so nobody"),
    ):
        turned_away(config, whole, engine)


def test_approved_by_chance_and_refused_is_named(config: Pipeline):
    both = tables()["decisions"].assign(random_approval=[0, 1, 0, 0, 1, 0, 0])
    with (
        opened(decisions=both) as (whole, engine),
        pytest.raises(DataError, match=r"1 application\(s\) hold random_approval = 1, .*_id 2\."),
    ):
        turned_away(config, whole, engine)


def test_an_outcome_of_an_application_that_was_refused_is_named():
    outcome = pd.DataFrame({"application_id": [1, 2, 8], "bad": [0, 1, 1], "known_at": T})
    with (
        pytest.raises(
            DataError, match=r"decisions: 1 application\(s\) were refused .*_id 2\. Give"
        ),
        opened(outcomes=outcome),
    ):
        pass  # pragma: no cover


def test_a_loan_of_an_application_that_was_refused_is_named():
    loans = pd.DataFrame(
        {"loan_id": [1, 2], "customer_id": [1, 3], "event_time": T, "available_at": T,
         "application_id": [1, 3], "principal_fen": 100, "term_months": 1}
    )  # fmt: skip
    due = loans[["loan_id", "customer_id", "event_time", "available_at"]].assign(
        number=1, due_at=T + DAY, due_fen=100
    )
    paid = due[["loan_id", "customer_id", "number", "event_time", "available_at"]].assign(
        repayment_id=[1, 2], amount_fen=100
    )
    with Engine(memory_limit="500MB", threads=1) as engine:
        for name, frame in {
            **tables(), "loans": loans, "instalments": due, "repayments": paid,
        }.items():  # fmt: skip
            engine.add(name, frame)
        with pytest.raises(DataError, match=r"1 application\(s\) were refused there.*_id 3\."):
            outcomes(engine, DaysPastDue(), observed_until=T + 999 * DAY)


TWICE = tables()["decisions"].iloc[[0, 1, 1]].assign(outcome=["approve", "approve", "refuse"])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"decisions": TWICE}, r"2 row.* application_id identifies one row .*_id=2"),
        ({"decisions": tables()["decisions"].assign(application_id=np.arange(7) + 50)},
         r"application_id exists in applications"),
        ({"decisions": tables()["decisions"].assign(outcome="declined")},
         r"it is one of \['approve', 'review', 'query_only', 'refuse'\]"),
        ({"decisions": tables()["decisions"].assign(random_approval=2)}, r"it is one of \[0, 1\]"),
        ({"decisions": tables()["decisions"].drop(columns="outcome")}, "outcome"),
        ({"applications": None}, "applications: an outcome needs this table"),
    ],
    ids=["approved and refused", "of no application", "unknown outcome", "chance", "none", "alone"],
)  # fmt: skip
def test_decisions_that_cannot_be_are_named(changed: dict[str, pd.DataFrame | None], said: str):
    with pytest.raises(SchemaError, match=said), opened(**changed):
        pass  # pragma: no cover
