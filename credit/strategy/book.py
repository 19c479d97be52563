"""A book: applications with what tables state of them, a score, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from credit.decide.case import Case, Scored
from credit.decide.clock import local_day
from credit.decide.stated import Stated, case_of
from credit.errors import DataError

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

H = TypeVar("H", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coded:
    """A column of few distinct values: ``values[codes[row]]``."""

    codes: Ints
    values: tuple[Any, ...]

    def of(self, rows: Ints, function: Callable[[Any], Any]) -> tuple[list[Any], Ints]:
        """Return a function of each distinct value among some rows, and each row's place in it."""
        used, place = np.unique(self.codes[rows], return_inverse=True)
        return [function(self.values[code]) for code in used.tolist()], place


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Facts:
    """What `Stated` says, a column a fact, one entry a row.

    ``income_fen`` and ``dues_fen`` (the sum of what is due) hold Python's whole numbers where one
    of them passes 64 bits. ``days`` remembers the local day of instants, by zone.
    """

    instant: Ints
    registered_at: Ints
    birth: Ints
    income_fen: npt.NDArray[Any]
    dues_fen: npt.NDArray[Any]
    occupation: Coded
    assets: Coded
    months: Coded
    scopes: Coded
    scores: Coded
    evidence: Bools
    days: dict[tuple[str, str], Ints] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Sequence[Stated]) -> Facts:
        """Read the columns of some applications."""
        return cls(
            instant=np.array([row.instant for row in rows], dtype=np.int64),
            registered_at=np.array([row.registered_at for row in rows], dtype=np.int64),
            birth=np.array([row.birth_date.toordinal() for row in rows], dtype=np.int64),
            income_fen=whole([row.income_fen for row in rows]),
            dues_fen=whole([sum(row.dues_fen) for row in rows]),
            occupation=coded([row.occupation for row in rows]),
            assets=coded([row.assets for row in rows]),
            months=coded([row.months for row in rows]),
            scopes=coded([frozenset(row.scopes) for row in rows]),
            scores=coded([tuple(sorted(row.scores.items())) for row in rows]),
            evidence=np.array([bool(row.income_evidence) for row in rows], dtype=bool),
        )

    def local_days(self, name: str, zone: str) -> Ints:
        """Return the local day (its ordinal) of ``instant`` or ``registered_at`` of each row."""
        key = (name, zone)
        if key not in self.days:
            instants, place = np.unique(getattr(self, name), return_inverse=True)
            days = [local_day(one, zone).toordinal() for one in instants.tolist()]
            self.days[key] = np.array(days, dtype=np.int64)[place]
        return self.days[key]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Book:
    """Applications that a strategy decides.

    Attributes
    ----------
    stated : tuple of Stated
    probability : ndarray of float
        Of default; NaN where no model was asked.
    segment : tuple of str
    amount_fen : ndarray of int
        Asked for; 0 where none was stated.
    bad : ndarray of float
        1 bad, 0 good, NaN where the outcome is not known: nobody who was refused has one.
    facts : Facts
        ``stated`` by columns.
    """

    stated: tuple[Stated, ...]
    probability: Floats
    segment: tuple[str, ...]
    amount_fen: Ints
    bad: Floats
    facts: Facts

    @classmethod
    def of(
        cls,
        stated: Sequence[Stated],
        probability: npt.ArrayLike,
        *,
        segment: Sequence[str] | None = None,
        amount_fen: npt.ArrayLike | None = None,
        bad: npt.ArrayLike | None = None,
    ) -> Book:
        """Check the columns of a book, and read its facts.

        Parameters
        ----------
        stated : sequence of Stated
        probability : array of float
        segment, amount_fen, bad : sequence, optional
            One segment ``all``, no amounts, and no outcomes by default.

        Raises
        ------
        DataError
            There is no row; a column has another length; a probability, an outcome, an amount, an
            income or a due is out of its range; an application stands there twice.
        """
        rows = tuple(stated)
        count = len(rows)
        if not count:
            raise DataError("stated: there is no application. A book has at least one.")
        columns: dict[str, Any] = {
            "probability": np.asarray(probability, dtype=np.float64),
            "amount_fen": np.asarray([0] * count if amount_fen is None else amount_fen),
            "bad": np.asarray([np.nan] * count if bad is None else bad, dtype=np.float64),
            "segment": tuple(["all"] * count if segment is None else map(str, segment)),
        }
        for name, column in columns.items():
            if len(column) != count:
                raise DataError(f"{name} has {len(column)} rows, but {count} are expected.")
        if columns["amount_fen"].dtype.kind not in "iu":
            raise DataError(
                f"amount_fen: type {columns['amount_fen'].dtype}, but amounts are whole fen."
            )
        _refuse_rows(rows, columns)
        columns["amount_fen"] = columns["amount_fen"].astype(np.int64)
        return cls(stated=rows, facts=Facts.of(rows), **columns)

    def __len__(self) -> int:
        return len(self.stated)

    def case(self, row: int) -> Case:
        """Return the case of a row, as `credit.decide.decision.decide` takes it."""
        probability = float(self.probability[row])
        if np.isnan(probability):
            return case_of(self.stated[row], None)
        score = Scored(probability=probability, points=0, grade="", artifact="")
        return case_of(self.stated[row], score)

    def scored(self, probability: npt.ArrayLike) -> Book:
        """Return the same applications with other probabilities of default."""
        other = np.asarray(probability, dtype=np.float64)
        if len(other) != len(self):
            raise DataError(f"probability has {len(other)} rows, but {len(self)} are expected.")
        _refuse_rows(self.stated, {"probability": other})
        return replace(self, probability=other)

    def days(self) -> tuple[date, date]:
        """Return the first and the last day of the book, in UTC."""
        ends = int(self.facts.instant.min()), int(self.facts.instant.max())
        first, last = (local_day(instant, "UTC") for instant in ends)
        return first, last


