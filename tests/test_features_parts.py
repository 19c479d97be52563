"""A build in parts is the build in one piece, however often it was killed on the way."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pandas as pd
import pyarrow.parquet as pq
import pytest
from feature_tables import engine_of, frames, random_world

from credit.errors import ConfigError, DataError
from credit.feature import Catalogue, Propagation
from credit.features import available, build, catalogue
from credit.features.graph import blocks, kept
from credit.features.parts import build_parts, person_part, read_parts
from credit.features.person import of_person

WORLD = random_world(5)


def features_here(engine):
    return available(catalogue(), {name: list(engine.columns(name)) for name in engine.tables})


def of_every_kind(engine):
    """Return one feature of each kind and table: a query of all takes seconds for a single row.

    How rows are put into parts, kept and found again does not depend on what is computed of them.
    """
    first = {}
    for feature in features_here(engine):
        reads = getattr(feature, "table", None) or getattr(feature, "ties", None)
        first.setdefault((type(feature), reads), feature)
    return Catalogue(tuple(first.values()))


def whole(engine, spine, features):
    built = spine.merge(build(engine, spine, features), on="observation_id")
    built = built.drop(columns="observation_id")
    return built.sort_values(["customer_id", "as_of"], ignore_index=True)


def same(found, expected):
    pd.testing.assert_frame_equal(
        found[expected.columns.tolist()], expected, check_dtype=False, rtol=1e-12
    )


@pytest.mark.parametrize(
    ("parts", "chosen"),
    [(1, of_every_kind), (3, features_here), (23, of_every_kind)],  # of 23, some hold no row
)
def test_parts_together_are_the_whole(tmp_path, parts, chosen):
    with engine_of(WORLD.tables) as engine:
        features, spine = chosen(engine), WORLD.spine()
        done = build_parts(engine, spine, features, tmp_path / "f", parts=parts)
        assert (done.computed, done.kept) == (len(spine), 0)
        same(read_parts(tmp_path / "f"), whole(engine, spine, features))


def test_a_new_month_computes_its_own_rows_alone(tmp_path, monkeypatch):
    spine = WORLD.spine().sort_values("as_of")
    first, later = spine.iloc[:12], spine
    with engine_of(WORLD.tables) as engine:
        features = of_every_kind(engine)
        build_parts(engine, first, features, tmp_path / "f", parts=2)
        before = {path: path.read_bytes() for path in (tmp_path / "f").glob("part-*")}
        asked = []
        monkeypatch.setattr(
            "credit.features.parts.build",
            lambda *given, **how: (asked.append(len(given[1])), build(*given, **how))[1],
        )
        done = build_parts(engine, later, features, tmp_path / "f", parts=2)
        assert (done.computed, done.kept, sum(asked)) == (8, 12, 8)
        same(read_parts(tmp_path / "f"), whole(engine, later, features))
        assert {path: path.read_bytes() for path in before} == before


def test_the_network_is_computed_once_a_date_for_all_parts(tmp_path, monkeypatch):
    spine = WORLD.spine()
    looked, read, limit = [], [], [2]
    view, edges = blocks.Network.view, blocks.read_edges

    def killed(network, as_of, *given):
        if len({*looked, as_of}) > limit[0]:
            raise KeyboardInterrupt
        looked.append(as_of)
        return view(network, as_of, *given)

    monkeypatch.setattr(blocks.Network, "view", killed)
    monkeypatch.setattr(blocks, "read_edges", lambda *given: (read.append(1), edges(*given))[1])
    with engine_of(WORLD.tables) as engine:
        some = Catalogue(tuple(f for f in features_here(engine) if isinstance(f, Propagation)))
        ties = {feature.ties for feature in some}
        with pytest.raises(KeyboardInterrupt):
            build_parts(engine, spine, some, tmp_path / "f", parts=3)
        assert len(list((tmp_path / "f").glob("network-*"))) == 2
        limit[0] = 100
        build_parts(engine, spine, some, tmp_path / "f", parts=3)
        assert len(read) == 2 * len(ties)
        assert len(looked) == len(set(looked)) * len(ties) > 2 * len(ties)
        same(read_parts(tmp_path / "f"), whole(engine, spine, some))


def test_a_block_of_another_history_is_not_taken(tmp_path):
    spine = WORLD.spine()
    with engine_of(WORLD.tables) as engine:
        some = Catalogue(tuple(f for f in features_here(engine) if isinstance(f, Propagation)))
        first = kept.network(engine, spine, some, tmp_path, history="a")
        for file in tmp_path.glob("network-a-*"):
            pd.read_parquet(file).assign(**dict.fromkeys(some.names, 1.5)).to_parquet(file)
        again = kept.network(engine, spine, some, tmp_path, history="a")
        other = kept.network(engine, spine, some, tmp_path, history="b")
    assert (again.drop(columns="observation_id") == 1.5).all().all()
    pd.testing.assert_frame_equal(other, first)


def test_events_that_become_known_later_are_welcome_and_rewritten_ones_are_not(tmp_path):
    spine = WORLD.spine()
    last = int(spine["as_of"].max())
    with engine_of(WORLD.tables) as engine:
        features = of_every_kind(engine)
        build_parts(engine, spine, features, tmp_path / "f", parts=2)
    late = WORLD.tables["payments"][0] | {"payment_id": 1, "available_at": last + 1}
    with engine_of(WORLD.tables | {"payments": [*WORLD.tables["payments"], late]}) as engine:
        assert build_parts(engine, spine, features, tmp_path / "f").computed == 0
    visible = next(r for r in WORLD.tables["payments"] if r["available_at"] <= last)
    changed = [
        r | {"amount_fen": r["amount_fen"] + (r is visible)} for r in WORLD.tables["payments"]
    ]
    with (
        engine_of(WORLD.tables | {"payments": changed}) as engine,
        pytest.raises(DataError, match=r"payments: what was known at .* changed since .*new build"),
    ):
        build_parts(engine, spine, features, tmp_path / "f")


def test_a_folder_of_other_declarations_or_observations_is_refused(tmp_path):
    spine = WORLD.spine()
    with engine_of(WORLD.tables) as engine:
        features = features_here(engine)
        some = Catalogue(tuple(features)[:3])
        build_parts(engine, spine, some, tmp_path / "f", parts=2)
        with pytest.raises(ConfigError, match=r"other declarations: feature\(s\) \['.*differ"):
            build_parts(engine, spine, features, tmp_path / "f")
        with pytest.raises(DataError, match=r"1 of its rows are of observations that are not"):
            build_parts(engine, spine.iloc[1:], some, tmp_path / "f")
        with pytest.raises(ConfigError, match="parts must be at least 1, got 0"):
            build_parts(engine, spine, some, tmp_path / "f", parts=0)
    with pytest.raises(DataError, match="no finished part"):
        read_parts(tmp_path)


def test_the_part_of_a_person_never_changes():
    assert person_part(pd.Series([0, 1, 2, 10**12]), 16).tolist() == [0, 5, 10, 15]
    assert person_part(pd.Series(["a", "b", "person 17"]), 16).tolist() == [0, 15, 5]


SLOW = """
import sys, time
from pathlib import Path
import pandas as pd
from credit.engine import Engine
from credit.features import build, catalogue, chosen
from credit.features import parts
from credit.schema import TableSource

