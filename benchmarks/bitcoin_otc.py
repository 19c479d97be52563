"""What the network adds on real data: Bitcoin OTC, who is rated -5 or worse in the next 180 days.

    python -m benchmarks.bitcoin_otc [DIR]

At each as-of date: the people active in the year before it, their own history of ratings up to
it, and statistics of the network of positive ratings up to it. A model of each date is trained
on dates whose 180 days are over by then. Beside the honest comparison: a placebo (everybody at
somebody else's place in the network, uplift must vanish) and a careless version, whose labels
and incoming ratings do not stop at the date. The outcome is a future event, not the set's own
label, which ratings define.

At last the audit of `credit.features.proof` on the same ratings as tables of the contract: ties are
positive ratings, a bad one is a mark, a good one a debt paid in time. The features of the package
must pass, and the careless ones must be named.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd

from credit.boost import BoostedModel, BoostOptions
from credit.engine import Engine
from credit.feature import Catalogue, Propagation
from credit.features import catalogue
from credit.features.graph import blocks, propagate
from credit.features.graph.blocks import Network
from credit.features.graph.edges import Edges
from credit.features.graph.known import Known, known_at
from credit.features.proof.own_data import look
from credit.features.proof.own_record import look_at_records
from credit.schema import DAY, SECOND

HORIZON, ACTIVE, EVERY = 180 * DAY, 365 * DAY, 90 * DAY
WARM_UP = 270 * DAY
BAD = -5
STATISTICS = (
    "pagerank", "core_number", "clustering", "neighbour_bad_rate", "two_hop_bad_share",
    "bad_exposure", "good_exposure", "hops_to_bad", "community_bad_rate",
)  # fmt: skip
FEW = ("pagerank", "neighbour_bad_rate", "bad_exposure", "good_exposure")
"""The columns of ``few``: PageRank and trust alone."""

RESAMPLES = 500


def read(root: Path) -> pd.DataFrame:
    """Return source, target (both 0 .. n - 1), rating and time in microseconds, by time."""
    names = ["source", "target", "rating", "seconds"]
    frame = pd.read_csv(root / "bitcoin_otc" / "otc_network.csv", names=names)
    ids = np.unique(frame[["source", "target"]])
    for column in ("source", "target"):
        frame[column] = np.searchsorted(ids, frame[column])
    frame["time"] = (frame["seconds"] * SECOND).astype(np.int64)
    return frame.sort_values("time", ignore_index=True).drop(columns="seconds")


def network(ratings: pd.DataFrame, people: int, *, shuffle: int | None = None) -> Network:
    """Return the network of positive ratings; the first one of a pair counts."""
    ties = ratings[ratings["rating"] > 0]
    low, high = np.sort(ties[["source", "target"]].to_numpy(np.int32), axis=1).T
    first = pd.DataFrame({"low": low, "high": high, "known_from": ties["time"] + 1})
    first = first[first["low"] != first["high"]].drop_duplicates(["low", "high"])
    edges = Edges(
        low=first["low"].to_numpy(), high=first["high"].to_numpy(),
        known_from=first["known_from"].to_numpy(np.int64), people=people, nodes=people,
    )  # fmt: skip
    if shuffle is not None:
        order = np.random.default_rng(shuffle).permutation(people).astype(np.int32)
        edges = edges.permuted(order)
    place = np.random.default_rng(0).permutation(people).astype(np.int32)
    return Network(edges=edges, place=place)


def known(ratings: pd.DataFrame, people: int, as_of: int) -> Known:
    """Return who was rated badly so far, and who well and never badly, by the ratings given."""
    worst = np.full(people, np.inf)
    np.minimum.at(worst, ratings["target"], ratings["rating"])
    total = np.bincount(ratings["target"], ratings["rating"], minlength=people)
    return Known(as_of=as_of, bad=worst <= BAD, good=(worst > 0) & (total >= 5))


def own(ratings: pd.DataFrame, asked: np.ndarray, as_of: int) -> pd.DataFrame:
    """Return a person's own history of ratings given and received, all of it and 180 days."""
    columns: dict[str, np.ndarray] = {}
    for days in (None, 180):
        part = ratings if days is None else ratings[ratings["time"] >= as_of - days * DAY]
        for end, word in (("source", "given"), ("target", "received")):
            by = part.groupby(end)
            told = pd.DataFrame({
                "count": by.size(), "mean": by["rating"].mean(), "worst": by["rating"].min(),
                "recency": (as_of - by["time"].max()) / DAY,
                "age": (as_of - by["time"].min()) / DAY,
            }).reindex(asked)  # fmt: skip
            told["count"] = told["count"].fillna(0)
            columns |= {f"{word}_{name}_{days or 'ever'}": told[name] for name in told}
    return pd.DataFrame({name: column.to_numpy(float) for name, column in columns.items()})


