"""What parties tell each other before a card is fitted: kinds of columns, outcomes, values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from credit.columns import Kind
from credit.errors import ModelError

EMPTY = "missing"
"""What a party says of a column in which it has no value: it holds whatever the others' does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a party says of its rows.

    Attributes
    ----------
    columns : dict of str to str
        ``number``, ``category`` or ``missing``, in the party's own order.
    labels : sequence
        The outcomes that occur.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    labels: Sequence[Any] = ()


def fingerprint(value: object) -> str:
    """Return a hash of plain data by which two parties can compare it."""
    plain = json.dumps(value, sort_keys=True, default=repr, ensure_ascii=False)
    return sha256(plain.encode()).hexdigest()[:16]


def kinds_at(mine: Mapping[str, str], facts: Sequence[Facts]) -> dict[str, Kind]:
    """Return the kinds of a party's columns, in the order of the first party that has any.

    A column without a value is of the kind that another party says; of numbers if none has any.
    """
    said: dict[str, Kind] = {}
    order: dict[str, None] = {}
    for one in facts:
        order |= dict.fromkeys(one.columns)
        for name, kind in one.columns.items():
            if kind != EMPTY:
                said.setdefault(name, "category" if kind == "category" else "number")
    own: dict[str, Kind] = {n: "category" for n, kind in mine.items() if kind == "category"}
    own |= {n: "number" for n, kind in mine.items() if kind == "number"}
    return {name: own.get(name, said.get(name, "number")) for name in order if name in mine}


def labels_agreed(facts: Sequence[Facts]) -> list[Any]:
    """Return the good and the bad label over all parties.

    Raises
    ------
    ModelError
        There are not two.
    """
    labels = {label for one in facts for label in one.labels}
    if len(labels) != 2 or len({isinstance(label, str) for label in labels}) > 1:
        raise ModelError(
            f"y: all parties together have the outcome(s) {sorted(labels, key=str)[:5]}. A model "
            "is fitted on one good and one bad label: widen the samples, or declare the outcome "
            "alike."
        )
    return sorted(labels)
