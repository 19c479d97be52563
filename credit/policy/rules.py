"""What the value of a leaf may be: rules as data, one a key, in ``rules.toml``.

A rule says a kind, and of it a range, an order, names or a sum; a list has one rule for each of its
items, a table one for each of its values (``each``) or one a name (``entries``).
"""

from __future__ import annotations

import math
import operator
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from credit.errors import PolicyError, nearest
from credit.policy.record import InForce

KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "number": (
        "a number",
        lambda value: (
            isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        ),
    ),
    "integer": (
        "a whole number",
        lambda value: isinstance(value, int) and not isinstance(value, bool),
    ),
    "truth": ("true or false", lambda value: isinstance(value, bool)),
    "text": ("a text that is not empty", lambda value: isinstance(value, str) and bool(value)),
    "day": ("a day, written 2026-03-01", lambda value: type(value) is date),
    "list": ("a list", lambda value: isinstance(value, list)),
    "table": ("a table", lambda value: isinstance(value, dict)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one value may be.

    Attributes
    ----------
    kind : str
        A key of `KINDS`.
    min, max : float, optional
        Of a number, both included.
    above, below : float, optional
        Of a number, both excluded.
    one_of : tuple of str
        The texts allowed.
    length : int, optional
        Of a list.
    empty : bool, default=False
        Whether a list or a table may hold nothing.
    rising, not_falling : bool or tuple of str
        Strictly, or not so: a list's items from first to last (true), or a table's values from
        name to name.
    each : Rule, optional
        Of every item of a list, or every value of a table.
    entries : mapping of str to Rule
        Of a table: exactly these names, each with its rule.
    optional : tuple of str
        Names of ``entries`` that may be absent.
    sum : float, optional
        Of a table's values.
    """

    kind: str
    min: float | None = None
    max: float | None = None
    above: float | None = None
    below: float | None = None
    one_of: tuple[str, ...] = ()
    length: int | None = None
    empty: bool = False
    rising: bool | tuple[str, ...] = ()
    not_falling: bool | tuple[str, ...] = ()
    each: Rule | None = None
    entries: Mapping[str, Rule] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    sum: float | None = None

    @classmethod
    def of(cls, key: str, raw: Mapping[str, Any]) -> Rule:
        """Read a rule from its table.

        Raises
        ------
        PolicyError
            The rule has a name or a kind that there is not.
        """
        known = {one.name for one in fields(cls)}
        for name in raw:
            if name not in known:
                raise PolicyError(f"rule of {key}: no {name!r}.{nearest(name, known)}")
        if raw.get("kind") not in KINDS:
            raise PolicyError(f"rule of {key}: kind must be one of {sorted(KINDS)}, got {raw}.")
        given: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in raw.items()
        }
        if "each" in raw:
            given["each"] = cls.of(f"{key}.each", raw["each"])
        if "entries" in raw:
            given["entries"] = {
                name: cls.of(f"{key}.{name}", rule) for name, rule in raw["entries"].items()
            }
        return cls(**given)

    @classmethod
    def like(cls, value: object) -> Rule:
        """Return the rule that a value's own shape makes: its kind, and its names if a table."""
        if isinstance(value, dict):
            return cls(kind="table", entries={name: cls.like(v) for name, v in value.items()})
        if isinstance(value, list):
            shapes = [cls.like(item) for item in value]
            alike = bool(shapes) and all(shape == shapes[0] for shape in shapes)
            return cls(kind="list", each=shapes[0] if alike else None, empty=not value)
        if isinstance(value, bool):
            return cls(kind="truth")
        if isinstance(value, date):
            return cls(kind="day")
        return cls(kind="text" if isinstance(value, str) else "number")

    def broken(self, key: str, value: Any) -> Iterator[str]:
        """Yield a sentence for each thing that a value is not."""
        words, holds = KINDS[self.kind]
        if not holds(value):
            yield f"{key} must be {words}, got {value!r}."
        elif value in ([], {}):
            if not self.empty:
                yield f"{key} must be {words} that is not empty."
        elif self.kind in ("number", "integer"):
            yield from self._out_of_range(key, value)
        elif self.kind == "text":
            if self.one_of and value not in self.one_of:
                yield f"{key} must be one of {list(self.one_of)}, got {value!r}." + nearest(
                    value, self.one_of
                )
        elif self.kind == "list":
            yield from self._broken_list(key, value)
        elif self.kind == "table":
            yield from self._broken_table(key, value)

    def _out_of_range(self, key: str, value: float) -> Iterator[str]:
        checks = (
            (self.min, "at least", operator.ge),
            (self.max, "at most", operator.le),
            (self.above, "above", operator.gt),
            (self.below, "below", operator.lt),
        )
        for bound, words, holds in checks:
            if bound is not None and not holds(value, bound):
                yield f"{key} must be {words} {bound:g}, got {value}."

    def _broken_list(self, key: str, value: list[Any]) -> Iterator[str]:
        if self.length is not None and len(value) != self.length:
            yield f"{key} must have {self.length} items, got {value}."
        found = [
            sentence
            for place, item in enumerate(value)
            for sentence in (self.each.broken(f"{key}[{place}]", item) if self.each else ())
        ]
        yield from found
        if not found:
            yield from self._out_of_order(key, [(f"[{n}]", item) for n, item in enumerate(value)])

    def _out_of_order(self, key: str, values: Sequence[tuple[str, Any]]) -> Iterator[str]:
        named = dict(values)
        for wanted, strictly in ((self.rising, True), (self.not_falling, False)):
            names = wanted if isinstance(wanted, tuple) else tuple(named)
            chain = [name for name in names if wanted and name in named]
            for low, high in pairwise(chain):
                if named[low] > named[high] or (strictly and named[low] == named[high]):
                    yield (
                        f"{key} must {'rise' if strictly else 'not fall'} from {low} to {high}, "
                        f"got {named[low]} and {named[high]}."
                    )

    def _broken_table(self, key: str, value: dict[str, Any]) -> Iterator[str]:
        if self.entries:
            yield from self._wrong_names(key, value)
        rules = {name: self.entries.get(name, self.each) for name in value}
        found = [
            sentence
            for name, rule in rules.items()
            if rule is not None
            for sentence in rule.broken(f"{key}.{name}", value[name])
        ]
        yield from found
        if found:
            return
        if self.sum is not None and not math.isclose(sum(value.values()), self.sum, abs_tol=1e-12):
            yield f"{key}: the values must sum to {self.sum:g}, got {sum(value.values()):.6g}."
        yield from self._out_of_order(key, list(value.items()))

    def _wrong_names(self, key: str, value: Mapping[str, Any]) -> Iterator[str]:
        for name in value:
            if name not in self.entries:
                yield f"{key}: no {name!r} belongs there.{nearest(name, self.entries)}"
        missing = [n for n in self.entries if n not in value and n not in self.optional]
        if missing:
            yield f"{key} must have {missing}, got {sorted(value)}."


@cache
def rules() -> Mapping[str, Rule]:
    """Return the rules of this package, by key."""
    text = (files("credit.policy") / "rules.toml").read_text(encoding="utf-8")
    return {key: Rule.of(key, raw) for key, raw in tomllib.loads(text).items()}


def sound(figures: InForce, key: str) -> Any:
    """Return the value in force of a key that has a rule.

    Raises
    ------
    PolicyError
        There is no value that day, or it breaks its rule: figures need not come from a file.
    """
    value = figures[key]
    broken = list(rules()[key].broken(key, value))
    if broken:
        raise PolicyError("\n".join(f"policy {figures.policy}: {sentence}" for sentence in broken))
    return value