def block(ratings: pd.DataFrame, as_of: int, networks: dict[str, Network]) -> pd.DataFrame:
    """Return one row a person active before the date: outcome, own, network, careless columns."""
    people = next(iter(networks.values())).edges.people
    past = ratings[ratings["time"] < as_of]
    recent = past[past["time"] >= as_of - ACTIVE]
    asked = np.unique(recent[["source", "target"]])
    future = ratings[(ratings["time"] >= as_of) & (ratings["time"] < as_of + HORIZON)]
    bad = np.unique(future.loc[future["rating"] <= BAD, "target"])
    labels = known(past, people, as_of)
    ahead = ratings[ratings["time"] < as_of + HORIZON]
    too_late = known(ahead, people, as_of)
    frame = own(past, asked, as_of).add_prefix("own ")
    for name, net in networks.items():
        view = net.view(as_of, asked.astype(np.int32), labels)
        for statistic in STATISTICS:
            frame[f"{name} {statistic}"] = view.statistic(statistic)
    careless = networks["network"].view(as_of + HORIZON, asked.astype(np.int32), too_late)
    for statistic in STATISTICS:
        frame[f"careless {statistic}"] = careless.statistic(statistic)
    received = ahead.groupby("target")["rating"].mean()
    frame["careless received"] = received.reindex(asked).to_numpy(float)
    return frame.assign(person=asked, as_of=as_of, bad=np.isin(asked, bad).astype(int))


def scores(rows: pd.DataFrame, columns: list[str], dates: list[int]) -> np.ndarray:
    """Return out-of-time scores: each date by a model of the dates that were over by then."""
    found = np.full(len(rows), np.nan)
    options = BoostOptions(eta=0.1, rounds=300, early_stopping=20)
    for at in dates:
        train, test = rows["as_of"] + HORIZON <= at, rows["as_of"] == at
        model = BoostedModel(options=options, random_state=7)
        model.fit(rows.loc[train, columns], rows.loc[train, "bad"])
        found[test] = model.predict_proba(rows.loc[test, columns])[:, 1]
    return found


