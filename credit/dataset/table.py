"""One row an application: its features, its outcome, who and when."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from credit import features
from credit.dataset.outcome import STATUSES, DaysPastDue, Given, outcomes
from credit.engine import Engine
from credit.errors import DataError
from credit.feature import Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Applications in the order of time, one row each, aligned by position.

    Attributes
    ----------
    X : DataFrame
        One column a feature: float64, or text for a categorical one.
    y : Series of Int8
        1 bad, 0 good, NA otherwise.
    status : Series
        One of `STATUSES`.
    person, application_id : Series
        Who, and which application.
    as_of, known_at : Series of Int64
        When the features and the outcome were known, microseconds UTC; NA where never.
    segment : Series
        ``segment`` of the application, else of the customer, else NA.
    catalogue : Catalogue
        The features of X, in its order.
    """

    X: pd.DataFrame
    y: pd.Series
    status: pd.Series
    person: pd.Series
    as_of: pd.Series
    known_at: pd.Series
    application_id: pd.Series
    segment: pd.Series
    catalogue: Catalogue

    def __len__(self) -> int:
        return len(self.X)

    def take(self, positions: NDArray[np.integer] | NDArray[np.bool_]) -> Dataset:
        """Return the rows at ``positions`` (or where a mask is true), renumbered from 0."""
        chosen = {
            item.name: getattr(self, item.name).iloc[positions].reset_index(drop=True)
            for item in fields(self)
            if item.name != "catalogue"
        }
        return replace(self, **chosen)

    def labelled(self) -> Dataset:
        """Return the applications that turned out good or bad."""
        return self.take(self.y.notna().to_numpy(dtype=bool))


def observations(engine: Engine) -> pd.DataFrame:
    """Return one row an application, in the order of time.

    Columns: ``application_id``, ``customer_id``, ``as_of`` (its event_time, microseconds UTC)
    and every other column that the table of applications has.

    Raises
    ------
    DataError
        There is no application.
    """
    present = engine.columns("applications")
    own = ("application_id", "customer_id", "event_time", "available_at")
    stated = [f'"{name}"' for name in present if name not in own]
    columns = ", ".join(["application_id", "customer_id", "event_time AS as_of", *stated])
    frame = engine.frame(f"SELECT {columns} FROM applications ORDER BY event_time, application_id")
    if frame.empty:
        raise DataError("applications: the table is empty. A dataset has one row an application.")
    return frame


def dataset(
    engine: Engine,
    catalogue: Catalogue,
    definition: DaysPastDue | Given,
    *,
    observed_until: int,
) -> Dataset:
    """Join features, outcomes and facts into one row an application.

    Raises
    ------
    DataError
        There is no application, none has an outcome yet, or all outcomes are the same.
    """
    seen = observations(engine)
    settled = outcomes(engine, definition, observed_until=observed_until)
    doubled = settled["application_id"][settled["application_id"].duplicated()]
    if len(doubled):
        raise DataError(
            f"applications: {len(doubled)} row(s) repeat an application_id, such as "
            f"{doubled.iloc[0]}. Run the check, or quarantine them."
        )
    settled = settled.set_index("application_id").loc[seen["application_id"]].reset_index()
    status = settled["status"].astype("str")
    _refuse_one_class(status, observed_until)
    spine = seen[["customer_id", "as_of", "application_id"]].copy()
    spine.insert(0, "observation_id", np.arange(len(seen), dtype=np.int64))
    built = features.build(engine, spine, catalogue)
    y = status.map({"good": 0, "bad": 1}).astype("Int8")
    return Dataset(
        X=_matrix(built, catalogue),
        y=y.rename("y"),
        status=status,
        person=seen["customer_id"].rename("person"),
        as_of=seen["as_of"].astype("Int64"),
        known_at=settled["known_at"],
        application_id=seen["application_id"],
        segment=_segment(engine, seen),
        catalogue=catalogue,
    )


def _refuse_one_class(status: pd.Series, observed_until: int) -> None:
    """Refuse outcomes that no model can learn from, saying how many of each there are."""
    counts = {name: int((status == name).sum()) for name in STATUSES}
    if counts["good"] and counts["bad"]:
        return
    others = ", ".join(f"{counts[name]} {name}" for name in STATUSES[2:])
    if not counts["good"] and not counts["bad"]:
        raise DataError(
            f"none of {len(status)} application(s) has an outcome at {_date(observed_until)}: "
            f"{others}. Shorten the performance window, or bring tables that reach further."
        )
    raise DataError(
        f"all outcomes are the same: {counts['good']} good and {counts['bad']} bad ({others}). "
        "A model needs both; look at the outcome's definition and at the repayments."
    )


def _date(instant: int) -> str:
    try:
        return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant):%Y-%m-%d}"
    except OverflowError:
        return f"{instant} us"


def _segment(engine: Engine, seen: pd.DataFrame) -> pd.Series:
    """Return the segment of each application: its own, else the customer's, else NA."""
    if "segment" in seen:
        return seen["segment"].astype("str")
    if "customers" not in engine.tables:
        return pd.Series(np.nan, index=seen.index, name="segment", dtype="str")
    customers = engine.frame("SELECT customer_id, segment FROM customers")
    stated = customers.drop_duplicates("customer_id").set_index("customer_id")["segment"]
    return seen["customer_id"].map(stated).astype("str").rename("segment")


def _matrix(built: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Return the features as models take them: float64, and text where they are categories."""
    columns = {}
    for feature in catalogue:
        column = built[feature.name]
        if feature.is_categorical:
            columns[feature.name] = column if isinstance(
                column.dtype, pd.CategoricalDtype) else column.astype("str")  # fmt: skip
            continue
        if pd.api.types.is_string_dtype(column.dtype) and column.notna().any():
            raise DataError(
                f"{feature.name}: its unit is {feature.unit!r}, but its values are text, such as "
                f"{column.dropna().iloc[0]!r}. Declare the unit 'category', or mend the expression."
            )
        columns[feature.name] = column.astype("float64")
    return pd.DataFrame(columns, index=built.index).reset_index(drop=True)
