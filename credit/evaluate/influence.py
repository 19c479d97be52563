"""How many decisions a group of features changes: as it is, against as if it said nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit

from credit.errors import DataError, nearest
from credit.evaluate.inputs import FloatArray, probabilities
from credit.evaluate.intervals import bootstrap, jeffreys

Unit = Literal["all", "touched"]
"""Of whom a share is taken: of all decisions, or of those about people the group says much of."""

Decide = Callable[[FloatArray], npt.NDArray[Any]]
"""From probabilities of bad to decisions: ranks, the best for the person first, such as 0 for
approved and 1 for refused, or the index of a grade."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neutral:
    """What each feature of a group is set to where it shall say nothing.

    Attributes
    ----------
    values : mapping
        Feature -> its value, None for null.
    known_only : bool
        Whether nulls stay: a person without contacts has none with a negative mark either.
    """

    values: Mapping[str, float | str | None]
    known_only: bool

    @classmethod
    def at(cls, features: list[str], value: float | str) -> Neutral:
        """Set every feature to one value where it is known, such as a share of 0."""
        return cls(values=dict.fromkeys(features, value), known_only=True)

    @classmethod
    def of_population(cls, features: list[str], reference: pd.DataFrame) -> Neutral:
        """Set every feature of everybody to the median of the reference rows.

        Texts take the commonest value, and so does a column whose commonest value is null.
        """
        _refuse_unknown(features, reference)
        values = {name: _typical(reference[name]) for name in features}
        return cls(values=values, known_only=False)

    def apply(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the rows with the group's features set.

        Raises
        ------
        DataError
            If a feature is no column.
        """
        _refuse_unknown(self.values, X)
        changed = X.copy()
        for name, value in self.values.items():
            amounts = pd.api.types.is_numeric_dtype(X[name])
            column = X[name].astype("float64") if amounts else X[name]
            filler = np.nan if value is None else value
            changed[name] = column.mask(X[name].notna() | (not self.known_only), filler)
        return changed

    def touched(self, X: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Mark the rows that it changes: of these people the group says something."""
        changed = self.apply(X)
        same = np.ones(len(X), dtype=bool)
        for name in self.values:
            before, after = X[name], changed[name]
            same &= ((before == after) | (before.isna() & after.isna())).to_numpy(dtype=bool)
        return ~same


def decision_influence(  # noqa: PLR0913 - two scores, the decisions, and settings by name
    actual: object,
    neutral: object,
    touched: object,
    decisions: Mapping[str, Decide],
    *,
    unit: Unit,
    strength: float = 1.0,
    person: object = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the share of decisions that a group of features changes.

    Parameters
    ----------
    actual, neutral : array
        P(bad) of each row with the group as it is, and with it neutralised.
    touched : array of bool
        Whether the group says something about the person, such as that a contact carries a
        negative mark.
    decisions : mapping of str to callable
        Name -> what turns probabilities into decisions, the best for the person lowest: approval,
        grade, band of the limit.
    unit : {"all", "touched"}
        What the declared figure is a share of. Both are returned: the same model changes a
        small share of all decisions and a large one of those about the touched.
    strength : float
        How far the group is neutralised, above 0 and at most 1: on the way from the actual
        log-odds to the neutral ones.
    person : array, optional
        Person of each row; where people repeat, intervals come from drawing people again.
    seed : int
        Of these draws.

    Returns
    -------
    DataFrame
        ``decision, unit, declared`` (whether it is the unit asked for), ``rows`` (the unit's),
        ``changed``, ``share`` with ``low, high`` (95 %; Jeffreys), ``harmed`` (rows to which
        the group does harm: neutral, the decision is better for them) and ``helped``.

    Raises
    ------
    DataError
        For a unit or a strength out of range, no decision, or arrays of different lengths.
    """
    before = probabilities(actual, "actual")
    after = probabilities(neutral, "neutral", length=len(before))
    about = _marks(touched, len(before))
    if unit not in ("all", "touched") or not 0 < strength <= 1 or not decisions:
        raise DataError(
            f"unit must be 'all' or 'touched', strength above 0 and at most 1, and there must be a "
            f"decision; got {unit=}, {strength=} and {list(decisions)}."
        )
    if strength < 1:
        if {0.0, 1.0} & {*before, *after}:
            raise DataError(
                "a probability is exactly 0 or 1: there is no way between such log-odds. Calibrate "
                "the model, or take strength 1."
            )
        after = expit((1 - strength) * logit(before) + strength * logit(after))
    rows = []
    for name, decide in decisions.items():
        step = np.asarray(decide(after)).astype(np.int64) - np.asarray(decide(before))
        for kind, inside in (("all", np.ones(len(before), dtype=bool)), ("touched", about)):
            rows.append(
                {"decision": name, "unit": kind, "declared": kind == unit}
                | _counted(step, inside, person=person, seed=seed)
            )
    return pd.DataFrame(rows)


def _counted(
    step: npt.NDArray[np.int64], inside: npt.NDArray[np.bool_], *, person: object, seed: int
) -> dict[str, float]:
    """Return the counts and the share of one decision and unit."""
    total, moved = int(inside.sum()), (step != 0) & inside
    changed = int(moved.sum())
    share = changed / total if total else float("nan")
    low, high = (float(end[0]) for end in jeffreys([changed], [total - changed]))
    repeated = person is not None and pd.Series(person).duplicated().any()
    if total and repeated:
        found = bootstrap(
            lambda weight: {"share": _ratio(weight[moved].sum(), weight[inside].sum())},
            len(step), person=person, seed=seed, resamples=200,
        )  # fmt: skip
        low, high = found[["low", "high"]].to_numpy(dtype=np.float64)[0].tolist()
    return {
        "rows": total,
        "changed": changed,
        "share": share,
        "low": max(low, 0.0) if total else float("nan"),
        "high": min(high, 1.0) if total else float("nan"),
        "harmed": int((inside & (step < 0)).sum()),
        "helped": int((inside & (step > 0)).sum()),
    }


def _ratio(part: float, total: float) -> float:
    return part / total if total else float("nan")


def _marks(touched: object, length: int) -> npt.NDArray[np.bool_]:
    marks = pd.Series(touched)
    if len(marks) != length or not pd.api.types.is_bool_dtype(marks) or marks.isna().any():
        raise DataError(
            f"touched has {len(marks)} rows of type {marks.dtype}, but {length} truth values "
            "without nulls are needed."
        )
    return marks.to_numpy(dtype=np.bool_)


def _typical(column: pd.Series) -> float | str | None:
    """Return the median of numbers, the commonest name of texts; None where nulls are commoner."""
    if column.isna().mean() > 0.5:
        return None
    if pd.api.types.is_numeric_dtype(column):
        return float(np.nanmedian(column.to_numpy(dtype=np.float64, na_value=np.nan)))
    return str(column.mode().iloc[0])


def _refuse_unknown(features: Iterable[str], X: pd.DataFrame) -> None:
    columns = [str(name) for name in X.columns]
    unknown = [name for name in features if name not in columns]
    if unknown:
        raise DataError(
            f"features {unknown} are no columns of these rows.{nearest(unknown[0], columns)}"
        )
