"""A fitted card as tables: what each feature counts for, and the points of every bin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from credit.binning import Bins
from credit.binning.bins import Codes, table_of
from credit.columns import Floats
from credit.explain.parts import BASE, EVERYBODY
from credit.scorecard.fused import Fused
from credit.scorecard.logistic import LogisticFit


def coefficients(
    bins: Mapping[str, Bins], dropped: Mapping[str, str], fit: LogisticFit, vif: Floats
) -> pd.DataFrame:
    """Return a row a feature: its coefficient and test, or the rule that left it out.

    ``fit`` and ``vif`` are of the features that are not dropped, in the order of ``bins``.
    """
    table = pd.DataFrame(
        {
            "coefficient": fit.coefficients,
            "standard_error": fit.standard_errors,
            "p_value": fit.p_values,
            "vif": vif,
        },
        index=[name for name in bins if name not in dropped],
    ).reindex(list(bins))
    rules = dict(dropped)
    for name in table.index[table["coefficient"] == 0]:
        rules[str(name)] = "coefficient at zero: the other features say as much"
    return table.assign(
        coefficient=table["coefficient"].fillna(0.0),
        iv=[column.iv for column in bins.values()],
        dropped=[rules.get(name, "") for name in bins],
    ).rename_axis("feature")


def memberships(fused: Fused) -> pd.DataFrame:
    """Return a row a feature of a fused card: whether it is in, or the rule that left it out."""
    return pd.DataFrame(
        {
            "coefficient": [float(name in fused.margins) for name in fused.bins],
            "standard_error": np.nan,
            "p_value": np.nan,
            "vif": np.nan,
            "iv": [column.iv for column in fused.bins.values()],
            "dropped": [fused.dropped.get(name, "") for name in fused.bins],
        },
        index=pd.Index(list(fused.bins), name="feature"),
    )


def read_coefficients(features: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the table of :func:`coefficients` from plain data; what is not there is NaN."""
    names = [feature["name"] for feature in features]
    columns = ("coefficient", "standard_error", "p_value", "vif", "iv", "dropped")
    table = pd.DataFrame([{c: f.get(c) for c in columns} for f in features], index=names)
    numeric = table[list(columns[:-1])].astype(np.float64)
    return numeric.assign(dropped=table["dropped"]).rename_axis("feature")


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
        "bin": EVERYBODY,
        "points": base_points,
        "share": 1.0,
        "rate": bad / (good + bad),
        "woe": 0.0,
        "dimension": "",
    }
    if not points:
        return pd.DataFrame([base])
    table = table_of([bins[name] for name in points]).assign(
        points=np.array([p for values in points.values() for p in values], np.int64),
        dimension=[dimensions.get(n, "") for n, values in points.items() for _ in values],
    )
    return pd.concat([pd.DataFrame([base]), table], ignore_index=True)[list(base)]


def breakdown(
    base_points: int,
    points: Mapping[str, tuple[int, ...]],
    bins: Mapping[str, Bins],
    index: Mapping[str, Codes],
) -> pd.DataFrame:
    """Return a row for each row's base and features: row, feature, bin, points.

    ``index`` holds the bin of every row in each feature.
    """
    rows = np.arange(len(next(iter(index.values()))))
    parts = [pd.DataFrame({"row": rows, "feature": BASE, "bin": EVERYBODY, "points": base_points})]
    parts += [
        pd.DataFrame(
            {
                "row": rows,
                "feature": name,
                "bin": np.array(bins[name].labels, dtype=object)[index[name]],
                "points": np.array(values, dtype=np.int64)[index[name]],
            }
        )
        for name, values in points.items()
    ]
    return pd.concat(parts).sort_values("row", kind="stable").reset_index(drop=True)
