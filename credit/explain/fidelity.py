"""Are the reasons true? Take each cited feature away, and see whether the risk falls as stated.

The test knows nothing of the model but its scores. A feature is taken away by giving the person
other people's values of it, one after the other: with R the rows of the reference and x the
person's row,

    neutral(x, f) = mean over r in R of risk(x with x_f = r_f)
    moved(x, f)   = risk(x) - neutral(x, f)

and a reason passes when ``moved > 0``: it was the cited feature that made the risk higher than
the reference's values of it would. In a points table a feature's part does not depend on the
others, so ``neutral`` puts the reference's mean part, its points in the reference's bins, in the
place of the person's, and ``moved`` is exactly what the reason states (up to which values are
tried). For trees ``moved`` also holds what the feature does together with others, which TreeSHAP
shares out among them, so a reason may fail; :func:`true_reasons` leaves those out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.errors import DataError
from credit.explain.reasons import (
    REASONS,
    Language,
    ReasonCode,
    ReasonText,
    Reference,
    reason_codes,
)
from credit.feature import Catalogue

Floats = npt.NDArray[np.float64]

Risk = Callable[[pd.DataFrame], Floats]
"""Risk of each row of a frame of named features: log-odds or probability of bad."""

VALUES = 64
"""Values of a feature that stand for the reference: evenly spaced by rank, nulls last."""

ROWS = 100_000
"""Rows that are scored at a time."""

_SPARE = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fidelity:
    """What became of every reason when its feature was taken away.

    Attributes
    ----------
    reasons : DataFrame
        ``row, rank, feature, stated, moved, passes``: one line a reason; ``stated`` is its
        ``difference``, ``moved`` what taking the feature away took from the risk.
    people : DataFrame
        ``reasons, passes``: one line a person, in the order of the rows; how many reasons they
        were given, and whether all of them passed (false where there was none).
    """

    reasons: pd.DataFrame
    people: pd.DataFrame

    @property
    def told(self) -> float:
        """Share of the people who were given at least one reason."""
        return float((self.people["reasons"] > 0).mean())

    @property
    def faithful(self) -> float:
        """Share of the people given a reason all of whose reasons passed."""
        told = self.people["reasons"] > 0
        return float(self.people.loc[told, "passes"].mean()) if told.any() else float("nan")

    @property
    def passed(self) -> float:
        """Share of all reasons that passed."""
        return float(self.reasons["passes"].mean()) if len(self.reasons) else float("nan")

    def kept(self, reasons: Sequence[tuple[ReasonCode, ...]]) -> list[tuple[ReasonCode, ...]]:
        """Return the reasons that passed, ranked anew: for models where too many do not.

        Parameters
        ----------
        reasons : sequence of tuple of ReasonCode
            Those that were tested.
        """
        if [len(row) for row in reasons] != self.people["reasons"].tolist():
            raise DataError(
                f"reasons: {len(reasons)} rows of others than the {len(self.people)} that were "
                "tested. Pass the reasons that the test was given."
            )
        passes = iter(self.reasons["passes"].tolist())
        kept = [[reason for reason in row if next(passes)] for row in reasons]
        return [
            tuple(replace(reason, rank=rank) for rank, reason in enumerate(row, start=1))
            for row in kept
        ]


def fidelity(
    risk: Risk,
    X: pd.DataFrame,
    reasons: Sequence[tuple[ReasonCode, ...]],
    reference: pd.DataFrame,
    *,
    values: int = VALUES,
) -> Fidelity:
    """Take each cited feature of each person away, and say whether the risk fell.

    Parameters
    ----------
    risk : callable
        Frame of named features -> risk of each row: a model's ``decision_function``, or an
        exported artifact's margin (see :mod:`credit.artifact`).
    X : DataFrame
        The people the reasons are about.
    reasons : sequence of tuple of ReasonCode
        One tuple a row, from :func:`reason_codes` against the same reference.
    reference : DataFrame
        Rows of the reference population: everybody, or those just approved
        (:func:`just_approved`).
    values : int
        How many of the reference's values stand for all of them. All are tried where it has no
        more rows than that.

    Raises
    ------
    DataError
        No row, another number of rows than of reasons, a cited feature that a frame lacks, or
        a risk that is not finite.
    """
    _check(X, reasons, reference, values)
    own = scored(risk, X)
    cited: dict[str, list[tuple[int, ReasonCode]]] = {}
    for row, codes in enumerate(reasons):
        for code in codes:
            cited.setdefault(code.feature, []).append((row, code))
    lines = []
    for feature, those in cited.items():
        rows = np.array([row for row, _ in those])
        others = spread_values(reference[feature], values)
        moved = own[rows] - neutral(risk, X.iloc[rows], feature, others)
        lines += [
            (row, code.rank, feature, code.difference, float(fell))
            for (row, code), fell in zip(those, moved, strict=True)
        ]
    table = pd.DataFrame(lines, columns=["row", "rank", "feature", "stated", "moved"])
    table = table.sort_values(["row", "rank"], kind="stable", ignore_index=True)
    table["passes"] = table["moved"] > 0
    given = pd.Series([len(codes) for codes in reasons], dtype=np.int64)
    failed = table.loc[~table["passes"], "row"]
    people = pd.DataFrame({"reasons": given, "passes": (given > 0) & ~given.index.isin(failed)})
    return Fidelity(reasons=table, people=people)


def true_reasons(  # noqa: PLR0913 - what reasons need, and what testing them needs
    risk: Risk,
    X: pd.DataFrame,
    contributions: pd.DataFrame,
    reference: Reference,
    population: pd.DataFrame,
    texts: Catalogue | Mapping[str, ReasonText],
    *,
    k: int = REASONS,
    language: Language = "en",
) -> list[tuple[ReasonCode, ...]]:
    """Return for each row up to ``k`` reasons, each put to the test first.

    Two more than ``k`` are taken by :func:`reason_codes`; those that fail are dropped, and the
    first ``k`` of the others remain. Where trees split on interactions that no sign holds, a few
    of a hundred people have a reason, seldom their first, that fails.

    Parameters
    ----------
    risk, X, population
        As for :func:`fidelity`, with ``population`` its reference.
    contributions, reference, texts, k, language
        As for :func:`reason_codes`.
    """
    codes = reason_codes(contributions, reference, texts, k=k + _SPARE, language=language)
    return [row[:k] for row in fidelity(risk, X, codes, population).kept(codes)]


def neutral(risk: Risk, X: pd.DataFrame, feature: str, others: pd.Series) -> Floats:
    """Return the mean risk of each row with other people's values of one feature in turn."""
    means = []
    step = max(1, ROWS // len(others))
    for begin in range(0, len(X), step):
        piece = X.iloc[begin : begin + step]
        many = piece.iloc[np.repeat(np.arange(len(piece)), len(others))].reset_index(drop=True)
        tiled = others.iloc[np.tile(np.arange(len(others)), len(piece))]
        many[feature] = tiled.set_axis(many.index)
        means.append(scored(risk, many).reshape(len(piece), len(others)).mean(axis=1))
    return np.concatenate(means)


def spread_values(column: pd.Series, values: int) -> pd.Series:
    """Return values evenly spaced by rank, nulls last: their distribution is the column's."""
    if len(column) <= values:
        return column
    plain = column.astype("object") if isinstance(column.dtype, pd.CategoricalDtype) else column
    order = plain.sort_values(kind="stable", na_position="last", ignore_index=True)
    at = ((np.arange(values) + 0.5) / values * len(order)).astype(np.int64)
    return order.iloc[at].astype(column.dtype)


def scored(risk: Risk, X: pd.DataFrame) -> Floats:
    """Return the risk of each row, refused unless it is one finite number a row."""
    found = np.asarray(risk(X), dtype=np.float64)
    if found.shape != (len(X),) or not np.isfinite(found).all():
        raise DataError(
            f"risk must give one finite number a row, got shape {found.shape} for {len(X)} rows, "
            f"{int((~np.isfinite(found)).sum())} not finite."
        )
    return found


def _check(
    X: pd.DataFrame,
    reasons: Sequence[tuple[ReasonCode, ...]],
    reference: pd.DataFrame,
    values: int,
) -> None:
    if not len(X) or len(X) != len(reasons):
        raise DataError(
            f"X has {len(X)} rows and there are reasons for {len(reasons)}: give at least one "
            "person, and a tuple of reasons for each."
        )
    if not len(reference):
        raise DataError("reference: no rows. Give the population the reasons compare with.")
    if values < 1:
        raise DataError(f"values must be at least 1, got {values}.")
    cited = {code.feature for codes in reasons for code in codes}
    for name, frame in (("X", X), ("reference", reference)):
        lacking = sorted(cited - set(map(str, frame.columns)))
        if lacking:
            raise DataError(
                f"{name}: no column {lacking}, which a reason cites. Give the rows as they are "
                "scored, every feature by its name."
            )
