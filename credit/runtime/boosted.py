"""A forest with the encoding of its inputs: from named features to the matrix it reads.

Each column of the matrix is made of one feature in one of three ways: the number itself
(special codes may read as missing), an indicator of one value, or a code for each name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from credit.errors import ArtifactError
from credit.runtime.columns import Feature, Rows
from credit.runtime.forest import UNIT, Forest, read_forest
from credit.runtime.plain import Floats, Integers, Plain
from credit.runtime.shapley import Tables, build_tables


@dataclass(frozen=True, eq=False)
class Input:
    """How one column of the matrix is made of one feature.

    Attributes
    ----------
    feature : str
    missing_codes : tuple of float
        Numbers that read as missing.
    equals : float, str or None
        Where given, the column is 1 where the feature has this value, else 0.
    codes : dict of str to float or None, or None
        Where given, the column is the code of the feature's name; None reads as missing.
    unknown : float or None
        Code of any other name; None reads as missing. A missing name is missing.
    """

    feature: str
    missing_codes: tuple[float, ...] = ()
    equals: float | str | None = None
    codes: Mapping[str, float | None] | None = None
    unknown: float | None = None

    def column(self, rows: Rows) -> Floats:
        """Return the column as float64."""
        values = rows[self.feature]
        if self.equals is not None:
            return (values == self.equals).astype(np.float64)
        if self.codes is not None:
            other = np.nan if self.unknown is None else self.unknown
            known: dict[Any, float | None] = {**self.codes, None: np.nan}
            return np.array([known.get(value, other) for value in values], dtype=np.float64)
        if self.missing_codes:
            return np.where(np.isin(values, np.array(self.missing_codes)), np.nan, values)
        return values


@dataclass(frozen=True, eq=False)
class Engine:
    """Something else that walks the forest, to the same integers.

    Attributes
    ----------
    name : str
    least_rows : int
        Fewer are walked by NumPy.
    units : callable
        From the matrix to the margins, in units of `credit.runtime.forest.UNIT`.
    """

    name: str
    least_rows: int
    units: Callable[[NDArray[np.float32]], Integers]


@dataclass(frozen=True, eq=False)
class Boosted:
    """A forest over encoded inputs.

    ``engine`` walks it in large batches, where given (`credit.artifact.with_xgboost`).
    ``rounding`` is the most by which its leaves, rounded to the grid, move a margin of the
    booster that was trained.
    """

    features: tuple[str, ...]
    inputs: tuple[Input, ...]
    forest: Forest
    rounding: float
    engine: Engine | None = None

    def engine_for(self, count: int) -> Engine | None:
        """Return the engine that walks ``count`` rows; None is NumPy."""
        return self.engine if self.engine and count >= self.engine.least_rows else None

    def matrix(self, rows: Rows, count: int) -> NDArray[np.float32]:
        """Return the encoded rows as float32, shape (rows, inputs), as XGBoost reads them."""
        result = np.empty((count, len(self.inputs)), dtype=np.float32)
        for i, source in enumerate(self.inputs):
            column = source.column(rows)
            with np.errstate(over="ignore"):
                result[:, i] = column
            if np.isinf(result[:, i]).any():
                row = int(np.flatnonzero(np.isinf(result[:, i]))[0])
                raise ArtifactError(
                    f"column {source.feature!r}, row {row}: {column[row]} is beyond float32, in "
                    "which the forest compares. Check the unit."
                )
        return result

    def margin(self, rows: Rows, count: int) -> Floats:
        """Return the log-odds of bad of each row."""
        matrix, engine = self.matrix(rows, count), self.engine_for(count)
        if engine is None:
            return self.forest.margin(matrix)
        return np.multiply(engine.units(matrix), UNIT, dtype=np.float64)

    @cached_property
    def tables(self) -> Tables:
        """Tables of subtrees, built when contributions are first asked for."""
        return build_tables(self.forest)

    @cached_property
    def _feature_of_input(self) -> Integers:
        position = {name: i for i, name in enumerate(self.features)}
        return np.array([position[source.feature] for source in self.inputs], dtype=np.int64)

    def contributions(self, rows: Rows, count: int) -> tuple[Floats, float]:
        """Return what each feature adds to the margin, shape (rows, features), and the rest."""
        of_inputs = self.tables.contributions(self.matrix(rows, count))
        result = np.zeros((count, len(self.features)))
        for i, at in enumerate(self._feature_of_input):
            result[:, at] += of_inputs[:, i]
        return result, self.tables.base


def read_boosted(document: Plain, features: Sequence[Feature]) -> Boosted:
    """Return the boosted model in ``document``, checked against the manifest's features.

    Raises
    ------
    ArtifactError
        An input of a feature that the manifest lacks or that holds another type, categories
        that are not the manifest's, or a forest that is not sound.
    """
    part = document.record(("inputs", "rounding", "trees"))
    by_name = {feature.name: feature for feature in features}
    inputs = tuple(_read_input(item, by_name) for item in part["inputs"].items())
    return Boosted(
        features=tuple(by_name),
        inputs=inputs,
        forest=read_forest(part["trees"], len(inputs)),
        rounding=part["rounding"].number(),
    )


def _read_input(document: Plain, features: Mapping[str, Feature]) -> Input:
    part = document.record(("feature",), ("missing_codes", "equals", "codes", "unknown"))
    name = part["feature"].text(features)
    feature = features[name]
    if "equals" in part:
        value = part["equals"]
        return Input(name, equals=value.number() if feature.type == "number" else value.text())
    if feature.type == "number":
        if "codes" in part:
            part["codes"].refuse("absent, as the feature is a number")
        codes = part["missing_codes"].numbers() if "missing_codes" in part else np.empty(0)
        return Input(name, missing_codes=tuple(codes.tolist()))
    if "codes" not in part:
        part["feature"].refuse("a feature with codes, as it holds names")
    table = {k: code.optional_number() for k, code in part["codes"].members().items()}
    if not set(table) <= {*feature.categories, *map(str, feature.special_codes)}:
        part["codes"].refuse("an object with the manifest's categories")
    unknown = part["unknown"].optional_number() if "unknown" in part else None
    return Input(name, codes=table, unknown=unknown)
