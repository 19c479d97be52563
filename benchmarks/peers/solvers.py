"""The exact solvers on given counts: which prebins end a bin. And an independent check."""

from __future__ import annotations

import numpy as np

PRECISION = 2e-6
"""OptBinning rounds rates and values down to whole millionths before it solves."""


def ours(table: dict) -> list[int]:
    from credit.binning.rules import Material, Rules
    from credit.binning.solve import solve

    counts = np.column_stack([table["good"], table["bad"]]).astype(float)
    rules = Rules(
        max_bins=table["max_bins"],
        smoothing=1e-9,
        min_weight=table["min_size"],
        min_difference=table["min_difference"],
    )
    paths, totals = solve(Material.plain(counts, counts.sum(axis=0)), table["trend"], rules)
    return [int(end) for end in paths[np.argmax(totals)] if end >= 0]


def optbinning(table: dict) -> list[int]:
    from optbinning.binning.cp import BinningCP

    solver = BinningCP(
        monotonic_trend=table["trend"],
        min_n_bins=None,
        max_n_bins=table["max_bins"],
        min_bin_size=table["min_size"],
        max_bin_size=None,
        min_bin_n_event=None,
        max_bin_n_event=None,
        min_bin_n_nonevent=None,
        max_bin_n_nonevent=None,
        min_event_rate_diff=table["min_difference"],
        max_pvalue=None,
        max_pvalue_policy="consecutive",
        gamma=0,
        user_splits_fixed=None,
        time_limit=100,
    )
    solver.build_model("iv", np.array(table["good"]), np.array(table["bad"]), None)
    return np.flatnonzero(solver.solve()[1]).tolist()


SOLVERS = {"ours": ours, "OptBinning": optbinning}


def bins_of(table: dict, ends: list[int]) -> np.ndarray:
    """Return good and bad of each bin, (bins, 2)."""
    counts = np.column_stack([table["good"], table["bad"]])
    return np.add.reduceat(counts, [0, *(end + 1 for end in ends[:-1])])


def value(table: dict, ends: list[int]) -> float:
    """Return the plain information value of the bins."""
    share = bins_of(table, ends) / bins_of(table, ends).sum(axis=0)
    return float(((share[:, 1] - share[:, 0]) * np.log(share[:, 1] / share[:, 0])).sum())


def kept(table: dict, ends: list[int]) -> bool:
    """Return whether the bins keep every limit, rates to OptBinning's precision."""
    found = bins_of(table, ends)
    if not ends or ends[-1] != len(table["good"]) - 1 or len(ends) > table["max_bins"]:
        return False
    if (found.sum(axis=1) < table["min_size"]).any():
        return False
    steps = np.diff(found[:, 1] / found.sum(axis=1))
    least = table["min_difference"] - PRECISION
    if (np.abs(steps) < least).any():
        return False
    upward = {"ascending": 1, "peak": 1, "descending": -1, "valley": -1}[table["trend"]]
    back = np.flatnonzero(upward * steps < -PRECISION)
    if table["trend"] in ("ascending", "descending"):
        return not len(back)
    return not len(back) or bool((upward * steps[back[0] :] <= PRECISION).all())
