"""Fraud in generated worlds: is it what the figures say, and what detects it.

    python -m benchmarks.fraud_world [--people 40000] [--worlds 3] [--seed 101] [--indicators]

Detector and face check: estimated from the rows, with intervals. Payment habits: relative uplift
of recall at 1 % false positives over all frauds, each at the instant of its first fraudulent
payment, against one payment each of honest people; two models that differ by the features that
read earlier payments. Studios: accounts are reviewed every 7 days from their opening; mean days,
over a studio's members, until a member is first flagged at 1 % false positives among reviews of
honest thin files of the same ages, looked for over 120 days; two models that differ by the rings
of shared devices, networks and ties (`credit.features.graph.rings`). Models are fitted on other
blocks of people than those they score: no tie leaves a block. Intervals: 95 %, people or studios
drawn again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import xgboost
from scipy.stats import beta

from benchmarks import fraud_features
from benchmarks.run import machine
from credit import features
from credit.engine import Engine
from credit.evaluate import bootstrap, days_to_flag, recall_uplift, threshold_at
from credit.feature import Catalogue, Feature
from credit.features.graph.rings import Sharing, of_people
from credit.schema import DAY, TableSource
from credit.world import WorldOptions, generate, read_fraud
from credit.world.figures import figures
from credit.world.fraud.detector import face_scores

RATE, HORIZON, EVERY, FOLDS = 0.01, 120, 7, 5
HONEST_REVIEWED = 2_500
BLOCK = 1_200
Groups = tuple[tuple[Feature, ...], tuple[Feature, ...]]
TOLD = ("payments", "logins", "device_use", "customers", "transfers", "wealth_orders", "loans")
RINGS = ["ring_size", "ring_density", "ring_devices", "ring_spread"]
BOOSTER = {
    "objective": "binary:logistic", "eta": 0.1, "max_depth": 3, "subsample": 0.8, "seed": 0,
    "colsample_bytree": 0.5, "min_child_weight": 3, "reg_lambda": 5, "max_bin": 64, "nthread": 1,
}  # fmt: skip
ROUNDS = 80


@dataclass(frozen=True)
class Made:
    """A world's rows for the two questions, and what its detector did."""

    attempts: pd.DataFrame
    reviews: pd.DataFrame
    devices: pd.DataFrame
    faces: pd.DataFrame
    frauds: pd.DataFrame


