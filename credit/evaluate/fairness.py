"""Whether groups of people are treated alike: approvals, errors, probabilities, prices.

Everything compares a group with a reference group and carries an interval; no threshold here is
a legal standard. The group is for this audit only: no model sees it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from credit.errors import DataError, nearest
from credit.evaluate.comparison import holm
from credit.evaluate.discrimination import equal_mass_bins
from credit.evaluate.grades import grade_table
from credit.evaluate.inputs import FloatArray, IntArray, numbers, probabilities
from credit.evaluate.intervals import Z
from credit.split import binary

FOUR_FIFTHS = 0.8
"""An adverse impact ratio below this is looked into (EEOC, Uniform Guidelines 1978, 4D)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Groups:
    """The group of each row as a number, the names, and the number of the reference."""

    codes: IntArray
    names: tuple[str, ...]
    reference: int

    @property
    def others(self) -> list[int]:
        """Numbers of all groups but the reference."""
        return [code for code in range(len(self.names)) if code != self.reference]

    def sum(self, mass: object) -> FloatArray:
        """Return the sum of a number over each group."""
        values = np.asarray(mass, dtype=np.float64)
        return np.bincount(self.codes, values, len(self.names)).astype(np.float64)


def known_group(group: object, length: int) -> pd.Series:
    """Return the group of each row.

    Raises
    ------
    DataError
        For another length, or nulls.
    """
    values = pd.Series(group).reset_index(drop=True)
    if len(values) != length:
        raise DataError(f"group has {len(values)} rows, but {length} are expected.")
    if values.isna().any():
        raise DataError(
            f"group has {int(values.isna().sum())} null(s): people of unknown group are a group. "
            "Name it."
        )
    return values


def groups_of(group: object, *, reference: str, length: int) -> Groups:
    """Read groups, or refuse them.

    Raises
    ------
    DataError
        For another length, nulls, one group only, or an unknown reference.
    """
    codes, found = pd.factorize(known_group(group, length).astype(str), sort=True)
    names = tuple(str(name) for name in found)
    if len(names) < 2 or reference not in names:
        raise DataError(
            f"reference {reference!r} must be one of at least two groups, got {list(names)[:10]}."
            f"{nearest(reference, names)}"
        )
    return Groups(codes=codes.astype(np.int64), names=names, reference=names.index(reference))


def adverse_impact(
    approved: object, group: object, *, reference: str, line: float = FOUR_FIFTHS
) -> pd.DataFrame:
    """Return each group's approval rate over the reference's (adverse impact ratio).

    Parameters
    ----------
    approved : array
        1 or 0; a part for rows among which a lottery decides.
    group : array
        Group of each row, without nulls.
    reference : str
        The group to compare with, by custom the one approved most often.
    line : float, default=0.8
        The ratio below which a group is looked into.

    Returns
    -------
    DataFrame
        ``group, rows, approved, approval_rate, ratio, ratio_low, ratio_high`` (95 %, normal in
        the log of the ratio: Katz et al. 1978, Biometrics 34), ``p_value`` (of equal rates,
        two-sided) and ``below_line`` (the ratio itself is). The reference comes
        first. A ratio to nobody approved is NaN.
    """
    yes = probabilities(approved, "approved")
    groups = groups_of(group, reference=reference, length=len(yes))
    rows, count = groups.sum(np.ones(len(yes))), groups.sum(yes)
    rate = count / rows
    order = [groups.reference, *groups.others]
    base = groups.reference
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = rate / rate[base]
        spread = np.sqrt(1 / count - 1 / rows + 1 / count[base] - 1 / rows[base])
        pooled = (count + count[base]) / (rows + rows[base])
        error = np.sqrt(pooled * (1 - pooled) * (1 / rows + 1 / rows[base]))
        z = (rate - rate[base]) / error
        low, high = ratio * np.exp(-Z * spread), ratio * np.exp(Z * spread)
    table = pd.DataFrame(
        {
            "group": groups.names,
            "rows": rows.astype(np.int64),
            "approved": count,
            "approval_rate": rate,
            "ratio": ratio,
            "ratio_low": low,
            "ratio_high": high,
            "p_value": 2 * norm.sf(np.abs(z)),
            "below_line": ratio < line,
        }
    )
    table.loc[base, ["ratio_low", "ratio_high", "p_value"]] = np.nan
    return table.iloc[order].reset_index(drop=True)


