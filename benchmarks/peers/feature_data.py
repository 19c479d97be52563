"""Payments and observations of the features' benchmarks, and the 60 features declared once.

Payments lie evenly over two years, ordered by time as a log is; one in ten becomes known later,
within 8 days. Observations lie in the second year, so each sees about half of its person's
payments. Two shapes: many people with few payments each, and few people with many.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

DAY = 86_400_000_000
FIRST = 1_640_995_200_000_000
WINDOWS = (7, 30, 90, 180, 365)
ENTROPIES = (30, 90, 365)
LARGE = 20_000
LIVING = (5411, 5422, 5441, 5451, 5462, 5499)
ZONE_HOURS = 8
NIGHT_ENDS = 6
PIECE = 10_000_000
"""Rows that are generated at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    events: int
    people: int
    observations: int


SHAPES = {
    "sparse": Shape(events=20_000_000, people=500_000, observations=499_000),
    "dense": Shape(events=2_000_000, people=2_000, observations=29_500),
    "large": Shape(events=200_000_000, people=5_000_000, observations=5_000_000),
    "small": Shape(events=20_000, people=500, observations=600),
    "warm": Shape(events=20_000, people=500, observations=1_500),
}


def write(folder: Path, shape: Shape) -> None:
    """Write ``payments/*.parquet`` and ``observations.parquet`` of a shape."""
    (folder / "payments").mkdir(parents=True, exist_ok=True)
    with duckdb.connect(config={"threads": 2, "memory_limit": "3GB"}) as engine:
        for start in range(0, shape.events, PIECE):
            stop = min(start + PIECE, shape.events)
            engine.execute(
                f"copy ({_payments(shape, start, stop)}) to "
                f"'{folder}/payments/{start:012d}.parquet' (format parquet, compression zstd)"
            )
        engine.execute(
            "copy (select i as observation_id, "
            f"cast(hash(i + 17) % {shape.people} as bigint) as customer_id, "
            f"{FIRST + 365 * DAY} + cast(hash(i) % {365 * DAY} as bigint) as as_of "
            f"from range({shape.observations}) t(i)) to '{folder}/observations.parquet' "
            "(format parquet)"
        )


def _payments(shape: Shape, start: int, stop: int) -> str:
    """Return SQL of some payments, in the order of their times.

    Hashes of the row's number stand for chance, so any piece can be written again by itself.
    """
    draw = "(hash(i * 8 + {}) % 1000000 / 1e6)"
    out, late, long, size = (draw.format(place) for place in range(4))
    step = 730 * DAY // shape.events
    normal = f"sqrt(-2 * ln({size} + 1e-7)) * cos(6.283185307 * {draw.format(4)})"
    return f"""
        select i as payment_id, cast(hash(i * 8 + 5) % {shape.people} as bigint) as customer_id,
               t as event_time,
               t + case when {late} < 0.9 then 0 when {long} < 0.8
                   then cast({long} * {DAY} as bigint)
                   else cast({long} * {8 * DAY} as bigint) end as available_at,
               case when {out} < 0.85 then 'out' else 'in' end as direction,
               cast(exp(8.3 + 1.2 * {normal}) as bigint) as amount_fen, 'ok' as status,
               case when {out} < 0.85 then
                   list_extract({list(_CODES)}, cast(1 + floor(24 * {size} * {size}) as int))
               end as mcc,
               case when {out} < 0.85 then cast(floor(5000 * {long} * {size}) as bigint) end
                   as merchant_id
        from (select i, {FIRST} + i * {step} + cast(hash(i * 8 + 6) % {step} as bigint) as t
              from range({start}, {stop}) r(i))
    """


_CODES = (*LIVING, *range(5700, 5718))
