"""How good a margin is on a table of tested rows, and how far one is from another."""

from __future__ import annotations

import pandas as pd
from scipy.special import expit

from credit.evaluate import delong_difference, metrics
from credit.federated.record import Interval, Quality

RESAMPLES = 200
"""Draws behind the interval of a KS."""


def quality(tested: pd.DataFrame, margin: str, seed: int) -> Quality:
    """Return AUC and KS of a column of margins.

    Parameters
    ----------
    tested : DataFrame
        ``bad``, ``person`` and the margins, a row each application.
    margin : str
    seed : int
        Of the draws.
    """
    found = metrics(
        tested["bad"], expit(tested[margin].to_numpy()), person=tested["person"].to_numpy(),
        seed=seed, resamples=RESAMPLES,
    ).set_index("metric")  # fmt: skip

    def interval(name: str) -> Interval:
        value, low, high = (float(found[end].loc[name]) for end in ("value", "low", "high"))
        return Interval(value=value, low=low, high=high)

    return Quality(auc=interval("auc"), ks=interval("ks"))


def gap(tested: pd.DataFrame, first: str, second: str) -> Interval:
    """Return the AUC of one column of margins less that of another (DeLong, paired)."""
    found = delong_difference(tested["bad"], tested[first], tested[second])
    return Interval(value=found.difference, low=found.low, high=found.high)
