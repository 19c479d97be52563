"""One leaf in full: every version, what else was published, and what reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
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

    A module names a key by its beginning where it writes the rest in, as the world does with a
    dimension after ``truth``, or where it names what the key is a part of.
    """
    return tuple(
        module
        for module, (whole, beginnings) in sorted(_named().items())
        if key in whole or any(key.startswith(beginning) for beginning in beginnings)
    )


_TEXT = re.compile(r"""(?<!f)["']([a-z_]+(?:\.[a-z0-9_]+)+)["']""")
_FORMATTED = re.compile(r"""f["']([a-z_]+(?:\.[a-z0-9_]+)*\.){""")


@cache
def _named() -> Mapping[str, tuple[frozenset[str], tuple[str, ...]]]:
    """Return for each module the dotted names it writes as texts, and beginnings of such names."""
    root = Path(str(files("credit")))
    found = {}
    for path in sorted(root.rglob("*.py")):
        code = path.read_text(encoding="utf-8")
        whole = frozenset(_TEXT.findall(code))
        beginnings = {f"{name}." for name in whole} | set(_FORMATTED.findall(code))
        module = ".".join(path.relative_to(root.parent).with_suffix("").parts)
        if whole or beginnings:
            found[module] = (whole, tuple(beginnings))
    return found
