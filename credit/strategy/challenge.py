"""Champion against challenger: what differs, for whom, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from credit.decide.money import YUAN
from credit.errors import DataError
from credit.strategy.book import Bools, Floats
from credit.strategy.economics import Simulated

FIGURES = ("profit", "approval_rate", "expected_bad_rate", "bad_rate")
"""What two strategies are compared in; profit in yuan, of the whole book."""


def weighed(found: Simulated, weight: Floats) -> dict[str, float]:
    """Return `FIGURES` of a book whose rows count so many times each.

    A rate among nobody is NaN.
    """
    yes = found.decided.approved * weight
    known = yes * ~np.isnan(found.book.bad)
    likely = np.nan_to_num(found.book.probability) @ yes
    return {
        "profit": float(found.earned.profit @ weight) / YUAN * len(weight) / float(weight.sum()),
        "approval_rate": float(yes.sum() / weight.sum()),
        "expected_bad_rate": _rate(likely, yes.sum()),
        "bad_rate": _rate(np.nan_to_num(found.book.bad) @ known, known.sum()),
    }


def differences(champion: Simulated, challenger: Simulated, weight: Floats) -> dict[str, float]:
    """Return each figure of the challenger less that of the champion, on the same rows.

    To be drawn again with weights: what both get from a row cancels.
    """
    _same_book(champion, challenger)
    first, second = weighed(champion, weight), weighed(challenger, weight)
    return {name: second[name] - first[name] for name in FIGURES}


def swaps(champion: Simulated, challenger: Simulated) -> pd.DataFrame:
    """Return who changes sides.

    Returns
    -------
    DataFrame
        ``decision`` (both approve, swapped in, swapped out, neither), ``rows, share``,
        ``expected_bad_rate`` (of those with a probability), ``known, bads``, and the ``profit`` of
        champion and challenger on these rows, yuan. Of who is approved by neither no outcome tells
        what it would have been.
    """
    _same_book(champion, challenger)
    old, new = champion.decided.approved, challenger.decided.approved
    book = champion.book
    sets: Mapping[str, Bools] = {
        "both approve": old & new, "swapped in": ~old & new, "swapped out": old & ~new,
        "neither": ~old & ~new,
    }  # fmt: skip
    lines = []
    for name, rows in sets.items():
        known = rows & ~np.isnan(book.bad)
        stated = rows & ~np.isnan(book.probability)
        lines.append(
            {
                "decision": name, "rows": int(rows.sum()), "share": float(rows.mean()),
                "expected_bad_rate": _rate(book.probability[stated].sum(), stated.sum()),
                "known": int(known.sum()), "bads": int(book.bad[known].sum()),
                "profit_champion": float(champion.earned.profit[rows].sum()) / YUAN,
                "profit_challenger": float(challenger.earned.profit[rows].sum()) / YUAN,
            }
        )  # fmt: skip
    return pd.DataFrame(lines)


def changes(first: Simulated, second: Simulated) -> dict[str, float]:
    """Return how many decisions differ between two results on the same applications.

    Returns
    -------
    dict
        ``rows``; ``decisions``, of which ``gained`` and ``lost`` an approval; ``limits`` and
        ``prices`` that differ; ``any`` of the three; ``approved`` and ``profit`` (yuan), the second
        less the first.
    """
    _same_book(first, second)
    old, new = first.decided, second.decided
    rate = [np.array([*map(float, side.rates), np.nan])[side.rate] for side in (old, new)]
    price = ~np.isclose(rate[0], rate[1], rtol=0, atol=1e-12, equal_nan=True)
    outcome, limit = old.outcome != new.outcome, old.limit_fen != new.limit_fen
    return {
        "rows": len(outcome), "decisions": int(outcome.sum()),
        "gained": int((~old.approved & new.approved).sum()),
        "lost": int((old.approved & ~new.approved).sum()),
        "limits": int(limit.sum()), "prices": int(price.sum()),
        "any": int((outcome | limit | price).sum()),
        "approved": int(new.approved.sum()) - int(old.approved.sum()),
        "profit": float(second.earned.profit.sum() - first.earned.profit.sum()) / YUAN,
    }  # fmt: skip


def _same_book(first: Simulated, second: Simulated) -> None:
    if first.book.stated != second.book.stated:
        raise DataError(
            f"{first.strategy.name} and {second.strategy.name} decide different applications; "
            "simulate both on one book."
        )


def _rate(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else float("nan")
