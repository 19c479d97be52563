"""Read strict JSON, and take typed values out of it with errors that say where.

Strict means: UTF-8, no NaN or Infinity, no number that overflows to one, no key twice in an
object. Everything an artifact holds passes through here before it is used, so a file that
carries a right hash and a wrong content is refused by name, not by a traceback.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from credit.errors import ArtifactError, nearest

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LARGEST = 2.0**53
"""Bound of margins and of the numbers of a score's rule: whole numbers are exact below it, and
products of a few such numbers overflow nowhere."""


def _refuse_constant(literal: str) -> NoReturn:
    raise ValueError(f"{literal} is not JSON")


def _finite(literal: str) -> float:
    value = float(literal)
    if not math.isfinite(value):
        raise ValueError(f"the number {literal[:40]} is too large")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("an object holds the same key twice")
    return result


def parse(file: str, content: bytes) -> Plain:
    """Return the document in ``content``, or refuse it with the name of its file."""
    try:
        value = json.loads(
            content.decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_unique,
        )
    except (ValueError, RecursionError) as error:
        raise ArtifactError(
            f"{file}: not strict JSON ({error}). Write the artifact again with credit.artifact."
        ) from error
    return Plain(file, "", value)


@dataclass(frozen=True, slots=True)
class Plain:
    """A JSON value that knows its file and its place in it.

    Every method returns the value as one type, or raises `ArtifactError` with the file, the
    place, the rule and the value found.
    """

    file: str
    place: str
    value: Any

    def refuse(self, rule: str) -> NoReturn:
        """Raise the error that this value breaks ``rule``."""
        shown = repr(self.value)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        raise ArtifactError(
            f"{self.file}: {self.place or 'the document'} must be {rule}, got {shown}. "
            "Write the artifact again with credit.artifact."
        )

    def record(self, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Plain]:
        """Return the members of an object that has these keys and no other."""
        if not isinstance(self.value, dict):
            self.refuse(f"an object with {sorted(required)}")
        for name in required:
            if name not in self.value:
                raise ArtifactError(
                    f"{self.file}: {self.place or 'the document'} lacks {name!r}. "
                    "Write the artifact again with credit.artifact."
                )
        known = {*required, *optional}
        for name in self.value:
            if name not in known:
                raise ArtifactError(
                    f"{self.file}: {self.place or 'the document'} holds an unknown key "
                    f"{name!r}.{nearest(name, known)} Write the artifact again with "
                    "credit.artifact."
                )
        return self.members()

    def members(self) -> dict[str, Plain]:
        """Return the members of an object, whatever their names."""
        if not isinstance(self.value, dict):
            self.refuse("an object")
        prefix = f"{self.place}." if self.place else ""
        return {k: Plain(self.file, f"{prefix}{k}", v) for k, v in self.value.items()}

    def items(self) -> list[Plain]:
        """Return the elements of a list."""
        if not isinstance(self.value, list):
            self.refuse("a list")
        return [Plain(self.file, f"{self.place}[{i}]", v) for i, v in enumerate(self.value)]

    def text(self, allowed: Collection[str] | None = None) -> str:
        """Return a text, one of ``allowed`` where given."""
        if not isinstance(self.value, str):
            self.refuse("text")
        if allowed is not None and self.value not in allowed:
            self.refuse(f"one of {sorted(allowed)}")
        return self.value

    def number(self) -> float:
        """Return a finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            self.refuse("a finite number")
        try:
            return float(self.value)
        except OverflowError:
            self.refuse("a finite number")

    def bounded(self) -> float:
        """Return a number that is less than ``LARGEST`` from 0."""
        if abs(self.number()) >= LARGEST:
            self.refuse("a number that is less than 2**53 from 0")
        return self.number()

    def positive(self) -> float:
        """Return a number above 0 and below ``LARGEST``."""
        if self.number() <= 0:
            self.refuse("a number above 0")
        return self.bounded()

    def optional_number(self) -> float | None:
        """Return a finite number, or None for null."""
        return None if self.value is None else self.number()

    def integer(self, low: int, high: int) -> int:
        """Return an integer in ``low <= value <= high``."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            self.refuse("an integer")
        if not low <= self.value <= high:
            self.refuse(f"an integer from {low} to {high}")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """Return a list of different texts."""
        result = tuple(item.text() for item in self.items())
        if len(set(result)) != len(result):
            self.refuse("a list of different texts")
        return result

    def numbers(self, length: int | None = None) -> Floats:
        """Return a list of finite numbers as float64, of ``length`` where given."""
        self._flat(int, float)
        try:
            result = np.array(self.value, dtype=np.float64)
        except OverflowError:
            self.refuse("a list of finite numbers")
        return self._sized(result, length)

    def integers(self, low: int, high: int, length: int | None = None) -> Integers:
        """Return a list of integers in ``low <= value <= high`` as int64."""
        self._flat(int)
        try:
            result = np.array(self.value, dtype=np.int64)
        except OverflowError:
            self.refuse(f"a list of integers from {low} to {high}")
        if result.size and (result.min() < low or result.max() > high):
            self.refuse(f"a list of integers from {low} to {high}")
        return self._sized(result, length)

    def _flat(self, *kinds: type) -> None:
        """Refuse what is not a list of exactly these kinds (a bool is no number)."""
        accepted = set(kinds)
        if not isinstance(self.value, list) or not set(map(type, self.value)) <= accepted:
            self.refuse("a list of finite numbers" if float in accepted else "a list of integers")

    def _sized(self, result: NDArray[Any], length: int | None) -> NDArray[Any]:
        if length is not None and result.shape != (length,):
            self.refuse(f"a list of {length} numbers")
        return result