def coded(values: Sequence[H]) -> Coded:
    """Return a column by its distinct values, in the order of their first row."""
    places: dict[H, int] = {}
    codes = [places.setdefault(value, len(places)) for value in values]
    return Coded(codes=np.array(codes, dtype=np.int64), values=tuple(places))


def whole(values: Sequence[int]) -> npt.NDArray[Any]:
    """Return whole numbers as 64 bits, or as Python's own where one does not fit."""
    fits = max(map(abs, values), default=0) < 1 << 62
    return np.array(values, dtype=np.int64 if fits else object)


def _refuse_rows(rows: Sequence[Stated], columns: Mapping[str, Any]) -> None:
    """Refuse values out of their range, with the application that has the first of them."""
    wrong: list[tuple[str, Any, str]] = []
    if "probability" in columns:
        given = columns["probability"]
        wrong.append(("probability", (given < 0) | (given > 1), "lies in [0, 1], or is null"))
    if "bad" in columns:
        given = columns["bad"]
        known = np.isnan(given) | (given == 0) | (given == 1)
        wrong.append(("bad", ~known, "is 0, 1 or null"))
    if "amount_fen" in columns:
        wrong.append(("amount_fen", columns["amount_fen"] < 0, "is 0 or more"))
        wrong += [
            ("income_fen", np.array([row.income_fen < 0 for row in rows]), "is 0 or more"),
            (
                "dues_fen",
                np.array([min(row.dues_fen, default=0) < 0 for row in rows]),
                "is 0 or more",
            ),
        ]
    for name, broken, rule in wrong:
        if broken.any():
            first = rows[int(np.flatnonzero(broken)[0])].application_id
            raise DataError(
                f"{name}: {int(broken.sum())} row(s) break the rule that it {rule}; the first is "
                f"application {first!r}."
            )
    names = [row.application_id for row in rows]
    if len(set(names)) < len(names):
        twice = sorted(name for name, count in Counter(names).items() if count > 1)
        raise DataError(
            f"application_id: {twice[:3]} stand(s) there more than once. A book has one row an "
            "application."
        )
