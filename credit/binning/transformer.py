"""Binning: the scikit-learn transformer from columns to weight of evidence."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import ClassifierTags
from sklearn.utils.validation import check_is_fitted

from credit.binning.bins import Bins, table_of
from credit.binning.counts import Counts
from credit.binning.edit import Edit, Editor
from credit.binning.fit import fit_bins
from credit.binning.groups import count_frame
from credit.binning.limits import ORDERS, BinLimits
from credit.binning.tally import Sample
from credit.columns import Floats, known_names, read_frame, read_target, read_weight, seed_of
from credit.errors import ModelError, nearest
from credit.frames import Frame

SpecialCodes = Mapping[str, Sequence[object]]


def bin_counts(
    counts: Mapping[str, Counts],
    prior: Floats,
    limits: BinLimits,
    *,
    trends: Mapping[str, str],
    seed: int,
) -> dict[str, Bins]:
    """Return the bins of every column from its counts.

    Every column is dealt from the same seed, so it keeps its bins whatever its name and
    whatever columns stand beside it.
    """
    return {
        name: fit_bins(
            column, prior, limits, trends.get(name, limits.trend), np.random.default_rng(seed)
        )
        for name, column in counts.items()
    }


def transform_frame(X: Frame, bins: Mapping[str, Bins]) -> Floats:
    """Return the weight of evidence of every value, one column for each entry of ``bins``."""
    woe = np.empty((len(X), len(bins)), order="F")
    for i, (name, column) in enumerate(bins.items()):
        woe[:, i] = np.array(column.woe)[column.encode(X[name])]
    return woe


class Binning(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Exact optimal bins of every column; values become weight of evidence.

    The evidence of a bin is ``log(bad share / good share)``, smoothed: above 0 is riskier than
    the population. Bins maximise the information value exactly, given the trend that explains
    held-out rows best and as many bins as the limits allow. Any frame is read: numbers, text,
    missing, category, Arrow. Nothing but weighted counts per candidate is used.

    Parameters
    ----------
    limits : BinLimits, optional
        What bins may look like.
    special_codes : dict of str to list, optional
        Values that are no amounts; each gets a bin of its own before any trend is asked.
    trends : dict of str to str, optional
        Trend of a column's bad rate; ``limits.trend`` for the others. Names have no trend.
    random_state : int, optional
        Seeds the deals that choose a trend; ``None`` is 0.

    Attributes
    ----------
    bins_ : dict of str to Bins
        One entry a column, in the order seen in fit.
    classes_ : ndarray (2,)
        Good label, bad label.
    edits_ : tuple of Edit
        The changes by hand that :meth:`take` brought in.

    Raises
    ------
    ModelError
        y has one class; a column is missing or holds what it must not.

    Notes
    -----
    Dynamic programme over ordered candidates as in Navas-Palencia (2020), "Optimal binning:
    mathematical programming formulation", solved without a solver.
    """

    def __init__(
        self,
        *,
        limits: BinLimits | None = None,
        special_codes: SpecialCodes | None = None,
        trends: Mapping[str, str] | None = None,
        random_state: int | None = None,
    ) -> None:
        self.limits = limits
        self.special_codes = special_codes
        self.trends = trends
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        period: ArrayLike | None = None,
    ) -> Binning:
        """Learn the bins; y's greater label is bad, a weight counts rows.

        ``period`` is each row's month or quarter: ``neighbours.same_order`` asks for it.
        """
        frame = read_frame(self, X, reset=True)
        target = read_target(self, y, len(frame))
        weight = read_weight(sample_weight, target)
        trends = self._known_trends(frame.columns)
        self.classes_ = target.classes
        self.edits_: tuple[Edit, ...] = ()
        limits, sample = self.limits or BinLimits(), Sample.of(target.bad, weight, period)
        counts = count_frame(frame, sample, limits, special_codes=self.special_codes)
        seed = seed_of(self.random_state)
        self.bins_ = bin_counts(counts, sample.prior, limits, trends=trends, seed=seed)
        return self

    def fit_counts(self, counts: Mapping[str, Counts]) -> Binning:
        """Learn the bins from counts made elsewhere; they are those of :meth:`fit` on the rows.

        Count with the same limits and special codes: the candidates depend on them.

        Parameters
        ----------
        counts : dict of str to Counts
            One entry a column, all of the same rows.

        Raises
        ------
        ModelError
            No column, or two columns that were not counted over the same rows.
        """
        if not counts:
            raise ModelError("counts: no column. Count at least one.")
        first, prior = next((name, column.prior) for name, column in counts.items())
        for name, column in counts.items():
            if not np.allclose(column.prior, prior, rtol=1e-9, atol=0):
                raise ModelError(
                    f"counts: column {name!r} has good and bad weight {column.prior.tolist()}, "
                    f"but {first!r} has {prior.tolist()}. Count all columns over the same rows."
                )
        if not (prior > 0).all():
            raise ModelError(
                f"counts: good and bad weight {prior.tolist()}; a binning needs both classes."
            )
        trends = self._known_trends(counts)
        limits = self.limits or BinLimits()
        self.classes_ = np.array([0, 1])
        self.edits_ = ()
        self.features_ = tuple(counts)
        self.feature_names_in_ = np.array(list(counts), dtype=object)
        self.n_features_in_ = len(counts)
        seed = seed_of(self.random_state)
        self.bins_ = bin_counts(counts, prior, limits, trends=trends, seed=seed)
        return self

    def _known_trends(self, columns: Collection[str]) -> dict[str, str]:
        """Return the declared trends, or refuse one that is no trend or of no column."""
        trends = dict(self.trends or {})
        known_names("trends", trends, columns)
        for name, trend in trends.items():
            if trend not in (*ORDERS, "auto"):
                raise ModelError(f"trends: {name!r} has {trend!r}; it must be one of {[*ORDERS]}.")
        return trends

    def transform(self, X: Any) -> Floats:
        """Return the weight of evidence of every value, (rows, columns)."""
        check_is_fitted(self, "bins_")
        return transform_frame(read_frame(self, X, reset=False), self.bins_)

    def table(self) -> pd.DataFrame:
        """Return a row a bin of every column: feature, bin, share, rate, woe, iv."""
        check_is_fitted(self, "bins_")
        return table_of(list(self.bins_.values()))

    def take(self, editor: Editor) -> Binning:
        """Take the bins of one column from an editor, and the record of their changes.

        Raises
        ------
        ModelError
            The editor's column is none of this binning.
        """
        check_is_fitted(self, "bins_")
        name = editor.bins.feature
        if name not in self.bins_:
            raise ModelError(f"editor: no column {name!r} was binned.{nearest(name, self.bins_)}")
        self.bins_ = self.bins_ | {name: editor.bins}
        others = tuple(edit for edit in self.edits_ if edit.feature != name)
        self.edits_ = (*others, *editor.edits)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted binning as plain data: numbers, text, lists and dicts alone."""
        check_is_fitted(self, "bins_")
        return {
            "kind": "binning",
            "limits": (self.limits or BinLimits()).to_dict(),
            "trends": dict(self.trends or {}),
            "classes": self.classes_.tolist(),
            "named": hasattr(self, "feature_names_in_"),
            "features": [bins.to_dict() for bins in self.bins_.values()],
            "edits": [edit.to_dict() for edit in self.edits_],
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Binning:
        """Build a fitted binning from :meth:`to_dict`; it transforms as the one it came from.

        Raises
        ------
        ModelError
            The data are not those of a binning.
        """
        if plain.get("kind") != "binning":
            raise ModelError(f"kind must be 'binning', got {plain.get('kind')!r}.")
        columns = [Bins.from_dict(bins) for bins in plain["features"]]
        binning = cls(
            limits=BinLimits.from_dict(plain["limits"]),
            special_codes={
                b.feature: [code for code, _ in b.special] for b in columns if b.special
            },
            trends=plain["trends"],
        )
        binning.bins_ = {bins.feature: bins for bins in columns}
        binning.classes_ = np.array(plain["classes"])
        binning.edits_ = tuple(Edit(**edit) for edit in plain["edits"])
        binning.features_ = tuple(binning.bins_)
        binning.n_features_in_ = len(columns)
        if plain["named"]:
            binning.feature_names_in_ = np.array(binning.features_, dtype=object)
        return binning

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.target_tags.required = True
        # Not a classifier, but its target is one's: this is how checks learn that it is binary.
        tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags
