"""An artifact as an ONNX graph: named columns in; margin, probability, points and grade out.

Everything that decides an integer is done in doubles or integers, as the runtime does it; only a
forest's inputs are rounded to float, and compared with float thresholds. A forest's leaves are
whole units of 2**-20: the trees are parted so that no part can add up to 2**24 of them, below
which float sums are exact, and the parts are added as integers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from credit.artifact.forest import exact_parts
from credit.artifact.onnx_nodes import Nodes
from credit.errors import ArtifactError
from credit.runtime import Feature, Scorer
from credit.runtime.blended import Blended
from credit.runtime.boosted import Boosted, Input
from credit.runtime.card import Card, Term
from credit.runtime.forest import UNIT, Forest

OUTPUTS = ("margin", "probability", "points", "grade", "valid")
"""What the graph gives for each row; ``valid`` is false where the runtime would refuse it."""

MISSING_NAME = ""
"""The text that stands for a missing name: ONNX has no null."""


def to_onnx(scorer: Scorer) -> bytes:
    """Return an ONNX model that scores as ``scorer`` does.

    Inputs are the features by their names, one value a row: doubles (NaN where missing) or
    texts (empty where missing). Outputs are ``margin`` and ``probability`` (double), ``points``
    (int64), ``grade`` (text) and ``valid``: false where the runtime would refuse the row; what
    else is said of such a row means nothing. Names are texts as the manifest has them.

    Raises
    ------
    ArtifactError
        A feature has the name of an output, or knows the empty text as a name.
    """
    for feature in scorer.features:
        if feature.name in OUTPUTS:
            raise ArtifactError(
                f"the feature {feature.name!r} cannot be an input of the graph, since an output "
                "has its name. Rename it before training."
            )
        if MISSING_NAME in (*feature.categories, *feature.special_codes):
            raise ArtifactError(
                f"the feature {feature.name!r} knows the empty text as a name, but in ONNX it "
                "stands for a missing one. Give the name a text before training."
            )
    nodes = Nodes()
    margin, points, valid = _model(nodes, scorer)
    _answers(nodes, scorer, margin, points, valid)
    numbers = {feature.name: feature.type == "number" for feature in scorer.features}
    return nodes.model(numbers, OUTPUTS)


def _model(nodes: Nodes, scorer: Scorer) -> tuple[str, str | None, str]:
    """Return where margin, table's points and validity are."""
    model, features = scorer.model, {feature.name: feature for feature in scorer.features}
    margins, points = [], None
    valid = [one for feature in scorer.features for one in _checks(nodes, feature)]
    if scorer.card is not None:
        of_card, points = _card(nodes, scorer.card, features)
        margins.append(of_card)
    if scorer.boosted is not None:
        of_forest, finite = _forest(nodes, scorer.boosted, features)
        margins.append(of_forest)
        valid += finite
    if isinstance(model, Blended):
        weights = (model.card_weight, model.forest_weight)
        margins = [
            nodes.add("Mul", nodes.double(weight), part)
            for weight, part in zip(weights, margins, strict=True)
        ]
    return nodes.chain("Add", margins), points, nodes.chain("And", valid)


def _answers(nodes: Nodes, scorer: Scorer, margin: str, points: str | None, valid: str) -> None:
    rule = scorer.rule
    scaled = nodes.add("Mul", nodes.double(rule.slope), margin)
    log_odds = nodes.add("Add", scaled, nodes.double(rule.intercept))
    odds_of_good = nodes.add("Exp", nodes.add("Neg", log_odds))
    below = nodes.add("Add", nodes.double(1.0), odds_of_good)
    probability = nodes.add("Div", nodes.double(1.0), below)
    if rule.points != "table" or points is None:
        lost = nodes.add("Mul", nodes.double(rule.factor), log_odds)
        exact = nodes.add("Sub", nodes.double(rule.offset), lost)
        halved = nodes.add("Add", exact, nodes.double(0.5))
        points = nodes.cast(nodes.add("Floor", halved), "int64")
    at = nodes.count_at_most(probability, rule.bounds)
    grade = nodes.add("Gather", nodes.texts(rule.names), at)
    found = (margin, probability, points, grade, valid)
    for name, value in zip(OUTPUTS, found, strict=True):
        nodes.add("Identity", value, result=name)


def _checks(nodes: Nodes, feature: Feature) -> Iterator[str]:
    """Yield where it stands whether a feature's value is one that the runtime takes."""
    if feature.type == "category":
        known = [*feature.categories, *map(str, feature.special_codes), MISSING_NAME]
        refuses = feature.unknown_category == "refuse"
        table = dict.fromkeys(known, 1)
        taken = nodes.labels(feature.name, table, default=0 if refuses else 1, kind="int64")
        yield nodes.cast(taken, "bool")
        return
    value = feature.name
    yield nodes.add("Not", nodes.add("IsInf", value))
    low, high = feature.hard_range or (None, None)
    outside = [
        nodes.add(sign, value, nodes.double(end))
        for sign, end in (("Less", low), ("Greater", high))
        if end is not None
    ]
    if outside:
        inside = nodes.add("Not", nodes.chain("Or", outside))
        codes = [
            nodes.add("Equal", value, nodes.double(float(code))) for code in feature.special_codes
        ]
        yield nodes.chain("Or", [inside, *codes])


