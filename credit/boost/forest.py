"""Boosters in margin space: averaging several into one, with leaves on a fixed grid."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import xgboost as xgb

from credit.errors import ModelError

GRID = 2.0**-20
"""Leaves are multiples of this: about a millionth of a log-odds."""


def average(boosters: Sequence[xgb.Booster]) -> xgb.Booster:
    """Return one booster whose margin is the mean of theirs, its leaves multiples of 2^-20.

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
    models = [json.loads(booster.save_raw(raw_format="json")) for booster in boosters]
    merged = models[0]
    starts = {m["learner"]["learner_model_param"]["base_score"] for m in models}
    if len(starts) != 1:
        raise ModelError(f"boosters with different base_score {sorted(starts)} have no mean.")
    trees = [tree for model in models for tree in _parts(model)["trees"]]
    for number, tree in enumerate(trees):
        tree["id"] = number
        _to_grid(tree, len(boosters))
    parts = _parts(merged)
    parts["trees"] = trees
    parts["tree_info"] = [0] * len(trees)
    parts["iteration_indptr"] = list(range(len(trees) + 1))
    parts["gbtree_model_param"]["num_trees"] = str(len(trees))
    whole = xgb.Booster()
    whole.load_model(bytearray(json.dumps(merged).encode()))
    return whole


def _parts(model: dict[str, Any]) -> dict[str, Any]:
    return model["learner"]["gradient_booster"]["model"]


def _to_grid(tree: dict[str, Any], by: int) -> None:
    """Divide the leaves, rounded to the grid; a split keeps its threshold in the same place."""
    leaf = np.array(tree["left_children"]) < 0
    for key, where in (("split_conditions", leaf), ("base_weights", np.ones_like(leaf))):
        values = np.array(tree[key], dtype=np.float32).astype(np.float64)
        tree[key] = np.where(where, np.rint(values / by / GRID) * GRID, values).tolist()