def by_date(rows: pd.DataFrame, column: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from the weight of each person to the AUC of each date."""
    parts = [
        (part["person"].to_numpy(), part["bad"].to_numpy(), np.unique(part[column],
         return_inverse=True)[1]) for _, part in rows.groupby("as_of")
    ]  # fmt: skip

    def auc(weight: np.ndarray) -> np.ndarray:
        found = []
        for person, bad, place in parts:
            bad_at = np.bincount(place, weight[person] * bad)
            good_at = np.bincount(place, weight[person] * (1 - bad))
            above = (bad_at * (np.cumsum(good_at) - good_at / 2)).sum()
            found.append(above / (bad_at.sum() * good_at.sum()))
        return np.array(found)

    return auc


def contract(ratings: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the ratings as contacts, tags, instalments and repayments, known when given."""
    times = {"event_time": ratings["time"], "available_at": ratings["time"]}
    said = pd.DataFrame({"customer_id": ratings["target"], **times, "key": range(len(ratings))})
    good, bad = said[ratings["rating"] > 0], said[ratings["rating"] <= BAD]
    tie = pd.DataFrame({"customer_id": ratings["source"], "contact_id": ratings["target"], **times})
    tie = tie[ratings["rating"] > 0].drop_duplicates(["customer_id", "contact_id"])
    debt = good.rename(columns={"key": "loan_id"}).assign(number=1)
    return {
        "contacts": tie,
        "tags": bad.rename(columns={"key": "tag_id"}).assign(tag="rated badly"),
        "instalments": debt.assign(due_at=debt["event_time"], due_fen=1),
        "repayments": debt.assign(repayment_id=debt["loan_id"], amount_fen=1),
    }


def careless_labels(engine: Engine, instants: Sequence[int], people: int) -> Iterator[Known]:
    """Return the labels of half a year later, as if they were known at the instants."""
    later = known_at(engine, [at + HORIZON for at in instants], people)
    for at, labels in zip(instants, later, strict=True):
        yield Known(as_of=int(at), bad=labels.bad, good=labels.good)


def audited(ratings: pd.DataFrame, spine: pd.DataFrame) -> str:
    """Return a line of what the audit found: features that moved, of those looked at."""
    ties = ("contacts", "transfers")
    asked = [f for f in catalogue() if isinstance(f, Propagation) and f.ties == ties]
    features = Catalogue(tuple(replace(one, ties=("contacts",)) for one in asked))
    with Engine(threads=2) as engine:
        for name, frame in contract(ratings).items():
            engine.add(name, frame)
        future = look(engine, spine, features, lambda: Engine(threads=2))
        own_record = look_at_records(engine, spine, features)
    cells = sum(future.cells.values()) + sum(own_record.cells.values())
    return (
        f"{cells:,} cells; by the future moved {sorted(future.moved)}, by the own record "
        f"{sorted(own_record.moved)}"
    )


def audits(ratings: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Write what the audit says of the package's features, and of careless ones."""
    spine = rows[["person", "as_of"]].rename(columns={"person": "customer_id"})
    spine = spine.assign(observation_id=range(len(spine)))
    sys.stdout.write(f"audit, honest:   {audited(ratings, spine)}\n")
    returns = {"_returns": lambda *given: np.zeros(given[3].size)}
    with (
        patch.object(blocks, "known_at", careless_labels),
        patch.multiple(propagate, **returns),
    ):
        sys.stdout.write(f"audit, careless: {audited(ratings, spine)}\n")


def columns_of(rows: pd.DataFrame) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return the columns of every model, and the model that each is compared with.

    ``deeds`` are the ratings a person gave. ``own`` adds those received, which are already what
    a person's nearest neighbours in the network say.
    """
    of = {
        kind: [name for name in rows if name.startswith(f"{kind} ")]
        for kind in ("own", "network", "placebo", "careless")
    }
    few = {kind: [f"{kind} {name}" for name in FEW] for kind in ("network", "placebo")}
    deeds = [name for name in of["own"] if name.startswith("own given")]
    sets = {
        "own": of["own"], **{kind: of["own"] + of[kind] for kind in list(of)[1:]},
        "few": of["own"] + few["network"], "deeds": deeds,
        "deeds + few": deeds + few["network"], "deeds + placebo": deeds + few["placebo"],
    }  # fmt: skip
    bases = {kind: "deeds" if kind.startswith("deeds +") else "own" for kind in sets}
    return sets, {kind: base for kind, base in bases.items() if kind not in {"own", "deeds"}}


def main() -> int:
    root = Path(
        sys.argv[1] if len(sys.argv) > 1 else os.environ.get("CREDIT_DATA", "../shared/data")
    )
    if not (root / "bitcoin_otc").is_dir():
        sys.stdout.write(f"no folder bitcoin_otc in {root}\n")
        return 0
    started = time.process_time()
    ratings = read(root)
    people = int(ratings[["source", "target"]].to_numpy().max()) + 1
    networks = {
        "network": network(ratings, people), "placebo": network(ratings, people, shuffle=1),
    }  # fmt: skip
    begin, end = int(ratings["time"].min()) + WARM_UP, int(ratings["time"].max()) - HORIZON
    dates = list(range(begin, end, EVERY))
    rows = pd.concat([block(ratings, at, networks) for at in dates], ignore_index=True)
    tested = [at for at in dates if (rows["as_of"] + HORIZON <= at).any()][1:]
    sets, bases = columns_of(rows)
    for kind, columns in sets.items():
        rows[kind] = scores(rows, columns, tested)
    rows = rows[rows["as_of"].isin(tested)]
    sys.stdout.write(
        f"{len(tested)} dates, {len(rows):,} rows, {rows['person'].nunique():,} people, "
        f"{rows['bad'].mean():.1%} bad\n"
    )
    auc = {kind: by_date(rows, kind) for kind in sets}
    plain = {kind: auc[kind](np.ones(people)) for kind in sets}
    draw = np.random.default_rng(11)
    drawn = [np.bincount(draw.integers(0, people, people), minlength=people).astype(float)
             for _ in range(RESAMPLES)]  # fmt: skip
    again = {kind: np.array([auc[kind](weight).mean() for weight in drawn]) for kind in sets}
    for kind in sets:
        line = f"{kind:<16} AUC {plain[kind].mean():.4f}"
        if kind in bases:
            base = bases[kind]
            low, high = np.quantile(again[kind] - again[base], [0.025, 0.975])
            better = int((plain[kind] > plain[base]).sum())
            line += (
                f"  over {base} {plain[kind].mean() - plain[base].mean():+.4f} "
                f"[{low:+.4f}, {high:+.4f}], {better} of {len(tested)} dates up"
            )
        sys.stdout.write(line + "\n")
    audits(ratings, rows)
    sys.stdout.write(f"{time.process_time() - started:.0f} s CPU\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
