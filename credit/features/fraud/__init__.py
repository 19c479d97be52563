"""Indicators of fraud: a catalogue of its own, made of templates, that no credit model is given.

Each indicator names who looks at it: a line of the policy (``fraud.lines``), the fraud model, or
the report's table of activity. They are features like all others, of dimension ``fraud``, built
by the same engine under the same comparison of times.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from credit.feature import Catalogue
from credit.features.fraud.logins import logins
from credit.features.fraud.money import orders, payments, transfers
from credit.features.fraud.others import devices, lending, together
from credit.features.fraud.template import Indicator, User
from credit.policy import Policy, load

__all__ = ["indicators", "users"]


def indicators(policy: Policy | None = None, on: date = date.max) -> Catalogue:
    """Return all indicators of fraud.

    Parameters
    ----------
    policy : Policy, optional
        Where speeds, times and amounts stand; the policy shipped as ``weilidai`` otherwise.
    on : date
        The day whose values hold; by default those without an end.
    """
    return Catalogue(tuple(one.feature for one in _every(_figures(policy), on)))


def users(policy: Policy | None = None, on: date = date.max) -> dict[str, tuple[User, ...]]:
    """Return indicator -> who looks at it: ``rule``, ``model``, ``report``."""
    figures = _figures(policy)
    lines = {line["indicator"] for line in figures.leaf("fraud.lines", on).value}
    rule: tuple[User, ...] = ("rule",)
    return {
        one.feature.name: (rule if one.feature.name in lines else ()) + one.used_by
        for one in _every(figures, on)
    }


def _figures(policy: Policy | None) -> Policy:
    return load("weilidai") if policy is None else policy


def _every(policy: Policy, on: date) -> Iterator[Indicator]:
    yield from logins(policy, on)
    yield from payments(policy, on)
    yield from transfers(policy, on)
    yield from orders(policy, on)
    yield from lending()
    yield from devices()
    yield from together()
