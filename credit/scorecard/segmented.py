"""One card a segment: rows are scored with the card of their segment, on one scale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from credit.binning.bins import interval_labels
from credit.columns import (
    Floats,
    Ints,
    known_names,
    names,
    numbers,
    read_frame,
    read_target,
    read_weight,
)
from credit.errors import ModelError
from credit.margin import MarginClassifier
from credit.scorecard.card import Scorecard
from credit.scorecard.rounding import RangeScale

EVERYONE = "(all rows)"
"""The segment of rows that no card of their own scores."""

MISSING = "(missing)"
"""The segment of rows without a value."""

OWN = "own card"
"""What scores a segment that is large enough."""

Names = NDArray[np.object_]


class SegmentedScorecard(MarginClassifier, BaseEstimator):
    """A card for each segment of the rows, and the card of all rows for the others.

    ::

        margin(x) = margin of cards_[segment(x)], or of card_ where the segment has no card

    Every card is fitted with the options of ``card``, its scale among them, so that a sum of
    points stands for the same odds in every segment. The column that makes the segments is a
    feature of the cards like any other: constant within a segment of names, it counts in the
    card of all rows alone.

    Parameters
    ----------
    column : str or int
        The column whose value says the segment, by name or by position; -1 is the last.
    cuts : tuple of float, optional
        For a column of numbers: segment i holds ``cuts[i - 1] <= x < cuts[i]``. Without cuts
        each value is a segment.
    card : Scorecard, optional
        Options of every card; it is not fitted itself.
    min_bads : int
        A segment with fewer bad rows, or fewer good ones, is scored with the card of all rows.
        A weight counts rows.

    Attributes
    ----------
    card_ : Scorecard
        The card of all rows.
    cards_ : dict of str to Scorecard
        Segment -> its card.
    segments_ : DataFrame, index segment
        rows and bads by weight, and card: ``own card``, or why the card of all rows.
    table_ : DataFrame
        The cards' tables under each other, with ``segment`` first; ``(all rows)`` is the last.
    base_ : float
        Margin of a row without evidence on the card of all rows.
    classes_ : ndarray (2,)

    Raises
    ------
    ModelError
        The column is not there, cuts do not ascend or are for a column of names, or the scale is
        a RangeScale.
    """

    def __init__(
        self,
        *,
        column: str | int = 0,
        cuts: tuple[float, ...] | None = None,
        card: Scorecard | None = None,
        min_bads: int = 50,
    ) -> None:
        self.column = column
        self.cuts = cuts
        self.card = card
        self.min_bads = min_bads

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        period: ArrayLike | None = None,
    ) -> SegmentedScorecard:
        """Fit the card of all rows and the card of every segment that is large enough."""
        card = self.card or Scorecard()
        self._check(card)
        frame = read_frame(self, X, reset=True)
        target = read_target(self, y, len(frame))
        weight = read_weight(sample_weight, target)
        self.classes_ = target.classes
        self.column_ = self._named()
        labels = target.classes[target.bad.astype(np.int64)]
        self.card_ = clone(card).fit(frame, labels, weight, period=period)
        self.base_ = self.card_.base_
        self.cards_: dict[str, Scorecard] = {}
        found = self._segments(frame)
        rows = []
        for segment in self._in_order(found):
            at = np.flatnonzero((found == segment) & (weight > 0))
            bads, goods = (float(weight[at] @ side[at]) for side in (target.bad, 1 - target.bad))
            reason = self._too_few(bads, goods)
            if not reason:
                self.cards_[segment] = clone(card).fit(
                    self._with_kinds(frame.iloc[at]),
                    labels[at],
                    weight[at],
                    period=None if period is None else np.asarray(period)[at],
                )
            rows.append((segment, goods + bads, bads, reason or OWN))
        columns = ["segment", "rows", "bads", "card"]
        self.segments_ = pd.DataFrame(rows, columns=columns).set_index("segment")
        self._write_table()
        return self

    def decision_function(self, X: Any) -> Floats:
        """Return the log-odds of bad, by the card of each row's segment."""
        return self._by_card(X, lambda card, rows: card.decision_function(rows))

    def points(self, X: Any) -> Ints:
        """Return the sums of integer points, by the table of each row's segment."""
        return self._by_card(X, lambda card, rows: card.points(rows))

    def segment(self, X: Any) -> pd.Series:
        """Return the segment of each row; those that are not in ``cards_`` have no card."""
        check_is_fitted(self, "cards_")
        found = self._segments(read_frame(self, X, reset=False))
        index = X.index if isinstance(X, pd.DataFrame) else None
        return pd.Series(found, index=index, name="segment", dtype=object)

    def contributions(self, X: Any) -> pd.DataFrame:
        """Return each feature's term of the margin; a row's sum and ``base_`` are its margin.

        What the base of a segment's card differs by from ``base_`` is in the term of the column
        that makes the segments.
        """
        terms = self._by_card(X, lambda card, rows: card.contributions(rows).to_numpy())
        index = X.index if isinstance(X, pd.DataFrame) else None
        found = pd.DataFrame(terms, columns=list(self.features_), index=index)
        bases = self._by_card(X, lambda card, rows: np.full(len(rows), card.base_))
        found[self.column_] += bases - self.base_
        return found

    def labels(self, X: Any) -> pd.DataFrame:
        """Return the label of each row's bin in every feature, by the card of its segment."""
        found = self._by_card(X, lambda card, rows: card.labels(rows).to_numpy())
        index = X.index if isinstance(X, pd.DataFrame) else None
        return pd.DataFrame(found, columns=list(self.features_), index=index)

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted cards as plain data: numbers, text, lists and dicts alone."""
        check_is_fitted(self, "cards_")
        return {
            "kind": "segmented_scorecard",
            "column": self.column_,
            "cuts": None if self.cuts is None else list(self.cuts),
            "min_bads": self.min_bads,
            "card": self.card_.to_dict(),
            "cards": {segment: card.to_dict() for segment, card in self.cards_.items()},
            "segments": self.segments_.reset_index().to_dict("records"),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> SegmentedScorecard:
        """Build the fitted cards from :meth:`to_dict`; they score as those they came from."""
        if plain.get("kind") != "segmented_scorecard":
            raise ModelError(f"kind must be 'segmented_scorecard', got {plain.get('kind')!r}.")
        cuts = plain["cuts"]
        model = cls(
            column=plain["column"],
            cuts=None if cuts is None else tuple(cuts),
            min_bads=plain["min_bads"],
        )
        model.card_ = Scorecard.from_dict(plain["card"])
        model.cards_ = {name: Scorecard.from_dict(card) for name, card in plain["cards"].items()}
        for name in ("classes_", "features_", "feature_names_in_", "n_features_in_", "base_"):
            setattr(model, name, getattr(model.card_, name))
        model.column_ = plain["column"]
        model.segments_ = pd.DataFrame(plain["segments"]).set_index("segment")
        model._write_table()
        return model

    def _check(self, card: Scorecard) -> None:
        if isinstance(card.scale, RangeScale):
            raise ModelError(
                "card: with a RangeScale every segment would have a scale of its own, and points "
                "would mean other odds in each. Fit one card, and give its scale_."
            )
        if self.min_bads < 1:
            raise ModelError(f"min_bads must be at least 1, got {self.min_bads}.")
        cuts = list(self.cuts or ())
        if not np.isfinite(cuts).all() or (np.diff(cuts) <= 0).any():
            raise ModelError(f"cuts must be finite and ascend, got {cuts}.")

    def _named(self) -> str:
        """Return the name of the column that makes the segments."""
        if isinstance(self.column, str):
            known_names("column", [self.column], self.features_)
            return self.column
        if not -len(self.features_) <= self.column < len(self.features_):
            raise ModelError(
                f"column: no position {self.column} in X, which has {len(self.features_)} "
                "column(s), counted from 0."
            )
        return self.features_[self.column]

    def _segments(self, frame: pd.DataFrame) -> Names:
        """Return the name of every row's segment, whether it has a card or not."""
        column = frame[self.column_]
        if self.cuts is None:
            codes, found = names(column, self.column_)
            if {MISSING, EVERYONE} & set(found):
                raise ModelError(
                    f"column {self.column_!r}: {MISSING!r} and {EVERYONE!r} are names of this "
                    "model's own segments. Rename the value, or set it to missing."
                )
            return np.array([*found, MISSING], dtype=object)[codes]
        values = numbers(column, self.column_)
        label = np.array([*interval_labels(self.cuts), MISSING], dtype=object)
        at = np.searchsorted(np.array(self.cuts), values, side="right")
        return label[np.where(np.isnan(values), -1, at)]

    def _in_order(self, found: Names) -> list[str]:
        """Return the segments by their cuts or by name, the missing one last."""
        present = set(found)
        order = sorted(present - {MISSING}) if self.cuts is None else interval_labels(self.cuts)
        return [segment for segment in [*order, MISSING] if segment in present]

    def _too_few(self, bads: float, goods: float) -> str:
        few = [
            f"{many:g} {side}"
            for many, side in ((bads, "bad"), (goods, "good"))
            if many < self.min_bads
        ]
        return f"card of all rows: {' and '.join(few)} row(s) < {self.min_bads}" if few else ""

    def _with_kinds(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows, columns of names marked as such: all may be missing in a segment."""
        known = {
            name: rows[name].astype("category")
            for name, bins in self.card_.bins_.items()
            if bins.kind == "category" and rows[name].isna().all()
        }
        return rows.assign(**known)

    def _by_card(
        self, X: Any, score: Callable[[Scorecard, pd.DataFrame], NDArray[Any]]
    ) -> NDArray[Any]:
        """Return what each row's card says of it."""
        check_is_fitted(self, "cards_")
        frame = read_frame(self, X, reset=False).reset_index(drop=True)
        found = self._segments(frame)
        result = np.array(score(self.card_, frame))
        for segment, card in self.cards_.items():
            at = np.flatnonzero(found == segment)
            if len(at):
                result[at] = score(card, frame.iloc[at])
        return result

    def _write_table(self) -> None:
        parts = [*self.cards_.items(), (EVERYONE, self.card_)]
        tables = [card.table_.assign(segment=segment) for segment, card in parts]
        table = pd.concat(tables, ignore_index=True)
        self.table_ = table[["segment", *table.columns.drop("segment")]]
