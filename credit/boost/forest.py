"""Boosters in margin space: averaged or weighted by dimension, with leaves on a fixed grid."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray
from scipy.special import expit, logit

from credit.calibrate import Calibration
from credit.columns import Floats
from credit.errors import ModelError

GRID = 2.0**-20
"""Leaves are multiples of this: about a millionth of a log-odds."""


def average(boosters: Sequence[xgb.Booster], line: Calibration | None = None) -> xgb.Booster:
    """Return one booster whose margin is the mean of theirs, its leaves multiples of 2^-20.

    With a ``line`` the margin is that of the line through the mean.

    The mean of sums of trees is the sum of all trees with their leaves divided by the number of
    boosters, so contributions and export need to know of one forest only. All boosters must
    start from the same ``base_score``.

    Multiples of 2^-20 below 16 add up exactly in single and in double precision, in any order, so
    every engine that scores the forest gets the same margin.

    Raises
    ------
    ModelError
        The boosters do not start alike.
    """
    models = [_plain(booster) for booster in boosters]
    merged = models[0]
    starts = {m["learner"]["learner_model_param"]["base_score"] for m in models}
    if len(starts) != 1:
        raise ModelError(f"boosters with different base_score {sorted(starts)} have no mean.")
    slope = 1.0 if line is None else line.slope
    trees = [tree for model in models for tree in _parts(model)["trees"]]
    for number, tree in enumerate(trees):
        tree["id"] = number
        _to_grid(tree, slope / len(boosters))
    if line is not None:
        base = logit(float(starts.pop().strip("[]")))
        _start_at(merged, float(line.margin(base)))
    parts = _parts(merged)
    parts["trees"] = trees
    parts["tree_info"] = [0] * len(trees)
    parts["iteration_indptr"] = list(range(len(trees) + 1))
    parts["gbtree_model_param"]["num_trees"] = str(len(trees))
    return _loaded(merged)


def dimension_parts(
    booster: xgb.Booster, owners: Sequence[str], leaves: NDArray[Any]
) -> dict[str, Floats]:
    """Return the margin of each dimension's own trees, less what it is expected to be.

    Parameters
    ----------
    booster : Booster
        No tree of which splits on columns of two owners.
    owners : sequence of str
        Owner of each of the matrix's columns.
    leaves : array of int (rows, trees)
        The leaf every row reaches in every tree.
    """
    found = {owner: np.zeros(len(leaves)) for owner in dict.fromkeys(owners)}
    for tree, reached in zip(_parts(_plain(booster))["trees"], leaves.T, strict=True):
        owner = _owner(tree, owners)
        if owner is not None:
            values = np.array(tree["split_conditions"], dtype=np.float32).astype(np.float64)
            found[owner] += values[reached.astype(np.int64)] - _expected(tree)
    return found


def rescale(
    booster: xgb.Booster, owners: Sequence[str], factors: Mapping[str, float], base: float
) -> xgb.Booster:
    """Return the booster with margin ``base + sum_d factors_d s_d``, a forest again.

    s_d are the :func:`dimension_parts`. Every leaf is multiplied by the factor of its tree's
    owner and rounded to the grid; what is expected of the trees goes into the base score. A
    tree without a split belongs to nobody and is set to 0.
    """
    model = _plain(booster)
    for tree in _parts(model)["trees"]:
        owner = _owner(tree, owners)
        _to_grid(tree, 0.0 if owner is None else factors[owner])
        base -= _expected(tree)
    _start_at(model, base)
    return _loaded(model)


def _start_at(model: dict[str, Any], base: float) -> None:
    """Set the margin before any tree; XGBoost keeps it as a probability."""
    model["learner"]["learner_model_param"]["base_score"] = f"[{expit(base):.9E}]"


def _owner(tree: dict[str, Any], owners: Sequence[str]) -> str | None:
    """Return whose columns a tree splits on; None where it does not split."""
    inner = np.array(tree["left_children"]) >= 0
    found = {owners[column] for column in np.array(tree["split_indices"])[inner]}
    if len(found) > 1:
        raise ModelError(f"tree {tree['id']} splits on features of {sorted(found)}, not of one.")
    return found.pop() if found else None


def _expected(tree: dict[str, Any]) -> float:
    """Return the mean of a tree's leaves, each weighing the curvature that fell into it."""
    leaf = _reached_leaves(tree)
    values = np.array(tree["split_conditions"], dtype=np.float32).astype(np.float64)
    return float(np.average(values[leaf], weights=np.array(tree["sum_hessian"])[leaf]))


def _reached_leaves(tree: dict[str, Any]) -> list[int]:
    """Return the leaves below the root: pruned nodes stay in the file."""
    left, right = tree["left_children"], tree["right_children"]
    found, ahead = [], [0]
    while ahead:
        node = ahead.pop()
        if left[node] < 0:
            found.append(node)
        else:
            ahead += [left[node], right[node]]
    return found


def _plain(booster: xgb.Booster) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(booster.save_raw(raw_format="json"))
    return found


def _loaded(model: dict[str, Any]) -> xgb.Booster:
    booster = xgb.Booster()
    booster.load_model(bytearray(json.dumps(model).encode()))
    return booster


def _parts(model: dict[str, Any]) -> dict[str, Any]:
    return model["learner"]["gradient_booster"]["model"]


def _to_grid(tree: dict[str, Any], factor: float) -> None:
    """Multiply the leaves, rounded to the grid; a split keeps its threshold in the same place."""
    leaf = np.array(tree["left_children"]) < 0
    for key, where in (("split_conditions", leaf), ("base_weights", np.ones_like(leaf))):
        values = np.array(tree[key], dtype=np.float32).astype(np.float64)
        tree[key] = np.where(where, np.rint(values * factor / GRID) * GRID, values).tolist()
