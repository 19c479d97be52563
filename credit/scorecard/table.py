"""A fitted card as tables: what each feature counts for, and the points of every bin."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from credit.binning import Bins
from credit.scorecard.fused import Fused
from credit.scorecard.logistic import LogisticFit

BASE = "(base)"
"""The first row of a points table: what everybody starts with."""


def coefficients(
    bins: Mapping[str, Bins], used: tuple[str, ...], fit: LogisticFit, min_iv: float
) -> pd.DataFrame:
    """Return a row a feature: its coefficient and test, or the rule that left it out."""
    table = pd.DataFrame(
        {
            "coefficient": fit.coefficients,
            "standard_error": fit.standard_errors,
            "p_value": fit.p_values,
        },
        index=list(used),
    ).reindex(list(bins))
    rules = []
    for name, column in bins.items():
        if name not in used:
            because = f" ({column.diagnosis})" if column.diagnosis else ""
            rules.append(f"information value {column.iv:.4f} < {min_iv:g}{because}")
        elif table.loc[name, "coefficient"] == 0:
            rules.append("coefficient at zero: the other features say as much")
        else:
            rules.append("")
    return table.assign(
        coefficient=table["coefficient"].fillna(0.0),
        iv=[column.iv for column in bins.values()],
        dropped=rules,
    ).rename_axis("feature")


def memberships(fused: Fused) -> pd.DataFrame:
    """Return a row a feature of a fused card: whether it is in, or the rule that left it out."""
    return pd.DataFrame(
        {
            "coefficient": [float(name in fused.margins) for name in fused.bins],
            "standard_error": np.nan,
            "p_value": np.nan,
            "iv": [column.iv for column in fused.bins.values()],
            "dropped": [fused.dropped.get(name, "") for name in fused.bins],
        },
        index=pd.Index(list(fused.bins), name="feature"),
    )


def points_table(
    base_points: int,
    points: Mapping[str, tuple[int, ...]],
    bins: Mapping[str, Bins],
    dimensions: Mapping[str, str],
) -> pd.DataFrame:
    """Return the card as a table: feature, bin, points, share, rate, woe, dimension."""
    good, bad = (sum(getattr(next(iter(bins.values())), side)) for side in ("good", "bad"))
    base = {
        "feature": BASE,
        "bin": "everybody",
        "points": base_points,
        "share": 1.0,
        "rate": bad / (good + bad),
        "woe": 0.0,
        "dimension": "",
    }
    parts = [
        bins[name].table().assign(points=list(values), dimension=dimensions.get(name, ""))
        for name, values in points.items()
    ]
    return pd.concat([pd.DataFrame([base]), *parts], ignore_index=True)[list(base)]