def _card(nodes: Nodes, card: Card, features: Mapping[str, Feature]) -> tuple[str, str]:
    margin, points = nodes.double(card.intercept), nodes.integers([card.base_points])
    for term in card.terms:
        at = _bins(nodes, term, features[term.feature])
        margin = nodes.add("Add", margin, nodes.add("Gather", nodes.doubles(term.margin), at))
        points = nodes.add("Add", points, nodes.add("Gather", nodes.integers(term.points), at))
    return margin, points


def _bins(nodes: Nodes, term: Term, feature: Feature) -> str:
    value = term.feature
    if feature.type == "category":
        table = {**term.names, **{str(code): at for code, at in term.special.items()}}
        table[MISSING_NAME] = term.missing
        return nodes.labels(value, table, default=term.unknown, kind="int64")
    at = nodes.count_at_most(value, term.edges)
    for code, special in term.special.items():
        same = nodes.add("Equal", value, nodes.double(float(code)))
        at = nodes.add("Where", same, nodes.integers([special]), at)
    return nodes.add("Where", nodes.add("IsNaN", value), nodes.integers([term.missing]), at)


def _forest(
    nodes: Nodes, boosted: Boosted, features: Mapping[str, Feature]
) -> tuple[str, list[str]]:
    """Return where the margin is, and where it stands whether numbers are within float."""
    columns, finite = [], []
    for source in boosted.inputs:
        is_number = features[source.feature].type == "number"
        column = _column(nodes, source, is_number=is_number)
        if is_number and source.equals is None:
            finite.append(nodes.add("Not", nodes.add("IsInf", column)))
        columns.append(nodes.add("Unsqueeze", column, nodes.integers([1])))
    matrix = nodes.add("Concat", *columns, axis=1)
    units = nodes.integers([boosted.forest.base])
    for part in exact_parts(boosted.forest):
        sums = nodes.add(
            "TreeEnsembleRegressor", matrix, domain="ai.onnx.ml", **_trees(boosted.forest, part)
        )
        flat = nodes.add("Squeeze", sums, nodes.integers([1]))
        units = nodes.add("Add", units, nodes.cast(flat, "int64"))
    return nodes.add("Mul", nodes.cast(units, "double"), nodes.double(UNIT)), finite


def _column(nodes: Nodes, source: Input, *, is_number: bool) -> str:
    """Return where a column of the matrix is, as float."""
    value = source.feature
    if source.equals is not None:
        if is_number:
            same = nodes.add("Equal", value, nodes.double(float(source.equals)))
            return nodes.cast(same, "float")
        return nodes.labels(value, {str(source.equals): 1.0}, default=0.0, kind="float")
    if source.codes is not None:
        missing = {MISSING_NAME: None}
        table = {
            name: math.nan if code is None else code
            for name, code in {**source.codes, **missing}.items()
        }
        unknown = math.nan if source.unknown is None else source.unknown
        return nodes.labels(value, table, default=unknown, kind="float")
    for code in source.missing_codes:
        same = nodes.add("Equal", value, nodes.double(code))
        value = nodes.add("Where", same, nodes.double(math.nan), value)
    return nodes.cast(value, "float")


def _trees(forest: Forest, part: Sequence[int]) -> dict[str, Any]:
    """Return trees as the attributes of a TreeEnsembleRegressor."""
    at = np.concatenate([np.arange(forest.start[t], forest.start[t + 1]) for t in part])
    tree = np.repeat(np.arange(len(part)), [forest.start[t + 1] - forest.start[t] for t in part])
    first = np.array([forest.start[t] for t in part])[tree]
    leaf = forest.left[at] < 0
    inner = np.where(leaf, 0, 1)
    return {
        "n_targets": 1,
        "nodes_treeids": tree.tolist(),
        "nodes_nodeids": (at - first).tolist(),
        "nodes_featureids": forest.feature[at].tolist(),
        "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LT").tolist(),
        "nodes_values": forest.threshold[at].astype(float).tolist(),
        "nodes_truenodeids": (inner * (forest.left[at] - first)).tolist(),
        "nodes_falsenodeids": (inner * (forest.right[at] - first)).tolist(),
        "nodes_missing_value_tracks_true": forest.default_left[at].astype(int).tolist(),
        "target_treeids": tree[leaf].tolist(),
        "target_nodeids": (at - first)[leaf].tolist(),
        "target_ids": [0] * int(leaf.sum()),
        "target_weights": forest.value[at][leaf].astype(float).tolist(),
    }
