"""Which rows train, which validate, which test; and how people are drawn again.

A person stays on one side. Out of time, a training row's outcome must have been known when the
test begins (the embargo): a model of that day could not have learnt from it otherwise.

Positions, never labels: every array holds integer positions into the arrays given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import RepeatedStratifiedKFold, StratifiedGroupKFold

from credit.errors import DataError

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fold:
    """Positions of the rows of one split, ascending, and what was left out.

    Attributes
    ----------
    train, validation, test : ndarray of int
        Disjoint. ``validation`` is empty where the split makes none.
    counters : mapping of str to int
        Rows left out, by reason.
    notes : tuple of str
        The counters that are not zero, in sentences.
    """

    train: IntArray
    validation: IntArray
    test: IntArray
    counters: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def binary(y: object, *, argument: str = "y") -> IntArray:
    """Return an outcome as integers 0 (good) and 1 (bad), or refuse it.

    Raises
    ------
    DataError
        If it is empty, holds a null, or a value other than 0 and 1.
    """
    series = pd.Series(y)
    if series.empty:
        raise DataError(f"{argument} is empty. It must have at least one row.")
    nulls = int(series.isna().sum())
    if nulls:
        raise DataError(
            f"{argument} has {nulls} null(s) in {len(series)} rows; an outcome is 0 (good) or 1 "
            "(bad). Leave indeterminate rows out first, for instance with Dataset.labelled()."
        )
    other = series[~series.isin([0, 1])]
    if len(other):
        shown = sorted({str(value) for value in other})[:3]
        raise DataError(
            f"{argument} must hold 0 (good) and 1 (bad) only; {len(other)} row(s) hold "
            f"{', '.join(shown)}. Recode the outcome."
        )
    return series.to_numpy(dtype=np.int64)


def people_codes(person: object, length: int, *, argument: str = "person") -> IntArray:
    """Return people as numbers 0, 1, ... in order of appearance; refuse nulls."""
    codes, _ = pd.factorize(pd.Series(person))
    if len(codes) != length:
        raise DataError(f"{argument} has {len(codes)} rows, but {length} are expected.")
    nulls = int((codes < 0).sum())
    if nulls:
        raise DataError(
            f"{argument} has {nulls} null(s): a row without a person cannot be kept on one side. "
            "Give such rows identifiers of their own, or leave them out."
        )
    return codes.astype(np.int64)


def out_of_time(
    as_of: object,
    known_at: object,
    person: object,
    *,
    train_until: int,
    test_from: int,
    validation_share: float = 0.2,
) -> Fold:
    """Train on the past, test on the future.

    A row tests when ``as_of >= test_from``. It trains when ``as_of < train_until`` and
    ``known_at <= test_from``. Of the training rows, the latest ``validation_share`` by
    ``as_of`` validate; rows of one instant stay together, so the share is met as nearly as
    whole instants allow. Where a person has rows on both sides, the earlier side loses them:
    training and validation to test, then training to validation.

    Parameters
    ----------
    as_of, known_at : array of int
        Instants in microseconds UTC: of the application, and when its outcome was known.
    person : array
        The person of each row, or the component of the graph the person is in.
    train_until, test_from : int
        Instants in microseconds UTC, ``train_until <= test_from``.
    validation_share : float
        Share of the training rows that validate, ``0 <= share < 1``.

    Returns
    -------
    Fold
        Counters: ``embargoed`` (outcome known only after ``test_from``), ``between`` (from
        ``train_until`` up to ``test_from``), ``shared_with_test``, ``shared_with_validation``.

    Raises
    ------
    DataError
        For contradictory instants, and where a side would be empty.
    """
    times = _instants(as_of, "as_of")
    known = _instants(known_at, "known_at", length=len(times))
    people = people_codes(person, len(times))
    if train_until > test_from:
        raise DataError(
            f"train_until ({train_until}) lies after test_from ({test_from}): training must end "
            "before the test begins. Move one of them."
        )
    if not 0 <= validation_share < 1:
        raise DataError(f"validation_share must be at least 0 and below 1, got {validation_share}.")
    before, test = times < train_until, times >= test_from
    embargoed = before & (known > test_from)
    shared = before & ~embargoed & np.isin(people, people[test])
    usable = before & ~embargoed & ~shared
    validation = _latest(times, usable, validation_share)
    shared_inside = usable & ~validation & np.isin(people, people[validation])
    train = usable & ~validation & ~shared_inside
    counters = {
        "embargoed": int(embargoed.sum()),
        "between": int((~before & ~test).sum()),
        "shared_with_test": int(shared.sum()),
        "shared_with_validation": int(shared_inside.sum()),
    }
    _refuse_empty(train, validation, test, counters, wants_validation=validation_share > 0)
    return Fold(
        train=np.flatnonzero(train),
        validation=np.flatnonzero(validation),
        test=np.flatnonzero(test),
        counters=counters,
        notes=_notes(counters),
    )


def repeated_folds(
    y: object, groups: object = None, *, folds: int = 5, repeats: int = 1, seed: int
) -> list[Fold]:
    """Return ``folds * repeats`` stratified folds without validation rows.

    Without ``groups`` these are the folds of scikit-learn's ``RepeatedStratifiedKFold(
    n_splits=folds, n_repeats=repeats, random_state=seed)``, in its order. With ``groups`` each
    repeat is a shuffled ``StratifiedGroupKFold`` seeded with ``seed + repeat``, and no group is
    on both sides.

    Raises
    ------
    DataError
        If a class has fewer rows, or the groups are fewer, than folds; or if a fold would hold
        one class only.
    """
    labels = binary(y)
    bads = int(labels.sum())
    goods = len(labels) - bads
    if folds < 2 or repeats < 1:
        raise DataError(f"at least 2 folds and 1 repeat are needed, got {folds=} and {repeats=}.")
    if min(bads, goods) < folds:
        raise DataError(
            f"{folds} folds need at least {folds} rows of each class, but y has {bads} bad and "
            f"{goods} good. Use fewer folds or more rows."
        )
    rows = np.zeros((len(labels), 1))
    if groups is None:
        splitter = RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=seed)
        pairs = list(splitter.split(rows, labels))
    else:
        codes = people_codes(groups, len(labels), argument="groups")
        count = int(codes.max()) + 1
        if count < folds:
            raise DataError(f"{folds} folds need at least {folds} groups, but there are {count}.")
        pairs = []
        for repeat in range(repeats):
            grouped = StratifiedGroupKFold(folds, shuffle=True, random_state=seed + repeat)
            pairs += list(grouped.split(rows, labels, codes))
    empty = np.empty(0, dtype=np.int64)
    made = [Fold(train=train, validation=empty, test=test) for train, test in pairs]
    for number, fold in enumerate(made):
        require_both_classes(labels, fold, name=f"fold {number}")
    return made


def require_both_classes(y: object, fold: Fold, *, name: str = "the split") -> None:
    """Refuse a fold whose training, validation or test rows are of one class.

    An empty validation is allowed; an empty training or test part is not.

    Raises
    ------
    DataError
        With the counts of each class.
    """
    labels = binary(y)
    for part in ("train", "validation", "test"):
        positions: IntArray = getattr(fold, part)
        if part == "validation" and not len(positions):
            continue
        bads = int(labels[positions].sum())
        goods = len(positions) - bads
        if not bads or not goods:
            raise DataError(
                f"{name}: its {part} rows hold {bads} bad and {goods} good, but both classes are "
                "needed. Move the dates, use fewer folds, or bring more rows."
            )


def straddling(groups: object, fold: Fold) -> int:
    """Count the groups (people) that have rows in the test and in training or validation."""
    codes = pd.factorize(pd.Series(groups))[0]
    learnt = codes[np.concatenate([fold.train, fold.validation])]
    both = np.intersect1d(learnt, codes[fold.test])
    return int((both >= 0).sum())


def draw_people(
    person: object, rows: int, *, resamples: int, seed: int
) -> Iterator[npt.NDArray[np.float64]]:
    """Yield how often each row occurs when people are drawn again with replacement.

    One draw takes as many people as there are; a person brings all their rows. Without
    ``person`` every row is its own person. A multiplicity is a weight: any statistic that takes
    weights can be resampled without copying a row.
    """
    generator = np.random.default_rng(seed)
    codes = None if person is None else people_codes(person, rows)
    count = rows if codes is None else int(codes.max()) + 1
    for _ in range(resamples):
        drawn = np.bincount(generator.integers(0, count, count), minlength=count)
        yield (drawn if codes is None else drawn[codes]).astype(np.float64)


def _instants(values: object, argument: str, *, length: int | None = None) -> IntArray:
    series = pd.Series(values)
    if series.empty:
        raise DataError(f"{argument} is empty. It must have at least one row.")
    if length is not None and len(series) != length:
        raise DataError(f"{argument} has {len(series)} rows, but {length} are expected.")
    if not pd.api.types.is_integer_dtype(series):
        raise DataError(
            f"{argument}: type {series.dtype}, but instants are integer microseconds UTC. "
            "Convert the column first."
        )
    nulls = int(series.isna().sum())
    if nulls:
        raise DataError(
            f"{argument} has {nulls} null(s) in {len(series)} rows: without the instant a row "
            "cannot be placed before or after the cut. Leave such rows out first."
        )
    return series.to_numpy(dtype=np.int64)


def _latest(times: IntArray, usable: BoolArray, share: float) -> BoolArray:
    """Mark the usable rows from the instant on that leaves nearest to ``share`` of them after it.

    With a share above 0 at least one instant stays on either side; a single instant cannot be
    cut and gives no validation.
    """
    instants, counts = np.unique(times[usable], return_counts=True)
    if share == 0 or len(instants) < 2:
        return np.zeros(len(times), dtype=bool)
    after = counts[::-1].cumsum()[::-1][1:] / counts.sum()
    cut = instants[1:][np.abs(after - share).argmin()]
    return usable & (times >= cut)


def _refuse_empty(
    train: BoolArray,
    validation: BoolArray,
    test: BoolArray,
    counters: Mapping[str, int],
    *,
    wants_validation: bool,
) -> None:
    for name, rows, needed in (
        ("train", train, True),
        ("validation", validation, wants_validation),
        ("test", test, True),
    ):
        if needed and not rows.any():
            lost = ", ".join(f"{reason} {count}" for reason, count in counters.items())
            raise DataError(
                f"no {name} rows are left out of {len(train)} (left out: {lost}). "
                "Move train_until or test_from, or change validation_share."
            )


def _notes(counters: Mapping[str, int]) -> tuple[str, ...]:
    sentences = {
        "embargoed": "row(s) do not train: their outcome was not known when the test begins.",
        "between": "row(s) lie between train_until and test_from and are not used.",
        "shared_with_test": "row(s) do not train: the same people are in the test.",
        "shared_with_validation": "row(s) do not train: the same people are in the validation.",
    }
    return tuple(f"{counters[key]} {words}" for key, words in sentences.items() if counters[key])
