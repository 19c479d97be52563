"""Compiled loops that bring events into the order of person and time, and number keys."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Longs = NDArray[np.int64]


@njit(cache=True)
def places(persons: NDArray[np.int32], first: Longs) -> Longs:
    """Return where each event goes so that persons stand together, in the order they came.

    ``first`` (persons + 1 zeros) is filled with where each person's events begin.
    """
    for person in persons:
        first[person + 1] += 1
    for person in range(first.size - 1):
        first[person + 1] += first[person]
    following = first[:-1].copy()
    found = np.empty(persons.size, np.int64)
    for event in range(persons.size):
        found[event] = following[persons[event]]
        following[persons[event]] += 1
    return found


@njit(cache=True)
def put(source: NDArray[Any], place: Longs, into: NDArray[Any]) -> None:
    """Write ``into[place[i]] = source[i]``."""
    for event in range(source.size):
        into[place[event]] = source[event]


@njit(cache=True)
def put_in_time(first: Longs, times: Longs, place: Longs) -> None:
    """Sort each person's ``times``, which ``places`` put together, and correct ``place``.

    Most logs are in order of time already, and then nothing moves.
    """
    rank = np.empty(0, np.int64)
    for person in range(first.size - 1):
        start, stop = first[person], first[person + 1]
        moved = False
        for event in range(start + 1, stop):
            moved |= times[event] < times[event - 1]
        if moved:
            if rank.size == 0:
                rank = np.arange(times.size)
            order = np.argsort(times[start:stop], kind="mergesort")
            times[start:stop] = times[start:stop][order]
            rank[start + order] = np.arange(start, stop)
    if rank.size:
        for event in range(place.size):
            place[event] = rank[place[event]]


@njit(cache=True)
def number_keys(first: Longs, keys: Longs, found: NDArray[np.int32]) -> int:
    """Write each person's keys into ``found``, numbered from 0; return the most of a person."""
    held, given = np.empty(2, np.int64), np.empty(2, np.int64)
    owner = np.full(2, -1)
    most = 1
    for person in range(first.size - 1):
        width = 2
        while width < 2 * (first[person + 1] - first[person]):
            width *= 2
        if width > owner.size:
            held, given = np.empty(width, np.int64), np.empty(width, np.int64)
            owner = np.full(width, -1)
        number = 0
        for event in range(first[person], first[person + 1]):
            key = keys[event]
            # Fibonacci hashing; the table is at most half full, so a free slot is near.
            slot = ((key ^ (key >> 29)) * -7046029254386353131 >> 20) & (width - 1)
            while owner[slot] == person and held[slot] != key:
                slot = (slot + 1) & (width - 1)
            if owner[slot] != person:
                owner[slot], held[slot], given[slot] = person, key, number
                number += 1
            found[event] = given[slot]
        most = max(most, number)
    return most
