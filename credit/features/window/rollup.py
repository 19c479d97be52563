"""Measures over rows of (observation, age): what is asked, and its SQL by age bands.

The SQL is the definition, and what other engines run; ``sweep`` computes the same from events.

The rows of a source are looked at once. Sums, extremes and counts are taken per (observation,
age band), where the bands lie between consecutive windows, and the bands are then rolled up
into windows. Distinct counts come from the youngest age per (observation, key): a key counts
in every window at least that long. Entropy and concentration need the weights k of the keys
alone: ``ln z - sum(k ln k) / z`` and ``sum(k^2) / z^2`` with ``z = sum(k)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from credit.errors import FeatureError
from credit.feature import KEYED, Days, Measure
from credit.features.window import rule
from credit.features.window.expression import conditions, translate
from credit.features.window.value import Scope, Value
from credit.schema import DAY

ALWAYS = "1"


@dataclass(slots=True)
class Rollup:
    """All measures over one row source, and the relations that compute them.

    ``name`` is the prefix of every relation; ``windows`` are the distinct lengths asked for,
    shortest first, None (all history) last. The source later selects ``observation_id``,
    ``age`` (microseconds, bigint) and the columns of ``extra``.
    """

    name: str
    windows: tuple[Days | None, ...]
    extra: dict[str, str] = field(default_factory=dict)
    """Row-level SQL -> column alias: each condition and value is computed once a row."""
    tests: dict[str, tuple[str, ...]] = field(default_factory=lambda: {ALWAYS: ()})
    """Alias of a condition -> row-level SQL of what must all be true for it."""
    partials: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """(operation, flag, column) -> alias."""
    outputs: dict[tuple[str, int], str] = field(default_factory=dict)
    """(alias of a partial, window) -> alias."""
    keyed: dict[tuple[str, str, str], dict[tuple[str, int], str]] = field(default_factory=dict)
    """(flag, key, weight) -> (aggregate, window) -> alias."""
    swept: bool = False
    """Whether compiled code computes everything into one relation (see ``sweep``), not SQL."""

    def add(self, measure: Measure, days: Days | None, scope: Scope) -> str:
        """Register a measure over one window; return the SQL of its value (double)."""
        window = self.windows.index(days)
        base = measure.base
        where = _both(base, measure.where)
        if measure.aggregate in KEYED:
            return self._of_keys(measure, where, window, scope)
        top = self._aggregate(measure.aggregate, measure.value, where, window, scope)
        if measure.per is None:
            return top
        below = self._aggregate(
            "count" if measure.per == "1" else "sum", measure.per, base, window, scope
        )
        return f"({top} / nullif({below}, 0.0e0))"

    def _aggregate(
        self, aggregate: str, text: str, where: str | None, window: int, scope: Scope
    ) -> str:
        """Return SQL of one aggregate as a double, in the value's own unit."""
        value = translate(text, scope)
        _check_kind(aggregate, text, value, scope)
        flag = self._flag(text, value, where, scope)
        if aggregate == "count":
            return f"coalesce({self._double('count', flag, ALWAYS, window)}, 0.0e0)"
        if aggregate in ("days_since_last", "days_since_first"):
            extreme = "min" if aggregate == "days_since_last" else "max"
            return f"({self._double(extreme, flag, 'age', window)} / {DAY}.0e0)"
        return f"({self._amount(aggregate, flag, value, window)} / {value.divisor}.0e0)"

    def _amount(self, aggregate: str, flag: str, value: Value, window: int) -> str:
        """Return SQL of a sum, mean, deviation or extreme, before the value's divisor."""
        column = self._column(value.sql)
        if aggregate in ("min", "max"):
            extreme = aggregate if value.kind == "int" else f"float_{aggregate}"
            return self._double(extreme, flag, column, window)
        total = self._double(_sum(value), flag, column, window)
        if aggregate == "sum":
            return f"coalesce({total}, 0.0e0)"
        count = f"nullif({self._double('count', flag, ALWAYS, window)}, 0.0e0)"
        if aggregate == "std":
            total = self._deviation(value, flag, column, window)
        return f"({total} / {count})"

    def _deviation(self, value: Value, flag: str, column: str, window: int) -> str:
        """Return SQL of n times the population deviation, sqrt(n sum x^2 - (sum x)^2).

        Integers are squared and summed exactly (128 bits), so equal values deviate by 0.
        """
        count = self._partial("count", flag, ALWAYS, window)
        if _sum(value) == "sum":
            squares = f"cast({self._partial('squares', flag, column, window)} as hugeint)"
            total = f"cast({self._partial('sum', flag, column, window)} as hugeint)"
            inner = f"cast({count} * {squares} - {total} * {total} as double)"
        else:
            squares = self._partial("float_squares", flag, column, window)
            total = self._partial("float_sum", flag, column, window)
            inner = f"({count} * {squares} - {total} * {total})"
        return f"sqrt(case when {inner} > 0 then {inner} when {inner} <= 0 then 0.0e0 end)"

    def _flag(self, text: str, value: Value, where: str | None, scope: Scope) -> str:
        """Return the alias of the rows that count: 1 or 0."""
        tests = [] if where is None else conditions(where, scope)
        if not text.isdigit():
            tests.append(f"{value.sql} is not null")
        if not tests:
            return ALWAYS
        flag = self._column(f"case when {' and '.join(tests)} then 1 else 0 end")
        self.tests[flag] = tuple(tests)
        return flag

    def _column(self, sql: str) -> str:
        """Return the alias of row-level SQL, computed once."""
        return self.extra.setdefault(sql, f"x{len(self.extra)}")

    def _double(self, operation: str, flag: str, column: str, window: int) -> str:
        return f"cast({self._partial(operation, flag, column, window)} as double)"

    def _partial(self, operation: str, flag: str, column: str, window: int) -> str:
        """Return a rolled-up partial aggregate, qualified by its relation."""
        partial = self.partials.setdefault((operation, flag, column), f"p{len(self.partials)}")
        alias = self.outputs.setdefault((partial, window), f"{partial}_{window}")
        return self._found("total", alias)

    def _of_keys(self, measure: Measure, where: str | None, window: int, scope: Scope) -> str:
        """Return SQL of an aggregate over the keys that a value takes."""
        key = translate(measure.value, scope)
        flag = self._flag(measure.value, key, where, scope)
        weight = ALWAYS
        if measure.weight is not None:
            amount = translate(measure.weight, scope)
            if amount.kind != "int" or amount.divisor != 1:
                raise scope.error(
                    f"weight = {measure.weight!r} is {amount.kind}, but the keys of "
                    f"{measure.aggregate!r} weigh integers, such as amounts in fen."
                )
            weight = self._column(f"coalesce({amount.sql}, 0)")
        relation = self.keyed.setdefault((flag, self._column(key.sql), weight), {})
        alias = relation.setdefault((measure.aggregate, window), f"{measure.aggregate}_{window}")
        place = list(self.keyed).index((flag, self._column(key.sql), weight))
        found = self._found(f"keys{place}", alias)
        if measure.aggregate in ("distinct", "largest"):
            return f"coalesce(cast({found} as double), 0.0e0)"
        return found

    def _found(self, relation: str, alias: str) -> str:
        """Return a column of what holds one row an observation."""
        if self.swept:
            return f"{self.name}_swept.{relation}_{alias}"
        return f"{self.name}_{relation}.{alias}"

    def relations(self, source: Callable[[str], str]) -> dict[str, str]:
        """Return name -> SQL of every relation.

        ``source(extra)`` is the query of the rows: ``observation_id``, ``age`` and ``extra``,
        a list of more columns that begins with a comma or is empty.
        """
        extra = "".join(f", {sql} as {alias}" for sql, alias in self.extra.items())
        made = {f"{self.name}_rows": source(extra)}
        if self.partials:
            made |= self._banded()
        for place, (key, outputs) in enumerate(self.keyed.items()):
            made |= self._of_key(place, key, outputs)
        return made

    @property
    def joined(self) -> tuple[str, ...]:
        """The relations that hold one row an observation."""
        if self.swept:
            return (f"{self.name}_swept",)
        totals = (f"{self.name}_total",) if self.partials else ()
        return totals + tuple(f"{self.name}_keys{place}" for place in range(len(self.keyed)))

    def _banded(self) -> dict[str, str]:
        """Return the sums per (observation, band) and their roll-up into windows."""
        last = len(self.windows) - 1
        bands = [
            f"when {rule.within('age', days)} then {place}"
            for place, days in enumerate(self.windows[:last])
            if days is not None
        ]
        band = f"case {' '.join(bands)} else {last} end" if bands else "0"
        sums = ", ".join(
            f"{_PARTIAL[operation].format(flag=_test(flag), x=column)} as {alias}"
            for (operation, flag, column), alias in self.partials.items()
        )
        by_band = (
            f"select observation_id, band, {sums} from "
            f"(select *, {band} as band from {self.name}_rows) as banded "
            "group by observation_id, band"
        )
        combine = {alias: _COMBINED[key[0]] for key, alias in self.partials.items()}
        rolled = ", ".join(
            f"{combine[partial]}(case when {_in_bands(window, last)} then {partial} end) as {alias}"
            for (partial, window), alias in self.outputs.items()
        )
        total = f"select observation_id, {rolled} from {self.name}_bands group by observation_id"
        return {f"{self.name}_bands": by_band, f"{self.name}_total": total}

    def _of_key(
        self, place: int, key: tuple[str, str, str], outputs: dict[tuple[str, int], str]
    ) -> dict[str, str]:
        """Return the relations of one key: per (observation, key), then per observation."""
        flag, column, weight = key
        weighed = {window for aggregate, window in outputs if aggregate != "distinct"}
        weights = "".join(
            f", cast(sum(case when {self._inside('age', window)} then {weight} else 0 end)"
            f" as double) as k_{window}"
            for window in sorted(weighed)
        )
        each = (
            f"select observation_id, {column}, min(age) as youngest{weights} "
            f"from {self.name}_rows where {_test(flag)} group by observation_id, {column}"
        )
        selected = ", ".join(
            (
                f"sum(case when {self._inside('youngest', window)} then 1 else 0 end)"
                if aggregate == "distinct"
                else _KEYS[aggregate].format(k=f"k_{window}")
            )
            + f" as {alias}"
            for (aggregate, window), alias in outputs.items()
        )
        found = f"{self.name}_key{place}"
        total = f"select observation_id, {selected} from {found} group by observation_id"
        return {found: each, f"{self.name}_keys{place}": total}

    def _inside(self, age: str, window: int) -> str:
        days = self.windows[window]
        return "1 = 1" if days is None else rule.within(age, days)


