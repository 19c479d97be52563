"""Features of one's own: a TOML file of the same records that the built-in features are.

Nothing in the file is run: measures and expressions are the small SQL of `credit.feature`, so
what holds for built-in features holds for these, and `credit.features.proof` proves it.

```toml
[[features]]
kind = "window"                      # window, state, expression, ties or stated
windows = [30, 90]                   # optional: one feature a window, {days} in its texts
name = "payment_rent_share_{days}d"
dimension = "payment"
label = "Share of payments for rent, {days} days"
unit = "share"
null_means = "no payment went through in the last {days} days"
risk = 0                             # +1 more is riskier, -1 safer, 0 undecided
reason = { en = "Rent weighs on payments, {days} days", zh = "近{days}天房租支出占比异常" }
table = "payments"
days = "each"                        # a number, "each" of the windows, or left out: ever
measure = { aggregate = "sum", value = "amount_fen", per = "amount_fen",
            base = "direction = 'out'", where = "purpose = 'rent'" }
```
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_args

from credit.errors import FeatureError, nearest
from credit.feature import (
    EACH,
    Action,
    Aggregate,
    Catalogue,
    Dimension,
    Expression,
    Feature,
    GraphStatistic,
    Measure,
    Reason,
    StateAsOf,
    Stated,
    StatePart,
    TiesPart,
    WindowAggregate,
    WindowPart,
    over,
)

KINDS: dict[str, type[Feature]] = {
    "window": WindowAggregate, "state": StateAsOf, "expression": Expression,
    "ties": GraphStatistic, "stated": Stated,
}  # fmt: skip
"""What ``kind`` may be, and the record it becomes."""

PARTS: dict[str, type[Any]] = {"window": WindowPart, "state": StatePart, "ties": TiesPart}

_RECORDS: dict[str, type[Any]] = {"reason": Reason, "measure": Measure, "action": Action}

_CHOICES: dict[str, tuple[Any, ...]] = {
    "dimension": tuple(name for name in get_args(Dimension) if name != "fraud"),
    "aggregate": get_args(Aggregate), "risk": (-1, 0, 1),
    "ties": ("contacts", "transfers", "devices"), "direction": ("raise", "lower"),
}  # fmt: skip
_TYPES: dict[str, tuple[type, ...]] = {
    "risk": (int,), "days": (int, str), "edges": (list,), "latest_by": (list,), "parts": (list,),
    "reason": (dict,), "measure": (dict,), "action": (dict,), "lasting": (bool,), "since": (bool,),
    "goal": (int, float),
}  # fmt: skip
_WORDS = {
    str: "a text", int: "a whole number", list: "a list", dict: "a table { ... }",
    bool: "true or false", float: "a number",
}  # fmt: skip


def read_features(path: Path) -> Catalogue:
    """Read a file of features.

    Parameters
    ----------
    path : Path
        A TOML file with one ``[[features]]`` table a feature or family.

    Returns
    -------
    Catalogue

    Raises
    ------
    FeatureError
        The file is not there or no TOML, or a feature has an unknown or missing field or a
        value that its rule forbids; the file, the feature, the field and the value are named.
    """
    if not path.is_file():
        raise FeatureError(f"{path}: there is no such file of features.")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FeatureError(f"{path}: not a TOML file: {error}.") from error
    unknown = sorted(set(raw) - {"features"})
    if unknown:
        raise FeatureError(
            f"{path}: unknown key {unknown[0]!r}.{nearest(unknown[0], ['features'])} "
            "The file holds [[features]] and nothing else."
        )
    listed = raw.get("features")
    if not isinstance(listed, list) or not listed:
        raise FeatureError(f"{path}: no [[features]]: there is nothing in the file.")
    made = [
        feature
        for number, one in enumerate(listed, start=1)
        for feature in _family(path, number, one)
    ]
    try:
        return Catalogue(tuple(made))
    except FeatureError as error:
        raise FeatureError(f"{path}: {error}") from error


def _family(path: Path, number: int, raw: object) -> tuple[Feature, ...]:
    """Return the features of one ``[[features]]`` table."""
    if not isinstance(raw, dict):
        raise FeatureError(f"{path}: features[{number}] = {raw!r} is no table.")
    given = dict(raw)
    place = f"{path}: feature {given.get('name', number)!r}"
    kind = _choice(place, "kind", given.pop("kind", None), KINDS)
    windows = given.pop("windows", None)
    feature: Feature = _record(place, KINDS[kind], given)
    if windows is None:
        if "{days}" in feature.name:
            raise FeatureError(f"{place}: name: it has {{days}} but there is no windows = [...].")
        return (feature,)
    whole = isinstance(windows, list) and all(type(days) is int and days > 0 for days in windows)
    if not whole or not windows or "{days}" not in feature.name:
        raise FeatureError(
            f"{place}: windows = {windows!r}: it must be a list of whole days, at least 1, and the "
            "name must have {days} where the window stands."
        )
    return over(windows, feature)


def _record(place: str, record: type[Any], raw: Mapping[str, Any]) -> Any:
    """Return a record of the given type, its fields checked one by one."""
    known = {item.name: item for item in fields(record) if item.init}
    for name in raw:
        if name not in known:
            raise FeatureError(
                f"{place}: unknown field {name!r}.{nearest(name, known)} It may have "
                f"{sorted(known)}."
            )
    missing = [
        name
        for name, item in known.items()
        if item.default is MISSING and name not in raw and name != "days"
    ]
    if missing:
        raise FeatureError(f"{place}: no {missing[0]!r}. It needs {missing}.")
    values = {name: _value(place, name, value) for name, value in raw.items()}
    if "days" in known:
        values.setdefault("days", None)
    try:
        return record(**values)
    except FeatureError as error:
        raise FeatureError(f"{place}: {error}") from error


def _value(place: str, name: str, value: Any) -> Any:
    """Return the value of one field as its record has it."""
    types = _TYPES.get(name, (str,))
    allowed = bool in types if isinstance(value, bool) else isinstance(value, types)
    if not allowed:
        wanted = " or ".join(_WORDS[kind] for kind in types)
        raise FeatureError(f"{place}: {name} = {value!r}: it must be {wanted}.")
    if name in _CHOICES:
        return _choice(place, name, value, _CHOICES[name])
    if name == "days":
        if isinstance(value, str):
            _choice(place, name, value, ("each",))
            return EACH
        if value < 1:
            raise FeatureError(
                f"{place}: days = {value!r}: a window has at least 1 day; leave days out for ever."
            )
    if name in _RECORDS:
        return _record(f"{place}: {name}", _RECORDS[name], value)
    if name == "parts":
        return tuple(_part(f"{place}: parts[{n}]", one) for n, one in enumerate(value, start=1))
    return tuple(_listed(place, name, value)) if isinstance(value, list) else value


def _part(place: str, raw: object) -> Any:
    if not isinstance(raw, dict):
        raise FeatureError(f"{place} = {raw!r} is no table {{ ... }}.")
    given = dict(raw)
    return _record(place, PARTS[_choice(place, "kind", given.pop("kind", None), PARTS)], given)


def _listed(place: str, name: str, values: list[Any]) -> list[Any]:
    """Return the entries of ``edges`` (numbers) or ``latest_by`` (texts)."""
    kinds = (int, float) if name == "edges" else (str,)
    for value in values:
        if not isinstance(value, kinds) or isinstance(value, bool):
            wanted = "numbers" if name == "edges" else "names of columns"
            raise FeatureError(f"{place}: {name}: {value!r} is not one of the {wanted} it takes.")
    return [float(value) for value in values] if name == "edges" else values


def _choice(place: str, name: str, value: Any, known: Collection[Any]) -> Any:
    if value not in known:
        near = nearest(value, map(str, known)) if isinstance(value, str) else ""
        raise FeatureError(f"{place}: {name} = {value!r}: it is one of {list(known)}.{near}")
    return value
