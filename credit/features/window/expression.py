"""Small portable SQL expressions: parsed, checked against a scope, made safe, emitted.

The language is that of ``credit.feature``. Every node of the parsed tree is translated by a
rule of its own (``grammar``), so whatever has no rule is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from credit.errors import FeatureError
from credit.features.window.arrival import FUNCTIONS, Arrival
from credit.features.window.grammar import emit, lookup
from credit.features.window.value import Scope, Value


def translate(text: str, scope: Scope) -> Value:
    """Return the expression as SQL over the scope's columns.

    A bare column keeps its divisor; anything composed is in its own unit.
    """
    tree = parse(text, scope.feature)
    if isinstance(tree, exp.Column):
        return lookup(tree, scope)
    return emit(tree, scope)


def conditions(text: str, scope: Scope) -> list[str]:
    """Return SQL of expressions, each true or false, that must all be true."""
    parts = list(_anded(parse(text, scope.feature)))
    found = [emit(part, scope) for part in parts]
    for part, value in zip(parts, found, strict=True):
        if value.kind in ("bool", "any"):
            continue
        if len(parts) > 1:
            raise scope.error(f"{part.sql('duckdb')!r} is {value.kind}, but a condition is needed.")
        raise scope.error(f"{text!r} is no condition: it must be true or false.")
    return [value.sql for value in found]


def _anded(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Yield what is joined by ``and``, parentheses taken off."""
    bare = tree.unnest()
    if isinstance(bare, exp.And):
        yield from _anded(bare.this)
        yield from _anded(bare.expression)
    else:
        yield bare


def names(text: str, feature: str) -> frozenset[str]:
    """Return the columns that an expression names."""
    return frozenset(column.name for column in parse(text, feature).find_all(exp.Column))


def arrivals(text: str, feature: str) -> frozenset[Arrival]:
    """Return what an expression asks of the events before one."""
    return frozenset(
        (call.name.lower(), call.expressions[0].name)
        for call in parse(text, feature).find_all(exp.Anonymous)
        if call.name.lower() in FUNCTIONS and call.expressions
    )


def parse(text: str, feature: str) -> exp.Expr:
    """Return the parsed expression, or say that it is none."""
    try:
        tree = _parse(text)
    except SqlglotError as error:
        first = str(error).splitlines()[0]
        raise FeatureError(f"{feature}: {text!r} is not an expression: {first}") from error
    if isinstance(tree, exp.Query | exp.Block):
        raise FeatureError(f"{feature}: {text!r} is a statement; write one expression.")
    return tree


@lru_cache(maxsize=4096)
def _parse(text: str) -> exp.Expr:
    """Return the tree of a text; nothing changes a tree, so equal texts share one."""
    return sqlglot.parse_one(text, read="duckdb")
