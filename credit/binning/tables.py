"""Tables of a column's bins: what each separates, and how it held over time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from credit.binning.bins import Bins
from credit.binning.tally import Sample
from credit.errors import ModelError


def bin_table(bins: Bins) -> pd.DataFrame:
    """Return a row a bin: feature, bin, good, bad, share, rate, woe, iv, js, ks.

    ``js`` is the bin's part of the Jensen-Shannon divergence between the bins of bad and of
    good weight (natural logarithm; at most log 2 in sum). ``ks`` is the gap between cumulated
    shares of bad and good up to the bin, bins in order of falling evidence: its greatest value
    is the column's KS.
    """
    good, bad = np.array(bins.good), np.array(bins.bad)
    p, q = bad / bad.sum(), good / good.sum()
    half = np.where(p + q > 0, (p + q) / 2, 1.0)
    js = sum(np.where(x > 0, x * np.log(np.where(x > 0, x, 1.0) / half), 0.0) / 2 for x in (p, q))
    order = np.argsort(-np.array(bins.woe), kind="stable")
    gap = np.empty(bins.size)
    gap[order] = np.cumsum(p[order]) - np.cumsum(q[order])
    plain = bins.table()
    plain.insert(2, "good", good)
    plain.insert(3, "bad", bad)
    return plain.assign(js=js, ks=np.abs(gap))


def period_table(bins: Bins, column: pd.Series, sample: Sample) -> pd.DataFrame:
    """Return a row a period and bin: period, bin, good, bad, share, rate.

    ``share`` is of the period's weight; ``rate`` is missing where a bin is empty. The stability
    of each period is :func:`credit.evaluate.psi_by_period` of it.

    Raises
    ------
    ModelError
        The sample has no periods.
    """
    if sample.period is None:
        raise ModelError("period_table: the sample has no periods. Make it with period=.")
    held = sample.count_periods(bins.assign(column), bins.size)
    weight = held.sum(axis=-1)
    total = weight.sum(axis=1, keepdims=True)
    empty = np.full(weight.shape, np.nan)
    return pd.DataFrame(
        {
            "period": np.repeat(np.array(sample.period_names, dtype=object), bins.size),
            "bin": np.tile(np.array(bins.labels, dtype=object), len(held)),
            "good": held[..., 0].ravel(),
            "bad": held[..., 1].ravel(),
            "share": np.divide(weight, total, out=empty.copy(), where=total > 0).ravel(),
            "rate": np.divide(held[..., 1], weight, out=empty, where=weight > 0).ravel(),
        }
    )
