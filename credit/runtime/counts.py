"""Rows counted as an artifact's reference counts them.

Bins of a number are ``[a, b)`` between rising edges: bin i counts the values with exactly i
edges at or below them. Missing values and special codes are counted apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from credit.runtime.columns import Feature
from credit.runtime.plain import Floats


def counts_between(values: Floats, edges: Sequence[float]) -> list[int]:
    """Return how many finite values lie in each bin between ``edges``."""
    finite = values[np.isfinite(values)]
    at = np.searchsorted(np.array(edges, dtype=np.float64), finite, side="right")
    return [int(n) for n in np.bincount(at, minlength=len(edges) + 1)]


def count_feature(feature: Feature, values: NDArray[Any], edges: Sequence[float]) -> dict[str, Any]:
    """Return what reference.json says of one feature; ``edges`` are a number's."""
    if feature.type == "category":
        found: dict[str | None, int] = {}
        for value in values:
            found[value] = found.get(value, 0) + 1
        missing = found.pop(None, 0)
        return {"counts": dict(sorted(found.items(), key=str)), "missing": missing}
    special = [
        {"code": code, "count": int(np.sum(values == code))} for code in feature.special_codes
    ]
    codes = np.array(feature.special_codes, dtype=np.float64)
    return {
        "edges": list(edges),
        "counts": counts_between(values[~np.isin(values, codes)], edges),
        "special": special,
        "missing": int(np.isnan(values).sum()),
    }


def aligned(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[list[int], list[int]] | None:
    """Return two counts of a feature over the same bins; None where the bins are not the same.

    Special codes and missing values are bins; names that ``one`` does not know make one bin.
    """
    if one.get("edges") != other.get("edges"):
        return None
    if "edges" in one:
        codes = [[item["code"] for item in part["special"]] for part in (one, other)]
        if codes[0] != codes[1]:
            return None
        first, second = (
            [*part["counts"], *(item["count"] for item in part["special"])] for part in (one, other)
        )
    else:
        known, given = one["counts"], other["counts"]
        unknown = sum(count for name, count in given.items() if name not in known)
        first = [*known.values(), 0]
        second = [*(given.get(name, 0) for name in known), unknown]
    return [*first, one["missing"]], [*second, other["missing"]]
