"""An artifact as SQL: margin, probability, points and grade of every row, where the rows live.

The query repeats what the runtime does, operation by operation, so its integers are the same:

- inputs of a forest are rounded to FLOAT once and compared with FLOAT thresholds, as XGBoost
  does; a missing value is NULL, which fails every comparison, so the side it goes by default is
  the ELSE of its node;
- leaves are integers in units of 2**-20, added as BIGINT: exact in any order;
- a card's margins are added as DOUBLE in the order of its terms, and everything that follows
  from a margin is the runtime's formula in DOUBLE.

Where the runtime refuses a row (an infinity, a number outside its declared range or beyond
FLOAT, a name that may not be unknown), the four columns are NULL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from credit.artifact.sql_forest import OWN, input_column, sum_of_leaves
from credit.errors import ArtifactError
from credit.runtime import Feature, Scorer
from credit.runtime.blended import Blended
from credit.runtime.card import Card, Term
from credit.runtime.forest import UNIT
from credit.scorecard.sql import (
    Cells,
    Writing,
    as_double,
    case,
    check_names,
    double,
    relation,
    writing_of,
)

ADDED = ("margin", "probability", "points", "grade")
"""The columns a query puts beside the table's."""

_BEYOND_FLOAT = 2.0**128 - 2.0**103
"""The least number that rounds to an infinite FLOAT."""

_WITHOUT = {"duckdb": "EXCLUDE", "spark": "EXCEPT"}


def to_sql(scorer: Scorer, dialect: str = "duckdb", *, table: str) -> str:
    """Return a query that gives every row of ``table`` what ``scorer`` says of it.

    The query returns the table's columns, then ``margin``, ``probability``, ``points`` (BIGINT)
    and ``grade``. NULL and NaN are missing. Columns of numbers hold any type of number or truth
    values; columns of names hold text or whole numbers. Columns that the model does not read
    are not looked at.

    Parameters
    ----------
    scorer : Scorer
        A loaded artifact of any kind.
    dialect : {"duckdb", "spark"}
    table : str
        Name of the table or view; a dot separates it from its schema. None of its columns may
        begin with ``credit_``.

    Raises
    ------
    ModelError
        The dialect is not known, a name cannot be written in it, or two columns of the result
        would have one name.
    ArtifactError
        A feature's name begins with ``credit_``.
    """
    writing = writing_of(dialect)
    names = [feature.name for feature in scorer.features]
    check_names(names, ADDED, table, dialect)
    for name in names:
        if name.casefold().startswith(OWN):
            raise ArtifactError(
                f"the feature {name!r} cannot be in a query: names that begin with {OWN!r} are "
                "the query's own. Rename it before training."
            )
    parts = _Parts(scorer, writing)
    levels = (
        parts.values(), parts.inputs(), parts.sums(), parts.margin(), parts.log_odds(),
        parts.probability(),
    )  # fmt: skip
    query = relation(table, writing)
    for columns in levels:
        query = f"(\n  SELECT source.*,\n{_listed(columns, writing)}\n  FROM {query} AS source\n)"
    own = ", ".join(writing.name(name) for columns in levels for name in columns)
    return (
        f"SELECT source.* {_WITHOUT[dialect]} ({own}),\n"
        f"{_listed(parts.answers(), writing)}\nFROM {query} AS source\n"
    )


def _listed(columns: Mapping[str, str], writing: Writing) -> str:
    return ",\n".join(f"  {text} AS {writing.name(name)}" for name, text in columns.items())


