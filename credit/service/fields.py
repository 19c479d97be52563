"""The features of a request: each by its name, type and range, before anything is scored.

What is checked is what the manifest declares, and what the OpenAPI document says of it. A
value that was never seen in training is no error where the model has an answer to it; it is a
warning in the answer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from credit.errors import nearest
from credit.runtime import Feature, Scorer
from credit.service.refusal import SHOWN, RequestError, at, unprocessable
from credit.service.strict import encodable

MOST_CHARACTERS = 256
"""Of a name that is given for a category."""


class Warned(NamedTuple):
    """A value that is scored, though training saw none like it."""

    field: str
    feature: str
    rule: str


class Field(NamedTuple):
    """A feature as a request may give it.

    Attributes
    ----------
    low, high : float
        Closed range of a number; the codes of the feature may lie outside.
    usual_low, usual_high : float
        Where a number is neither refused nor warned of.
    codes : frozenset
        Values that are codes, as numbers or as names.
    names : frozenset of str
        Names seen in training, codes among them.
    required : bool
        False for what only a challenger reads.
    """

    feature: Feature
    is_number: bool
    low: float
    high: float
    usual_low: float
    usual_high: float
    codes: frozenset[float | str]
    names: frozenset[str]
    required: bool


def field_of(feature: Feature, largest: float, *, required: bool = True) -> Field:
    """Return a manifest's feature as a field.

    Parameters
    ----------
    feature : Feature
    largest : float
        Largest magnitude of a number that the model takes.
    required : bool
    """
    low, high = feature.hard_range or (None, None)
    low = -largest if low is None else max(low, -largest)
    high = largest if high is None else min(high, largest)
    usual = feature.learned_range or (low, high)
    is_number = feature.type == "number"
    return Field(
        feature=feature,
        is_number=is_number,
        low=low,
        high=high,
        usual_low=max(low, usual[0]),
        usual_high=min(high, usual[1]),
        codes=frozenset(
            c for c in feature.special_codes if isinstance(c, str) or abs(c) <= largest
        ),
        names=frozenset([*feature.categories, *map(str, feature.special_codes)]),
        required=required,
    )


class Fields:
    """What a request's ``features`` may hold.

    Parameters
    ----------
    champion : Scorer
        Its features are needed; what it lists as unused may be given.
    challenger : Scorer, optional
        What only it reads may be given, too.
    """

    def __init__(self, champion: Scorer, challenger: Scorer | None = None) -> None:
        self.fields = [field_of(feature, champion.largest) for feature in champion.features]
        names = {field.feature.name for field in self.fields}
        more: Sequence[Feature] = challenger.features if challenger else ()
        self.fields += [
            field_of(feature, challenger.largest, required=False)
            for feature in more
            if challenger and feature.name not in names
        ]
        self.extras: Collection[str] = [f.feature.name for f in self.fields if not f.required]
        self.needed = len(champion.features)
        unused = [*champion.unused, *(challenger.unused if challenger else ())]
        self.unused = frozenset(unused) - {field.feature.name for field in self.fields}
        self._named = {field.feature.name: field for field in self.fields}
        self._checks = [
            (f.feature.name, f.is_number, f.usual_low, f.usual_high, f.names, f)
            for f in self.fields
        ]

    def check(self, given: Any, place: str) -> list[Warned]:
        """Return what is unusual in a row of features.

        Raises
        ------
        RequestError
            422: a field is missing, unknown, of another type, or out of its range.
        """
        if type(given) is not dict:
            raise unprocessable(
                place, "wrong_type", "An object from feature to value is needed.", "Send one."
            )
        warned: list[Warned] = []
        found = 0
        for name, is_number, low, high, names, field in self._checks:
            if name not in given:
                if field.required:
                    raise self._missing(name, given, place)
                continue
            found += 1
            value = given[name]
            if value is None:
                continue
            kind = type(value)
            if is_number:
                if (kind is float or kind is int) and low <= value <= high:
                    continue
            elif kind is str and value in names:
                continue
            warned += self._look(field, value, at(place, name))
        if found != len(given):
            self._others(given, place)
        return warned

    def _look(self, field: Field, value: Any, place: str) -> list[Warned]:
        """Look closely at a value that is not usual: refuse it, or warn of it."""
        if field.is_number:
            return _number(field, value, place)
        return _name(field, value, place)

    def _missing(self, name: str, given: dict[str, Any], place: str) -> RequestError:
        others = (other for other in given if other not in self._named)
        return unprocessable(
            at(place, name), "missing_field", "Every feature of the model is needed.",
            "Send null where its value is not known." + _meant(next(others, ""), [name]),
        )  # fmt: skip

    def _others(self, given: dict[str, Any], place: str) -> None:
        """Refuse what is no field; what the model does not read may be any plain value."""
        for name, value in given.items():
            if name in self._named:
                continue
            if name not in self.unused:
                raise unprocessable(
                    at(place, name), "unknown_field", "The model has no such feature.",
                    "Remove it." + _meant(name, self._named),
                )  # fmt: skip
            if isinstance(value, dict | list):
                raise unprocessable(
                    at(place, name), "wrong_type", "A plain value is needed.", "Remove it."
                )


def _meant(given: str, known: Collection[str]) -> str:
    """Return a hint; none for a long name, which would be compared for a long time."""
    return nearest(given, known) if len(given) <= SHOWN else ""


def _number(field: Field, value: Any, place: str) -> list[Warned]:
    feature = field.feature
    if type(value) is not float and type(value) is not int:
        raise unprocessable(
            place, "wrong_type", f"A number is needed; its unit is {feature.unit!r}.",
            "Send null where it is not known.",
        )  # fmt: skip
    if value in field.codes:
        return []
    if not field.low <= value <= field.high:
        raise unprocessable(
            place, "out_of_range", f"It must lie in [{field.low}, {field.high}].",
            f"Check the unit, {feature.unit!r}; send null where it is not known.",
        )  # fmt: skip
    return [Warned(place, feature.name, "outside the range seen in training")]


def _name(field: Field, value: Any, place: str) -> list[Warned]:
    if type(value) is not str:
        raise unprocessable(
            place, "wrong_type", "A text is needed.", "Send null where it is not known."
        )
    if field.feature.unknown_category == "refuse":
        raise unprocessable(
            place, "unknown_choice", f"It must be one of {sorted(field.names)[:20]}.",
            "Send null where it is not known.",
        )  # fmt: skip
    if len(value) > MOST_CHARACTERS or not encodable(value):
        raise unprocessable(
            place, "out_of_range", f"At most {MOST_CHARACTERS} characters, each with a form in "
            "UTF-8.", "Send a name.",
        )  # fmt: skip
    return [Warned(place, field.feature.name, "a name never seen in training")]
