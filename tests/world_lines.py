"""Lines of credit for tests and benchmarks of serving: made up, without a lender's decisions."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from credit.world import season
from credit.world.figures import Figures, figures
from credit.world.lender.record import Lines, Review
from credit.world.options import Flags, WorldOptions, blocks
from credit.world.people import People, populate

RATES = tuple(Fraction(rate, 1_000_000) for rate in (200, 260, 320, 410, 500))
BLOCK = 1_200

Granted = tuple[People, Lines, Flags]


def granted(people: People, numbers: Figures, products: tuple[str, ...]) -> Granted:
    """Grant seven in ten what they ask for, and draw who is bad, at the published rates."""
    draw = np.random.default_rng((people.block.seed, people.block.index))
    person = np.flatnonzero(draw.random(people.size) < 0.7)
    limit = np.maximum(people.amount_fen[person] // 10_000 * 10_000, 50_000)
    lines = Lines(
        person=person, granted_at=people.as_of[person] + 90_000_000,
        product=draw.integers(0, len(products), person.size), limit_fen=limit,
        usable_fen=limit * 85 // 100, rate=draw.integers(0, len(RATES), person.size),
        products=products, rates=RATES,
    )  # fmt: skip
    bad = draw.random(people.size) < numbers.array("segment.bad_rate")[people.segment]
    return people, lines, bad


def world(
    options: WorldOptions, products: tuple[str, ...] = ("weilidai+cn-2026",)
) -> Iterator[Granted]:
    """Yield the blocks of a world, with lines that nobody decided on."""
    numbers = figures(options.start)
    for block in blocks(options, BLOCK):
        yield granted(populate(block, options, numbers)[0], numbers, products)


def until(options: WorldOptions) -> int:
    """Return the instant at which observation of a world ends."""
    last = season.months_after(options.start, options.months + options.observed_months)
    return int(season.midnight(np.array([season.day_number(last)]))[0])


def growing(lines: Lines) -> Review:
    """Return a review by which a year of good months adds a tenth."""
    return lambda where, good, _: lines.usable_fen[where] * (10 + good // 12) // 10
