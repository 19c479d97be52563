"""How the measures of a rollup lie in the arrays that compiled loops read and write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from credit.features.window import arrays, rule
from credit.features.window.arrays import Longs
from credit.features.window.rollup import ALWAYS, Rollup
from credit.features.window.tables import REPAIRED

_OPERATIONS = {
    "count": arrays.COUNT,
    "sum": arrays.SUM,
    "squares": arrays.SQUARES,
    "float_sum": arrays.FLOAT_SUM,
    "float_squares": arrays.FLOAT_SQUARES,
    "min": arrays.MIN,
    "max": arrays.MAX,
    "float_min": arrays.FLOAT_MIN,
    "float_max": arrays.FLOAT_MAX,
}
_OF_AGE = {"min": arrays.YOUNGEST, "max": arrays.OLDEST}
_SAID = {
    "distinct": arrays.DISTINCT,
    "largest": arrays.LARGEST,
    "herfindahl": arrays.HERFINDAHL,
    "entropy": arrays.ENTROPY,
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
    tests : tuple of str
        Row-level SQL of whatever some condition needs to be true.
    ints, floats, keys : tuple of str
        Aliases of values and keys.
    steps, sets
        As ``kernel.sweep`` takes them.
    names : tuple of tuple of str
        What each output is called: of steps, and of keys.
    """

    sql: dict[str, str]
    hides: bool
    tests: tuple[str, ...]
    ints: tuple[str, ...]
    floats: tuple[str, ...]
    keys: tuple[str, ...]
    steps: arrays.Steps
    sets: arrays.Sets
    names: tuple[tuple[str, ...], tuple[str, ...]]

    @classmethod
    def of(cls, rollup: Rollup, *, hides: bool) -> Layout:
        """Lay out everything that was added to a rollup."""
        flags = _distinct([*(key[1] for key in rollup.partials), *(k[0] for k in rollup.keyed)])
        tests = _distinct(test for flag in flags for test in rollup.tests[flag])
        whole = ("sum", "squares", "min", "max")
        ints = _distinct(
            [
                *(name for kind, _, name in rollup.partials if kind in whole and name != "age"),
                *(weight for _, _, weight in rollup.keyed if weight != ALWAYS),
            ]
        )
        floats = _distinct(
            name for kind, _, name in rollup.partials if kind.startswith("float_")
        )  # fmt: skip
        keys = _distinct(key for _, key, _ in rollup.keyed)
        needs = _needs([rollup.tests[flag] for flag in flags], tests)
        steps, totals = _steps(rollup, flags, needs, {"int": ints, "float": floats})
        sets, said = _sets(rollup, flags, ints, keys)
        return cls(
            sql={alias: sql for sql, alias in rollup.extra.items()} | {ALWAYS: ALWAYS},
            hides=hides,
            tests=tests,
            ints=ints,
            floats=floats,
            keys=keys,
            steps=steps,
            sets=sets,
            names=(totals, said),
        )

    def select(self, person: str) -> str:
        """Return SQL of an event: its person, times, words of conditions, values, keys."""
        words = [
            " + ".join(
                f"case when {test} then {1 << bit} else 0 end"
                for bit, test in enumerate(self.tests[start : start + arrays.WORD])
            )
            or "0"
            for start in range(0, self.words * arrays.WORD, arrays.WORD)
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
        """Integers that hold the tests of an event."""
        return self.steps.need.shape[1]

    @property
    def width(self) -> int:
        """Bytes that an event takes while it is sorted, at most."""
        return 8 * (6 + self.words + len(self.ints) + len(self.floats) + len(self.keys))

    def out(self, observations: int) -> arrays.Outputs:
        """Return room for every output of some observations."""
        wide = int((self.steps.out_wide >= 0).sum())
        return arrays.Outputs.room(len(self.names[0]), wide, len(self.names[1]), observations)

    def table(self, observation: Longs, out: arrays.Outputs) -> pa.Table:
        """Return the outputs as an Arrow table, one row an observation."""
        size = len(observation)
        columns = {"observation_id": pa.array(observation)}
        for place, name in enumerate(self.names[0]):
            operation = int(self.steps.operation[self.steps.out_step[place]])
            kind, values = _DOUBLES.get(operation, pa.int64()), out.whole[place]
            if operation == arrays.SQUARES:
                kind, values = pa.decimal128(38), out.wide[self.steps.out_wide[place]]
            nulls = np.packbits(~out.empty[place], bitorder="little")
            buffers = [pa.py_buffer(nulls), pa.py_buffer(values)]
            columns[name] = pa.Array.from_buffers(kind, size, buffers)
        for place, name in enumerate(self.names[1]):
            columns[name] = pa.array(out.said[place], from_pandas=True)
        return pa.table(columns)


_DOUBLES = dict.fromkeys(
    (arrays.FLOAT_SUM, arrays.FLOAT_SQUARES, arrays.FLOAT_MIN, arrays.FLOAT_MAX), pa.float64()
)


def _needs(flags: Sequence[tuple[str, ...]], tests: tuple[str, ...]) -> NDArray[np.int32]:
    """Return, for each condition, the bits of the tests that must all be true."""
    needs = np.zeros((len(flags), max(1, -(-len(tests) // arrays.WORD))), np.int32)
    for flag, needed in enumerate(flags):
        for place in map(tests.index, needed):
            needs[flag, place // arrays.WORD] |= 1 << place % arrays.WORD
    return needs


def _steps(
    rollup: Rollup,
    flags: tuple[str, ...],
    needs: NDArray[np.int32],
    columns: dict[str, tuple[str, ...]],
) -> tuple[arrays.Steps, tuple[str, ...]]:
    """Return the totals of a rollup, and what their outputs are called."""
    steps = sorted(rollup.partials, key=lambda step: flags.index(step[1]))
    number = {rollup.partials[step]: place for place, step in enumerate(steps)}
    outputs = sorted(
        (window, number[partial], alias) for (partial, window), alias in rollup.outputs.items()
    )
    wide = np.array([steps[step][0] == "squares" for _, step, _ in outputs], dtype=bool)
    made = arrays.Steps(
        reach=_longs(rule.reach(days) for days in rollup.windows),
        need=needs,
        begin=_longs(
            np.searchsorted([flags.index(flag) for _, flag, _ in steps], range(len(flags) + 1))
        ),
        operation=_longs(_operation(*step) for step in steps),
        column=_longs(_column(step, columns) for step in steps),
        out_begin=_begin(rollup, [window for window, _, _ in outputs]),
        out_step=_longs(step for _, step, _ in outputs),
        out_wide=_longs(np.where(wide, np.cumsum(wide) - 1, -1)),
    )
    return made, tuple(f"total_{alias}" for _, _, alias in outputs)


def _sets(
    rollup: Rollup, flags: tuple[str, ...], ints: tuple[str, ...], keys: tuple[str, ...]
) -> tuple[arrays.Sets, tuple[str, ...]]:
    """Return the sets of keys of a rollup, and what their outputs are called."""
    said = sorted(
        (window, place, _SAID[aggregate], f"keys{place}_{alias}")
        for place, found in enumerate(rollup.keyed.values())
        for (aggregate, window), alias in found.items()
    )
    made = arrays.Sets(
        flag=_longs(flags.index(flag) for flag, _, _ in rollup.keyed),
        key=_longs(keys.index(key) for _, key, _ in rollup.keyed),
        weight=_longs(
            -1 if weight == ALWAYS else ints.index(weight) for _, _, weight in rollup.keyed
        ),
        begin=_begin(rollup, [window for window, _, _, _ in said]),
        out_set=_longs(place for _, place, _, _ in said),
        out_say=_longs(what for _, _, what, _ in said),
    )
    return made, tuple(name for _, _, _, name in said)


def _begin(rollup: Rollup, of_window: list[int]) -> Longs:
    """Return where the outputs of each window begin, and where the last one's end."""
    return _longs(np.searchsorted(of_window, range(len(rollup.windows) + 1)))


def _operation(name: str, _flag: str, column: str) -> int:
    return _OF_AGE[name] if column == "age" else _OPERATIONS[name]


def _column(step: tuple[str, str, str], columns: dict[str, tuple[str, ...]]) -> int:
    """Return the place of a step's column among those of its type."""
    name, _, column = step
    if name == "count" or column == "age":
        return -1
    return columns["float" if name.startswith("float_") else "int"].index(column)


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _longs(values: Iterable[int]) -> Longs:
    return np.array(list(values), dtype=np.int64)