def column(folder: Path, table: str, *names: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{table}.parquet", columns=list(names))


def world(people: int, seed: int, folder: Path, groups: Groups) -> Made:
    generate(folder, WorldOptions(people=people, seed=seed, fraud=True))
    truth = read_fraud(folder)
    logins = column(folder, "logins", "device_id", "detector", "face_score")
    devices = logins.groupby("device_id")["detector"].max().reset_index()
    devices["risky"] = devices["device_id"].isin(truth.risky_devices)
    faces = logins[["face_score"]].dropna()
    return Made(
        attempts=attempts(folder, truth.frauds, seed, groups),
        reviews=reviews(folder, truth.frauds, seed),
        devices=devices,
        faces=faces,
        frauds=truth.frauds,
    )


def opened(folder: Path, *tables: str) -> Engine:
    engine = Engine(memory_limit="4GB", threads=1)
    for name in tables:
        engine.add(name, TableSource(path=str(folder / f"{name}.parquet")))
    return engine


def microseconds(times: pd.Series) -> pd.Series:
    return times.astype("datetime64[us]").astype("int64")


# -- the first fraudulent payment


def asked_of(engine: Engine, groups: Groups) -> Catalogue:
    tables = {name: engine.columns(name) for name in engine.tables}
    return features.available(Catalogue((*groups[0], *groups[1])), tables)


def attempts(folder: Path, frauds: pd.DataFrame, seed: int, groups: Groups) -> pd.DataFrame:
    """Return each fraud's first payment and one of everybody honest, with their features."""
    facts = ["amount_fen", "merchant_class", "payee_age_days"]
    paid = column(
        folder, "payments", "payment_id", "customer_id", "event_time", "direction", "status", *facts
    )
    paid = paid[(paid["direction"] == "out") & (paid["status"] == "ok")]
    bad = paid[paid["payment_id"].isin(frauds["first_payment_id"])]
    honest = paid[~paid["customer_id"].isin(frauds["customer_id"])]
    good = honest.sample(frac=1, random_state=seed).drop_duplicates("customer_id")
    rows = pd.concat([bad, good]).sort_values("payment_id").reset_index(drop=True)
    asked = rows[["customer_id", "event_time", *facts]].assign(
        application_id=rows["payment_id"], available_at=rows["event_time"]
    )
    spine = pd.DataFrame(
        {
            "observation_id": rows["payment_id"], "application_id": rows["payment_id"],
            "customer_id": rows["customer_id"], "as_of": microseconds(rows["event_time"]),
        }
    )  # fmt: skip
    with opened(folder, *TOLD) as engine:
        engine.add("applications", pa.Table.from_pandas(asked, preserve_index=False))
        X = features.build(engine, spine, asked_of(engine, groups))
    kind = frauds.set_index("customer_id")["type"]
    y = rows["payment_id"].isin(bad["payment_id"])
    return X.assign(
        y=y.astype(int), customer_id=rows["customer_id"], type=rows["customer_id"].map(kind)
    )


# -- reviews of young accounts


def reviews(folder: Path, frauds: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return every weekly look at a studio's accounts, and at honest thin files of such ages."""
    people = column(folder, "customers", "customer_id", "event_time").set_index("customer_id")
    asked = column(folder, "applications", "customer_id", "event_time").set_index("customer_id")
    start = microseconds(people["event_time"])
    member = frauds[frauds["type"] == "studio"].set_index("customer_id")
    age = (microseconds(asked["event_time"]) - start) / DAY
    thin = age.index[(age <= 150) & ~age.index.isin(frauds["customer_id"])]
    chosen = np.random.default_rng(seed).choice(
        thin, min(HONEST_REVIEWED, thin.size), replace=False
    )
    opening = pd.concat([microseconds(member["opened_at"]), start.loc[chosen]])
    studio = np.concatenate([member["studio"].to_numpy(np.int64), np.full(chosen.size, -1)])
    who = pd.DataFrame(
        {"customer_id": opening.index, "studio": studio, "opened": opening.to_numpy()}
    )
    week = EVERY * DAY
    first = -(-who["opened"] // week) * week
    steps = np.arange(HORIZON // EVERY + 1)
    rows = who.iloc[np.repeat(np.arange(len(who)), steps.size)]
    rows = rows.assign(as_of=(first.to_numpy()[:, None] + steps * week).ravel())
    rows["days"] = (rows["as_of"] - rows["opened"]) / DAY
    registered = rows["as_of"] > rows["customer_id"].map(start)
    rows = rows[registered & (rows["days"] <= HORIZON)].reset_index(drop=True)
    rows["observation_id"] = np.arange(len(rows))
    tables = ("payments", "logins", "device_use", "customers", "contacts", "transfers")
    with opened(folder, *tables) as engine:
        spine = rows[["observation_id", "customer_id", "as_of"]]
        X = features.build(engine, spine, Catalogue(fraud_features.account()))
        sharing = Sharing.read(engine)
    rings = pd.concat(
        [of_people(sharing.rings(q)).assign(as_of=q) for q in np.unique(rows["as_of"])]
    )
    return rows.merge(X, on="observation_id").merge(rings, on=["customer_id", "as_of"], how="left")


# -- models


def scores(frame: pd.DataFrame, y: np.ndarray, names: list[str]) -> np.ndarray:
    """Return scores of rows by models of other blocks."""
    fold = frame["world"].to_numpy() * 7 + (frame["customer_id"].to_numpy() - 1) // BLOCK
    found = np.zeros(len(frame))
    for k in range(FOLDS):
        here = fold % FOLDS == k
        train = xgboost.DMatrix(frame.loc[~here, names], y[~here])
        model = xgboost.train(BOOSTER, train, ROUNDS)
        found[here] = model.predict(xgboost.DMatrix(frame.loc[here, names]))
    return found


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def interval(hits: int, of: int) -> str:
    low, high = beta.ppf([0.025, 0.975], hits + 0.5, of - hits + 0.5)
    return f"{hits / of:.5f} [{low:.5f}, {high:.5f}] of {of:,}"


def watched(made: list[Made]) -> None:
    devices = pd.concat([one.devices for one in made])
    flagged, risky = devices["detector"] == 1, devices["risky"]
    say(f"detector precision {interval(int((flagged & risky).sum()), int(flagged.sum()))}")
    say(f"detector recall    {interval(int((flagged & risky).sum()), int(risky.sum()))}")
    numbers = figures(WorldOptions().start)
    limit = numbers.number("sim.face_threshold")
    faces = pd.concat([one.faces for one in made])["face_score"]
    # A stranger's face is so seldom shown in a world that all shown are taken for true ones here.
    say(f"faces shown that fail {interval(int((faces < limit).sum()), len(faces))}, in the worlds")
    draw, count = np.random.default_rng(0), 5_000_000
    false = face_scores(draw, np.zeros(count, dtype=bool), numbers) >= limit
    true = face_scores(draw, np.ones(count, dtype=bool), numbers) < limit
    say(f"true faces that fail  {interval(int(true.sum()), count)}")
    say(f"false faces that pass {interval(int(false.sum()), count)}")


def shares(made: list[Made], people: int) -> None:
    for one in made:
        types = one.frauds["type"].value_counts()
        said = ", ".join(f"{name} {count}" for name, count in types.items())
        say(f"fraud {len(one.frauds) / people:.3%} of people, studios "
            f"{types.get('studio', 0) / len(one.frauds):.1%} of it ({said}; "
            f"{one.frauds['studio'].nunique()} studios)")  # fmt: skip


def habits(frame: pd.DataFrame, title: str, groups: Groups) -> None:
    y = frame["y"].to_numpy()
    facts, habit = ([one.name for one in group if one.name in frame] for group in groups)
    both = facts + habit
    without, having = scores(frame, y, facts), scores(frame, y, both)
    table = recall_uplift(y, without, having, rate=RATE, seed=1, resamples=200)
    row = table.loc["uplift"]
    low, high = (table.loc[name, "value"] for name in ("without", "having"))
    say(
        f"{title}: recall {low:.3f} -> {high:.3f} of {y.sum()} frauds, uplift "
        f"{row['value']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]"
    )
    limits = [threshold_at(y, each, rate=RATE) for each in (without, having)]
    for name, part in frame[y == 1].groupby("type"):
        at = part.index.to_numpy()
        say(f"    {name:<16} {(without[at] > limits[0]).mean():.2f} -> "
            f"{(having[at] > limits[1]).mean():.2f} of {len(at)}")  # fmt: skip


def studios(frame: pd.DataFrame) -> None:
    frame = frame.copy()
    frame[["ring_size", "ring_density", "ring_devices"]] = frame[
        ["ring_size", "ring_density", "ring_devices"]
    ].fillna(0.0)
    y = (frame["studio"] >= 0).to_numpy().astype(int)
    person = [one.name for one in fraud_features.account()]
    studio = frame["world"] * 10_000 + frame["studio"]
    who = frame["world"] * 10_000_000 + frame["customer_id"]
    found = {}
    for name, names in (("person", person), ("person and rings", person + RINGS)):
        score = scores(frame, y, names)
        limit = threshold_at(y, score, rate=RATE)
        hit = score > limit
        bad = y == 1
        days = days_to_flag(who[bad], frame["days"][bad], hit[bad], horizon=HORIZON)
        of = studio[bad].groupby(who[bad]).first().loc[days.index]
        found[name] = days.groupby(of.to_numpy()).mean()
        quick, ever = (days < 30).mean(), (days < HORIZON).mean()
        say(
            f"{name:<17} mean days to the first flag {days.mean():6.1f}; of {len(days)} members "
            f"{quick:.0%} within 30 days, {ever:.0%} within {HORIZON}"
        )
    less, more = found["person"].to_numpy(), found["person and rings"].to_numpy()
    table = bootstrap(
        lambda weight: {"person": np.average(less, weights=weight),
                        "person and rings": np.average(more, weights=weight),
                        "sooner by": np.average(less - more, weights=weight)},
        len(less), seed=1, resamples=1_000,
    )  # fmt: skip
    for name, row in table.iterrows():
        say(f"    {name:<17} {row['value']:6.1f} days [{row['low']:.1f}, {row['high']:.1f}], "
            f"mean of {len(less)} studios")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=40_000)
    parser.add_argument("--worlds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=101)
    parser.add_argument("--indicators", action="store_true", help="credit.features.fraud as well")
    options = parser.parse_args()
    groups = fraud_features.groups(indicators=options.indicators)
    say(machine())
    made = []
    for place in range(options.worlds):
        with tempfile.TemporaryDirectory() as folder:
            made.append(world(options.people, options.seed + place, Path(folder) / "world", groups))
        say(f"world of seed {options.seed + place}: {time.process_time():.0f} CPU s so far")
    shares(made, options.people)
    watched(made)
    parts = [one.attempts.assign(world=place) for place, one in enumerate(made)]
    for place, part in enumerate(parts):
        habits(part, f"seed {options.seed + place}", groups)
    if len(parts) > 1:
        habits(pd.concat(parts, ignore_index=True), "all worlds", groups)
    looked = [one.reviews.assign(world=place) for place, one in enumerate(made)]
    studios(pd.concat(looked, ignore_index=True))
    say(f"{time.process_time():.0f} CPU s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
