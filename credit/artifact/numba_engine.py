"""Large batches of a card by compiled code, to the same doubles and integers.

A block of rows passes the terms one after the other, as in `credit.runtime.card`: what differs is
that bins are counted eight edges at a time, and that looking up and adding is one pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from credit.errors import ArtifactError
from credit.runtime import Scorer
from credit.runtime.blended import Blended
from credit.runtime.card import Card, CardEngine, Term
from credit.runtime.columns import Rows
from credit.runtime.plain import Floats, Integers

LEAST_ROWS = 2_000
"""Rows from which compiled code is worth its preparation."""

_BLOCK = 8_192
"""Rows worked on at once: their values, bins and sums stay in the processor's nearest caches."""

_MOST_EDGES = 128
"""With more, NumPy's search is faster than counting."""


@dataclass(frozen=True, eq=False)
class _Prepared:
    """A term as the compiled code reads it; ``edges`` are filled up to eights with infinity."""

    term: Term
    counted: bool
    edges: Floats
    codes: Floats
    code_bins: Integers
    table: Floats


def with_numba(scorer: Scorer, *, least_rows: int = LEAST_ROWS) -> Scorer:
    """Return a scorer whose card is added up by compiled code in batches of ``least_rows`` or more.

    Scores are the same, to the last bit; `Scores.engine` says who added. Compiled code lets go of
    the interpreter's lock: threads that score parts of a batch with one scorer run at once.

    Parameters
    ----------
    scorer : Scorer
        A loaded artifact with a card.
    least_rows : int
        Smaller batches stay with NumPy.

    Raises
    ------
    ArtifactError
        The model has no card.
    """
    from credit.artifact.card_kernels import add, count

    card = scorer.card
    if card is None:
        raise ArtifactError("scorer: the model has no card, so there is nothing for numba.")
    terms = [_prepared(term) for term in card.terms]

    def totals(rows: Rows, count_of_rows: int) -> tuple[Floats, Integers]:
        return _totals(card, terms, rows, count_of_rows, (count, add))

    fast = replace(card, engine=CardEngine("numba", least_rows, totals))
    model: Card | Blended = fast
    if isinstance(scorer.model, Blended):
        model = replace(scorer.model, card=fast)
    return replace(scorer, model=model)


def _prepared(term: Term) -> _Prepared:
    numbers = {code: at for code, at in term.special.items() if not isinstance(code, str)}
    filling = np.full(-len(term.edges) % 8 if len(term.edges) else 8, np.inf)
    return _Prepared(
        term=term,
        counted=len(term.edges) <= _MOST_EDGES,
        edges=np.concatenate((term.edges, filling)),
        codes=np.array(list(numbers), dtype=np.float64),
        code_bins=np.array(list(numbers.values()), dtype=np.int64),
        table=np.stack((term.margin, term.points.astype(np.float64)), axis=1),
    )


def _totals(
    card: Card,
    terms: list[_Prepared],
    rows: Rows,
    count: int,
    kernels: tuple[Callable[..., Any], Callable[..., Any]],
) -> tuple[Floats, Integers]:
    margin, points = np.empty(count), np.empty(count, dtype=np.int64)
    sums, held = np.empty((_BLOCK, 2)), np.empty(_BLOCK, dtype=np.int64)
    count_edges, add = kernels
    for begin in range(0, count, _BLOCK):
        block = slice(begin, min(begin + _BLOCK, count))
        total = sums[: block.stop - begin]
        total[:] = card.intercept, card.base_points
        for one in terms:
            values: NDArray[Any] = np.ascontiguousarray(rows[one.term.feature][block])
            if one.counted and values.dtype == np.float64:
                bins = held[: len(values)]
                count_edges(values, one.edges, one.codes, one.code_bins, one.term.missing, bins)
            else:
                bins = one.term.bins(values).astype(np.int64, copy=False)
            add(bins, one.table, total)
        margin[block], points[block] = total[:, 0], total[:, 1]
    return margin, points
