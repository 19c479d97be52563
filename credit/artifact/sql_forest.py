"""A forest as SQL: the columns it compares, and the sum of its leaves."""

from __future__ import annotations

from credit.runtime.boosted import Input
from credit.runtime.forest import Forest
from credit.scorecard.sql import Writing, double

OWN = "credit_"
"""What the names of a query's own columns begin with; none of them is in its result."""


def input_column(source: Input, value: str, writing: Writing) -> tuple[str, bool]:
    """Return the expression of a column of the matrix, and whether it is the number itself.

    ``value`` is the expression of the feature's value, NULL where it is missing.
    """
    if source.equals is not None:
        is_text = isinstance(source.equals, str)
        given = writing.text(str(source.equals)) if is_text else double(float(source.equals))
        return f"CASE WHEN {value} = {given} THEN {double(1.0)} ELSE {double(0.0)} END", False
    if source.codes is not None:
        rules = [f"WHEN {value} IS NULL THEN NULL"]
        rules += [
            f"WHEN {value} = {writing.text(name)} THEN {_number(code)}"
            for name, code in source.codes.items()
        ]
        return f"CASE {' '.join(rules)} ELSE {_number(source.unknown)} END", False
    if source.missing_codes:
        codes = ", ".join(map(double, source.missing_codes))
        return f"CASE WHEN {value} IN ({codes}) THEN NULL ELSE {value} END", True
    return value, True


def _number(value: float | None) -> str:
    return "NULL" if value is None else double(value)


def sum_of_leaves(forest: Forest) -> str:
    """Return the sum of the leaves of all trees, in units, as BIGINT.

    Parentheses halve the sum again and again: engines limit how deep an expression may be.
    """
    trees = [f"CAST({forest.base} AS BIGINT)"]
    trees += [f"CAST({_tree(forest, int(root))} AS BIGINT)" for root in forest.start[:-1]]
    while len(trees) > 1:
        pairs = [trees[i : i + 2] for i in range(0, len(trees), 2)]
        trees = [f"({pair[0]}\n    + {pair[1]})" if len(pair) > 1 else pair[0] for pair in pairs]
    return trees[0]


def _tree(forest: Forest, node: int) -> str:
    """Return one tree: the side a missing value goes by default is the ELSE."""
    left, right = int(forest.left[node]), int(forest.right[node])
    if left < 0:
        return str(forest.value[node])
    # The shortest decimal of the float32's double: exact, whether read as FLOAT or by way of one.
    threshold = f"CAST('{float(forest.threshold[node])!r}' AS FLOAT)"
    sign, then, other = (">=", right, left) if forest.default_left[node] else ("<", left, right)
    column = f"source.{OWN}input_{forest.feature[node]}"
    return (
        f"CASE WHEN {column} {sign} {threshold} THEN {_tree(forest, then)}"
        f" ELSE {_tree(forest, other)} END"
    )
