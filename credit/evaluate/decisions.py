"""What a score decides: how many are approved, how many of these go bad, what it earns.

Rows are applications whose outcome is known. Where an earlier policy refused people, theirs are
not among them, and every figure here is about those it approved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from credit.errors import DataError
from credit.evaluate.inputs import FloatArray, numbers, probabilities
from credit.evaluate.intervals import Z, jeffreys
from credit.split import binary


@dataclass(frozen=True, slots=True, kw_only=True)
class Economics:
    """What one unit lent earns or loses over the life of the loan; nothing has a default.

    A good loan earns ``margin - cost``, a bad one loses ``loss_given_default + cost``.

    Attributes
    ----------
    loss_given_default : float
        Share of the amount that a bad loan loses, after recoveries.
    margin : float
        Interest and fees less funding on a good loan, as a share of the amount.
    cost : float
        Cost of granting and serving any loan, as a share of the amount.
    """

    loss_given_default: float
    margin: float
    cost: float

    def __post_init__(self) -> None:
        if not 0 < self.loss_given_default <= 1:
            raise DataError(
                f"loss_given_default must lie above 0 and at most at 1, got "
                f"{self.loss_given_default}. Give it as a share of the amount."
            )
        if not 0 <= self.cost < self.margin:
            raise DataError(
                f"cost must be 0 or more and below margin, got cost {self.cost} and margin "
                f"{self.margin}: otherwise no loan earns anything."
            )

    @property
    def break_even(self) -> float:
        """Probability of bad at which a loan earns nothing: ``(margin - cost) / (margin + lgd)``.

        >>> Economics(loss_given_default=0.5, margin=0.12, cost=0.02).break_even.__round__(4)
        0.1613
        """
        return (self.margin - self.cost) / (self.margin + self.loss_given_default)

    def profit(self, bad: FloatArray) -> FloatArray:
        """Return what each unit lent earns, by its outcome or its probability of bad."""
        earned: FloatArray = self.margin * (1 - bad) - self.loss_given_default * bad - self.cost
        return earned


def cutoff_table(
    y: object,
    probability: object,
    economics: Economics,
    *,
    amount: object = None,
    rows: int | None = None,
) -> pd.DataFrame:
    """Return what every cut-off would have meant, the strictest first.

    Parameters
    ----------
    y, probability : array
        Outcome (1 is bad) and P(bad).
    economics : Economics
        What a good and a bad loan earn.
    amount : array, optional
        Amount of each loan, 0 or more; equal amounts by default.
    rows : int, optional
        Keep about that many cut-offs, evenly by position, and always the most profitable.

    Returns
    -------
    DataFrame
        ``threshold`` (approve when the probability is at most this), ``approved`` and ``bads``
        (counts), ``approval_rate``, ``bad_rate`` with ``bad_rate_low, bad_rate_high``
        (Jeffreys, 95 %), ``profit`` (by outcomes, as a share of all amounts asked for) with
        ``profit_low, profit_high`` (95 %, rows independent), ``profit_expected`` (by the
        probabilities), ``best`` (true in one row: the greatest profit).
    """
    labels = binary(y)
    stated = probabilities(probability, "probability", length=len(labels))
    lent = np.ones(len(labels)) if amount is None else _amounts(amount, len(labels))
    order = np.argsort(stated, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(stated[order])), len(order) - 1)
    bad = labels[order].astype(np.float64)
    share = lent[order] / lent.sum()
    earned, expected = (share * economics.profit(side) for side in (bad, stated[order]))
    total, squares = earned.cumsum()[ends], (earned**2).cumsum()[ends]
    approved, bads = ends + 1, bad.cumsum()[ends]
    # Each row adds its earnings or 0: n variances of one row about the mean.
    error = np.sqrt(np.maximum(squares - total**2 / len(order), 0))
    low, high = jeffreys(bads, approved - bads)
    best = np.arange(len(ends)) == int(np.argmax(total))
    table = pd.DataFrame(
        {
            "threshold": stated[order][ends],
            "approved": approved,
            "bads": bads.astype(np.int64),
            "approval_rate": approved / len(order),
            "bad_rate": bads / approved,
            "bad_rate_low": low,
            "bad_rate_high": high,
            "profit": total,
            "profit_low": total - Z * error,
            "profit_high": total + Z * error,
            "profit_expected": expected.cumsum()[ends],
            "best": best,
        }
    )
    if rows is None or len(table) <= rows:
        return table
    kept = np.linspace(0, len(table) - 1, max(rows, 2)).round().astype(int)
    return table.iloc[np.union1d(kept, np.flatnonzero(best))].reset_index(drop=True)


def _amounts(amount: object, length: int) -> FloatArray:
    values = numbers(amount, "amount", length=length)
    if (values < 0).any() or not values.any():
        raise DataError(f"amount must be 0 or more and not all 0, got {values.min():g} as least.")
    return values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SwapSets:
    """Who changes sides when a second model decides in place of a first.

    Attributes
    ----------
    table : DataFrame
        ``decision`` (both approve, swapped in, swapped out, both refuse), ``rows, share, bads,
        bad_rate, bad_rate_low, bad_rate_high``.
    bads_avoided, low, high : float
        Bad loans swapped out less those swapped in, with its 95 % interval.
    """

    table: pd.DataFrame
    bads_avoided: float
    low: float
    high: float


def swap_sets(y: object, first: object, second: object, *, approval_rate: float) -> SwapSets:
    """Compare two models that approve the same share of people, their safest.

    Rows tied at the cut-off are approved in part, so that both models approve exactly
    ``approval_rate * rows``; counts of such rows are those expected when one lottery decides
    for both. The interval takes rows as independent.

    Parameters
    ----------
    y : array
        Outcome, 1 is bad.
    first, second : array
        Scores of the present and the new model, higher is riskier; scales may differ.
    approval_rate : float
        Share approved, strictly between 0 and 1.
    """
    labels = binary(y).astype(np.float64)
    require_share("approval_rate", approval_rate)
    wanted = approval_rate * len(labels)
    old, new = (
        approved_part(numbers(score, name, length=len(labels)), wanted)
        for score, name in ((first, "first"), (second, "second"))
    )
    sets = {
        "both approve": np.minimum(old, new),
        "swapped in": np.maximum(new - old, 0),
        "swapped out": np.maximum(old - new, 0),
        "both refuse": 1 - np.maximum(old, new),
    }
    table = pd.DataFrame(
        [{"decision": name, "rows": w.sum(), "bads": w @ labels} for name, w in sets.items()]
    )
    table.insert(2, "share", table["rows"] / len(labels))
    goods = (table["rows"] - table["bads"]).clip(lower=0)
    table["bad_rate"] = table["bads"] / table["rows"].where(table["rows"] > 0)
    table["bad_rate_low"], table["bad_rate_high"] = jeffreys(table["bads"], goods)
    avoided = (old - new) * labels
    total, error = avoided.sum(), np.sqrt(len(avoided) * avoided.var())
    return SwapSets(
        table=table,
        bads_avoided=float(total),
        low=float(total - Z * error),
        high=float(total + Z * error),
    )


def approved_part(score: FloatArray, wanted: float) -> FloatArray:
    """Return how far each row is approved: 1, 0, or a part for rows tied at the cut-off."""
    below = rankdata(score, method="min") - 1
    tied = rankdata(score, method="max") - below
    approved: FloatArray = np.clip((wanted - below) / tied, 0, 1)
    return approved


def require_share(name: str, value: float) -> None:
    """Refuse a share that is not strictly between 0 and 1."""
    if not 0 < value < 1:
        raise DataError(f"{name} must lie strictly between 0 and 1, got {value}.")


def decisions_by_segment(
    y: object, probability: object, segment: object, *, threshold: float
) -> pd.DataFrame:
    """Return what one cut-off means for each segment.

    Columns ``segment, rows, approved, approval_rate, bads, bad_rate, bad_rate_low,
    bad_rate_high`` (of the approved), ``predicted`` (their mean probability) and
    ``refused_bad_rate``. Approved is who has a probability of at most ``threshold``. Segments
    come in the order of their categories, else sorted; rows without one last, under ``(none)``.
    A rate among nobody is NaN.
    """
    labels = binary(y)
    stated = probabilities(probability, "probability", length=len(labels))
    require_share("threshold", threshold)
    groups = pd.Series(segment).reset_index(drop=True).astype("category")
    if len(groups) != len(labels):
        raise DataError(f"segment has {len(groups)} rows, but {len(labels)} are expected.")
    # A row without a segment counts as one category more, behind the others.
    codes = groups.cat.codes.to_numpy(dtype=np.int64)
    codes = np.where(codes < 0, len(groups.cat.categories), codes)
    used = np.unique(codes)
    yes = stated <= threshold
    size = len(groups.cat.categories) + 1

    def count(mass: object) -> FloatArray:
        return np.bincount(codes, np.asarray(mass, np.float64), size)[used].astype(np.float64)

    rows, approved = count(np.ones(len(labels))), count(yes)
    bads, refused_bads = count(yes * labels), count(~yes * labels)
    low, high = jeffreys(bads, approved - bads)
    names = [*groups.cat.categories, "(none)"]
    some = np.where(approved > 0, approved, np.nan)
    refused = np.where(rows > approved, rows - approved, np.nan)
    return pd.DataFrame(
        {
            "segment": [names[code] for code in used],
            "rows": rows.astype(np.int64),
            "approved": approved.astype(np.int64),
            "approval_rate": approved / rows,
            "bads": bads.astype(np.int64),
            "bad_rate": bads / some,
            "bad_rate_low": np.where(approved > 0, low, np.nan),
            "bad_rate_high": np.where(approved > 0, high, np.nan),
            "predicted": count(yes * stated) / some,
            "refused_bad_rate": refused_bads / refused,
        }
    )
