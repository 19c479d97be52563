"""From a fitted model to plain data: what the runtime needs to score as the model does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sklearn.utils.validation import check_is_fitted

from credit.artifact.forest import export
from credit.blend import BlendedModel
from credit.boost import BoostedModel, ColumnPlan
from credit.errors import ArtifactError
from credit.runtime.scorer import Kind
from credit.scorecard import Scorecard

CARD_TOLERANCE = 1e-9
"""Largest difference in margin between a points table and its model."""

XGBOOST_MODEL = "model.json"
"""The file for tools that read XGBoost models."""

_FLOAT32_SUM = 2.0**-21
"""Most that one float32 addition rounds while a margin stays within +-16."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column that a model reads."""

    name: str
    type: Literal["number", "category"]
    special_codes: tuple[float | str, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Description:
    """A model as plain data.

    Attributes
    ----------
    kind : {"scorecard", "boosted", "blended"}
    structure : dict
        What the runtime reads: see `credit.runtime.card` and `credit.runtime.boosted`.
    columns : tuple of Column
        What the model reads, in order.
    unused : tuple of str
        Columns it was fitted with and left out.
    tolerance : float
        Largest difference in margin that may lie between this and the model.
    extra : dict of str to bytes
        Files for other tools; the runtime checks their hashes and never reads them.
    """

    kind: Kind
    structure: Mapping[str, Any]
    columns: tuple[Column, ...]
    unused: tuple[str, ...] = ()
    tolerance: float
    extra: Mapping[str, bytes] = field(default_factory=dict)


def describe(model: Any) -> Description:
    """Return ``model`` (a fitted Scorecard, BoostedModel or BlendedModel) as plain data.

    A blend that chose one of its models is that model.

    Raises
    ------
    ArtifactError
        Another kind of model, or one that reads no column.
    """
    if isinstance(model, Scorecard):
        check_is_fitted(model, "points_")
        description = _scorecard(model)
    elif isinstance(model, BoostedModel):
        check_is_fitted(model, "booster_")
        description = _boosted(model)
    elif isinstance(model, BlendedModel):
        check_is_fitted(model, "weights_")
        description = _blended(model)
    else:
        raise ArtifactError(
            f"model: a {type(model).__name__} cannot be written as an artifact. Give a fitted "
            "credit.scorecard.Scorecard, credit.boost.BoostedModel or credit.blend.BlendedModel."
        )
    if not description.columns:
        raise ArtifactError(
            "model: it left out every column, so its score is the same for everybody. Train with "
            "columns that tell good from bad."
        )
    return description


def _scorecard(model: Scorecard) -> Description:
    """Return a points table; features without points are left out."""
    plain = model.to_dict()
    active = [feature for feature in plain["features"] if feature["points"]]
    return Description(
        kind="scorecard",
        structure={
            "intercept": plain["base"],
            "base_points": plain["base_points"],
            "terms": [_term(feature) for feature in active],
        },
        columns=tuple(_card_column(feature["bins"]) for feature in active),
        unused=tuple(f["name"] for f in plain["features"] if not f["points"]),
        tolerance=CARD_TOLERANCE,
    )


def _term(feature: Mapping[str, Any]) -> dict[str, Any]:
    """Return one feature's bins as `credit.runtime.card.Term` reads them."""
    bins = feature["bins"]
    term: dict[str, Any] = {
        "feature": feature["name"],
        "labels": list(bins["labels"]),
        "special": [{"code": code, "bin": at} for code, at in bins["special"]],
        "missing": bins["missing"],
        "unknown": bins["unseen"],
        "margin": feature["margin"],
        "points": feature["points"],
    }
    if bins["kind"] == "number":
        term["edges"] = list(bins["edges"])
    else:
        term["categories"] = {n: i for i, group in enumerate(bins["groups"]) for n in group}
    return term


def _card_column(bins: Mapping[str, Any]) -> Column:
    return Column(
        name=bins["feature"],
        type=bins["kind"],
        special_codes=tuple(code for code, _ in bins["special"]),
        categories=tuple(name for group in bins["groups"] for name in group),
    )


def _boosted(model: BoostedModel) -> Description:
    """Return the encoding and the forest, its leaves rounded to the grid."""
    plans = model.encoder_.columns
    forest = export(model.booster_)
    return Description(
        kind="boosted",
        structure={
            "inputs": [part for plan in plans for part in _inputs(plan)],
            "rounding": forest.rounding,
            "trees": forest.arrays,
        },
        columns=tuple(
            Column(
                name=plan.feature,
                type=plan.kind,
                special_codes=plan.special,
                categories=plan.names,
            )
            for plan in plans
        ),
        tolerance=forest.rounding + len(forest.arrays["start"]) * _FLOAT32_SUM,
        extra={XGBOOST_MODEL: forest.model},
    )


def _blended(model: BlendedModel) -> Description:
    """Return both models with their weights, or the one that was chosen."""
    if model.trees_ is None or model.card_ is None:
        return describe(model.card_ if model.trees_ is None else model.trees_)
    card, forest = _scorecard(model.card_), _boosted(model.trees_)
    of_card, of_forest = model.weights_
    in_card = {column.name: column for column in card.columns}
    return Description(
        kind="blended",
        structure={
            "card_weight": of_card,
            "forest_weight": of_forest,
            "card": card.structure,
            "forest": forest.structure,
        },
        columns=tuple(_either(column, in_card.get(column.name)) for column in forest.columns),
        tolerance=of_card * card.tolerance + of_forest * forest.tolerance,
    )


def _either(column: Column, other: Column | None) -> Column:
    """Return a column with the names and codes that either of two models knows."""
    if other is None:
        return column
    return replace(
        column,
        special_codes=tuple(dict.fromkeys([*column.special_codes, *other.special_codes])),
        categories=tuple(dict.fromkeys([*column.categories, *other.categories])),
    )


def _inputs(plan: ColumnPlan) -> list[dict[str, Any]]:
    """Return how one column becomes the value and its indicators, as the encoder does it."""
    value: dict[str, Any] = {"feature": plan.feature}
    if plan.kind == "number":
        value["missing_codes"] = list(plan.special)
    else:
        value["codes"] = {name: float(i) for i, name in enumerate(plan.names)}
        value["codes"] |= {str(code): None for code in plan.special}
        value["unknown"] = plan.unseen
    return [value, *({"feature": plan.feature, "equals": code} for code in plan.indicators)]
