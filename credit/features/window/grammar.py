"""How each node of an expression becomes SQL: one rule a node, and none for the rest.

What engines disagree about is settled here: division and logarithm of nothing are null,
literals with a point are doubles, ``greatest`` and ``least`` of a null are null.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from credit.errors import FeatureError, nearest
from credit.features.window import arrival, calendar
from credit.features.window.value import Kind, Scope, Value

FUNCTIONS = (
    "abs", "case", "coalesce", "distance_km", "greatest", "least", "ln", "local_day",
    "local_hour", "local_weekday", "nullif", "previous", "sqrt", "times_seen",
)  # fmt: skip
"""What an expression may call."""

AS_OF = frozenset({"as_of", "asof", "q", "now", "today", "current_date", "current_timestamp"})
"""Names by which an expression might try to reach the as-of instant."""

_COMPARE: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=",
}  # fmt: skip
_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}


def emit(node: exp.Expr, scope: Scope) -> Value:
    """Return the SQL of a node, by the rule of its type."""
    rule = _RULES.get(type(node))
    if rule is None:
        raise _refused(node, scope)
    return rule(node, scope)


def _refused(node: exp.Expr, scope: Scope) -> FeatureError:
    """Name what was written and what could have been meant."""
    if isinstance(node, exp.Func):
        called = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
        if called in AS_OF or called.startswith("current_"):
            return _names_as_of(called, scope)
        return scope.error(
            f"no function {called!r}.{nearest(called, FUNCTIONS)} "
            f"An expression may use {', '.join(FUNCTIONS)}."
        )
    return scope.error(f"{node.sql('duckdb')!r} is beyond the small SQL of an expression.")


def _names_as_of(name: str, scope: Scope) -> FeatureError:
    return scope.error(
        f"an expression may not name the as-of instant ({name!r}): which events count is the "
        "compiler's business alone. Set days=..., or use days_since_last."
    )


def lookup(node: exp.Expr, scope: Scope) -> Value:
    """Return the column a node names, in the unit it is stored in."""
    name = node.name
    if isinstance(node, exp.Column) and node.table:
        raise scope.error(f"write {name!r} without {node.table!r}: a column stands alone.")
    if name in scope.columns:
        return scope.columns[name]
    if name.lower() in AS_OF:
        raise _names_as_of(name, scope)
    raise scope.error(
        f"no column {name!r} in {scope.place}.{nearest(name, scope.columns)} "
        f"It has {sorted(scope.columns)}."
    )


def _column(node: exp.Expr, scope: Scope) -> Value:
    value = lookup(node, scope)
    return value if value.divisor == 1 else Value(value.double, "float")


def _literal(node: exp.Expr, _scope: Scope) -> Value:
    if node.args["is_string"]:
        return Value(node.sql("duckdb"), "text")
    if node.name.isdigit():
        return Value(node.name, "int")
    # Engines read 0.1 as a decimal or as a double; a cast leaves them no choice.
    return Value(f"cast({node.name} as double)", "float")


def _number(node: exp.Expr, scope: Scope) -> Value:
    value = emit(node, scope)
    if value.kind == "any":
        return Value(f"cast({value.sql} as double)", "float")
    if value.kind not in ("int", "float"):
        raise scope.error(f"{node.sql('duckdb')!r} is {value.kind}, but a number is needed.")
    return value


def _boolean(node: exp.Expr, scope: Scope) -> str:
    value = emit(node, scope)
    if value.kind not in ("bool", "any"):
        raise scope.error(f"{node.sql('duckdb')!r} is {value.kind}, but a condition is needed.")
    return value.sql


def _common(values: list[Value], node: exp.Expr, scope: Scope) -> Kind:
    """Return the kind that all values share, numbers widening to double."""
    kinds = {value.kind for value in values if value.kind != "any"}
    if kinds <= {"int"}:
        return "int" if kinds else "any"
    if kinds <= {"int", "float"}:
        return "float"
    if len(kinds) > 1:
        raise scope.error(f"{node.sql('duckdb')!r} mixes {' and '.join(sorted(kinds))}.")
    return next(iter(kinds))


def _arithmetic(node: exp.Expr, scope: Scope) -> Value:
    left, right = _number(node.this, scope), _number(node.expression, scope)
    kind: Kind = "int" if left.kind == right.kind == "int" else "float"
    return Value(f"({left.sql} {_ARITHMETIC[type(node)]} {right.sql})", kind)


def _divide(node: exp.Expr, scope: Scope) -> Value:
    left, right = _number(node.this, scope), _number(node.expression, scope)
    return Value(f"({left.double} / nullif({right.double}, 0.0e0))", "float")


def _compare(node: exp.Expr, scope: Scope) -> Value:
    left, right = emit(node.this, scope), emit(node.expression, scope)
    _common([left, right], node, scope)
    return Value(f"({left.sql} {_COMPARE[type(node)]} {right.sql})", "bool")


def _both(node: exp.Expr, scope: Scope) -> Value:
    word = "and" if isinstance(node, exp.And) else "or"
    sides = _boolean(node.this, scope), _boolean(node.expression, scope)
    return Value(f"({sides[0]} {word} {sides[1]})", "bool")


def _is(node: exp.Expr, scope: Scope) -> Value:
    if not isinstance(node.expression, exp.Null):
        raise scope.error(f"{node.sql('duckdb')!r}: 'is' goes with null only.")
    return Value(f"({emit(node.this, scope).sql} is null)", "bool")


def _in(node: exp.Expr, scope: Scope) -> Value:
    values = [emit(node.this, scope), *(emit(item, scope) for item in node.expressions)]
    if len(values) == 1:
        raise scope.error(f"{node.sql('duckdb')!r}: 'in' needs a list of literals.")
    _common(values, node, scope)
    listed = ", ".join(value.sql for value in values[1:])
    return Value(f"({values[0].sql} in ({listed}))", "bool")


def _between(node: exp.Expr, scope: Scope) -> Value:
    values = [emit(node.args[part], scope) for part in ("this", "low", "high")]
    _common(values, node, scope)
    return Value(f"({values[0].sql} between {values[1].sql} and {values[2].sql})", "bool")


def _case(node: exp.Expr, scope: Scope) -> Value:
    if node.this is not None:
        raise scope.error("write 'case when x = 1 then', not 'case x when 1 then'.")
    tests = [_boolean(branch.this, scope) for branch in node.args["ifs"]]
    values = [emit(branch.args["true"], scope) for branch in node.args["ifs"]]
    otherwise = node.args.get("default")
    if otherwise is not None:
        values.append(emit(otherwise, scope))
    kind = _common(values, node, scope)
    whens = " ".join(
        f"when {test} then {value.sql}" for test, value in zip(tests, values, strict=False)
    )
    tail = f" else {values[-1].sql}" if otherwise is not None else ""
    return Value(f"(case {whens}{tail} end)", kind)


def _listed(node: exp.Expr, scope: Scope) -> tuple[list[Value], Kind]:
    parts = [node.this, *node.expressions]
    if node.expression is not None and not node.expressions:
        parts.append(node.expression)
    values = [emit(part, scope) for part in parts]
    return values, _common(values, node, scope)


def _coalesce(node: exp.Expr, scope: Scope) -> Value:
    values, kind = _listed(node, scope)
    return Value(f"coalesce({', '.join(value.sql for value in values)})", kind)


def _nullif(node: exp.Expr, scope: Scope) -> Value:
    values, kind = _listed(node, scope)
    return Value(f"nullif({values[0].sql}, {values[1].sql})", kind)


def _extreme(node: exp.Expr, scope: Scope) -> Value:
    values, kind = _listed(node, scope)
    listed = ", ".join(value.sql for value in values)
    call = f"{'greatest' if isinstance(node, exp.Greatest) else 'least'}({listed})"
    # Engines skip nulls here; arithmetic elsewhere does not, so a null stays a null.
    missing = " or ".join(f"{value.sql} is null" for value in values)
    return Value(f"(case when {missing} then null else {call} end)", kind)


def _negative(node: exp.Expr, scope: Scope) -> Value:
    value = _number(node.this, scope)
    return Value(f"(-{value.sql})", value.kind)


def _absolute(node: exp.Expr, scope: Scope) -> Value:
    value = _number(node.this, scope)
    return Value(f"abs({value.sql})", value.kind)


def _logarithm(node: exp.Expr, scope: Scope) -> Value:
    value = _number(node.this, scope).double
    return Value(f"(case when {value} > 0 then ln({value}) end)", "float")


def _root(node: exp.Expr, scope: Scope) -> Value:
    value = _number(node.this, scope).double
    return Value(f"(case when {value} >= 0 then sqrt({value}) end)", "float")


def _named(node: exp.Expr, scope: Scope) -> Value:
    """Translate a function of this package: local_hour, previous, distance_km, q_days."""
    called = node.name.lower()
    arguments = node.expressions
    if called in arrival.FUNCTIONS:
        return _arrival(called, arguments, scope)
    if called == "distance_km":
        if len(arguments) != 4:
            raise scope.error(f"{called} takes two places, got {len(arguments)} numbers.")
        return Value(arrival.distance(*(_number(one, scope).double for one in arguments)), "float")
    compiled: dict[str, Callable[[str, int], str]] = {
        "local_day": calendar.local_day,
        "local_hour": calendar.local_hour,
        "local_weekday": calendar.local_weekday,
    }
    if called not in compiled and not (called == "q_days" and scope.as_of):
        raise _refused(node, scope)
    if len(arguments) != 1:
        raise scope.error(f"{called} takes one time, got {len(arguments)} arguments.")
    time = _number(arguments[0], scope).sql
    if called == "q_days":
        return Value(f"(cast({scope.as_of} - {time} as double) / 86400000000.0e0)", "float")
    return Value(compiled[called](time, calendar.fixed_offset(scope.zone)), "int")


def _arrival(called: str, arguments: list[exp.Expr], scope: Scope) -> Value:
    """Return what stands beside an event: of the one before it, or how often a value was seen."""
    if len(arguments) != 1 or not isinstance(arguments[0], exp.Column):
        raise scope.error(f"{called} takes one column.")
    lookup(arguments[0], scope)
    found = scope.columns.get(arrival.beside(called, arguments[0].name))
    if found is None:
        raise scope.error(f"{called}({arguments[0].name}) is for events over a window alone.")
    return found


_RULES: dict[type[exp.Expr], Callable[[exp.Expr, Scope], Value]] = {
    exp.Column: _column,
    exp.Literal: _literal,
    exp.Null: lambda _node, _scope: Value("null", "any"),
    exp.Boolean: lambda node, _scope: Value("true" if node.this else "false", "bool"),
    exp.Paren: lambda node, scope: emit(node.this, scope),
    exp.Neg: _negative,
    exp.Not: lambda node, scope: Value(f"(not {_boolean(node.this, scope)})", "bool"),
    exp.Div: _divide,
    exp.And: _both,
    exp.Or: _both,
    exp.Is: _is,
    exp.In: _in,
    exp.Between: _between,
    exp.Case: _case,
    exp.Coalesce: _coalesce,
    exp.Nullif: _nullif,
    exp.Greatest: _extreme,
    exp.Least: _extreme,
    exp.Abs: _absolute,
    exp.Ln: _logarithm,
    exp.Sqrt: _root,
    exp.Anonymous: _named,
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
    **dict.fromkeys(_COMPARE, _compare),
}
