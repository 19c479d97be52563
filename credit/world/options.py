"""What a caller chooses about a world, and the blocks of people it is made of.

A world is made of blocks of whole communities. Every random number comes from a counter-based
generator (Philox) keyed by the seed, the stage and the block, so a block's rows do not depend
on how many blocks are made at once, in which order, or what another stage drew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from credit.errors import ConfigError, nearest

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SEGMENTS = ("sme", "white_collar", "blue_collar")

MINIMUM_PEOPLE = 200
"""Fewer people give segments too small to hold their bad rates."""


class Stage(IntEnum):
    """Names of the random streams; a stage never reads another's."""

    PEOPLE = 1
    TIES = 2
    CONTACTS = 3
    TRANSFERS = 4
    TAGS = 5
    PURCHASES = 6
    BILLS = 7
    INCOME = 8
    BALANCE = 9
    WEALTH = 10
    EARLIER_LOANS = 11
    EARLIER_REPAYMENTS = 12
    OUTCOME = 13
    LENDING = 14
    REPAYMENTS = 15
    DEVICES = 16
    GUARANTEES = 17
    STUDIOS = 18
    ROLES = 19
    HABITS = 20
    LOGINS = 21
    CRIMES = 22
    PAYEES = 23
    DETECTOR = 24
    LABELS = 25
    ABNORMAL = 26
    STUDIO_ROWS = 27
    STUDIO_TIES = 28
    STUDIO_MONEY = 29
    PHONES = 30
    MULES = 31
    NEW_DEVICES = 32
    REFUSED = 33
    APPLICANTS = 34
    UNDERWRITER = 35
    DRAWS = 40
    SPELLS = 41
    PAYING = 42
    RECEIPTS = 43
    BORROWERS = 44


@dataclass(frozen=True, slots=True, kw_only=True)
class Shock:
    """A structural break: people of one segment who apply in some months are not as before.

    Attributes
    ----------
    segment : str
        Of `SEGMENTS`.
    first, until : int, int or None
        Months of application, the world's first being 0: from ``first`` to before ``until``, or
        to the end.
    traits : float
        Standard deviations by which all five traits are riskier. What people do follows the
        traits, and their outcome follows what they do: features move, and bad rates with them.
    income : float
        Factor of the declared income.
    log_odds : float
        Added to the log-odds of bad given every feature: only outcomes show it.
    """

    segment: str
    first: int
    until: int | None = None
    traits: float = 0.0
    income: float = 1.0
    log_odds: float = 0.0

    def __post_init__(self) -> None:
        if self.segment not in SEGMENTS:
            raise ConfigError(
                f"segment {self.segment!r}: must be one of {SEGMENTS}."
                f"{nearest(self.segment, SEGMENTS)}"
            )
        if self.first < 0 or (self.until is not None and self.until <= self.first):
            raise ConfigError(
                f"first must be 0 or more and until above it, got {self.first=} and {self.until=}: "
                "a shock lasts a month at least."
            )
        if not self.income > 0:
            raise ConfigError(f"income must be above 0, got {self.income}: it is a factor.")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldOptions:
    """What a caller chooses about a generated population.

    Attributes
    ----------
    people : int
        How many people; each makes one application.
    seed : int
        The same seed gives the same rows, whatever ``chunk_people`` and ``threads`` are.
    start : date
        First day of applications (Shanghai calendar).
    months : int
        Calendar months over which applications are spread.
    observed_months : int
        Months after the last application day at which observation ends; later repayments are
        not written, and a loan drawn less than 12 months before is immature.
    chunk_people : int
        People whose events are held in memory at once; rounded up to whole blocks.
    interaction : float
        Coefficient of payment x wealth in the truth. With any other value than 0 the ceilings
        of subsets are not computed.
    shocks : tuple of Shock
        Structural breaks. The bad rates of segments hold among people that none touches; with a
        shock of the log-odds the ceilings of subsets are not computed.
    fraud : bool
        Whether some people are, or fall victim to, fraud, and sign-ins are written. Without it
        the rows are what they always were.
    lender : bool
        Whether a lender decides the applications under policies, refuses some of them, and
        serves the lines it grants. Without it every application is granted.
    memory_limit : str
        What the engine may use while features are computed.
    threads : int, optional
        Threads of the engine; None lets it choose.
    """

    people: int = 20_000
    seed: int = 7
    start: date = date(2023, 1, 1)
    months: int = 24
    observed_months: int = 10
    chunk_people: int = 12_000
    interaction: float = 0.0
    shocks: tuple[Shock, ...] = ()
    fraud: bool = False
    lender: bool = False
    memory_limit: str = "2GB"
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.people < MINIMUM_PEOPLE:
            raise ConfigError(
                f"people must be at least {MINIMUM_PEOPLE}, got {self.people}: a smaller world "
                "cannot hold the bad rates of its segments."
            )
        if not 0 <= self.seed < 2**63:
            raise ConfigError(f"seed must lie in [0, 2^63), got {self.seed}.")
        for name in ("months", "chunk_people"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}.")
        if self.observed_months < 2:
            raise ConfigError(
                f"observed_months must be at least 2, got {self.observed_months}: events run on "
                "for 60 days after an application."
            )
        late = [shock.first for shock in self.shocks if shock.first >= self.months]
        if late:
            raise ConfigError(
                f"shocks: one begins in month {late[0]}, but applications end before month "
                f"{self.months}; the first month is 0."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """``size`` people in whole communities; ``first`` is the position of the first of them."""

    seed: int
    index: int
    first: int
    size: int

    @property
    def places(self) -> slice:
        """The places of its people among all."""
        return slice(self.first, self.first + self.size)

    def stream(self, stage: Stage) -> np.random.Generator:
        """Return the block's own generator for a stage."""
        key = np.array([self.seed, (int(stage) << 40) | self.index], dtype=np.uint64)
        return np.random.Generator(np.random.Philox(key=key))

    def keys(self, count: int, *, offset: int = 0) -> Ints:
        """Return ``count`` row keys that no other block uses."""
        return np.int64(self.index) * 10_000_000 + offset + 1 + np.arange(count, dtype=np.int64)


def blocks(options: WorldOptions, block_people: int) -> Iterator[Block]:
    """Yield the blocks of a world, in order; the last may be smaller."""
    for index, first in enumerate(range(0, options.people, block_people)):
        size = min(block_people, options.people - first)
        yield Block(seed=options.seed, index=index, first=first, size=size)