@dataclass(frozen=True)
class _Parts:
    """The columns of each level of the query: name -> expression over the level below."""

    scorer: Scorer
    writing: Writing

    def _value(self, feature: str) -> str:
        """Return the expression of a feature's value once it is read."""
        at = [one.name for one in self.scorer.features].index(feature)
        return f"source.{OWN}value_{at}"

    def values(self) -> dict[str, str]:
        """Return each feature as DOUBLE or text, NULL where it is missing."""
        found = {}
        for at, feature in enumerate(self.scorer.features):
            column = f"source.{self.writing.name(feature.name)}"
            if feature.type == "number":
                number = as_double(column)
                found[f"{OWN}value_{at}"] = f"CASE WHEN isnan({number}) THEN NULL ELSE {number} END"
            else:
                found[f"{OWN}value_{at}"] = f"CAST({column} AS {self.writing.text_type})"
        return found

    def inputs(self) -> dict[str, str]:
        """Return the columns that the forest compares, and whether the row is refused."""
        refused = [rule for one in self.scorer.features for rule in self._refusals(one)]
        found = {}
        for at, source in enumerate(self.scorer.boosted.inputs if self.scorer.boosted else ()):
            value = self._value(source.feature)
            text, is_number = input_column(source, value, self.writing)
            if is_number:
                refused.append(f"abs({text}) >= {double(_BEYOND_FLOAT)}")
            found[f"{OWN}input_{at}"] = f"TRY_CAST({text} AS FLOAT)"
        either = " OR ".join(f"coalesce({rule}, FALSE)" for rule in refused)
        return {f"{OWN}refused": either or "FALSE", **found}

    def _refusals(self, feature: Feature) -> Iterable[str]:
        value = self._value(feature.name)
        if feature.type == "number":
            infinite = double(float("inf"))
            yield f"abs({value}) = {infinite}"
            sides = zip(feature.hard_range or (None, None), ("<", ">"), strict=True)
            outside = [f"{value} {sign} {double(end)}" for end, sign in sides if end is not None]
            if outside:
                codes = ", ".join(double(float(code)) for code in feature.special_codes)
                spared = f" AND {value} NOT IN ({codes})" if codes else ""
                yield f"({' OR '.join(outside)}){spared}"
        elif feature.unknown_category == "refuse":
            known = dict.fromkeys([*feature.categories, *map(str, feature.special_codes)])
            yield (
                f"{value} NOT IN ({', '.join(map(self.writing.text, known))})"
                if known
                else (f"{value} IS NOT NULL")
            )

    def sums(self) -> dict[str, str]:
        """Return the margin of the card, its points, and the forest's sum of leaves."""
        found = {}
        if self.scorer.card is not None:
            terms = [(term, self._cells(term)) for term in self.scorer.card.terms]
            margins = [
                case(cells, [double(m) for m in term.margin.tolist()], self.writing)
                for term, cells in terms
            ]
            found[f"{OWN}card"] = _chain([double(self.scorer.card.intercept), *margins])
            if self.scorer.rule.points == "table":
                points = [
                    case(cells, [str(p) for p in term.points.tolist()], self.writing)
                    for term, cells in terms
                ]
                base = f"CAST({self.scorer.card.base_points} AS BIGINT)"
                found[f"{OWN}points"] = _chain([base, *points])
        if self.scorer.boosted is not None:
            found[f"{OWN}leaves"] = sum_of_leaves(self.scorer.boosted.forest)
        return found

    def _cells(self, term: Term) -> Cells:
        kinds = {one.name: one.type for one in self.scorer.features}
        number = kinds[term.feature] == "number"
        codes = {str(code): at for code, at in term.special.items()}
        return Cells(
            value=self._value(term.feature),
            number=number,
            edges=term.edges.tolist(),
            names={} if number else {**term.names, **codes},
            special=[(float(c), at) for c, at in term.special.items()] if number else (),
            missing=term.missing,
            unseen=term.unknown,
        )

    def margin(self) -> dict[str, str]:
        """Return the log-odds of bad of a row that is not refused."""
        model = self.scorer.model
        of_forest = f"CAST(source.{OWN}leaves AS DOUBLE) * {double(UNIT)}"
        if isinstance(model, Blended):
            text = (
                f"{double(model.card_weight)} * source.{OWN}card"
                f" + {double(model.forest_weight)} * ({of_forest})"
            )
        else:
            text = f"source.{OWN}card" if isinstance(model, Card) else of_forest
        return {f"{OWN}margin": f"CASE WHEN source.{OWN}refused THEN NULL ELSE {text} END"}

    def log_odds(self) -> dict[str, str]:
        """Return the calibrated log-odds of bad."""
        rule = self.scorer.rule
        margin = f"source.{OWN}margin"
        return {f"{OWN}log_odds": f"{double(rule.slope)} * {margin} + {double(rule.intercept)}"}

    def probability(self) -> dict[str, str]:
        """Return the probability: exp of a negative number only, so none overflows."""
        log_odds, one = f"source.{OWN}log_odds", double(1.0)
        small = f"exp(-abs({log_odds}))"
        above = f"WHEN {log_odds} >= {double(0.0)} THEN {one} / ({one} + {small})"
        return {f"{OWN}probability": f"CASE {above} ELSE {small} / ({one} + {small}) END"}

    def answers(self) -> dict[str, str]:
        """Return the four columns of the result."""
        rule = self.scorer.rule
        if rule.points == "table":
            refused = f"source.{OWN}refused"
            points = f"CASE WHEN {refused} THEN NULL ELSE source.{OWN}points END"
        else:
            exact = f"{double(rule.offset)} - {double(rule.factor)} * source.{OWN}log_odds"
            points = f"CAST(floor({exact} + {double(0.5)}) AS BIGINT)"
        probability = f"source.{OWN}probability"
        grades = [f"WHEN {probability} IS NULL THEN NULL"]
        grades += [
            f"WHEN {probability} < {double(bound)} THEN {self.writing.text(name)}"
            for bound, name in zip(rule.bounds.tolist(), rule.names, strict=False)
        ]
        grade = f"CASE {' '.join(grades)} ELSE {self.writing.text(rule.names[-1])} END"
        texts = (f"source.{OWN}margin", probability, points, grade)
        return dict(zip(ADDED, texts, strict=True))


def _chain(terms: Sequence[str]) -> str:
    """Return a sum from left to right: the order in which floats are added matters."""
    return "\n    + ".join(terms)
