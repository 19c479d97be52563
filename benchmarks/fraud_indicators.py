"""Indicators of fraud over 20M events: `python -m benchmarks.fraud_indicators [EVENTS] [FOLDER]`.

Logins, payments, transfers and a few other tables are drawn by hashes, in order of time over two
years, one in ten known late. Each build runs in a process of its own, which loads and compiles on
a small copy first: all indicators of fraud over all tables, those of payments alone, and the
payment features of a credit model, the latter two over the same payments. Each table is read
once in each build. CPU seconds, user and system, and the most memory that the process held.
At 20M events the section of `benchmarks/results/fraud.md` is replaced.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pandas as pd

from benchmarks.peers.feature_data import DAY, FIRST
from benchmarks.peers.feature_measure import cpu
from benchmarks.peers.measure import held
from benchmarks.run import machine
from benchmarks.scorecard_peers import REPOSITORY, keep, lines
from credit.feature import Catalogue

RESULTS = REPOSITORY / "benchmarks" / "results" / "fraud.md"
EVENTS, WARM = 20_000_000, 40_000
PER_PERSON = 40
SHARES = {
    "logins": 0.40, "payments": 0.40, "transfers": 0.12, "device_use": 0.02,
    "wealth_orders": 0.02, "bureau": 0.02, "loans": 0.01, "applications": 0.01,
}  # fmt: skip
"""Table -> its share of the events."""

MEMORY = "8GB"

COLUMNS = {
    "logins": """i as login_id, case when {0} < 0.04 then 'failed' else 'ok' end as result,
        cast(person * 3 + floor(3 * {1} * {1}) as bigint) as device_id, person as account_id,
        cast(person * 5 + floor(5 * {2} * {2}) as bigint) as ip_hash,
        round(22 + 20 * (hash(person) % 1000) / 1e3 + case when {3} < 0.03 then 5 * {4} else 0
        end, 1) as latitude, round(100 + 20 * (hash(person + 1) % 1000) / 1e3, 1) as longitude,
        cast({4} < 0.002 as int) as emulator, cast({1} < 0.01 as int) as rooted,
        cast({2} < 0.003 as int) as detector,
        case when {3} < 0.2 then 1 - {0} * {0} end as face_score, 'password' as method""",
    "payments": """i as payment_id, case when {0} < 0.85 then 'out' else 'in' end as direction,
        cast(exp(8.3 + 1.2 * sqrt(-2 * ln({1} + 1e-7)) * cos(6.283185307 * {2})) as bigint)
        as amount_fen, case when {3} < 0.02 then 'failed' else 'ok' end as status,
        case when {0} < 0.85 then list_extract([5411, 5812, 6211, 7995, 5912, 5541],
        cast(1 + floor(6 * {4} * {4}) as int)) end as mcc,
        cast(floor(5000 * {4} * {2}) as bigint) as merchant_id,
        cast(floor(500000 * {1}) as bigint) as balance_fen,
        case when {2} < 0.8 then 'A' when {2} < 0.97 then 'B' else 'C' end as merchant_class,
        cast(person * 3 + floor(3 * {1} * {1}) as bigint) as device_id,
        cast(floor(400 * {3} * {3}) as bigint) as payee_age_days,
        cast(null as bigint) as due_at""",
    "transfers": """i as transfer_id, cast(hash(i + person) % 1000 as bigint) as counterparty_id,
        cast(exp(9 + {1} * 3) as bigint) as amount_fen, 'transfer' as type""",
    "device_use": """cast(person * 3 + floor(3 * {1} * {1}) as bigint) as device_id,
        person as account_id""",
    "wealth_orders": """i as order_id, cast(floor(5 * {0}) as bigint) as product_id,
        cast(1 + floor(5 * {1}) as bigint) as risk_level,
        case when {2} < 0.6 then 'subscribe' else 'redeem' end as side,
        cast(exp(10 + {3} * 3) as bigint) as amount_fen""",
    "bureau": "cast(floor(6 * {0}) as bigint) as account_id, floor(1.1 * {1}) as months_past_due",
    "loans": "i as loan_id, cast(exp(11 + {0}) as bigint) as principal_fen, 12 as term_months",
    "applications": "i as application_id, cast(exp(11 + {0}) as bigint) as amount_fen",
}  # fmt: skip


def write(folder: Path, events: int) -> None:
    """Write the tables and ``observations.parquet``; hashes of row numbers stand for chance."""
    folder.mkdir(parents=True, exist_ok=True)
    people = max(100, events // PER_PERSON)
    with duckdb.connect(config={"threads": 2, "memory_limit": "3GB"}) as engine:
        for seed, (table, share) in enumerate(SHARES.items()):
            rows = round(events * share)
            step = 730 * DAY // rows
            draw = [f"(hash(i * 64 + {8 * seed + place}) % 1000000 / 1e6)" for place in range(7)]
            columns = COLUMNS[table].format(*draw)
            engine.execute(
                f"copy (select person as customer_id, t as event_time, "
                f"t + case when {draw[5]} < 0.9 then 0 "
                f"else cast({draw[6]} * {DAY} as bigint) end as available_at, {columns} "
                f"from (select i, cast(hash(i * 64 + {8 * seed + 7}) % {people} as bigint) "
                f"as person, {FIRST} + i * {step} + cast(hash(i) % {step} as bigint) as t "
                f"from range({rows}) r(i))) to '{folder}/{table}.parquet' "
                "(format parquet, compression zstd)"
            )
        engine.execute(
            f"copy (select i as observation_id, i as customer_id, {FIRST + 365 * DAY} + "
            f"cast(hash(i) % {365 * DAY} as bigint) as as_of from range({people}) t(i)) "
            f"to '{folder}/observations.parquet' (format parquet)"
        )


def catalogues() -> dict[str, Catalogue]:
    from credit.features import available, catalogue
    from credit.features.fraud import indicators

    fraud = indicators()
    payments = tuple(f for f in fraud if getattr(f, "table", "") == "payments")
    columns = {"payments": duckdb_columns()}
    known = Catalogue(tuple(f for f in catalogue() if f.dimension == "payment"))
    return {
        "indicators of fraud, all tables": fraud,
        "indicators of fraud, payments alone": Catalogue(payments),
        "payment features of a credit model": available(known, columns),
    }


def duckdb_columns() -> list[str]:
    own = [part.split(" as ")[-1].strip() for part in COLUMNS["payments"].split(",\n")]
    more = ("direction", "amount_fen", "status", "mcc", "merchant_id", "balance_fen")
    return ["customer_id", "event_time", "available_at", "due_at", *own, *more]


def build(folder: Path, name: str) -> tuple[int, int]:
    """Build in this process; return how many features, and events of the tables they read."""
    from credit.engine import Engine
    from credit.features import build as built
    from credit.features.window import needs

    features = catalogues()[name]
    with Engine(memory_limit=MEMORY) as engine:
        engine.add_directory(folder)
        tables = {table: engine.columns(table) for table in engine.tables}
        read = {table for feature in features for table in needs(feature, tables)}
        events = sum(
            int(str(engine.rows(f"select count(*) from {table}")[0][0]))
            for table in read & set(engine.tables)
        )
        spine = pd.read_parquet(folder.parent / f"{folder.name}-observations.parquet")
        frame = built(engine, spine, features, swept=True)
    return frame.shape[1] - 1, events


def measure(warm: Path, folder: Path, name: str) -> None:
    build(warm, name)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    start = cpu()
    features, events = build(folder, name)
    found = {"cpu": cpu() - start, "mb": held("VmHWM"), "features": features, "events": events}
    sys.stdout.write("\n" + json.dumps(found) + "\n")


def prepared(folder: Path, events: int) -> Path:
    """Return a folder of tables, with its observations beside it (they are no table)."""
    aside = folder.parent / f"{folder.name}-observations.parquet"
    if not aside.is_file():
        write(folder, events)
        (folder / "observations.parquet").rename(aside)
    return folder


def run(folder: Path, events: int) -> list[str]:
    warm, full = prepared(folder / "warm", WARM), prepared(folder / f"events-{events}", events)
    rows = []
    for name in catalogues():
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.fraud_indicators", "measure", str(warm), str(full),
             name],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, cwd=REPOSITORY,
            stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        got = json.loads(done.stdout.strip().splitlines()[-1])
        each = got["cpu"] / got["features"] / got["events"] * 1e9
        rows.append(
            f"| {name} | {got['features']} | {got['events']:,} | {got['cpu']:.1f} "
            f"| {each:.1f} | {got['mb'] / 1024:.2f} |"
        )
        sys.stderr.write(rows[-1] + "\n")
    title = f"a. {events:,} events, {max(100, events // PER_PERSON):,} people, one look at each"
    head = "| build | features | events read | CPU s | ns a feature and event | GB at most |"
    return lines(title, head, rows)


def main() -> int:
    words = sys.argv[1:]
    if words[:1] == ["measure"]:
        measure(Path(words[1]), Path(words[2]), words[3])
        return 0
    events = int(words[0]) if words else EVENTS
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(words[1] if len(words) > 1 else folder), events)
    section = "\n".join([*found, f"{machine()}. Load {load:.1f} at the start."]) + "\n"
    sys.stdout.write(section)
    if events >= EVENTS:
        keep("a", section, RESULTS, "Fraud and decisions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