home = Path(sys.argv[1])
calls = []

def slow(*given, **how):
    calls.append(1)
    if len(calls) == 4:
        (home / "half").touch()
        time.sleep(60)
    return build(*given, **how)

parts.build = slow
with Engine(memory_limit="1GB") as engine:
    for file in sorted(home.glob("*.parquet")):
        engine.add(file.stem, TableSource(path=str(file)))
    features = chosen(catalogue(), sys.argv[2:])
    parts.build_parts(engine, pd.read_pickle(home / "spine"), features, home / "f", parts=9)
"""


def test_a_killed_build_goes_on_where_it_was(tmp_path):
    for name, frame in frames(WORLD.tables).items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    spine = WORLD.spine()
    spine.to_pickle(tmp_path / "spine")
    with engine_of(WORLD.tables) as engine:
        features = of_every_kind(engine)
    running = subprocess.Popen([sys.executable, "-c", SLOW, str(tmp_path), *features.names])
    until = time.monotonic() + 120
    while not (tmp_path / "half").exists() and time.monotonic() < until:
        time.sleep(0.05)
    with (
        engine_of(WORLD.tables) as engine,
        pytest.raises(ConfigError, match="another process is building here"),
    ):
        build_parts(engine, spine, features, tmp_path / "f", parts=9)
    running.send_signal(signal.SIGKILL)
    running.wait()
    there = sum(pq.read_metadata(file).num_rows for file in (tmp_path / "f").glob("part-*"))
    assert 0 < there < len(spine)
    block = next((tmp_path / "f").glob("network-*"))
    (tmp_path / "f" / ".part-0.parquet.partial").write_bytes(b"half of a part")
    (tmp_path / "f" / f".{block.name}.partial").write_bytes(b"half of a block")
    with engine_of(WORLD.tables) as engine:
        done = build_parts(engine, spine, features, tmp_path / "f", parts=9)
        assert (done.kept, done.computed) == (there, len(spine) - there)
        found = read_parts(tmp_path / "f")
        assert not found.duplicated(["customer_id", "as_of"]).any()
        same(found, whole(engine, spine, features))
    left = {path.name.split("-")[0] for path in (tmp_path / "f").iterdir()}
    assert left == {"part", "build.json", ".lock"}


def test_one_person_now_is_the_row_of_the_batch():
    with engine_of(WORLD.tables) as engine:
        every, some, spine = features_here(engine), of_every_kind(engine), WORLD.spine()
        batch = build(engine, spine, every).set_index("observation_id")
        known = {row["customer_id"] for row in WORLD.tables["customers"]}
        for row in spine.itertuples():
            features = some if row.Index % 4 else every  # one query, whoever the person is
            if row.customer_id not in known:
                with pytest.raises(DataError, match="customers: there is no person"):
                    of_person(engine, features, row.customer_id, row.as_of)
                continue
            one = of_person(engine, features, row.customer_id, row.as_of)
            for name, value in batch.loc[row.observation_id, features.names].items():
                assert (one[name] is None) == pd.isna(value), name
                if one[name] is not None:
                    assert one[name] == (
                        value if isinstance(value, str) else pytest.approx(value, rel=1e-12)
                    )
