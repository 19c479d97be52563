"""What two artifacts say differently: plain facts, one a place where they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from credit.runtime import Feature, Scorer
from credit.runtime.blended import Blended
from credit.runtime.boosted import Boosted, Input
from credit.runtime.card import Card, Term
from credit.runtime.forest import Forest


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One place where two artifacts differ.

    Attributes
    ----------
    part : str
        ``kind``, ``feature``, ``unused``, ``card``, ``edges``, ``points``, ``margins``,
        ``forest``, ``encoding``, ``blend``, ``score``, ``calibration``, ``grades``, ``policy``,
        ``training``, ``code``, ``metrics``, ``reason``, ``average`` or ``reference``.
    name : str
        What of this part: a feature, a feature's property, a bin of it.
    before, after : plain data
        None where one of the two artifacts does not have it.
    """

    part: str
    name: str
    before: Any
    after: Any


def changes(old: Scorer, new: Scorer) -> list[Change]:
    """Return everything two loaded artifacts say differently, in the order of `Change.part`.

    Columns are compared by name; their order changes no score. Of distributions in the
    reference, the number of rows and the expected bad rate alone are compared.
    """
    found = [*_values("kind", {"": old.kind}, {"": new.kind}), *_features(old, new)]
    found += _values(
        "unused", dict.fromkeys(old.unused, "given"), dict.fromkeys(new.unused, "given")
    )
    found += _model(old, new)
    for part in ("score", "calibration", "grades", "policy", "training", "code", "metrics"):
        found += _values(part, _flat(old.manifest[part]), _flat(new.manifest[part]))
    found += _values("reason", _flat(old.texts), _flat(new.texts))
    found += _values("average", _average(old), _average(new))
    kept = ("rows", "bad_rate_expected")
    before, after = ({k: s.reference[k] for k in kept if k in s.reference} for s in (old, new))
    return [*found, *_values("reference", before, after)]


def _values(part: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Yield the members that differ, those of ``old`` first."""
    for name in dict.fromkeys([*old, *new]):
        before, after = old.get(name), new.get(name)
        if before != after or (name in old) != (name in new):
            yield Change(part=part, name=name, before=before, after=after)


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    """Return nested objects as one, names joined by dots; lists are values."""
    if not isinstance(value, Mapping):
        return {} if value is None and not name else {name: value}
    prefix = f"{name}." if name else ""
    return {k: v for key, one in value.items() for k, v in _flat(one, f"{prefix}{key}").items()}


def _average(scorer: Scorer) -> dict[str, float]:
    names = (feature.name for feature in scorer.features)
    return dict(zip(names, scorer.reference_contributions.tolist(), strict=True))


def _features(old: Scorer, new: Scorer) -> Iterator[Change]:
    before, after = ({one.name: one for one in scorer.features} for scorer in (old, new))
    kinds = ({name: one.type for name, one in part.items()} for part in (before, after))
    yield from _values("feature", *kinds)
    for name in before:
        if name in after:
            yield from _values("feature", _declared(before[name]), _declared(after[name]))


def _declared(feature: Feature) -> dict[str, Any]:
    """Return what is declared of a feature; of sets, one member a name."""
    said = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(feature).items()}
    sets = {
        k: dict.fromkeys(map(str, said.pop(k)), "known") for k in ("categories", "special_codes")
    }
    del said["name"], said["type"]
    return _flat(said | sets, feature.name)


def _model(old: Scorer, new: Scorer) -> Iterator[Change]:
    yield from _values("blend", _weights(old), _weights(new))
    yield from _cards(old.card, new.card)
    yield from _values("forest", _trees(old.boosted), _trees(new.boosted))
    if old.boosted is not None and new.boosted is not None:
        yield from _own_trees(old.boosted.forest, new.boosted.forest)
    yield from _values("encoding", _encoding(old.boosted), _encoding(new.boosted))


def _weights(scorer: Scorer) -> dict[str, float]:
    model = scorer.model
    if not isinstance(model, Blended):
        return {}
    return {"card_weight": model.card_weight, "forest_weight": model.forest_weight}


def _cards(old: Card | None, new: Card | None) -> Iterator[Change]:
    heads = (
        {} if c is None else {"intercept": c.intercept, "base_points": c.base_points}
        for c in (old, new)
    )
    yield from _values("card", *heads)
    before, after = (
        {} if card is None else {term.feature: term for term in card.terms} for card in (old, new)
    )
    for name in dict.fromkeys([*before, *after]):
        terms = before.get(name), after.get(name)
        yield from _values("edges", *(_edges(term) for term in terms))
        yield from _values("points", *(_by_bin(term, "points") for term in terms))
        yield from _values("margins", *(_by_bin(term, "margin") for term in terms))


def _edges(term: Term | None) -> dict[str, Any]:
    return {} if term is None or not term.edges.size else {term.feature: term.edges.tolist()}


def _by_bin(term: Term | None, what: str) -> dict[str, Any]:
    if term is None:
        return {}
    values = getattr(term, what).tolist()
    return {f"{term.feature}: {k}": v for k, v in zip(term.labels, values, strict=True)}


def _trees(boosted: Boosted | None) -> dict[str, Any]:
    if boosted is None:
        return {}
    forest = boosted.forest
    return {
        "trees": forest.trees,
        "depth": forest.depth,
        "leaves": int((forest.left < 0).sum()),
        "base": forest.base,
    }


def _own_trees(old: Forest, new: Forest) -> Iterator[Change]:
    """Yield how many trees each forest has that the other does not have."""
    before, after = set(_each(old)), set(_each(new))
    if before != after:
        yield Change(
            part="forest", name="trees of its own",
            before=len(before - after), after=len(after - before),
        )  # fmt: skip


def _each(forest: Forest) -> Iterator[bytes]:
    """Yield what each tree says, wherever it stands."""
    arrays = (
        forest.feature, forest.threshold, forest.default_left, forest.value,
    )  # fmt: skip
    for begin, end in zip(forest.start[:-1], forest.start[1:], strict=True):
        children = (
            np.where(a[begin:end] < 0, -1, a[begin:end] - begin)
            for a in (forest.left, forest.right)
        )
        yield b"|".join(a.tobytes() for a in (*children, *(one[begin:end] for one in arrays)))


def _encoding(boosted: Boosted | None) -> dict[str, Any]:
    """Return how each column of the matrix is made."""
    if boosted is None:
        return {}
    return {_called(source): _how(source) for source in boosted.inputs}


def _called(source: Input) -> str:
    return source.feature if source.equals is None else f"{source.feature} = {source.equals}"


def _how(source: Input) -> Any:
    if source.equals is not None:
        return "indicator"
    if source.codes is None:
        return {"missing_codes": list(source.missing_codes)}
    return {"codes": dict(source.codes), "unknown": source.unknown}
