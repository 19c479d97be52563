"""From an XGBoost booster to plain arrays, and back to an XGBoost file with the same numbers.

Leaf values are rounded to a grid of 2**-20, about a millionth of log-odds. On that grid sums
are exact in float32 and float64 alike, so every engine that follows the same path gives the
same margin to the last bit, and no rounded point hangs on the order of additions. The rounded
forest is the model of record; ``model.json`` holds the same rounded leaves for other tools.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from credit.errors import ArtifactError
from credit.runtime.forest import UNIT, Forest

_LOGISTIC = frozenset({"binary:logistic", "binary:logitraw", "reg:logistic"})

_EXACT_UNITS = 2**24
"""A float32 holds every integer up to here: leaves beyond +-16 would not be exact."""


@dataclass(frozen=True)
class Export:
    """One booster in its two written forms.

    Attributes
    ----------
    arrays : dict
        What forest.json holds under ``trees``: see `credit.runtime.forest.Forest`.
    model : bytes
        The XGBoost model file with the same rounded leaves; the base score is added to the
        leaves of the first tree, since XGBoost keeps it as a probability that no grid holds.
    rounding : float
        Largest possible distance between the margins of this forest and of the booster:
        the sum over trees of the largest rounding of a leaf.
    """

    arrays: dict[str, Any]
    model: bytes
    rounding: float


def export(booster: Any) -> Export:
    """Return ``booster`` (a fitted ``xgboost.Booster``) as plain data.

    Raises
    ------
    ArtifactError
        Not one tree ensemble for one log-odds: another booster, objective or leaf size,
        categorical splits, rounds after the best one, a leaf beyond +-16.
    """
    document = json.loads(bytes(booster.save_raw("json")))
    learner = document["learner"]
    _check(learner)
    trees = learner["gradient_booster"]["model"]["trees"]
    base = _base_margin(learner)
    base_units = round(base / UNIT)
    rounding = abs(base_units * UNIT - base)
    parts: list[dict[str, NDArray[Any]]] = []
    start = [0]
    for number, tree in enumerate(trees):
        part, error = _tree(tree, number, start[-1])
        _write_back(tree, base_units if number == 0 else 0)
        parts.append(part)
        start.append(start[-1] + len(part["left"]))
        rounding += error
    if trees:
        learner["learner_model_param"]["base_score"] = "[5E-1]"
    arrays = {"base": base_units, "start": start}
    for name in _NODE_ARRAYS:
        arrays[name] = [value for part in parts for value in part[name].tolist()]
    return Export(arrays, json.dumps(document, allow_nan=False).encode(), rounding)


_NODE_ARRAYS = ("feature", "left", "right", "threshold", "default_left", "value", "cover")


def _check(learner: dict[str, Any]) -> None:
    """Refuse boosters that are not a plain sum of trees for one log-odds."""
    parameters = learner["learner_model_param"]
    kind = learner["gradient_booster"]["name"]
    objective = learner["objective"]["name"]
    if kind != "gbtree":
        raise ArtifactError(f"the booster is {kind!r}: only 'gbtree' can be exported.")
    if objective not in _LOGISTIC:
        raise ArtifactError(
            f"the booster's objective is {objective!r}: only {sorted(_LOGISTIC)} give log-odds."
        )
    if int(parameters["num_class"]) > 1 or int(parameters.get("num_target", 1)) > 1:
        raise ArtifactError("the booster has several outputs: one probability of bad is needed.")
    best = learner["attributes"].get("best_iteration")
    model = learner["gradient_booster"]["model"]
    rounds = len(model["iteration_indptr"]) - 1
    if best is not None and int(best) + 1 < rounds:
        raise ArtifactError(
            f"the booster has {rounds} rounds but its best is number {int(best) + 1}: export "
            "booster[: booster.best_iteration + 1], or predictions and contributions disagree."
        )


def _base_margin(learner: dict[str, Any]) -> float:
    """Return the margin before any tree: the log-odds of the base score."""
    base_score = float(learner["learner_model_param"]["base_score"].strip("[]"))
    if learner["objective"]["name"] == "binary:logitraw":
        return base_score
    probability = float(np.float32(base_score))
    return math.log(probability / (1 - probability))


def _tree(tree: dict[str, Any], number: int, offset: int) -> tuple[dict[str, NDArray[Any]], float]:
    """Return one tree's arrays, only nodes in use, parents first; and its largest rounding."""
    if any(tree["split_type"]):
        raise ArtifactError(
            f"tree {number} splits on sets of categories: give XGBoost numeric codes instead."
        )
    left = np.array(tree["left_children"], dtype=np.int64)
    right = np.array(tree["right_children"], dtype=np.int64)
    order = _in_use(left, right)
    leaf = left[order] < 0
    position = np.full(len(left), -1)
    position[order] = np.arange(len(order)) + offset
    condition = np.array(tree["split_conditions"], dtype=np.float32)[order].astype(np.float64)
    units = np.where(leaf, np.rint(condition / UNIT), 0).astype(np.int64)
    if np.any(np.abs(units) > _EXACT_UNITS):
        raise ArtifactError(
            f"tree {number} has a leaf of {np.abs(condition[leaf]).max():.3g} log-odds: more "
            "than 16 in one tree is not a credit score. Train with a smaller learning rate."
        )
    cover = np.array(tree["sum_hessian"], dtype=np.float64)[order]
    if not np.all(cover > 0):
        raise ArtifactError(
            f"tree {number} has a node that no training row reaches: train with "
            "min_child_weight above 0."
        )
    arrays = {
        "feature": np.where(leaf, 0, np.array(tree["split_indices"], dtype=np.int64)[order]),
        "left": np.where(leaf, -1, position[left[order]]),
        "right": np.where(leaf, -1, position[right[order]]),
        "threshold": np.where(leaf, 0.0, condition),
        "default_left": np.where(leaf, 0, np.array(tree["default_left"], dtype=np.int64)[order]),
        "value": units,
        "cover": cover,
    }
    return arrays, float(np.max(np.abs(units * UNIT - condition)[leaf]))


def _in_use(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the nodes that can be reached, level by level (pruned ones stay in the file)."""
    levels = [np.zeros(1, dtype=np.int64)]
    while True:
        inner = levels[-1][left[levels[-1]] >= 0]
        if not inner.size:
            return np.concatenate(levels)
        levels.append(np.stack((left[inner], right[inner]), axis=1).ravel())


def _write_back(tree: dict[str, Any], shift: int) -> None:
    """Replace the leaves of an XGBoost tree by their rounded values plus ``shift`` units."""
    for node, child in enumerate(tree["left_children"]):
        if child < 0:
            units = round(float(np.float32(tree["split_conditions"][node])) / UNIT) + shift
            tree["split_conditions"][node] = units * UNIT
            tree["base_weights"][node] = units * UNIT


def exact_parts(forest: Forest) -> Iterator[Sequence[int]]:
    """Yield the trees in parts, by number, whose leaves add up to what float32 holds exactly."""
    part: list[int] = []
    most = 0
    for tree, (begin, end) in enumerate(zip(forest.start[:-1], forest.start[1:], strict=True)):
        largest = int(np.abs(forest.value[begin:end]).max())
        if part and most + largest > _EXACT_UNITS:
            yield part
            part, most = [], 0
        part.append(tree)
        most += largest
    if part:
        yield part
