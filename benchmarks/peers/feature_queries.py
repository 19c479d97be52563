"""The 60 features as one writes them by hand: SQL on DuckDB, Polars, pandas, Ibis.

Each function takes the folder of a shape and returns a frame of ``observation_id`` and the
features, in any order of rows. Every one joins observations to payments once, by person and
range of time, and says the same conditions.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.peers.feature_data import (
    DAY,
    ENTROPIES,
    LARGE,
    LIVING,
    NIGHT_ENDS,
    WINDOWS,
    ZONE_HOURS,
)

HOUR = DAY // 24
LONGEST = max(WINDOWS) * DAY
NIGHT = f"(event_time + {ZONE_HOURS * HOUR}) % {DAY} < {NIGHT_ENDS * HOUR}"
SUMS = ("out_count", "out_sum", "in_sum", "night", "large", "living")


def duckdb_sql(folder: Path) -> pd.DataFrame:
    """One range join, FILTER aggregates and COUNT(DISTINCT); entropies from counts by code."""
    import duckdb

    with duckdb.connect(config={"memory_limit": "8GB"}) as engine:
        return engine.execute(naive(folder)).df()


def naive(folder: Path) -> str:
    """Return the query."""
    each = []
    for days in WINDOWS:
        recent, out = f"age <= {days * DAY}", f"age <= {days * DAY} and direction = 'out'"
        each += [
            f"count(*) filter (where {out}) as out_count_{days}",
            f"sum(amount_fen) filter (where {out}) as out_sum_{days}",
            f"max(amount_fen) filter (where {out}) as out_max_{days}",
            f"stddev_pop(amount_fen) filter (where {out}) as out_std_{days}",
            f"sum(amount_fen) filter (where {recent} and direction = 'in') as in_sum_{days}",
            f"count(*) filter (where {out} and {NIGHT}) as night_{days}",
            f"sum(amount_fen) filter (where {out} and amount_fen >= {LARGE}) as large_{days}",
            f"sum(amount_fen) filter (where {out} and mcc in {LIVING}) as living_{days}",
            f"count(distinct merchant_id) filter (where {out}) as merchants_{days}",
        ]
    each += [
        "min(age) filter (where direction = 'out') as since_out",
        f"min(age) filter (where direction = 'out' and amount_fen >= {LARGE}) as since_large",
        "min(age) filter (where direction = 'in') as since_in",
    ]
    counts = ", ".join(f"count(*) filter (where age <= {d * DAY}) as k_{d}" for d in ENTROPIES)
    entropies = ", ".join(
        f"ln(sum(k_{d})) - sum(case when k_{d} > 0 then k_{d} * ln(k_{d}) end) / sum(k_{d}) "
        f"as payment_entropy_{d}d"
        for d in ENTROPIES
    ).replace("ln(sum(", "ln(nullif(sum(").replace(")) - sum", "), 0)) - sum")  # fmt: skip
    names = ", ".join(f"payment_entropy_{d}d" for d in ENTROPIES)
    return f"""
        with pairs as (
            select o.observation_id, o.as_of - e.event_time as age, e.event_time, e.direction,
                   e.amount_fen, e.mcc, e.merchant_id
            from '{folder}/observations.parquet' o join '{folder}/payments/*.parquet' e
            on e.customer_id = o.customer_id and e.event_time < o.as_of
               and e.available_at <= o.as_of and e.event_time >= o.as_of - {LONGEST}),
        base as (select observation_id, {", ".join(each)} from pairs group by observation_id),
        codes as (select observation_id, mcc, {counts} from pairs where direction = 'out'
                  group by observation_id, mcc),
        spread as (select observation_id, {entropies} from codes group by observation_id)
        select o.observation_id, {", ".join(_projected())}, {names}
        from '{folder}/observations.parquet' o left join base using (observation_id)
        left join spread using (observation_id)
    """


def _projected() -> list[str]:
    """Return SQL of the features, from sums and counts by window."""
    found = []
    for d in WINDOWS:
        count, total = f"nullif(out_count_{d}, 0)", f"nullif(out_sum_{d}, 0)"
        found += [
            f"coalesce(out_count_{d}, 0)::double as payment_out_count_{d}d",
            f"coalesce(out_sum_{d}, 0)::double as payment_out_sum_{d}d",
            f"out_sum_{d}::double / {count} as payment_out_mean_{d}d",
            f"out_max_{d}::double as payment_out_max_{d}d",
            f"out_std_{d} as payment_out_std_{d}d",
            f"coalesce(in_sum_{d}, 0)::double as payment_in_sum_{d}d",
            f"night_{d}::double / {count} as payment_night_share_{d}d",
            f"coalesce(large_{d}, 0)::double / {total} as payment_large_share_{d}d",
            f"coalesce(living_{d}, 0)::double / {total} as payment_living_share_{d}d",
            f"coalesce(merchants_{d}, 0)::double as payment_merchants_{d}d",
        ]
    return [
        *found,
        "6 * coalesce(out_sum_30, 0)::double / nullif(out_sum_180, 0) as payment_trend_sum_30_180",
        "90.0::double / 7 * coalesce(out_count_7, 0) / nullif(out_count_90, 0) "
        "as payment_trend_count_7_90",
        "out_sum_30::double / nullif(out_count_30, 0) / "
        "nullif(out_sum_365::double / nullif(out_count_365, 0), 0) as payment_trend_mean_30_365",
        "365.0::double / 90 * coalesce(in_sum_90, 0) / nullif(in_sum_365, 0) "
        "as payment_trend_in_90_365",
        *(f"{name} / {DAY}.0::double as payment_{name}" for name in _SINCE),
    ]


_SINCE = ("since_out", "since_large", "since_in")


def polars(folder: Path) -> pd.DataFrame:
    """Lazy, on the streaming engine: a join by person, then sums under masks."""
    import polars as pl

    out, amount, age = pl.col("direction") == "out", pl.col("amount_fen"), pl.col("age")
    observations = pl.scan_parquet(folder / "observations.parquet")
    pairs = (
        pl.scan_parquet(folder / "payments" / "*.parquet")
        .select("customer_id", "event_time", "available_at", "direction", "amount_fen", "mcc",
                "merchant_id")
        .join(observations, on="customer_id")
        .filter(
            (pl.col("event_time") < pl.col("as_of")) & (pl.col("available_at") <= pl.col("as_of"))
            & (pl.col("event_time") >= pl.col("as_of") - LONGEST)
        )
        .select(
            "observation_id", "merchant_id", "mcc", "amount_fen",
            age=pl.col("as_of") - pl.col("event_time"), out=out,
            night=(pl.col("event_time") + ZONE_HOURS * HOUR) % DAY < NIGHT_ENDS * HOUR,
        )
    )  # fmt: skip
    sums: list[pl.Expr] = []
    for d in WINDOWS:
        recent = age <= d * DAY
        paid = recent & pl.col("out")
        sums += [
            paid.sum().alias(f"out_count_{d}"),
            amount.filter(paid).sum().alias(f"out_sum_{d}"),
            amount.filter(paid).max().alias(f"out_max_{d}"),
            amount.filter(paid).std(ddof=0).alias(f"out_std_{d}"),
            amount.filter(recent & ~pl.col("out")).sum().alias(f"in_sum_{d}"),
            (paid & pl.col("night")).sum().alias(f"night_{d}"),
            amount.filter(paid & (amount >= LARGE)).sum().alias(f"large_{d}"),
            amount.filter(paid & pl.col("mcc").is_in(LIVING)).sum().alias(f"living_{d}"),
        ]
    sums += [
        age.filter(pl.col("out")).min().alias("since_out"),
        age.filter(pl.col("out") & (amount >= LARGE)).min().alias("since_large"),
        age.filter(~pl.col("out")).min().alias("since_in"),
    ]
    key = "observation_id"
    paid = pairs.filter(pl.col("out"))
    merchants = (
        paid.group_by(key, "merchant_id").agg(age.min())
        .group_by(key).agg((age <= d * DAY).sum().alias(f"merchants_{d}") for d in WINDOWS)
    )  # fmt: skip
    codes = paid.group_by(key, "mcc").agg((age <= d * DAY).sum().alias(f"k{d}") for d in ENTROPIES)
    spread = codes.group_by(key).agg(_polars_entropy(pl, d) for d in ENTROPIES)
    base = pairs.group_by(key).agg(sums)
    found = observations.select(key)
    for part in (base, merchants, spread):
        found = found.join(part, on=key, how="left")
    frame = found.collect(engine="streaming").to_pandas()
    return _shares(frame)


def _polars_entropy(pl, days: int):
    k = pl.col(f"k{days}").cast(pl.Float64)
    total = pl.when(k.sum() > 0).then(k.sum())
    inner = pl.when(k > 0).then(k * k.log()).otherwise(0.0).sum()
    return (total.log() - inner / total).alias(f"payment_entropy_{days}d")


def pandas(folder: Path) -> pd.DataFrame:
    """A merge by person, cut to the range; then a groupby a window over masked columns."""
    import numpy as np

    key = "observation_id"
    observations = pd.read_parquet(folder / "observations.parquet")
    columns = ["customer_id", "event_time", "available_at", "direction", "amount_fen", "mcc",
               "merchant_id"]  # fmt: skip
    payments = pd.read_parquet(folder / "payments", columns=columns)
    payments["out"] = payments.pop("direction") == "out"
    pairs = payments.merge(observations, on="customer_id")
    del payments
    pairs = pairs[
        (pairs["event_time"] < pairs["as_of"])
        & (pairs["available_at"] <= pairs["as_of"])
        & (pairs["event_time"] >= pairs["as_of"] - LONGEST)
    ]
    out, amount = pairs["out"], pairs["amount_fen"]
    made = pd.DataFrame(
        {
            key: pairs[key],
            "age": pairs["as_of"] - pairs["event_time"],
            "out_count": out.astype("int64"),
            "out_sum": amount.where(out, 0),
            "amount": amount.where(out),
            "in_sum": amount.where(~out, 0),
            "night": (
                out
                & ((pairs["event_time"] + ZONE_HOURS * HOUR) % DAY < NIGHT_ENDS * HOUR)
            ).astype("int64"),
            "large": amount.where(out & (amount >= LARGE), 0),
            "living": amount.where(out & pairs["mcc"].isin(LIVING), 0),
            "merchant_id": pairs["merchant_id"].where(out),
            "mcc": pairs["mcc"].where(out),
        }
    )  # fmt: skip
    del pairs, out, amount
    frame = observations[[key]].set_index(key)
    for d in WINDOWS:
        recent = made[made["age"] <= d * DAY]
        groups = recent.groupby(key)
        frame = frame.join(groups[list(SUMS)].sum().add_suffix(f"_{d}"))
        paid = groups["amount"]
        frame[f"out_max_{d}"] = paid.max()
        frame[f"out_std_{d}"] = paid.std(ddof=0)
        frame[f"merchants_{d}"] = groups["merchant_id"].nunique()
        if d in ENTROPIES:
            k = recent.groupby([key, "mcc"]).size()
            total = k.groupby(level=0).sum()
            inner = (k * np.log(k)).groupby(level=0).sum()
            frame[f"payment_entropy_{d}d"] = np.log(total) - inner / total
    age = made["age"]
    for name, where in (
        ("since_out", made["out_count"] == 1),
        ("since_large", (made["amount"] >= LARGE)),
        ("since_in", made["out_count"] == 0),
    ):
        frame[name] = age[where].groupby(made.loc[where, key]).min()
    return _shares(frame.reset_index())


def ibis(folder: Path) -> pd.DataFrame:
    """The query of `duckdb_sql` as Ibis writes it, on DuckDB."""
    import ibis as ib

    engine = ib.duckdb.connect(memory_limit="8GB")
    o = engine.read_parquet(folder / "observations.parquet")
    e = engine.read_parquet(str(folder / "payments" / "*.parquet"))
    joined = o.join(
        e,
        [
            o.customer_id == e.customer_id, e.event_time < o.as_of, e.available_at <= o.as_of,
            e.event_time >= o.as_of - LONGEST,
        ],
    )  # fmt: skip
    pairs = joined.select(
        o.observation_id, age=o.as_of - e.event_time, event_time=e.event_time,
        out=e.direction == "out", amount=e.amount_fen, mcc=e.mcc, merchant=e.merchant_id,
    )  # fmt: skip
    sums = {}
    night = (pairs.event_time + ZONE_HOURS * HOUR) % DAY < NIGHT_ENDS * HOUR
    for d in WINDOWS:
        recent = pairs.age <= d * DAY
        paid = recent & pairs.out
        sums |= {
            f"out_count_{d}": paid.sum(),
            f"out_sum_{d}": pairs.amount.sum(where=paid),
            f"out_max_{d}": pairs.amount.max(where=paid),
            f"out_std_{d}": pairs.amount.std(where=paid, how="pop"),
            f"in_sum_{d}": pairs.amount.sum(where=recent & ~pairs.out),
            f"night_{d}": (paid & night).sum(),
            f"large_{d}": pairs.amount.sum(where=paid & (pairs.amount >= LARGE)),
            f"living_{d}": pairs.amount.sum(where=paid & pairs.mcc.isin(LIVING)),
            f"merchants_{d}": pairs.merchant.nunique(where=paid),
        }
    sums |= {
        "since_out": pairs.age.min(where=pairs.out),
        "since_large": pairs.age.min(where=pairs.out & (pairs.amount >= LARGE)),
        "since_in": pairs.age.min(where=~pairs.out),
    }
    base = pairs.group_by("observation_id").aggregate(**sums)
    codes = (
        pairs.filter(pairs.out)
        .group_by(["observation_id", "mcc"])
        .aggregate(**{f"k{d}": (pairs.age <= d * DAY).sum() for d in ENTROPIES})
    )
    spread = codes.group_by("observation_id").aggregate(
        **{f"payment_entropy_{d}d": _ibis_entropy(ib, codes[f"k{d}"]) for d in ENTROPIES}
    )
    found = o.select("observation_id")
    for part in (base, spread):
        found = found.left_join(part, "observation_id").drop("observation_id_right")
    return _shares(found.to_pandas())


def _ibis_entropy(ib, k):
    total = k.sum().nullif(0).cast("float64")
    inner = ib.ifelse(k > 0, k * k.nullif(0).cast("float64").ln(), 0.0).sum()
    return total.ln() - inner / total


def _shares(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the features from sums and counts by window."""
    import numpy as np

    found = {"observation_id": frame["observation_id"]}
    filled = {
        name: frame[name].astype("float64").fillna(0.0)
        for name in frame
        if name.rsplit("_", 1)[0] in (*SUMS, "merchants")
    }

    def over(above: pd.Series, below: pd.Series) -> pd.Series:
        return above / below.where(below != 0, np.nan)

    for d in WINDOWS:
        count, total = filled[f"out_count_{d}"], filled[f"out_sum_{d}"]
        found |= {
            f"payment_out_count_{d}d": count,
            f"payment_out_sum_{d}d": total,
            f"payment_out_mean_{d}d": over(total, count),
            f"payment_out_max_{d}d": frame[f"out_max_{d}"].astype("float64"),
            f"payment_out_std_{d}d": frame[f"out_std_{d}"].astype("float64"),
            f"payment_in_sum_{d}d": filled[f"in_sum_{d}"],
            f"payment_night_share_{d}d": over(filled[f"night_{d}"], count),
            f"payment_large_share_{d}d": over(filled[f"large_{d}"], total),
            f"payment_living_share_{d}d": over(filled[f"living_{d}"], total),
            f"payment_merchants_{d}d": filled[f"merchants_{d}"],
        }
    mean = {d: found[f"payment_out_mean_{d}d"] for d in WINDOWS}
    found |= {f"payment_entropy_{d}d": frame[f"payment_entropy_{d}d"] for d in ENTROPIES}
    found |= {
        "payment_trend_sum_30_180": over(6 * filled["out_sum_30"], filled["out_sum_180"]),
        "payment_trend_count_7_90": over(
            90 / 7 * filled["out_count_7"], filled["out_count_90"]
        ),
        "payment_trend_mean_30_365": over(mean[30], mean[365]),
        "payment_trend_in_90_365": over(365 / 90 * filled["in_sum_90"], filled["in_sum_365"]),
    }  # fmt: skip
    found |= {f"payment_{name}": frame[name].astype("float64") / DAY for name in _SINCE}
    return pd.DataFrame(found)


PEERS = {"DuckDB, SQL by hand": duckdb_sql, "Polars": polars, "pandas": pandas, "Ibis": ibis}
