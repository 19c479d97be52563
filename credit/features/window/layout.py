"""How the measures of a rollup lie in the arrays that compiled loops read and write."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from credit.features.window import kernel, rule
from credit.features.window.kernel import WORD
from credit.features.window.rollup import ALWAYS, Rollup
from credit.features.window.tables import REPAIRED

Longs = NDArray[np.int64]

_OPERATIONS = {
    "count": kernel.COUNT,
    "sum": kernel.SUM,
    "squares": kernel.SQUARES,
    "float_sum": kernel.FLOAT_SUM,
    "float_squares": kernel.FLOAT_SQUARES,
    "min": kernel.MIN,
    "max": kernel.MAX,
    "float_min": kernel.FLOAT_MIN,
    "float_max": kernel.FLOAT_MAX,
}
_OF_AGE = {"min": kernel.YOUNGEST, "max": kernel.OLDEST}
_SAID = {
    "distinct": kernel.DISTINCT,
    "largest": kernel.LARGEST,
    "herfindahl": kernel.HERFINDAHL,
    "entropy": kernel.ENTROPY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Columns of one event, in order, and what is done with them.

    Attributes
    ----------
    sql : dict of str to str
        Alias -> row-level SQL.
    hides : bool
        Whether events may be hidden from an instant on.
    flags, ints, floats, keys : tuple of str
        Aliases of the rollup's row-level SQL: conditions, values and keys.
    steps, sets
        As ``kernel.sweep`` takes them.
    names : tuple of tuple of str
        What each output is called: of steps, and of keys.
    operations : ndarray
        The operation of each output of steps.
    """

    sql: dict[str, str]
    hides: bool
    flags: tuple[str, ...]
    ints: tuple[str, ...]
    floats: tuple[str, ...]
    keys: tuple[str, ...]
    steps: kernel.Steps
    sets: kernel.Sets
    names: tuple[tuple[str, ...], tuple[str, ...]]
    operations: Longs

    @classmethod
    def of(cls, rollup: Rollup, *, hides: bool) -> Layout:
        """Lay out everything that was added to a rollup."""
        flags = _distinct([*(key[1] for key in rollup.partials), *(k[0] for k in rollup.keyed)])
        steps = sorted(rollup.partials, key=lambda step: flags.index(step[1]))
        operation = [_operation(*step) for step in steps]
        weights = [weight for _, _, weight in rollup.keyed if weight != ALWAYS]
        whole = ("sum", "squares", "min", "max")
        ints = _distinct([s[2] for s in steps if s[0] in whole and s[2] != "age"] + weights)
        floats = _distinct(s[2] for s in steps if s[0].startswith("float_"))
        keys = _distinct(key for _, key, _ in rollup.keyed)
        column = [_place(ints, floats, step) for step in steps]
        begin = np.searchsorted([flags.index(s[1]) for s in steps], np.arange(len(flags) + 1))
        number = {rollup.partials[step]: place for place, step in enumerate(steps)}
        outputs = sorted(
            (window, number[partial], alias) for (partial, window), alias in rollup.outputs.items()
        )
        kinds = _longs(operation[step] for _, step, _ in outputs)
        wide = kinds == kernel.SQUARES
        windows = np.arange(len(rollup.windows) + 1)
        said = sorted(
            (window, place, _SAID[aggregate], f"keys{place}_{alias}")
            for place, found in enumerate(rollup.keyed.values())
            for (aggregate, window), alias in found.items()
        )
        return cls(
            sql={alias: sql for sql, alias in rollup.extra.items()} | {ALWAYS: ALWAYS},
            hides=hides,
            flags=flags,
            ints=ints,
            floats=floats,
            keys=keys,
            steps=kernel.Steps(
                reach=_longs(rule.reach(days) for days in rollup.windows),
                begin=begin,
                operation=_longs(operation),
                column=_longs(column),
                out_begin=np.searchsorted([output[0] for output in outputs], windows),
                out_step=_longs(output[1] for output in outputs),
                out_wide=np.where(wide, np.cumsum(wide) - 1, -1),
            ),
            sets=kernel.Sets(
                flag=_longs(flags.index(flag) for flag, _, _ in rollup.keyed),
                key=_longs(keys.index(key) for _, key, _ in rollup.keyed),
                weight=_longs(
                    -1 if weight == ALWAYS else ints.index(weight) for _, _, weight in rollup.keyed
                ),
                begin=np.searchsorted([output[0] for output in said], windows),
                out_set=_longs(output[1] for output in said),
                out_say=_longs(output[2] for output in said),
            ),
            names=(
                tuple(f"total_{output[2]}" for output in outputs),
                tuple(output[3] for output in said),
            ),
            operations=kinds,
        )

    def select(self, person: str) -> str:
        """Return SQL of an event: its person, times, words of conditions, values, keys."""
        words = [
            " + ".join(
                f"({self.sql[flag]}) * {1 << bit}"
                for bit, flag in enumerate(self.flags[start : start + WORD])
            )
            for start in range(0, len(self.flags), WORD)
        ]
        columns = [
            person,
            "e.event_time",
            rule.known_from("e"),
            *([rule.hidden_from(f"e.{REPAIRED}")] if self.hides else []),
            *words,
            *(f"coalesce(cast({self.sql[name]} as bigint), 0)" for name in self.ints),
            *(f"coalesce(cast({self.sql[name]} as double), 0.0e0)" for name in self.floats),
            *(self.sql[name] for name in self.keys),
        ]
        return ", ".join(f"{sql} as c{place}" for place, sql in enumerate(columns))

    @property
    def words(self) -> int:
        """Integers that hold the conditions of an event."""
        return -(-len(self.flags) // WORD)

    @property
    def width(self) -> int:
        """Bytes that an event takes while it is sorted, at most."""
        return 8 * (6 + self.words + len(self.ints) + len(self.floats) + len(self.keys))

    def out(self, observations: int) -> kernel.Outputs:
        """Return room for every output of some observations."""
        wide = int((self.operations == kernel.SQUARES).sum())
        return kernel.out_of(len(self.names[0]), wide, len(self.names[1]), observations)

    def table(self, observation: Longs, out: kernel.Outputs) -> pa.Table:
        """Return the outputs as an Arrow table, one row an observation."""
        size = len(observation)
        columns = {"observation_id": pa.array(observation)}
        for place, name in enumerate(self.names[0]):
            kind, values = _DOUBLES.get(int(self.operations[place]), pa.int64()), out.whole[place]
            if self.operations[place] == kernel.SQUARES:
                kind, values = pa.decimal128(38), out.wide[self.steps.out_wide[place]]
            nulls = np.packbits(~out.empty[place], bitorder="little")
            buffers = [pa.py_buffer(nulls), pa.py_buffer(values)]
            columns[name] = pa.Array.from_buffers(kind, size, buffers)
        for place, name in enumerate(self.names[1]):
            columns[name] = pa.array(out.said[place], from_pandas=True)
        return pa.table(columns)


_DOUBLES = dict.fromkeys(
    (kernel.FLOAT_SUM, kernel.FLOAT_SQUARES, kernel.FLOAT_MIN, kernel.FLOAT_MAX), pa.float64()
)


def _operation(name: str, _flag: str, column: str) -> int:
    return _OF_AGE[name] if column == "age" else _OPERATIONS[name]


def _place(ints: tuple[str, ...], floats: tuple[str, ...], step: tuple[str, str, str]) -> int:
    """Return the place of a step's column among those of its type."""
    name, _, column = step
    if name == "count" or column == "age":
        return -1
    return (floats if name.startswith("float_") else ints).index(column)


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _longs(values: Iterable[int]) -> Longs:
    return np.array(list(values), dtype=np.int64)
