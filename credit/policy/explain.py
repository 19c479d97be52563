"""One leaf in full: every version, what else was published, and what reads it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from credit.policy.record import Leaf, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A leaf: its versions, the earliest first, and the modules whose code names it."""

    key: str
    versions: tuple[Leaf, ...]
    readers: tuple[str, ...]


def explain(policy: Policy, key: str) -> Explanation:
    """Return one leaf in full.

    Raises
    ------
    PolicyError
        If there is no such key; the closest one is named.
    """
    return Explanation(key=key, versions=policy.versions(key), readers=readers(key))


def readers(key: str) -> tuple[str, ...]:
    """Return the modules of this package whose code names a key, whole or by its beginning.

    A module names a key by its beginning where it writes the rest in: ``f"truth.{dimension}"``.
    """
    return tuple(
        module
        for module, (whole, beginnings) in sorted(_named().items())
        if key in whole or any(key.startswith(beginning) for beginning in beginnings)
    )


@cache
def _named() -> Mapping[str, tuple[frozenset[str], frozenset[str]]]:
    root = Path(str(files("credit")))
    found = {}
    for path in sorted(root.rglob("*.py")):
        module = ".".join(path.relative_to(root.parent).with_suffix("").parts)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found[module] = (frozenset(_whole(tree)), frozenset(_beginnings(tree)))
    return found


def _whole(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _beginnings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
            text = str(node.values[0].value)
            if text.endswith(".") and text.count(" ") == 0:
                yield text
