"""Compiled loops over events sorted by person and time: one walk back in time an observation.

An observation's events are met from the youngest to the oldest. Running totals hold what lies
in all windows that are still open; when an event is older than a window, the totals of that
moment are the window's. So every event is looked at once per observation, whatever the windows.

Integers are summed exactly: in 64 bits, where an overflow is reported; squares in 128. Sums of
floats keep what their additions lose (Neumaier, 1974), so the order of events that share an
instant is not seen.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from credit.features.window import rule
from credit.features.window.arrays import (
    COUNT,
    DISTINCT,
    FLOAT_MAX,
    FLOAT_MIN,
    FLOAT_SQUARES,
    FLOAT_SUM,
    HERFINDAHL,
    LARGEST,
    MIN,
    OLDEST,
    SQUARES,
    SUM,
    YOUNGEST,
    Doubles,
    Events,
    Longs,
    Outputs,
    Sets,
    Steps,
)

_counts = njit(cache=True)(rule.counts)

_HALF, _ONE = np.uint64(32), np.uint64(1)
_LOW = np.uint64(2**32 - 1)
_MOST = np.uint64(2**62)
_SPLIT = 2.0**44
"""Cuts what is summed exactly in two: large weights fit above it, many keys below."""


class _Totals(NamedTuple):
    """What the windows that are still open hold, one entry a step."""

    whole: Longs
    wide: NDArray[np.uint64]
    real: Doubles
    lost: Doubles
    some: NDArray[np.bool_]


class _Weights(NamedTuple):
    """What each key weighs, by set, and the keys met."""

    weight: Longs
    met: NDArray[np.int32]
    distinct: Longs


@njit(cache=True)
def sweep(  # noqa: C901, PLR0912, PLR0915 - one loop: to hand over its arrays costs more than it does
    events: Events, observed: tuple[Longs, Longs], steps: Steps, sets: Sets, out: Outputs, most: int
) -> bool:
    """Fill ``out`` for every observation; return whether a sum of integers overflowed.

    Parameters
    ----------
    events, steps, sets, out
        See their classes.
    observed : tuple of ndarray
        Person and instant of each observation.
    most : int
        The most different keys that a person has.
    """
    first, times, known, hidden, flags, ints, floats, keys = events
    reach, need = steps.reach, steps.need
    begin, operation, column = steps.begin, steps.operation, steps.column
    set_flag, set_key, set_weight = sets.flag, sets.key, sets.weight
    whole, some = np.zeros(operation.size, np.int64), np.zeros(operation.size, np.bool_)
    wide = np.zeros((operation.size, 2), np.uint64)
    real, lost = np.zeros(operation.size), np.zeros(operation.size)
    totals = _Totals(whole, wide, real, lost, some)
    seen = np.full((set_flag.size, most), -1)
    weight = np.zeros((set_flag.size, most), np.int64)
    met, distinct = np.zeros((set_flag.size, most), np.int32), np.zeros(set_flag.size, np.int64)
    weights = _Weights(weight, met, distinct)
    overflowed = False
    for observation in range(observed[0].size):
        person, q = observed[0][observation], observed[1][observation]
        whole[:], wide[:], real[:], lost[:], some[:], distinct[:] = 0, 0, 0, 0, False, 0
        start = first[person]
        event = start + np.searchsorted(times[start : first[person + 1]], q, side="right") - 1
        window = 0
        while window < reach.size:
            if event < start or q - times[event] > reach[window]:
                _write(totals, steps, out, window, observation)
                _say(weights, sets, out.said, window, observation)
                window += 1
                continue
            if not _counts(known[event], hidden[event] if hidden.size else q + 1, q):
                event -= 1
                continue
            for flag in range(begin.size - 1):
                if not _holds(flags, event, need, flag):
                    continue
                for step in range(begin[flag], begin[flag + 1]):
                    kind, which = operation[step], column[step]
                    if kind == COUNT:
                        whole[step] += 1
                    elif kind == SUM:
                        overflowed |= _add(whole, step, ints[which, event])
                    elif kind == SQUARES:
                        overflowed |= _add_square(wide, step, ints[which, event])
                    elif kind < FLOAT_SUM:
                        value = ints[which, event]
                        if not some[step] or (value < whole[step]) == (kind == MIN):
                            whole[step] = value
                    elif kind == FLOAT_SUM:
                        _add_real(real, lost, step, floats[which, event])
                    elif kind == FLOAT_SQUARES:
                        _add_real(real, lost, step, floats[which, event] ** 2)
                    elif kind < YOUNGEST:
                        amount = floats[which, event]
                        if not some[step] or _is_less(amount, real[step]) == (kind == FLOAT_MIN):
                            real[step] = amount
                    elif kind == OLDEST or not some[step]:
                        whole[step] = q - times[event]
                    some[step] = True
            for which in range(set_flag.size):
                if not _holds(flags, event, need, set_flag[which]):
                    continue
                key = keys[set_key[which], event]
                if seen[which, key] != observation:
                    seen[which, key], weight[which, key] = observation, 0
                    met[which, distinct[which]] = key
                    distinct[which] += 1
                value = 1 if set_weight[which] < 0 else ints[set_weight[which], event]
                overflowed |= _add(weight[which], key, value)
            event -= 1
    return overflowed


@njit(cache=True)
def _holds(flags: NDArray[np.int32], event: int, need: NDArray[np.int32], flag: int) -> bool:
    """Whether everything that a flag needs is true of an event."""
    for word in range(need.shape[1]):
        if flags[word, event] & need[flag, word] != need[flag, word]:
            return False
    return True


@njit(cache=True)
def _add(totals: Longs, place: int, value: int) -> bool:
    """Add an integer; return whether the sum leaves 64 bits: only then has it neither's sign."""
    held = totals[place]
    total = held + value
    totals[place] = total
    return (held ^ total) & (value ^ total) < 0


