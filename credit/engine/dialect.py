"""SQL written for DuckDB, as Spark reads it.

sqlglot translates what is only spelled otherwise; the rules below are for what means something
else there. Texts are made of integers, doubles and explicit casts, so nothing depends on the
session's time zone but the few calendar functions, which ``SparkEngine`` runs under UTC.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import sqlglot
from sqlglot import exp

_RENAMED = {
    "error": "raise_error",
    "make_timestamp": "timestamp_micros",
    "make_timestamptz": "timestamp_micros",
}


@lru_cache(maxsize=256)
def to_spark(sql: str) -> str:
    r"""Return a DuckDB query as Spark SQL with the same result.

    - 128-bit integers become ``decimal(38, 0)``, which sums as exactly.
    - A whole text matches a pattern up to ``\z``: Java's ``$`` allows a line break after it.
    - ``epoch_us`` and ``timezone`` become instants' microseconds and shifts by a zone.
    """
    tree = sqlglot.parse_one(sql, read="duckdb")
    for kind in list(tree.find_all(exp.DataType)):
        if kind.this == exp.DataType.Type.INT128:
            kind.replace(exp.DataType.build("decimal(38, 0)", dialect="spark"))
    # Parents come first, so that a rule sees its arguments under their DuckDB names.
    for call in list(tree.find_all(exp.Func)):
        rule = _RULES.get(_called(call))
        if rule is not None:
            call.replace(rule(call))
    return tree.sql(dialect="spark", pretty=True)


def _called(node: exp.Func) -> str:
    name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
    return str(name).lower()


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _arguments(node: exp.Func) -> list[exp.Expr]:
    if isinstance(node, exp.Anonymous):
        return list(node.expressions)
    return [part for part in node.args.values() if isinstance(part, exp.Expr)]


def _renamed(node: exp.Func) -> exp.Expr:
    return _call(_RENAMED[_called(node)], *_arguments(node))


def _microseconds(node: exp.Func) -> exp.Expr:
    (time,) = _arguments(node)
    instant = exp.DataType.build("timestamp", dialect="spark")
    return _call("unix_micros", exp.Cast(this=time, to=instant))  # exp.cast would copy ``time``


def _shifted(node: exp.Func) -> exp.Expr:
    """Turn ``timezone(zone, t)``: to local time where t is an instant, else from it."""
    zone, time = _arguments(node)
    is_instant = isinstance(time, exp.Func) and _called(time) == "make_timestamptz"
    name = "from_utc_timestamp" if is_instant else "to_utc_timestamp"
    return _call(name, time, zone)


def _months(node: exp.Func) -> exp.Expr:
    (months,) = _arguments(node)
    return _call("make_interval", exp.Literal.number(0), months)


def _matches(node: exp.Func) -> exp.Expr:
    text, pattern = _arguments(node)[:2]
    whole = exp.Literal.string(rf"^(?:{pattern.name})\z")
    return exp.RegexpLike(this=text, expression=whole)


def _finite(node: exp.Func) -> exp.Expr:
    (value,) = _arguments(node)
    infinity = exp.cast(exp.Literal.string("Infinity"), "double")
    below = exp.LT(this=exp.Abs(this=value.copy()), expression=infinity)
    number = exp.Not(this=exp.IsNan(this=value))
    return exp.Paren(this=exp.And(this=number, expression=below))


_RULES: dict[str, Callable[[exp.Func], exp.Expr]] = {
    **dict.fromkeys(_RENAMED, _renamed),
    "epoch_us": _microseconds,
    "timezone": _shifted,
    "to_months": _months,
    "regexp_full_match": _matches,
    "isfinite": _finite,
}
