"""Parties that tests let train together: threads of one process."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from credit.federated.reduce import MemoryReducer, memory_reducers

T = TypeVar("T")


def together(parties: int, work: Callable[[MemoryReducer], T]) -> list[T]:
    """Return what each of some threads makes of its reducer."""

    def guarded(reducer: MemoryReducer) -> T:
        try:
            return work(reducer)
        except BaseException:
            reducer.abort()
            raise

    with ThreadPoolExecutor(parties) as pool:
        return list(pool.map(guarded, memory_reducers(parties, timeout=30)))


def outcomes(parties: int, work: Callable[[MemoryReducer], object]) -> list[object]:
    """Return what each party comes to by itself, an error too."""

    def caught(reducer: MemoryReducer) -> object:
        try:
            return work(reducer)
        except Exception as error:
            return error

    with ThreadPoolExecutor(parties) as pool:
        return list(pool.map(caught, memory_reducers(parties, timeout=10)))
