"""This package and its peers behind one face; each imports its own only when it is made."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd


class Peer:
    """Bins of a peer, then the same logistic regression on its weight of evidence for all."""

    def __init__(self, codes: dict[str, list[float]]) -> None:
        self.codes = codes

    def bin(self, X: pd.DataFrame, y: np.ndarray) -> None:
        raise NotImplementedError

    def woe(self, X: pd.DataFrame) -> pd.DataFrame:
        raise NotImplementedError

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> None:
        from sklearn.linear_model import LogisticRegression

        self.bin(X, y)
        self.model = LogisticRegression(max_iter=1000).fit(self.woe(X), y)

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return self.model.predict_proba(self.woe(X))[:, 1]

    @property
    def all_codes(self) -> list[float] | None:
        return sorted({code for held in self.codes.values() for code in held}) or None


class OptBinning(Peer):
    def bin(self, X, y):
        from optbinning import BinningProcess

        text = [name for name in X if X[name].dtype == object]
        self.process = BinningProcess(
            list(X.columns), categorical_variables=text or None, special_codes=self.all_codes
        )
        self.process.fit(X, y)

    def woe(self, X):
        return self.process.transform(
            X, metric="woe", metric_missing="empirical", metric_special="empirical"
        )

    def labels(self, X):
        return self.process.transform(X, metric="bins")


class Toad(Peer):
    """Its default, ChiMerge. Missing values have a bin; special codes cannot be declared."""

    options: ClassVar[dict[str, object]] = {"method": "chi"}

    def bin(self, X, y):
        from toad.transform import Combiner

        self.combiner = Combiner().fit(X, y, empty_separate=True, **self.options)

    def fit(self, X, y):
        from sklearn.linear_model import LogisticRegression
        from toad.transform import WOETransformer

        self.bin(X, y)
        self.transformer = WOETransformer()
        evidence = self.transformer.fit_transform(self.combiner.transform(X), y)
        self.model = LogisticRegression(max_iter=1000).fit(evidence, y)

    def woe(self, X):
        return self.transformer.transform(self.combiner.transform(X))


class ToadTree(Toad):
    """Its trees: ChiMerge takes time that grows with the square of the distinct values."""

    options: ClassVar[dict[str, object]] = {"method": "dt", "min_samples": 0.05}


class HsCredit(Peer):
    def bin(self, X, y):
        from hscredit import OptimalBinning

        self.binner = OptimalBinning(special_codes=self.all_codes, n_jobs=1)
        self.binner.fit(X, y)

    def woe(self, X):
        return self.binner.transform(X, metric="woe")


class Ours(Peer):
    """Bins alone, or the card whose binning ``options`` makes (the default card without it)."""

    def options(self):
        return None

    def bin(self, X, y):
        from credit.binning import Binning

        self.binning = Binning(special_codes=self.codes, random_state=0).fit(X, y)

    def labels(self, X):
        bins = self.binning.bins_
        return pd.DataFrame({name: held.assign(X[name]) for name, held in bins.items()})

    def fit(self, X, y):
        from credit.scorecard import Scorecard

        self.card = Scorecard(binning=self.options(), special_codes=self.codes, random_state=0).fit(
            X, y
        )

    def predict(self, X):
        return self.card.predict_proba(X)[:, 1]


class OursWoe(Ours):
    def options(self):
        from credit.binning import BinLimits

        return BinLimits()


class OursFused(Ours):
    def options(self):
        from credit.scorecard import FusedOptions

        return FusedOptions()


PACKAGES: dict[str, type[Peer]] = {
    "OptBinning": OptBinning,
    "toad chi": Toad,
    "toad tree": ToadTree,
    "hscredit": HsCredit,
    "ours": Ours,
    "ours woe": OursWoe,
    "ours fused": OursFused,
    "ours default": Ours,
}
