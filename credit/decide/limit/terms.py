"""The figures of a limit, read once from the policy in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import inf

from credit.decide.leaves import choice, items, named, number, whole
from credit.decide.limit.growth import GrowthTerms
from credit.decide.money import YUAN, exact, fen
from credit.errors import PolicyError
from credit.policy import InForce

PIPELINE = ("base", "occupation", "assets", "growth", "repayment", "clamp", "daily_cap")
"""Every step there is; a policy names each once, the base first, in the order it wants."""

LAW = "comply.internet_loan"
"""Leaf of the law's ceiling, in overlays that know one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseTerms:
    """Income times a multiple; people with little income have a cap, at once or at the end."""

    multiple: Fraction
    below_fen: int
    cap_fen: int
    final: bool

    @classmethod
    def of(cls, figures: InForce) -> BaseTerms:
        """Read ``limit.base.income_multiple`` and ``limit.base.low_income``."""
        key = "limit.base.low_income"
        table = named(figures, key, ("below", "cap", "applies"))
        multiple = "limit.base.income_multiple"
        return cls(
            multiple=number(figures[multiple], multiple, high=inf),
            below_fen=whole(table["below"], f"{key}.below") * YUAN,
            cap_fen=whole(table["cap"], f"{key}.cap") * YUAN,
            final=choice(table["applies"], f"{key}.applies", ("base", "final")) == "final",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetTerms:
    """The rise that each proven asset gives, added up over the ``most_items`` that give most."""

    default: Fraction
    by_kind: Mapping[str, Fraction]
    most_items: int

    @classmethod
    def of(cls, figures: InForce) -> AssetTerms:
        """Read ``limit.asset_boost``; a rise outside its least and most is refused."""
        key = "limit.asset_boost"
        table = named(figures, key, ("least", "most", "default", "by_kind", "max_items"))
        least, most = table["least"], table["most"]
        number(least, f"{key}.least", high=most)
        own = {
            kind: number(rise, f"{key}.by_kind.{kind}", low=least, high=most)
            for kind, rise in table["by_kind"].items()
        }
        return cls(
            default=number(table["default"], f"{key}.default", low=least, high=most),
            by_kind=own,
            most_items=whole(table["max_items"], f"{key}.max_items"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeTerms:
    """What the product lends, and the most the law lets anybody lend a person.

    ``ceiling_fen`` is None where no law sets one on the day. ``raises`` says whether a limit below
    the least is raised to it; else nothing is offered.
    """

    least_fen: int
    most_fen: int
    ceiling_fen: int | None
    raises: bool

    @classmethod
    def of(cls, figures: InForce) -> RangeTerms:
        """Read ``product.limit``, ``limit.below_range``, and ``comply.internet_loan`` if any."""
        table = named(figures, "product.limit", ("min", "max"))
        least = whole(table["min"], "product.limit.min") * YUAN
        most = whole(table["max"], "product.limit.max") * YUAN
        if least > most:
            raise PolicyError(
                f"product.limit: min {table['min']} must not be above max {table['max']}."
            )
        ceiling = None
        if LAW in figures.leaves:
            ceiling = whole(figures[LAW]["max_yuan"], f"{LAW}.max_yuan") * YUAN
        below = choice(figures["limit.below_range"], "limit.below_range", ("none", "raise"))
        return cls(least_fen=least, most_fen=most, ceiling_fen=ceiling, raises=below == "raise")


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitTerms:
    """What a limit is computed by; `of` reads and checks each leaf.

    ``occupation`` holds the factors of the worst and the best grade; those of one figure are
    equal. ``daily_cap`` is a share of the opening limit, ``repay_step`` one a period.
    """

    pipeline: tuple[str, ...]
    base: BaseTerms
    scenario: Mapping[str, Fraction]
    occupation: Mapping[str, tuple[Fraction, Fraction]]
    assets: AssetTerms
    growth: GrowthTerms
    repay_step: Fraction
    range: RangeTerms
    daily_cap: Fraction

    @classmethod
    def of(cls, figures: InForce) -> LimitTerms:
        """Read the leaves in force.

        Raises
        ------
        PolicyError
            A leaf is missing, or not what its rule needs; the sentence begins with the leaf.
        """
        scenario = figures["limit.scenario"]
        return cls(
            pipeline=_pipeline(figures),
            base=BaseTerms.of(figures),
            scenario={
                name: number(factor, f"limit.scenario.{name}", high=inf)
                for name, factor in scenario.items()
            },
            occupation=_occupations(figures),
            assets=AssetTerms.of(figures),
            growth=GrowthTerms.of(figures),
            repay_step=number(figures["limit.repay_step"], "limit.repay_step"),
            range=RangeTerms.of(figures),
            daily_cap=number(figures["limit.daily_cap"], "limit.daily_cap"),
        )


def cap_range(opening_fen: int, daily_cap: Fraction) -> tuple[int, int]:
    """Return the least and the most a limit may be on a day that it opened with ``opening_fen``."""
    up, down = daily_cap.numerator, daily_cap.denominator
    return -(-opening_fen * (down - up) // down), opening_fen * (down + up) // down


def fen_of(yuan: float) -> int:
    """Return an amount of a policy, in yuan, as fen."""
    return fen(exact(yuan) * YUAN)


def _pipeline(figures: InForce) -> tuple[str, ...]:
    steps = tuple(items(figures["limit.pipeline"], "limit.pipeline"))
    if sorted(steps) != sorted(PIPELINE) or steps[0] != "base":
        raise PolicyError(
            f"limit.pipeline: {list(steps)} must name each of {list(PIPELINE)} once, the base "
            "first."
        )
    return steps


def _occupations(figures: InForce) -> dict[str, tuple[Fraction, Fraction]]:
    key = "limit.occupation"
    found = {}
    for name, stated in figures[key].items():
        both = stated if isinstance(stated, list) else [stated, stated]
        if len(both) != 2:
            raise PolicyError(f"{key}.{name}: {stated!r} must be a factor, or a list of two.")
        worst, best = (number(one, f"{key}.{name}", high=inf) for one in both)
        if worst > best:
            raise PolicyError(
                f"{key}.{name}: {stated!r} must rise: the worst grade gets the first factor."
            )
        found[name] = (worst, best)
    if "default" not in found:
        raise PolicyError(f"{key}: 'default' is missing, the factor of any other occupation.")
    return found