@njit(cache=True)
def _add_square(wide: NDArray[np.uint64], place: int, value: int) -> bool:
    """Add value^2 to 128 bits (low word, high word); return whether the sum leaves 126.

    By halves of words, (a 2^32 + b)^2 = a^2 2^64 + a b 2^33 + b^2.
    """
    size = np.uint64(abs(value))
    above, below = size >> _HALF, size & _LOW
    middle = above * below
    square = below * below
    low = square + (middle << np.uint64(33))
    high = above * above + (middle >> np.uint64(31))
    if low < square:
        high += _ONE
    total = wide[place, 0] + low
    if total < low:
        high += _ONE
    wide[place, 0] = total
    wide[place, 1] += high
    return wide[place, 1] > _MOST


@njit(cache=True)
def _add_real(real: Doubles, lost: Doubles, place: int, value: float) -> None:
    """Add a double, and keep what the addition loses."""
    held = real[place]
    total = held + value
    if abs(held) >= abs(value):
        lost[place] += (held - total) + value
    else:
        lost[place] += (value - total) + held
    real[place] = total


@njit(cache=True)
def _is_less(one: float, other: float) -> bool:
    """Whether a double lies below another; not a number lies above all, as in the engine."""
    return one < other or (np.isnan(other) and not np.isnan(one))


@njit(cache=True)
def _write(totals: _Totals, steps: Steps, out: Outputs, window: int, observation: int) -> None:
    """Write the totals of a window that is complete."""
    whole, wide, real, lost, some = totals
    to_whole, to_wide, empty, _ = out
    to_real = to_whole.view(np.float64)
    operation, out_step, out_wide = steps.operation, steps.out_step, steps.out_wide
    for place in range(steps.out_begin[window], steps.out_begin[window + 1]):
        step = out_step[place]
        kind = operation[step]
        if kind == SQUARES:
            to_wide[out_wide[place], observation, 0] = wide[step, 0]
            to_wide[out_wide[place], observation, 1] = wide[step, 1]
        elif FLOAT_SUM <= kind <= FLOAT_MAX:
            total = real[step]
            to_real[place, observation] = total + lost[step] if np.isfinite(total) else total
        else:
            to_whole[place, observation] = whole[step]
        empty[place, observation] = kind != COUNT and not some[step]


@njit(cache=True)
def _say(weights: _Weights, sets: Sets, said: Doubles, window: int, observation: int) -> None:
    """Write what is asked of the keys met in a window that is complete."""
    for place in range(sets.begin[window], sets.begin[window + 1]):
        which, what = sets.out_set[place], sets.out_say[place]
        distinct = weights.distinct[which]
        if what == DISTINCT:
            said[place, observation] = distinct
        else:
            met = weights.met[which, :distinct]
            said[place, observation] = _spread(what, weights.weight[which], met)


@njit(cache=True)
def _spread(what: int, weight: Longs, met: NDArray[np.int32]) -> float:
    """Return the heaviest weight, sum of squared shares or entropy; not a number for null."""
    total, heaviest = 0.0, -np.inf
    for key in met:
        total += weight[key]
        heaviest = max(heaviest, float(weight[key]))
    if what == LARGEST:
        return heaviest if met.size else 0.0
    if not total > 0:
        return np.nan
    if what == HERFINDAHL:
        squares = np.zeros((1, 2), np.uint64)
        for key in met:
            _add_square(squares, 0, weight[key])
        return (float(squares[0, 1]) * 2.0**64 + float(squares[0, 0])) / (total * total)
    if not total > heaviest:
        return 0.0
    # In whole units of 1e-12, exactly, so that keys may be met in any order.
    high = low = 0
    for key in met:
        amount = float(weight[key])
        if amount > 0:
            term = np.rint(amount * np.log(amount) * 1e12)
            above = np.floor(term / _SPLIT)
            high += int(above)
            low += int(term - above * _SPLIT)
    inner = (float(high) * _SPLIT + float(low)) / (1e12 * total)
    return max(0.0, np.log(total) - inner)
