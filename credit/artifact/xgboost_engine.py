"""Large batches by XGBoost, to the same integers: boosters written from a checked forest.

The boosters are made of the forest that the runtime has loaded and checked, not read from a file,
so they cannot say anything else and XGBoost's parser meets no stranger's bytes. Their leaves are
whole units; a booster holds only so many trees that float32 adds them exactly, and the boosters'
sums are added as integers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from credit.artifact.forest import exact_parts
from credit.errors import ArtifactError
from credit.runtime import Scorer
from credit.runtime.blended import Blended
from credit.runtime.boosted import Boosted, Engine
from credit.runtime.forest import Forest
from credit.runtime.plain import Integers

LEAST_ROWS = 2_000
"""Rows from which XGBoost is worth its preparation."""

_NO_PARENT = 2**31 - 1


def with_xgboost(scorer: Scorer, *, threads: int = 1, least_rows: int = LEAST_ROWS) -> Scorer:
    """Return a scorer whose forest is walked by XGBoost in batches of ``least_rows`` or more.

    Scores are the same, to the last bit; `Scores.engine` says who walked.

    Parameters
    ----------
    scorer : Scorer
        A loaded artifact with a forest.
    threads : int, default=1
        Threads of XGBoost; 0 takes all.
    least_rows : int
        Smaller batches stay with NumPy.

    Raises
    ------
    ArtifactError
        The model has no forest.
    """
    boosted = scorer.boosted
    if boosted is None:
        raise ArtifactError("scorer: the model has no forest, so there is nothing for XGBoost.")
    forest = boosted.forest
    boosters = [_booster(forest, part, threads) for part in exact_parts(forest)]

    def units(matrix: NDArray[np.float32]) -> Integers:
        total = np.full(len(matrix), forest.base, dtype=np.int64)
        for booster in boosters:
            total += booster.inplace_predict(matrix, predict_type="margin").astype(np.int64)
        return total

    fast = replace(boosted, engine=Engine("xgboost", least_rows, units))
    model: Boosted | Blended = fast
    if isinstance(scorer.model, Blended):
        model = replace(scorer.model, forest=fast)
    return replace(scorer, model=model)


def _booster(forest: Forest, part: Sequence[int], threads: int) -> Any:
    import xgboost

    trees = [_tree(forest, number, tree) for number, tree in enumerate(part)]
    columns = str(forest.columns)
    document = {
        "version": [3, 0, 0],
        "learner": {
            "attributes": {},
            "feature_names": [],
            "feature_types": [],
            "learner_model_param": {
                "base_score": "0E0", "boost_from_average": "0", "num_class": "0",
                "num_feature": columns, "num_target": "1",
            },
            "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}},
            "gradient_booster": {
                "name": "gbtree",
                "model": {
                    "gbtree_model_param": {
                        "num_parallel_tree": "1", "num_trees": str(len(trees)),
                    },
                    "iteration_indptr": list(range(len(trees) + 1)),
                    "tree_info": [0] * len(trees),
                    "trees": trees,
                },
            },
        },
    }  # fmt: skip
    booster = xgboost.Booster({"nthread": threads})
    booster.load_model(bytearray(json.dumps(document).encode()))
    return booster


def _tree(forest: Forest, number: int, tree: int) -> dict[str, Any]:
    """Return one tree as XGBoost writes it, leaves in units."""
    begin, end = int(forest.start[tree]), int(forest.start[tree + 1])
    nodes = slice(begin, end)
    leaf = forest.left[nodes] < 0
    left, right = (np.where(leaf, -1, side[nodes] - begin) for side in (forest.left, forest.right))
    parents = np.full(end - begin, _NO_PARENT)
    parents[left[~leaf]] = parents[right[~leaf]] = np.flatnonzero(~leaf)
    value = forest.value[nodes].astype(np.float64)
    none: list[int] = []
    return {
        "id": number,
        "left_children": left.tolist(),
        "right_children": right.tolist(),
        "parents": parents.tolist(),
        "split_indices": forest.feature[nodes].tolist(),
        "split_conditions": np.where(leaf, value, forest.threshold[nodes]).tolist(),
        "split_type": [0] * (end - begin),
        "default_left": forest.default_left[nodes].astype(int).tolist(),
        "base_weights": value.tolist(),
        "loss_changes": [0.0] * (end - begin),
        "sum_hessian": forest.cover[nodes].tolist(),
        "categories": none, "categories_nodes": none,
        "categories_segments": none, "categories_sizes": none,
        "tree_param": {
            "num_deleted": "0", "num_feature": str(forest.columns),
            "num_nodes": str(end - begin), "size_leaf_vector": "1",
        },
    }  # fmt: skip
