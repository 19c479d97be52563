"""What `credit fraud report` makes: indicators and rules against the fraud confirmed by then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from credit.boost import BoostedModel, BoostOptions
from credit.decide.fraud import Event, FraudTerms, code, duration, watch
from credit.engine import Engine
from credit.errors import DataError
from credit.evaluate import auc
from credit.evaluate.fraud import (
    activity_table,
    distinct_indicators,
    indicator_table,
    rule_table,
)
from credit.features import available
from credit.features.fraud import event_log, fraud_frame, indicators, users
from credit.pipeline.tables import Progress, columns_of, silent
from credit.policy import Policy, load

PAUSE = "PAUSED"
"""In the table of rules: a payment that the coach paused."""

TWINS = 0.98
"""Rank correlation above which the model takes one indicator of two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudOptions:
    """How much is looked at: ``events`` at most, of whole people drawn by ``seed``."""

    events: int = 50_000
    seed: int = 7
    known_by: int | None = None
    """The instant at which fraud must have been confirmed to count; the last one otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudReport:
    """What was found.

    Attributes
    ----------
    log : DataFrame
        The events, as `credit.features.fraud.event_log` returns them.
    X : DataFrame
        Indicators at each event.
    y : Series
        1 fraud, 0 none, NaN not known yet.
    indicators, rules, activity : DataFrame
        See `credit.evaluate.fraud`.
    """

    log: pd.DataFrame
    X: pd.DataFrame
    y: pd.Series
    indicators: pd.DataFrame
    rules: pd.DataFrame
    activity: pd.DataFrame


def report_directory(
    folder: Path, options: FraudOptions | None = None, *, progress: Progress = silent
) -> FraudReport:
    """Return the report on a folder of Parquet tables, under the shipped policy."""
    with Engine() as engine:
        engine.add_directory(folder)
        return fraud_report(engine, load("weilidai"), options, progress=progress)


def fraud_report(
    engine: Engine,
    policy: Policy,
    options: FraudOptions | None = None,
    *,
    progress: Progress = silent,
) -> FraudReport:
    """Return what indicators and rules are worth on the events of some people.

    Each event is judged at the instant when it was learnt of; a person's events follow each
    other as they happened.

    Raises
    ------
    DataError
        There is no ``fraud_labels``, or no table of events.
    """
    chosen = options or FraudOptions()
    if "fraud_labels" not in engine.tables:
        raise DataError(
            f"no table 'fraud_labels' among {sorted(engine.tables)}: what a rule is worth is told "
            "by fraud that was confirmed."
        )
    progress("reading events", 0.0)
    log = event_log(engine, _people(engine, chosen))
    until = chosen.known_by
    if until is None:
        until = int(log["as_of"].max())
    figures = policy.at(datetime.fromtimestamp(until / 1e6, UTC).date())
    terms = FraudTerms.of(figures)
    features = available(indicators(policy, figures.on), columns_of(engine))
    progress("building indicators", 0.1)
    X = fraud_frame(engine, log, features)
    y = fraud_known(engine, log, known_by=until, policy=policy)
    progress("watching events", 0.7)
    hits = _watched(log, X, terms)
    lines = {line.indicator: line.bound for line in terms.lines}
    of = users(policy, figures.on)
    active = [name for name in X.columns if "report" in of[name]]
    codes = [code(name) for names in terms.layers.values() for name in names]
    progress("measuring", 0.9)
    return FraudReport(
        log=log,
        X=X,
        y=y,
        indicators=indicator_table(X, y, lines=lines, users=of),
        rules=rule_table(hits, y, codes=codes),
        activity=activity_table(X[active], y),
    )


def fraud_known(engine: Engine, log: pd.DataFrame, *, known_by: int, policy: Policy) -> pd.Series:
    """Return whether each event belongs to a fraud, as far as was confirmed by an instant.

    1 where a fraud of the person that was confirmed by ``known_by`` lies around the event, 0
    where none does and it would have been confirmed, else NaN (``fraud.labels`` of the policy).
    """
    times = policy.leaf("fraud.labels", datetime.fromtimestamp(known_by / 1e6, UTC).date()).value
    around, settled = duration(times["around"]), duration(times["settled"])
    labels = engine.frame("select customer_id, event_time, available_at from fraud_labels")
    labels = labels[labels.pop("available_at") <= known_by]
    labels = labels.rename(columns={"event_time": "fraud_time"})
    ordered = log[["customer_id", "event_time"]].sort_values("event_time", kind="stable")
    near = pd.merge_asof(
        ordered.reset_index(),
        labels.astype({"customer_id": log["customer_id"].dtype}).sort_values("fraud_time"),
        left_on="event_time",
        right_on="fraud_time",
        by="customer_id",
        direction="nearest",
        tolerance=around,
    ).set_index("index")["fraud_time"]
    fraud = near.notna().reindex(log.index)
    told = log["event_time"] <= known_by - settled
    return pd.Series(np.where(fraud, 1.0, np.where(told, 0.0, np.nan)), index=log.index, name="y")


def _people(engine: Engine, options: FraudOptions) -> pd.DataFrame:
    """Return people drawn at random until they have as many events as are looked at."""
    tables = [name for name in ("logins", "payments", "transfers") if name in engine.tables]
    if not tables:
        return engine.frame("select distinct customer_id from fraud_labels order by customer_id")
    every = " union all ".join(f"select customer_id from {name}" for name in tables)  # noqa: S608
    people = engine.frame(
        f"select customer_id, count(*) as events from ({every}) as every_event "  # noqa: S608
        "group by customer_id order by customer_id"
    )
    people = people.sample(frac=1, random_state=options.seed)
    return people[people["events"].cumsum().shift(fill_value=0) < options.events]


def _watched(log: pd.DataFrame, X: pd.DataFrame, terms: FraudTerms) -> pd.DataFrame:
    """Return which rules each event breaks, and which payments are paused."""
    looked = [line.indicator for line in terms.lines if line.indicator in X.columns]
    values = X[looked].to_numpy(np.float64)
    events = _events(log)
    found: list[tuple[str, int]] = []
    for places in log.groupby("customer_id", sort=False).indices.values():
        pairs = [(events[row], _values(looked, values[row])) for row in places]
        _, verdicts = watch(pairs, terms)
        for row, verdict in zip(places, verdicts, strict=True):
            found += [(one.code, row) for one in verdict.signals]
            if verdict.coach is not None:
                found.append((PAUSE, row))
    return pd.DataFrame(found, columns=["code", "row"])


def _values(names: list[str], row: NDArray[np.float64]) -> dict[str, float | None]:
    return {
        name: None if np.isnan(value) else float(value)
        for name, value in zip(names, row, strict=True)
    }


def _events(log: pd.DataFrame) -> list[Event]:
    """Return the rows of a log as events of the rules."""
    plain = log.astype({"mcc": "Int64", "payee_age_days": "Int64"}).astype(object)
    plain = plain.where(plain.notna(), None)
    facts = ["kind", "amount_fen", "failed", "mcc", "merchant_class", "payee_age_days"]
    rows: list[dict[Any, Any]] = plain[facts].to_dict("records")
    return [Event(at=at, **row) for at, row in zip(plain["event_time"], rows, strict=True)]


def fraud_model(
    found: FraudReport, options: BoostOptions | None = None, *, seed: int = 7
) -> tuple[BoostedModel, float]:
    """Return a boosted model over the indicators, and its AUC on people it never saw.

    It takes indicators whose users name the model, without near duplicates, and keeps the signs
    they declare. Three people in ten are kept apart.
    """
    told = found.y.notna()
    of = users()
    wanted = [name for name in found.X.columns if "model" in of[name]]
    X, y = found.X.loc[told, wanted], found.y[told].astype(np.int64)
    people = found.log.loc[told, "customer_id"]
    every = np.sort(people.unique())
    apart = np.random.default_rng(seed).permutation(every)[: max(1, 3 * len(every) // 10)]
    test = people.isin(apart).to_numpy()
    kept = distinct_indicators(X[~test], at_most=TWINS)
    features = [feature for feature in indicators() if feature.name in set(kept)]
    model = BoostedModel.of_features(features, options=options, random_state=seed)
    model.fit(X.loc[~test, kept], y[~test])
    return model, auc(y[test], model.predict_proba(X.loc[test, kept])[:, 1])
