"""Bins changed by hand in a fitted card: the points follow, and the records stay with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from credit.binning import BinLimits, Bins, Edit, Editor, Sample, count_column
from credit.columns import known_names, read_frame, read_target, read_weight
from credit.errors import ModelError
from credit.scorecard.woe import weigh

if TYPE_CHECKING:
    from typing import Self

_LEARNT = ("classes_", "features_", "feature_names_in_", "n_features_in_", "method_")


class EditedByHand:
    """The part of a scorecard that takes bins a modeller has changed.

    Attributes
    ----------
    edits_ : tuple of Edit
        Every change by hand, in order of its refit: who, what, why, when, information value
        before and after.
    """

    edits_: tuple[Edit, ...]
    bins_: dict[str, Bins]
    coefficients_: pd.DataFrame
    classes_: Any
    method_: str
    binning: BinLimits | None
    special_codes: Mapping[str, Any] | None

    def _take(self, found: Any) -> None:
        raise NotImplementedError

    def editor(self, name: str, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Editor:
        """Return an editor of one column's bins, on the counts of the rows given.

        Give the rows the card was fitted on: the bins' cuts must be among their candidates.
        Earlier edits of the column are in its records.
        """
        frame, sample = self._read(X, y, sample_weight)
        known_names("editor", [name], self.bins_)
        limits = self.binning or BinLimits()
        codes = tuple((self.special_codes or {}).get(name, ()))
        return Editor(
            bins=self.bins_[name],
            counts=count_column(frame[name], name, sample, limits, codes),
            limits=limits,
            edits=tuple(edit for edit in self.edits_ if edit.feature == name),
        )

    def refit(
        self,
        X: Any,
        y: Any,
        *,
        bins: Mapping[str, Editor],
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Return a card with these columns' bins replaced and the evidence weighed again.

        All other bins stay as they are. A feature whose bins were changed takes part whatever
        rule left it out before, since the change is the modeller's word; other features that
        were left out stay out, by their old rule. The card itself is not changed.

        Parameters
        ----------
        X, y : as in fit
        bins : dict of str to Editor
            Column -> editor whose bins replace the card's.
        sample_weight : array, optional

        Raises
        ------
        ModelError
            The card is fused, an editor is of another column, it does not go on from the card's
            record, or y has other labels.
        """
        frame, sample = self._read(X, y, sample_weight)
        known_names("bins", bins, self.bins_)
        edits = self.edits_ + tuple(e for name in bins for e in self._new_edits(name, bins[name]))
        card = clone(self)
        for name in _LEARNT:
            if hasattr(self, name):
                setattr(card, name, getattr(self, name))
        changed = {name: editor.bins for name, editor in bins.items()}
        card.bins_, card.edits_ = {**self.bins_, **changed}, edits
        out = self.coefficients_["dropped"]
        dropped = {str(n): rule for n, rule in out.items() if rule and n not in changed}
        card._take(weigh(frame, sample, card.bins_, dropped))
        return card

    def edit_table(self) -> pd.DataFrame:
        """Return the changes by hand: feature, what, who, why, when, iv_before, iv_after."""
        check_is_fitted(self, "edits_")
        columns = [field.name for field in fields(Edit)]
        return pd.DataFrame([edit.to_dict() for edit in self.edits_], columns=columns)

    def _read(self, X: Any, y: Any, sample_weight: ArrayLike | None) -> tuple[pd.DataFrame, Sample]:
        check_is_fitted(self, "edits_")
        if self.method_ != "woe":
            raise ModelError(
                f"the card's method is {self.method_!r}: its margins are fitted together with its "
                "bins, so bins changed alone have no margins. Edit a card of evidence: "
                "Scorecard(binning=BinLimits())."
            )
        frame = read_frame(self, X, reset=False)
        target = read_target(self, y, len(frame))
        if target.classes.tolist() != self.classes_.tolist():
            raise ModelError(
                f"y has labels {target.classes.tolist()}, but the card was fitted with "
                f"{self.classes_.tolist()}. Give the same outcome."
            )
        weight = read_weight(sample_weight, target)
        return frame, Sample.of(np.asarray(target.bad), weight)

    def _new_edits(self, name: str, editor: Editor) -> tuple[Edit, ...]:
        """Return the records that the card does not hold yet."""
        if editor.bins.feature != name:
            raise ModelError(f"bins: {name!r} has an editor of {editor.bins.feature!r}.")
        known = tuple(edit for edit in self.edits_ if edit.feature == name)
        if editor.edits[: len(known)] != known:
            raise ModelError(
                f"bins: the card holds {len(known)} edit(s) of {name!r} that its editor does not "
                "begin with, so the record would break. Start from card.editor."
            )
        if not editor.edits[len(known) :]:
            raise ModelError(
                f"bins: the editor of {name!r} has no new edit. Change the bins, or leave it out."
            )
        return editor.edits[len(known) :]
