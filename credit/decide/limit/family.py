"""A family's limits as one pool: what one member does not use, another may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from credit.decide.leaves import flag, named
from credit.decide.money import yuan
from credit.errors import DataError, PolicyError, nearest
from credit.policy import InForce


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Limits that members bring, and what each has drawn.

    ``available + used = sum of what they bring``, whoever draws and repays; nothing is lent twice.
    """

    brought_fen: Mapping[str, int]
    used_fen: Mapping[str, int]

    @property
    def total_fen(self) -> int:
        """What all members bring."""
        return sum(self.brought_fen.values())

    @property
    def available_fen(self) -> int:
        """What any of them may still draw."""
        return self.total_fen - sum(self.used_fen.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRisk:
    """The probability that somebody of a pool fails, and leaves what is drawn to the others.

    ``least`` where all fail together, ``independent``, and ``most`` where no two ever do (the
    bounds of Frechet): how the fates of a family hang together is not known.
    """

    least: float
    independent: float
    most: float


def pooled(limits_fen: Mapping[str, int], figures: InForce) -> Pool:
    """Put limits into a pool.

    Raises
    ------
    PolicyError
        The policy in force pools nothing.
    DataError
        A limit is below 0, or there is none.
    """
    table = named(figures, "limit.family", ("pool",))
    if not flag(table["pool"], "limit.family.pool"):
        raise PolicyError(
            "limit.family: pool is false, so limits of a family are not shared; a policy that "
            "shares them says pool = true."
        )
    if not limits_fen or min(limits_fen.values()) < 0:
        raise DataError(f"limits_fen: {dict(limits_fen)} must name a member, and no limit below 0.")
    return Pool(brought_fen=dict(limits_fen), used_fen=dict.fromkeys(limits_fen, 0))


def drawn(pool: Pool, member: str, amount_fen: int) -> Pool:
    """Return the pool after a member drew an amount; more than is available is refused."""
    _refuse(pool, member, amount_fen)
    if amount_fen > pool.available_fen:
        raise DataError(
            f"{member} asks for {yuan(amount_fen)}, and {yuan(pool.available_fen)} of the pool are "
            "available."
        )
    return _used(pool, member, pool.used_fen[member] + amount_fen)


def repaid(pool: Pool, member: str, amount_fen: int) -> Pool:
    """Return the pool after a member repaid an amount; more than was drawn is refused."""
    _refuse(pool, member, amount_fen)
    if amount_fen > pool.used_fen[member]:
        raise DataError(
            f"{member} repays {yuan(amount_fen)}, and owes {yuan(pool.used_fen[member])}."
        )
    return _used(pool, member, pool.used_fen[member] - amount_fen)


def pool_risk(probabilities: Sequence[float]) -> PoolRisk:
    """Return the probability that somebody of a pool fails, from each member's own."""
    if not probabilities or min(probabilities) < 0 or max(probabilities) > 1:
        raise DataError(f"probabilities: {list(probabilities)} must lie between 0 and 1, and be.")
    return PoolRisk(
        least=max(probabilities),
        independent=1 - prod(1 - p for p in probabilities),
        most=min(1.0, sum(probabilities)),
    )


def _used(pool: Pool, member: str, amount_fen: int) -> Pool:
    return Pool(brought_fen=pool.brought_fen, used_fen={**pool.used_fen, member: amount_fen})


def _refuse(pool: Pool, member: str, amount_fen: int) -> None:
    if member not in pool.brought_fen:
        raise DataError(f"{member!r} is not of the pool.{nearest(member, pool.brought_fen)}")
    if amount_fen <= 0:
        raise DataError(f"amount_fen must be above 0, got {amount_fen}.")
