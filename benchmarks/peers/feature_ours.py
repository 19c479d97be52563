"""The 60 features as this package declares them, and their names."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.peers.feature_data import ENTROPIES, LARGE, LIVING, NIGHT_ENDS, WINDOWS
from credit.feature import Catalogue, Expression, Feature, Measure, Reason, WindowAggregate

OUT, IN = "direction = 'out'", "direction = 'in'"
OUT_SUM = Measure(aggregate="sum", value="amount_fen", where=OUT)
SAID = {
    "dimension": "payment", "unit": "ratio", "null_means": "nothing was paid", "risk": 0,
    "reason": Reason(en="Payments", zh="支付"),
}  # fmt: skip

MEASURES = {
    "out_count": Measure(aggregate="count", where=OUT),
    "out_sum": OUT_SUM,
    "out_mean": Measure(aggregate="mean", value="amount_fen", where=OUT),
    "out_max": Measure(aggregate="max", value="amount_fen", where=OUT),
    "out_std": Measure(aggregate="std", value="amount_fen", where=OUT),
    "in_sum": Measure(aggregate="sum", value="amount_fen", where=IN),
    "night_share": Measure(
        aggregate="count", where=f"local_hour(event_time) < {NIGHT_ENDS}", per="1", base=OUT
    ),
    "large_share": Measure(
        aggregate="sum", value="amount_fen", where=f"amount_fen >= {LARGE}", per="amount_fen",
        base=OUT,
    ),
    "living_share": Measure(
        aggregate="sum", value="amount_fen", where=f"mcc in {LIVING}", per="amount_fen", base=OUT
    ),
    "merchants": Measure(aggregate="distinct", value="merchant_id", where=OUT),
}  # fmt: skip

TRENDS = {
    "trend_sum_30_180": "6 * payment_out_sum_30d / payment_out_sum_180d",
    "trend_count_7_90": "90.0 / 7 * payment_out_count_7d / payment_out_count_90d",
    "trend_mean_30_365": "payment_out_mean_30d / payment_out_mean_365d",
    "trend_in_90_365": "365.0 / 90 * payment_in_sum_90d / payment_in_sum_365d",
}

SINCE = {
    "since_out": OUT,
    "since_large": f"{OUT} and amount_fen >= {LARGE}",
    "since_in": IN,
}


def declared() -> Catalogue:
    """Return the 60 features."""
    return Catalogue(tuple(_features()))


def _features() -> Iterator[Feature]:
    windowed = partial(WindowAggregate, **SAID, label="Payments", table="payments")
    for days in WINDOWS:
        for name, measure in MEASURES.items():
            yield windowed(name=f"payment_{name}_{days}d", days=days, measure=measure)
    for days in ENTROPIES:
        measure = Measure(aggregate="entropy", value="mcc", where=OUT)
        yield windowed(name=f"payment_entropy_{days}d", days=days, measure=measure)
    for name, expression in TRENDS.items():
        yield Expression(**SAID, label="Trend", name=f"payment_{name}", expression=expression)
    for name, where in SINCE.items():
        measure = Measure(aggregate="days_since_last", where=where)
        yield windowed(name=f"payment_{name}", days=max(WINDOWS), measure=measure)
