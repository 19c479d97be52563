"""What the policy's weights would cost each learnt model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.boost import BoostOptions
from credit.columns import Floats
from credit.errors import CreditError
from credit.evaluate import auc
from credit.pipeline.findings import Findings
from credit.pipeline.fit import Fitted
from credit.pipeline.models import clues_of, make
from credit.scorecard import Scorecard, price_of_policy, price_of_ranges

MOST_ROWS = 10_000
"""Most rows of a sample the curves are found or measured on: a curve then takes a second or two."""

Curve = Callable[[Fitted, Findings], pd.DataFrame]


def prices_of(findings: Findings) -> dict[str, pd.DataFrame]:
    """Return the price curves of the learnt models; one that fails leaves a note instead.

    ``scorecard`` and ``xgboost`` hold the policy's weights as shares of the variance,
    ``scorecard-ranges`` as shares of the range of its points. Each table says so in ``model``
    and ``shares``; ``free_auc`` is the fitted model's own. Factors, lines and terms are found on
    rows the models learnt from, the price on rows they have not seen. There is no curve where
    fewer than two of the policy's dimensions have features.
    """
    here = set(findings.shared.knowledge.dimensions.values())
    if len(here & set(findings.shared.stated_weights)) < 2:
        return {}
    curves: dict[str, tuple[str, str, Curve]] = {
        "scorecard": ("scorecard", "variance", _variances),
        "scorecard-ranges": ("scorecard", "range", _ranges),
        "xgboost": ("xgboost", "variance", _trees),
    }
    found = {}
    fitted = {one.name: one for one in findings.fitted}
    for key, (name, shares, curve) in curves.items():
        if name not in fitted:
            continue
        try:
            table = curve(fitted[name], findings)
        except CreditError as error:
            findings.notes.append(
                f"{fitted[name].label}: no price of the policy's weights as shares of the "
                f"{shares}: {error}"
            )
        else:
            found[key] = table.assign(model=name, shares=shares)
    return found


def _variances(fitted: Fitted, findings: Findings) -> pd.DataFrame:
    rows = _rows(findings)
    shared = findings.shared
    return price_of_policy(
        fitted.model, *rows, shared.knowledge.dimensions, shared.stated_weights
    ).assign(rows=len(rows.y_test))


def _ranges(fitted: Fitted, findings: Findings) -> pd.DataFrame:
    rows = _rows(findings)
    card: Scorecard = fitted.model
    return price_of_ranges(card, *rows, findings.shared.stated_weights).assign(
        rows=len(rows.y_test)
    )


def _trees(fitted: Fitted, findings: Findings) -> pd.DataFrame:
    """Return the curve of a booster whose trees keep dimensions apart, beside the free one.

    It is grown on the same rows with the same options, so its first row against ``free_auc`` is
    what it costs to let no tree mix dimensions. Unlike scaled TreeSHAP values of the free
    booster it is a forest at every alpha, which can be exported.
    """
    data, train = findings.data, findings.fold.train
    X, y = data.X.iloc[train], data.y.iloc[train].to_numpy(dtype=np.int64)
    apart = make(
        "boost",
        X,
        knowledge=findings.shared.knowledge,
        boost=replace(fitted.model.options or BoostOptions(), by_dimension=True),
        seed=findings.config.seed,
    ).fit(X, y, **clues_of(data, train, findings.config.split))
    table = _variances(replace(fitted, model=apart), findings)
    rows = _rows(findings)
    return table.assign(free_auc=auc(rows.y_test, fitted.margin(rows.X_test)))


class _Sample(NamedTuple):
    """Rows the models learnt from and rows they have not seen."""

    X_fit: pd.DataFrame
    y_fit: Floats
    X_test: pd.DataFrame
    y_test: Floats


def _rows(findings: Findings) -> _Sample:
    data, fold = findings.data, findings.fold
    fit, test = spaced(fold.train), spaced(fold.test)
    y = data.y.to_numpy(dtype=np.float64, na_value=np.nan)
    return _Sample(data.X.iloc[fit], y[fit], data.X.iloc[test], y[test])


def spaced(positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return at most ``MOST_ROWS`` of the positions, evenly spaced."""
    kept = np.unique(np.linspace(0, len(positions) - 1, MOST_ROWS).astype(np.int64))
    return positions[kept]
