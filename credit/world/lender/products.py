"""What the world's lender lends, and by which policy on which day."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from credit.decide.decision import DecisionTerms
from credit.errors import PolicyError
from credit.world import season
from credit.world.figures import Figures
from credit.world.lender.terms import product_policy
from credit.world.options import Floats


def under_lender(figures: Figures) -> Figures:
    """Return the figures of a world whose lender refuses people.

    The published incomes and bad rates are those of borrowers: here, of whoever is approved.
    Everybody's are such that theirs come out.
    """
    values = dict(figures.values)
    values["segment.mean_income"] = values["sim.lender.mean_income"]
    values["segment.bad_rate"] = values["sim.lender.bad_rate"]
    return Figures(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """What may be asked for; every tuple and array has one entry a product.

    Attributes
    ----------
    names : tuple of str
        As ``applications`` has them.
    policies : tuple of str
        As `credit.policy.load` names them.
    shares : ndarray
        Of applications.
    """

    names: tuple[str, ...]
    policies: tuple[str, ...]
    shares: Floats

    @classmethod
    def of(cls, figures: Figures) -> Products:
        """Read ``sim.lender.products``.

        Raises
        ------
        PolicyError
            The shares do not sum to 1.
        """
        rows = figures["sim.lender.products"]
        found = cls(
            names=tuple(row["product"] for row in rows),
            policies=tuple(row["policy"] for row in rows),
            shares=np.array([row["share"] for row in rows], dtype=np.float64),
        )
        if abs(found.shares.sum() - 1) > 1e-9 or (found.shares < 0).any():
            raise PolicyError(
                f"sim.lender.products: shares must be 0 or more and sum to 1, got "
                f"{found.shares.tolist()}."
            )
        return found


@lru_cache(maxsize=10_000)
def terms(name: str, local_day: int) -> DecisionTerms:
    """Return the terms of a policy on a local day (days since 1970), read once a day."""
    return DecisionTerms.of(product_policy(name).at(season.day_of(local_day)))
