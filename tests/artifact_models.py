"""Changes of a model that keep to its shape: forests and cards a reader might not expect."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from artifact_changes import NUMBERS


def of_model(content: bytes, rng: random.Random) -> tuple[str, bytes]:
    """Change a forest's arrays or a card's terms, by changes that a reader might not expect."""
    document = json.loads(content)
    forest = document.get("forest", document).get("trees")
    card = document.get("card", document if "terms" in document else None)
    if forest is None or (card is not None and rng.random() < 0.4):
        name = _change_card(card, rng)
    else:
        name = _change_forest(forest, rng)
    if "card_weight" in document and rng.random() < 0.1:
        document[rng.choice(("card_weight", "forest_weight"))] = rng.choice(NUMBERS[4:])
    return name, json.dumps(document).encode()


def _change_card(card: dict[str, Any], rng: random.Random) -> str:
    term = rng.choice(card["terms"])
    name = rng.choice(("margins", "points", "edges", "bins", "terms", "base"))
    if name == "margins":
        term["margin"] = [rng.choice((1e308, -1e308, 0.0, 5e-324, 1e17)) for _ in term["margin"]]
    elif name == "points":
        term["points"] = [rng.choice((2**40, -(2**40), 0, 2**41, 1)) for _ in term["points"]]
    elif name == "edges" and "edges" in term:
        count = rng.choice((0, 1, 70, 300, 9_998))
        term["edges"] = [i / 64 for i in range(count)]
        _resize(term, count + rng.choice((0, 1, 2, 3)))
    elif name == "bins":
        _resize(term, rng.choice((0, 1, 2, 255, 256, 257, 10_000, 10_001)))
    elif name == "terms":
        rng.shuffle(card["terms"])
    else:
        card[rng.choice(("intercept", "base_points"))] = rng.choice(NUMBERS)
    return name


def _resize(term: dict[str, Any], bins: int) -> None:
    term["margin"], term["points"] = [0.25] * bins, [-1] * bins
    term["labels"] = ["x"] * bins
    last = max(0, bins - 1)
    term["missing"] = term["unknown"] = last
    for item in term["special"]:
        item["bin"] = last


def _change_forest(trees: dict[str, Any], rng: random.Random) -> str:
    name = rng.choice(sorted(_FORESTS))
    _FORESTS[name](trees, rng.randrange(len(trees["left"])), rng)
    return name


def _child(trees: dict[str, Any], at: int, rng: random.Random) -> None:
    nodes = len(trees["left"])
    child = trees[rng.choice(("left", "right"))]
    near = (at, at - 1, at + 1, child[at] + 1, child[at] - 1, 0)
    child[at] = rng.choice(
        (*near, -1, -2, nodes, nodes - 1, nodes + 5, 2**31, 2**63, rng.randrange(nodes))
    )


def _one_child(trees: dict[str, Any], at: int, _rng: random.Random) -> None:
    trees["left"][at] = trees["right"][at]


def _mirror(trees: dict[str, Any], at: int, _rng: random.Random) -> None:
    trees["left"][at], trees["right"][at] = trees["right"][at], trees["left"][at]


def _leaf(trees: dict[str, Any], at: int, _rng: random.Random) -> None:
    trees["left"][at] = trees["right"][at] = -1


def _set_in(array: str, *choices: Any) -> Callable[[dict[str, Any], int, random.Random], None]:
    def change(trees: dict[str, Any], at: int, rng: random.Random) -> None:
        trees[array][at] = rng.choice(choices)

    return change


def _start(trees: dict[str, Any], at: int, rng: random.Random) -> None:
    trees["start"][at % len(trees["start"])] += rng.choice((-1, 1, -1_000, 2**62))


def _cover(trees: dict[str, Any], at: int, rng: random.Random) -> None:
    factor = rng.choice((1e300, 1e305, 1e-300, 1e-320, 0, -1))
    for i in rng.choice(([at], range(len(trees["cover"])))):
        trees["cover"][i] *= factor


def _value(trees: dict[str, Any], _at: int, rng: random.Random) -> None:
    leaves = [i for i, left in enumerate(trees["left"]) if left < 0]
    for i in rng.choice((leaves, leaves[:1])):
        trees["value"][i] = rng.choice((2**40, -(2**40), 2**40 + 1, 0))


def _lengths(trees: dict[str, Any], _at: int, rng: random.Random) -> None:
    rng.choice([array for array in trees.values() if isinstance(array, list)]).append(0)


def _chain(trees: dict[str, Any], _at: int, rng: random.Random) -> None:
    trees.update(_chains(rng.choice((1, 6, 7, 63, 64, 65, 3_000)), 1))


def _stumps(trees: dict[str, Any], _at: int, rng: random.Random) -> None:
    trees.update(_chains(rng.choice((0, 1)), rng.choice((0, 1, 2_000))))


_FORESTS = {
    "child": _child,
    "one child": _one_child,
    "mirror": _mirror,
    "leaf": _leaf,
    "feature": _set_in("feature", -1, 5, 6, 7, 2**31, -(2**63), 0),
    "threshold": _set_in("threshold", 3.4028234663852886e38, 1e-45, -0.0, 0.1, 1e39),
    "default": _set_in("default_left", 0, 1, 2, -1),
    "start": _start,
    "cover": _cover,
    "value": _value,
    "lengths": _lengths,
    "chain": _chain,
    "stumps": _stumps,
}


def _chains(depth: int, count: int) -> dict[str, Any]:
    """Return trees that are chains: every left child is a leaf."""
    size = 2 * depth + 1
    starts = [size * t for t in range(count + 1)]
    inner = [i < 2 * depth and i % 2 == 0 for i in range(size)]
    return {
        "start": starts,
        "feature": [0] * (size * count),
        "left": [s + i + 1 if inner[i] else -1 for s in starts[:-1] for i in range(size)],
        "right": [s + i + 2 if inner[i] else -1 for s in starts[:-1] for i in range(size)],
        "threshold": [i / 8 if inner[i] else 0 for _ in starts[:-1] for i in range(size)],
        "default_left": [int(i % 3 == 0) for _ in starts[:-1] for i in range(size)],
        "value": [0 if inner[i] else i - depth for _ in starts[:-1] for i in range(size)],
        "cover": [float(size - i) for _ in starts[:-1] for i in range(size)],
    }
