"""The one thing parties do together, a sum over all of them that repeats bit by bit.

Whoever offers it is a `credit.whole.Whole`.

The engine adds what arrives in the order in which it arrives, and a sum of floats depends on its
order. So floats travel as integers: with 2^e above every party's magnitude of a number, each
party sends the 40 bits below 2^e and the 56 bits below those as two int64. Integers add up
exactly in any order; what is lost is below 2^(e-97), deep under the last bit of a double.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from credit.errors import FederatedError, ModelError
from credit.whole import Number

MOST_PARTIES = 64
"""So many summands of 56 bits fit in 63."""

HIGH, LOW = 40, 56

Ints = NDArray[np.int64]


class Wire(Protocol):
    """What carries integers between parties: elementwise sum and maximum."""

    def add(self, values: Ints) -> Ints:
        """Return the sum over parties."""

    def largest(self, values: Ints) -> Ints:
        """Return the maximum over parties."""


def sum_over(wire: Wire, values: NDArray[Number]) -> NDArray[Number]:
    """Return the sum over the parties of a wire, as :meth:`credit.whole.Whole.sum` says."""
    if values.dtype not in (np.float64, np.int64):
        raise ModelError(f"values: dtype {values.dtype}, but parties add up float64 or int64.")
    _refuse_other_shapes(wire, values)
    if values.dtype == np.int64:
        return _back(wire.add(values.ravel().astype(np.int64)), values)
    flat = values.ravel().astype(np.float64)
    if not np.isfinite(flat).all():
        raise ModelError(
            f"values: {int((~np.isfinite(flat)).sum())} of {flat.size} are not finite, so they "
            "have no sum. Look for a division by zero in this party's rows."
        )
    above = wire.largest(np.where(flat == 0, -1074, np.frexp(flat)[1]).astype(np.int64))
    scaled = np.ldexp(flat, HIGH - above)
    high = np.rint(scaled)
    low = np.rint(np.ldexp(scaled - high, LOW))
    parts = wire.add(np.concatenate([high, low]).astype(np.int64)).astype(np.float64)
    high, low = np.split(parts, 2)
    return _back(np.ldexp(high + np.ldexp(low, -LOW), above - HIGH), values)


def _back(flat: NDArray[Any], like: NDArray[Number]) -> NDArray[Number]:
    return flat.astype(like.dtype).reshape(like.shape)


def _refuse_other_shapes(wire: Wire, values: NDArray[Any]) -> None:
    mine = np.zeros(66, dtype=np.int64)  # an array has at most 64 dimensions
    mine[: values.ndim + 2] = [values.dtype == np.float64, values.ndim, *values.shape]
    both = np.concatenate([mine, -mine])
    most, least = np.split(wire.largest(both), 2)
    if (most + least).any():
        raise FederatedError(
            f"a sum over parties: this one gave shape {values.shape} of {values.dtype}, another "
            "gave something else. All must run the same version on the same columns."
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Table:
    """Where threads of one process put their numbers."""

    barrier: threading.Barrier
    slots: list[Ints] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MemoryReducer:
    """A party that is a thread of this process: the same sums without a network."""

    rank: int
    parties: int
    table: _Table

    def sum(self, values: NDArray[Number]) -> NDArray[Number]:
        """Return the sum over parties."""
        return sum_over(self, values)

    def add(self, values: Ints) -> Ints:
        """Return the sum over parties of integers."""
        return np.sum(self._all(values), axis=0, dtype=np.int64)

    def largest(self, values: Ints) -> Ints:
        """Return the maximum over parties."""
        return np.max(self._all(values), axis=0)

    def abort(self) -> None:
        """End the waiting of all others: this party will not come."""
        self.table.barrier.abort()

    def _all(self, values: Ints) -> list[Ints]:
        try:
            self.table.slots[self.rank] = values
            self.table.barrier.wait()
            found = list(self.table.slots)
            self.table.barrier.wait()
        except threading.BrokenBarrierError as error:
            raise FederatedError("a party is gone or late: the sum was given up.") from error
        return found


def memory_reducers(parties: int, *, timeout: float = 60.0) -> list[MemoryReducer]:
    """Return a reducer for each of some threads; none waits longer than ``timeout`` seconds."""
    nothing = np.zeros(0, dtype=np.int64)
    table = _Table(barrier=threading.Barrier(parties, timeout=timeout), slots=[nothing] * parties)
    return [MemoryReducer(rank=rank, parties=parties, table=table) for rank in range(parties)]
