"""docs/coverage.md: every requirement has a line, and every line a test or a reason."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest
from conftest import REPOSITORY

from credit import policy

IDS = [
    *(f"E{n:02d}" for n in range(1, 13)), *(f"C{n:02d}" for n in range(1, 16)),
    *(f"L{n:02d}" for n in range(1, 18)), *(f"P{n:02d}" for n in range(1, 17)),
    *(f"F{n:02d}" for n in range(1, 15)), *(f"M{n:02d}" for n in range(1, 10)),
    *(f"G{n:02d}" for n in range(1, 15)), "T0.1", "T0.2", "T0.3", "T0.4",
]  # fmt: skip

CONFLICTS = [
    "E03", "E05", "E06", "E12", "C06", "L04", "L07", "L11", "L13", "P02", "P03", "P04", "P05",
    "P06", "P11", "P14", "F01", "M01",
]  # fmt: skip
"""Requirements whose sources contradict each other, arithmetic or the law."""

LINE = re.compile(r"^\| ([A-Z][0-9.]+) \| (.+?) \| (.+) \|$")
TEST = re.compile(r"`(tests/\w+\.py)::(\w+)`")


def lines() -> list[tuple[str, str, str]]:
    text = (REPOSITORY / "docs" / "coverage.md").read_text(encoding="utf-8")
    found = [LINE.match(line) for line in text.splitlines() if re.match(r"^\| [A-Z][0-9]", line)]
    assert all(found), "a line has three cells: the ID, what stands for it, the proof"
    return [match.groups() for match in found if match]


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_requirement_has_one_line():
    assert [name for name, _, _ in lines()] == IDS


@pytest.mark.parametrize(("name", "what", "proof"), lines(), ids=lambda value: str(value)[:5])
def test_every_line_names_a_test_that_exists_or_a_reason(name, what, proof):
    assert len(what) > 5
    if proof.startswith("reason: "):
        assert len(proof) > len("reason: ") + 20
        return
    named = TEST.findall(proof)
    assert named, f"{name}: neither a test nor a reason: {proof}"
    assert TEST.sub("", proof).strip(" ,") == ""
    for file, test in named:
        assert test in functions_of(file), f"{name}: {file} has no {test}"


def test_every_conflict_is_in_the_register_and_says_what_was_chosen():
    text = (REPOSITORY / "docs" / "conflicts.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")][1:]
    named = {name for row in rows for name in re.findall(r"\b[A-Z]\d\d\b", row[0])}
    assert named >= set(CONFLICTS)
    assert all(len(row) == 5 and all(cell.strip(" |") for cell in row) for row in rows)


def test_every_disputed_leaf_is_in_the_register():
    text = (REPOSITORY / "docs" / "conflicts.md").read_text(encoding="utf-8")
    disputed = {
        leaf.key
        for name in policy.shipped()
        for leaf in policy.load(name).leaves
        if leaf.status == "disputed"
    }
    assert sorted(key for key in disputed if f"`{key}`" not in text) == []
