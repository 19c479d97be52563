"""Boosted trees grown by parties together: the engine adds up histograms and sketches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import xgboost as xgb

from credit import __version__
from credit.boost import BoostedModel, BoostOptions
from credit.columns import kinds_of, read_frame
from credit.errors import ModelError
from credit.federated.terms import Terms, agree
from credit.whole import Whole


def fit_together(
    model: BoostedModel,
    X: Any,
    y: Any,
    reducer: Whole,
    *,
    party: str,
    clues: Mapping[str, Any] | None = None,
) -> BoostedModel:
    """Fit one boosted model on the rows of all parties, of which these are one's own.

    The fit is :meth:`BoostedModel.fit` with its sums taken over parties: the base rate and the
    number of rows, the counts that order names, the log-loss that says when to stop, and, inside
    the engine, quantile sketches and the histograms of gradient and Hessian. Each party divides
    off its own validation part. The model is the same at every party, bit by bit.

    Parameters
    ----------
    model : BoostedModel
        Not fitted; equal at all parties.
    X, y
        This party's rows, as :meth:`BoostedModel.fit` takes them.
    reducer : Whole
        Joins this process to the others; the engine must be in the same communicator.
    party : str
        What this one is called in errors.
    clues : dict, optional
        Further arguments of the fit: order, groups, sample_weight.

    Raises
    ------
    FederatedError
        The parties' columns, kinds or settings differ, or one has too few rows of a class.
    ModelError
        The options ask for ``recalibrate``, which needs margins of all parties' rows.
    """
    options = model.options or BoostOptions()
    if options.recalibrate:
        raise ModelError(
            "recalibrate: Platt's line would have to be fitted on rows of all parties. Leave "
            "bad_weight at 1; each party can calibrate the model on rows of its own."
        )
    agree(reducer, _terms(model, X, y, party))
    grown = _Shared(**model.get_params(deep=False))
    grown.parts = reducer
    grown.fit(X, y, **(clues or {}))
    fitted = BoostedModel(**model.get_params(deep=False))
    fitted.__dict__.update({k: v for k, v in grown.__dict__.items() if k != "parts"})
    return fitted


class _Shared(BoostedModel):
    """A boosted model whose rows are one party's share."""

    parts: Whole

    def whole(self) -> Whole:
        """Return the parties."""
        return self.parts


def _terms(model: BoostedModel, X: Any, y: Any, party: str) -> Terms:
    kinds = kinds_of(read_frame(BoostedModel(), X, reset=True))
    classes, counts = np.unique(np.asarray(y), return_counts=True)
    lacking = ""
    if len(classes) < 2 or counts.min() < 2:
        lacking = "it has fewer than two rows of a class. Join it with another, or leave it out."
    options = asdict(model.options or BoostOptions()) | {"threads": None}
    settings = {
        "versions": f"credit {__version__}, xgboost {xgb.__version__}",
        "options": str(sorted(options.items())),
        "signs": str(sorted((model.signs or {}).items())),
        "special codes": str(sorted((model.special_codes or {}).items())),
        "dimensions": str(sorted((model.dimensions or {}).items())),
        "random_state": str(model.random_state),
        "classes": str(classes.tolist()),
    }
    return Terms(party=party, columns=dict(kinds), settings=settings, lacking=lacking)