def equal_opportunity(
    y: object, approved: object, group: object, *, reference: str
) -> pd.DataFrame:
    """Return how often the good of each group are approved, less the reference's.

    Columns ``group, goods, approved_goods, rate, difference, low, high``: 95 % intervals by
    Newcombe's hybrid of score intervals (1998, Statistics in Medicine 17, method 10). 0 is equal
    opportunity (Hardt, Price and Srebro 2016). The reference comes first.

    Raises
    ------
    DataError
        As :func:`adverse_impact`, and where a group has no good row.
    """
    labels = binary(y)
    yes = probabilities(approved, "approved", length=len(labels))
    groups = groups_of(group, reference=reference, length=len(labels))
    good = 1.0 - labels
    goods, count = groups.sum(good), groups.sum(good * yes)
    if (goods == 0).any():
        empty = [name for name, n in zip(groups.names, goods, strict=True) if n == 0]
        raise DataError(
            f"group {empty} has no good row, so its good are never approved or refused."
        )
    rate, base = count / goods, groups.reference
    low, high = _wilson(count, goods)
    difference = rate - rate[base]
    down = np.sqrt((rate - low) ** 2 + (high[base] - rate[base]) ** 2)
    up = np.sqrt((high - rate) ** 2 + (rate[base] - low[base]) ** 2)
    table = pd.DataFrame(
        {
            "group": groups.names,
            "goods": goods.astype(np.int64),
            "approved_goods": count,
            "rate": rate,
            "difference": difference,
            "low": difference - down,
            "high": difference + up,
        }
    )
    table.loc[base, ["low", "high"]] = np.nan
    return table.iloc[[base, *groups.others]].reset_index(drop=True)


def _wilson(count: FloatArray, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the score interval of each share (Wilson 1927)."""
    share = count / rows
    centre = (share + Z**2 / (2 * rows)) / (1 + Z**2 / rows)
    reach = Z * np.sqrt(share * (1 - share) / rows + Z**2 / (4 * rows**2)) / (1 + Z**2 / rows)
    return centre - reach, centre + reach


def calibration_by_group(y: object, probability: object, group: object) -> pd.DataFrame:
    """Return whether a probability means the same for every group.

    The columns of `credit.evaluate.grade_table` with ``group`` in place of ``grade``, and
    ``p_holm``: the two-sided Jeffreys p-value adjusted for the number of groups.
    """
    table = grade_table(y, probability, pd.Series(group).reset_index(drop=True))
    renamed = table.rename(columns={"grade": "group"})
    return renamed.assign(p_holm=holm(renamed["p_two_sided"]))


def price_gap(
    price: object, probability: object, group: object, *, reference: str, bins: int = 10
) -> pd.DataFrame:
    """Return what each group pays more than the reference at equal probability of bad.

    People are compared inside bins of equal mass of the probability: ``sum_b w_b (mean price of
    the group in b - of the reference in b)``, w_b the group's share of its rows in bins where
    both have at least two. Exact matching in bins leaves what varies inside a bin.

    Parameters
    ----------
    price : array
        What each person pays, such as the yearly rate.
    probability, group, reference :
        P(bad), group of each row, and the group to compare with.
    bins : int
        Bins of the probability.

    Returns
    -------
    DataFrame
        ``group, rows, compared`` (rows in such bins), ``gap, low, high`` (95 %, in the unit of
        the price); NaN where no bin holds both.
    """
    paid = numbers(price, "price")
    stated = probabilities(probability, "probability", length=len(paid))
    groups = groups_of(group, reference=reference, length=len(paid))
    cell = groups.codes * bins + equal_mass_bins(stated, bins)
    size = len(groups.names) * bins
    rows = np.bincount(cell, minlength=size).reshape(-1, bins)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(cell, paid, size).reshape(-1, bins) / rows
        apart = (paid - mean.ravel()[cell]) ** 2
        error = np.bincount(cell, apart, size).reshape(-1, bins) / (rows - 1) / rows
    found = []
    for code in groups.others:
        both = (rows[code] > 1) & (rows[groups.reference] > 1)
        compared = int(rows[code][both].sum())
        weight = rows[code][both] / max(compared, 1)
        gap = float(weight @ (mean[code] - mean[groups.reference])[both])
        reach = Z * np.sqrt(weight**2 @ (error[code] + error[groups.reference])[both])
        ends = (gap - reach, gap, gap + reach) if compared else (np.nan,) * 3
        found.append(
            {
                "group": groups.names[code],
                "rows": int(rows[code].sum()),
                "compared": compared,
                "gap": ends[1],
                "low": ends[0],
                "high": ends[2],
            }
        )
    return pd.DataFrame(found)
