"""What compiled loops over events read and write: arrays by name, and codes of operations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

COUNT, SUM, SQUARES, MIN, MAX = range(5)
FLOAT_SUM, FLOAT_SQUARES, FLOAT_MIN, FLOAT_MAX, YOUNGEST, OLDEST = range(5, 11)
"""What is done with an event that counts: with integers, with floats, with its age."""

DISTINCT, LARGEST, HERFINDAHL, ENTROPY = range(4)
"""What is said of the weights of keys."""

WORD = 30
"""Tests that are told in one integer of 32 bits."""

Longs = NDArray[np.int64]
Doubles = NDArray[np.float64]


class Events(NamedTuple):
    """Columns of events, persons together and in order of time.

    ``first`` (persons + 1) says where each person's begin. ``flags`` (words, n) hold the
    tests, a bit each, ``ints``, ``floats`` and ``keys`` one row a column; ``hidden`` may be empty.
    """

    first: Longs
    times: Longs
    known: Longs
    hidden: Longs
    flags: NDArray[np.int32]
    ints: Longs
    floats: Doubles
    keys: NDArray[np.int32]


class Steps(NamedTuple):
    """What is totalled.

    ``reach`` of each window, shortest first; ``need`` (flags, words), the bits that an event must
    have for a flag; the steps of flag f are ``begin[f]`` to ``begin[f + 1]``, each an operation on
    a column; the outputs of window w are ``out_begin[w]`` to ``out_begin[w + 1]``, each of a step,
    and its place among the wide ones.
    """

    reach: Longs
    need: NDArray[np.int32]
    begin: Longs
    operation: Longs
    column: Longs
    out_begin: Longs
    out_step: Longs
    out_wide: Longs


class Sets(NamedTuple):
    """Sets of keys.

    The flag, the column of keys and that of weights (-1: one each) of each set; the outputs of
    window w are ``begin[w]`` to ``begin[w + 1]``, each saying a thing of a set.
    """

    flag: Longs
    key: Longs
    weight: Longs
    begin: Longs
    out_set: Longs
    out_say: Longs


class Outputs(NamedTuple):
    """One row an output, one column an observation.

    Integers, or the bits of doubles; numbers of 128 bits (outputs, observations, 2); which of
    them are null; and what is said of keys, not a number for null.
    """

    whole: Longs
    wide: NDArray[np.uint64]
    empty: NDArray[np.bool_]
    said: Doubles

    @classmethod
    def room(cls, totals: int, wide: int, said: int, observations: int) -> Outputs:
        """Return room for outputs."""
        return cls(
            np.empty((totals, observations), np.int64),
            np.empty((wide, observations, 2), np.uint64),
            np.empty((totals, observations), np.bool_),
            np.empty((said, observations)),
        )
