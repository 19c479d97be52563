"""Expressions over features, layer upon layer, each after those it names."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from credit.errors import FeatureError
from credit.feature import Catalogue, Expression
from credit.features.window.expression import names, translate
from credit.features.window.terms import part_column
from credit.features.window.value import Scope, Value, quoted


def stack(catalogue: Catalogue, base: str) -> tuple[dict[str, str], str]:
    """Return the relations from ``base`` up, and the name of the last one."""
    relations = {"layer0": base}
    last = "layer0"
    below = {
        feature.name: Value(
            f"l.{quoted(feature.name)}", "text" if feature.is_categorical else "float"
        )
        for feature in catalogue.everything
    }
    for depth, layer in enumerate(_layers(catalogue), start=1):
        computed = ", ".join(
            f"{_compute(feature, below)} as {quoted(feature.name)}" for feature in layer
        )
        relations[f"layer{depth}"] = f"select l.*, {computed} from {last} l"
        last = f"layer{depth}"
    return relations, last


def named(feature: Expression) -> frozenset[str]:
    """Return the other features that an expression names."""
    parts = {part.name for part in feature.parts}
    return names(feature.expression, feature.name) - parts


def _layers(catalogue: Catalogue) -> Iterator[list[Expression]]:
    """Yield the expressions so that each comes after those it names."""
    expressions = {f.name: f for f in catalogue.everything if isinstance(f, Expression)}
    sorter = TopologicalSorter(
        {name: named(feature) & expressions.keys() for name, feature in expressions.items()}
    )
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise FeatureError(
            f"{error.args[1][0]}: expressions name each other in a circle: {circle}. "
            "Declare one of them from events."
        ) from error
    while sorter.is_active():
        ready = sorter.get_ready()
        yield [expressions[name] for name in ready]
        sorter.done(*ready)


def _compute(feature: Expression, below: dict[str, Value]) -> str:
    """Return the SQL of an expression over the columns of the layer below."""
    parts = {
        part.name: Value(f"l.{quoted(part_column(feature.name, part.name))}", "float")
        for part in feature.parts
    }
    columns = ChainMap(parts, below)
    scope = Scope(feature.name, "the catalogue or its parts", columns)
    value = translate(feature.expression, scope)
    if value.kind == "text":
        raise scope.error(f"{feature.expression!r} is text; an expression must be a number.")
    return value.double
