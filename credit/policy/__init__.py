"""Published numbers as dated, sourced data.

A policy file is TOML. Each leaf is a table with ``value``, ``unit``, ``source``, ``status``
and ``effective_from`` (and, where it ended, ``effective_to``); a leaf that changed over time
is a list of such tables. Code asks for a key at a date and never holds the number itself.

`load` takes the name of a shipped file, the path of one's own, or several joined by ``+``: a base
and what is laid over it, ``"weilidai+cn-2026"``. What values may be stands in ``rules.toml``.
"""

from credit.policy.compare import Change, diff
from credit.policy.explain import Explanation, explain
from credit.policy.overlay import overlay
from credit.policy.read import check, load, parse, shipped
from credit.policy.record import ROLES, STATUSES, InForce, Leaf, Part, Policy

__all__ = [
    "ROLES", "STATUSES", "Change", "Explanation", "InForce", "Leaf", "Part", "Policy", "check",
    "diff", "explain", "load", "overlay", "parse", "shipped",
]  # fmt: skip
