"""What parties tell each other before anything is summed, and what they refuse to go on with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from credit.columns import Kind
from credit.errors import FederatedError, ModelError
from credit.federated.reduce import Reducer, gather_texts

EMPTY = "missing"
"""What a party says of a column in which it has no value: it holds whatever the others' does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a party says of itself.

    Attributes
    ----------
    columns : dict of str to str
        ``number``, ``category`` or ``missing``, in the party's own order.
    labels : tuple
        The outcomes that occur, in ascending order.
    options : dict of str to str
        A hash of each option of the model.
    error : str
        Why the party cannot go on; the others must hear it, or they would wait.

    A party with an error says nothing else.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    labels: Sequence[Any] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


def exchange(reducer: Reducer, mine: Any) -> list[Any]:
    """Return what every party says, plain data for JSON, in the order of ranks."""
    return [json.loads(text) for text in gather_texts(reducer, json.dumps(mine))]


def fingerprint(value: object) -> str:
    """Return a hash of plain data by which two parties can compare it."""
    plain = json.dumps(value, sort_keys=True, default=repr, ensure_ascii=False)
    return sha256(plain.encode()).hexdigest()[:16]


def refuse_errors(errors: Sequence[str]) -> None:
    """Raise at every party what went wrong at one.

    Raises
    ------
    FederatedError
        Some party has an error.
    """
    for rank, error in enumerate(errors):
        if error:
            raise FederatedError(f"party {rank}: {error}")


def kinds_agreed(facts: Sequence[Facts]) -> dict[str, Kind]:
    """Return the kind of every column, in the order of the first party.

    Raises
    ------
    FederatedError
        A party lacks a column, has one more, or holds another kind in it.
    """
    first = facts[0].columns
    for rank, other in enumerate(facts):
        lacking = [name for name in first if name not in other.columns]
        further = [name for name in other.columns if name not in first]
        if lacking or further:
            raise FederatedError(
                f"party {rank}: no column {lacking}, and column(s) {further} that party 0 does "
                "not have. All parties need the same features: leave out what some lack."
            )
    found: dict[str, Kind] = {}
    for name in first:
        told = {rank: one.columns[name] for rank, one in enumerate(facts)}
        known = {rank: kind for rank, kind in told.items() if kind != EMPTY}
        if len(set(known.values())) > 1:
            said = ", ".join(f"party {rank} {kind}" for rank, kind in known.items())
            raise FederatedError(
                f"column {name!r} holds different kinds: {said}. Let all parties convert it to "
                "numbers, or all to text."
            )
        found[name] = "category" if "category" in known.values() else "number"
    return found


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


def refuse_options(facts: Sequence[Facts]) -> None:
    """Refuse parties that fit different models.

    Raises
    ------
    FederatedError
        An option of some party is not that of the first.
    """
    for rank, one in enumerate(facts):
        for name, value in one.options.items():
            if value != facts[0].options.get(name):
                raise FederatedError(
                    f"party {rank}: option {name!r} is not the one party 0 has. All parties must "
                    "use the same pipeline file, seed included."
                )
