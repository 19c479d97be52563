"""The numbers of the generated world, read from ``policies/world.toml``.

Published figures and assumed behaviour stand there with unit, source and status; code asks
for them by key and holds none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import numpy as np
from scipy.special import expit, logit

from credit import policy
from credit.errors import PolicyError
from credit.world.options import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a latent trait shows in one parameter of a person's behaviour.

        parameter = g^-1(g(centre) + spread * (loading * trait + sqrt(1 - loading^2) * noise))

    with g the logarithm (``link = "log"``) or the log-odds (``"logit"``) and noise standard
    normal. A trait is larger for riskier people, so the sign of ``loading`` is the sign of risk.
    """

    link: str
    centre: float
    spread: float
    loading: float

    def draw(self, generator: np.random.Generator, trait: Floats) -> Floats:
        """Return one parameter a person; ``trait`` has shape (people,)."""
        noise = generator.standard_normal(trait.size)
        mixed = self.spread * (self.loading * trait + np.sqrt(1 - self.loading**2) * noise)
        if self.link == "log":
            return np.asarray(self.centre * np.exp(mixed))
        return np.asarray(expit(logit(self.centre) + mixed))


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures in force on a day."""

    values: dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def number(self, key: str) -> float:
        """Return a single number."""
        return float(self.values[key])

    def array(self, key: str) -> Floats:
        """Return a list of numbers, or the values of a small table in its order."""
        value = self.values[key]
        entries: Sequence[float] = list(value.values()) if isinstance(value, dict) else value
        return np.asarray(entries, dtype=np.float64)

    def names(self, key: str) -> tuple[str, ...]:
        """Return the names of a small table, in its order."""
        return tuple(self.values[key])

    def behaviour(self, key: str) -> Behaviour:
        """Return how a trait shows in one parameter of behaviour."""
        found = Behaviour(**self.values[key])
        if found.link not in ("log", "logit") or not -1 <= found.loading <= 1:
            raise PolicyError(
                f"world: {key} needs link 'log' or 'logit' and a loading in [-1, 1], "
                f"got {self.values[key]}."
            )
        return found


@cache
def figures(on: date) -> Figures:
    """Return the world's figures in force on a day."""
    world = policy.load("world")
    return Figures({leaf.key: leaf.value for leaf in world.leaves if leaf.holds(on)})
