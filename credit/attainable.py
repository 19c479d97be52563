"""What a known truth allows: the AUC expected of a score when outcomes follow true probabilities.

The one thing that the generated world and the evaluation of models both need; neither may import
the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from credit.errors import DataError


def expected_auc(p: ArrayLike, score: ArrayLike | None = None) -> float:
    """Return the AUC of ``score`` expected over outcomes drawn from ``p``.

    sum_{i != j} p_i (1 - p_j) ([s_i > s_j] + [s_i = s_j] / 2) / sum_{i != j} p_i (1 - p_j)

    in O(n log n): a ratio of expectations, from which the expected ratio differs by O(1/n).

    Parameters
    ----------
    p : ndarray of shape (n,)
        Probabilities of being bad.
    score : ndarray of shape (n,), optional
        What ranks the people, higher is riskier; p itself by default, which gives the ceiling.

    Raises
    ------
    DataError
        If lengths differ, a value is not finite, p leaves [0, 1], or no pair of a bad and a good
        is possible.

    Examples
    --------
    >>> round(expected_auc(np.array([0.0, 0.5, 1.0])), 4)
    1.0
    """
    p = np.asarray(p, dtype=np.float64)
    score = p if score is None else np.asarray(score, dtype=np.float64)
    if p.ndim != 1 or p.shape != score.shape or p.size < 2:
        raise DataError(
            f"p and score must be vectors of one length of at least 2, "
            f"got shapes {p.shape} and {score.shape}."
        )
    if not (np.isfinite(p).all() and np.isfinite(score).all()) or p.min() < 0 or p.max() > 1:
        raise DataError("p must lie in [0, 1], and p and score must be finite.")
    # One temporary of n numbers at a time: numpy.unique with its inverse would hold seven.
    rank = np.searchsorted(np.unique(score), score)
    own = np.bincount(rank, p * (1 - p)).sum()
    bad, good = np.bincount(rank, p), np.bincount(rank, 1 - p)
    below = np.cumsum(good)
    below -= good
    won = bad @ below + (bad @ good - own) / 2
    pairs = bad.sum() * good.sum() - own
    if pairs <= 0:
        raise DataError(
            f"p ({len(p)} values) leaves no pair of a bad and a good: an AUC needs both. Use more "
            "rows."
        )
    return float(won / pairs)