_PARTIAL = {
    "count": "cast(sum(case when {flag} then 1 else 0 end) as bigint)",
    "sum": "cast(sum(case when {flag} then {x} end) as bigint)",
    "squares": "sum(case when {flag} then cast({x} as hugeint) * {x} end)",
    "float_sum": "sum(case when {flag} then cast({x} as double) end)",
    "float_squares": "sum(case when {flag} then cast({x} as double) * {x} end)",
    "min": "min(case when {flag} then {x} end)",
    "max": "max(case when {flag} then {x} end)",
}
_PARTIAL |= {"float_min": _PARTIAL["min"], "float_max": _PARTIAL["max"]}
_COMBINED = {
    name: sql[:3] if name.endswith(("min", "max")) else "sum" for name, sql in _PARTIAL.items()
}
# k ln k is summed in whole units of 1e-12, and k^2 in 128 bits: threads add in any order, and the
# last digit of doubles would differ from run to run. One key alone has entropy 0 to the last digit.
_KEYS = {
    "largest": "max({k})",
    "herfindahl": (
        "case when sum({k}) > 0 then cast(sum(cast({k} as hugeint) * cast({k} as hugeint)) as "
        "double) / (sum({k}) * sum({k})) end"
    ),
    "entropy": "case when sum({k}) > max({k}) then greatest(0.0e0, ln(sum({k})) - cast(sum(cast("
    "round(case when {k} > 0 then {k} * ln({k}) else 0.0e0 end * 1.0e12) as hugeint)) as double) "
    "/ (1.0e12 * sum({k}))) when sum({k}) > 0 then 0.0e0 end",
}


def _sum(value: Value) -> str:
    return "sum" if value.kind == "int" else "float_sum"


def _test(flag: str) -> str:
    return "1 = 1" if flag == ALWAYS else f"{flag} = 1"


def _in_bands(window: int, last: int) -> str:
    return "1 = 1" if window == last else f"band <= {window}"


def _both(first: str | None, second: str | None) -> str | None:
    if first is None or second is None:
        return first or second
    return f"({first}) and ({second})"


def _check_kind(aggregate: str, text: str, value: Value, scope: Scope) -> None:
    """Refuse sums of text and distances of measures."""
    numeric = aggregate != "count"
    if numeric and value.kind in ("text", "bool"):
        raise scope.error(
            f"{aggregate}({text}) needs a number, but {text!r} is {value.kind}. "
            "Count rows with 'where', or take 'distinct'."
        )
    if aggregate.startswith("days_since") and text != "1":
        raise FeatureError(
            f"{scope.feature}: {aggregate} looks at the time of events alone; drop value={text!r} "
            "and choose events with 'where'."
        )
