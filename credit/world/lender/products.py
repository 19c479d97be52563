"""What the world's lender lends, and by which policy on which day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np

from credit.decide.decision import DecisionTerms
from credit.errors import PolicyError
from credit.world import season
from credit.world.figures import Figures
from credit.world.lender.terms import product_policy, turns
from credit.world.options import Floats


def under_lender(figures: Figures) -> Figures:
    """Return the figures of a world whose lender refuses people.

    The published incomes and bad rates are those of borrowers: here, of whoever is approved.
    Everybody's are such that theirs come out, and draws such that the published mean loan and
    share of repeat borrowers hold for the lines that are granted.
    """
    values = dict(figures.values)
    values["segment.mean_income"] = values["sim.lender.mean_income"]
    values["segment.bad_rate"] = values["sim.lender.bad_rate"]
    draws = values["sim.lender.draws"]
    values["sim.serve.share"] = draws["share"]
    values["sim.serve.again"] = {**values["sim.serve.again"], "second": draws["second"]}
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
    """Return the terms of a policy on a local day (days since 1970).

    They are read once for all days between which no leaf begins or ends; where a cap on costs is
    in force they are read each day, for the law judges a loan by the days of its months.
    """
    rules = product_policy(name)
    if "comply.apr_cap" in rules.keys:
        return _terms_of(name, local_day)
    since = np.searchsorted(turns(name), local_day, side="right") - 1
    first = int(turns(name)[since]) if since >= 0 else local_day
    return replace(_terms_of(name, first), on=season.day_of(local_day))


@cache
def _terms_of(name: str, local_day: int) -> DecisionTerms:
    return DecisionTerms.of(product_policy(name).at(season.day_of(local_day)))
