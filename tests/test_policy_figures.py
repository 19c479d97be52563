"""Figures stand in policy files, every rule moves something, and the past keeps its values."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from conftest import REPOSITORY
from policy_outputs import OUTPUTS

from credit import policy
from credit.pipeline.config import load as pipeline
from credit.policy.explain import readers

TODAY = date(2028, 6, 1)
WEILIDAI = policy.load("weilidai")
RULES = sorted({leaf.key for leaf in WEILIDAI.leaves if leaf.role == "rule"})

UNITS = {0, 1, 2, -1, 100, 1_000, 12, 24, 60, 3_600, 86_400, 1_000_000, 0.5} | {
    60_000_000, 86_400_000_000
}  # fmt: skip
"""Zero, one, two, halves, and units: percents, months of a year, hours, seconds, microseconds."""

ALLOWED = {
    ("answer.py", 4): "digits of a rate that is printed",
    ("clock.py", 1970): "the year that instants count from",
    ("clock.py", 16): "zones kept in memory",
    ("cost/cap.py", 1e-9): "rounding of a double",
    ("cost/irr.py", 1e-14): "where a solver stops",
    ("cost/irr.py", 700): "largest exponent of e that a double holds",
    ("cost/irr.py", 365): "Actual/365, the definition of XIRR",
    ("cost/irr.py", -0.1): "where a solver begins",
    ("cost/irr.py", 0.2): "where a solver begins",
    ("price.py", 360): "one of two ways to count a year; the policy chooses",
    ("price.py", 365): "one of two ways to count a year; the policy chooses",
    ("repay/schedule.py", 360): "most months of a schedule that is computed, thirty years",
    ("repay/late.py", 365): "days of a year, to state a daily rate by the year",
    ("repay/channels.py", 5): "working days of a week",
    ("repay/reminders.py", 75): "octets of a line of a calendar file (RFC 5545)",
    ("limit/steps.py", 4096): "results kept in memory",
    ("limit/steps.py", 10): "base of the digits that are written",
    ("limit/steps.py", 5): "divisor of ten",
}
"""Other numbers of credit/decide, by module, each with its reason: mathematics, never policy."""

WINDOWS = {7, 30, 90, 180, 365, 730}
"""Windows of features are part of their declarations."""


# -- T0.2: a figure stands in a policy file and nowhere in code


def numbers(path: Path) -> Iterator[tuple[float, int]]:
    """Yield every number of a module's code, with its line; signs belong to the number.

    ``low`` and ``high`` of a call bound what a leaf may sensibly be, and are no figures themselves.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    signed = {
        id(node.operand)
        for node in ast.walk(tree)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    }
    bounds = {
        id(word.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for word in node.keywords
        if word.arg in ("low", "high")
    }
    for node in ast.walk(tree):
        value = getattr(node, "value", None)
        if (
            isinstance(node, ast.Constant)
            and type(value) in (int, float)
            and id(node) not in bounds
        ):
            yield (-value if id(node) in signed else value), node.lineno


def test_no_number_stands_in_the_code_of_decisions():
    root = REPOSITORY / "credit" / "decide"
    found = [
        f"{path.relative_to(root)}:{line}: {number}"
        for path in sorted(root.rglob("*.py"))
        for number, line in numbers(path)
        if number not in UNITS and (path.relative_to(root).as_posix(), number) not in ALLOWED
    ]
    assert found == [], "a figure belongs into a policy file; mathematics into ALLOWED, with why"


def figures(value: object) -> Iterator[float]:
    """Yield the numbers of a value."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from figures(inner)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def test_no_figure_of_the_policy_stands_in_the_code_of_features():
    of_features = {
        number
        for leaf in WEILIDAI.leaves
        if leaf.key.startswith(("features.", "dq.", "eligibility.bureau", "fraud.review.single"))
        for number in figures(leaf.value)
        if number >= 10 or number != int(number)  # small counts are everywhere
    } - UNITS - WINDOWS  # fmt: skip
    assert {5_000, 0.6, 23} <= of_features
    found = [
        f"{path.relative_to(REPOSITORY)}:{line}: {number}"
        for path in sorted((REPOSITORY / "credit" / "features").rglob("*.py"))
        if path.parent.name != "proof"  # draws tables at random
        for number, line in numbers(path)
        if number in of_features
    ]
    assert found == []


# -- T0.3: every rule moves something


@cache
def held_over(over: str) -> policy.InForce:
    return policy.load(f"weilidai+{over}" if over else "weilidai").at(TODAY)


@cache
def as_stated(output: Callable[[policy.InForce], object], over: str) -> object:
    return output(held_over(over))


def at(key: str, value: object, over: str) -> policy.InForce:
    """Return the figures in force with another value of a key."""
    held = held_over(over)
    return replace(held, leaves={**held.leaves, key: replace(held.leaf(key), value=value)})


@pytest.mark.parametrize("key", OUTPUTS)
def test_every_rule_changes_an_output(key):
    output = OUTPUTS[key]
    stated = as_stated(output.of, output.over)
    for other in output.to:
        assert other != WEILIDAI.leaf(key, TODAY).value
        assert output.of(at(key, other, output.over)) != stated, f"{key} = {other} moves nothing"


def test_every_rule_is_declared():
    missing = [key for key in RULES if key not in OUTPUTS]
    assert missing == [], "add what it moves to OUTPUTS of tests/policy_outputs.py"
    assert set(OUTPUTS) <= set(RULES)


def test_every_rule_is_named_by_code():
    unread = [key for key in RULES if not readers(key)]
    assert unread == [], "a leaf that nothing reads is a document"


def test_the_demo_learns_the_outcome_that_published_rates_are_read_as():
    outcome = pipeline(REPOSITORY / "pipelines" / "weilidai.toml").outcome
    stated = WEILIDAI.leaf("outcome.bad", TODAY).value
    assert outcome.days == stated["days"]
    assert outcome.within_months == stated["within_months"]


# -- T0.4: a past day has the values of that day


@pytest.mark.parametrize(
    ("day", "helped", "small_loan", "ceiling", "buffer", "table"),
    [
        (date(2020, 6, 30), 0.24, 0.24, None, None, False),
        (date(2020, 7, 1), 0.24, 0.24, 200_000, None, False),
        (date(2021, 11, 1), 0.24, 0.24, 200_000, True, False),
        (date(2025, 2, 28), 0.24, 0.24, 200_000, True, False),
        (date(2025, 3, 1), 0.24, 0.24, 300_000, True, False),
        (date(2026, 7, 31), 0.24, 0.24, 300_000, True, False),
        (date(2026, 8, 1), 0.24, 0.24, 300_000, True, True),
        (date(2027, 12, 31), 0.24, 0.12, 300_000, True, True),
    ],
)
def test_a_past_day_has_the_values_of_that_day(day, helped, small_loan, ceiling, buffer, table):
    held = policy.load("weilidai+third_party+cn-2026").at(day)
    assert held["comply.apr_cap"]["helped"] == helped
    assert held["comply.apr_cap"]["small_loan"] == small_loan
    found = held["comply.internet_loan"]["max_yuan"] if "comply.internet_loan" in held else None
    assert found == ceiling
    law = held.leaves.get("limit.disclose_buffer")
    assert (law.value if law is not None and law.origin == "cn-2026" else None) == buffer
    assert ("comply.disclosure" in held) == table
    assert held["product.limit"] == {"min": 500, "max": 200_000}
    assert held["score.weights"]["payment"] == 0.30


def test_private_lending_is_held_to_another_rule_since_august_2020():
    law = policy.load("cn-2026")
    assert law.leaf("comply.apr_cap", date(2020, 8, 19)).value["private"] == 0.24
    assert "private" not in law.leaf("comply.apr_cap", date(2020, 8, 20)).value
    assert law.leaf("comply.lpr_multiple", date(2020, 8, 20)).value == {"private": 4}
    lpr = law.leaf("comply.lpr", TODAY).value
    caps = law.leaf("comply.apr_cap", TODAY).value
    assert caps["private"] == caps["small_loan"] == pytest.approx(4 * lpr)
