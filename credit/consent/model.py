"""A model that scores people by what they authorise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit

from credit.columns import Floats
from credit.consent.maps import Authorised, Consent
from credit.errors import ModelError
from credit.explain import sub_scores
from credit.scorecard import PolicyCard, Scorecard


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentedModel:
    """A fitted model with the maps of every consent.

    Attributes
    ----------
    model : fitted Scorecard, PolicyCard, or BoostedModel with ``by_dimension``
        Its part of a source depends on no feature of another.
    dimensions : dict of str to str
        Feature -> source, or what is always known, for all features.
    consent : Consent
        Fitted on the model's parts.

    Raises
    ------
    ModelError
        The model mixes sources: what it makes of one depends on another.
    """

    model: Any
    dimensions: Mapping[str, str]
    consent: Consent

    def __post_init__(self) -> None:
        refuse_mixed(self.model)

    def margin(
        self, X: pd.DataFrame, authorised: Authorised, *, before: ArrayLike | None = None
    ) -> Floats:
        """Return the log-odds of bad.

        Parameters
        ----------
        X : DataFrame
            Features. What a row does not authorise is emptied before the model sees it; columns
            of a source that nobody authorises must be there, and may be empty.
        authorised, before
            As in `Consent.margin`.
        """
        granted, seen = self.consent.granted(authorised, len(X)), X.copy()
        for at, source in enumerate(self.consent.sources):
            hidden = ~granted[:, at]
            if hidden.any():
                for name in [n for n in X.columns if self.dimensions.get(str(n)) == source]:
                    amounts = pd.api.types.is_numeric_dtype(X[name])
                    column = X[name].astype("float64") if amounts else X[name]
                    seen[name] = column.mask(hidden)
        parts = sub_scores(self.model, seen, self.dimensions)
        return self.consent.margin(parts, authorised, before=before)

    def probability(
        self, X: pd.DataFrame, authorised: Authorised, *, before: ArrayLike | None = None
    ) -> Floats:
        """Return the probability of bad; see :meth:`margin`."""
        return np.asarray(expit(self.margin(X, authorised, before=before)))


def refuse_mixed(model: Any) -> None:
    """Refuse a model whose part of one source depends on another's features."""
    if isinstance(model, Scorecard | PolicyCard) or getattr(model, "splits_by_dimension", False):
        return
    raise ModelError(
        f"{type(model).__name__}: what it makes of one source may depend on another, so it cannot "
        "be read without that one. Take a Scorecard, a PolicyCard, or a BoostedModel fitted with "
        "BoostOptions(by_dimension=True)."
    )
