"""Who is fraud, of which type, and which studio made them up.

How many there are is set, not drawn: the share of studios in all fraud would else vary with the
few studios that a world holds. Who they are, is drawn block by block.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.schema import DAY
from credit.world import season
from credit.world.figures import Figures
from credit.world.options import Block, Flags, Floats, Ints, Stage, WorldOptions

TYPES = ("takeover", "stolen_identity", "first_party", "studio")
TAKEOVER, STOLEN_IDENTITY, FIRST_PARTY, STUDIO = range(4)
HONEST = -1

_LONGEST_BURST_DAYS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """The parts that a block's people play; every array has one entry a person.

    Attributes
    ----------
    kind : ndarray of int64
        Position in `TYPES`, `HONEST` for the others. Of a takeover it is the victim's.
    studio : ndarray of int64
        The studio's number in the world, -1 outside of studios.
    opened_at, registered_at, applied_at : ndarray of int64
        Of members: when their studio began, when they registered and applied; 0 of others.
    """

    kind: Ints
    studio: Ints
    opened_at: Ints
    registered_at: Ints
    applied_at: Ints

    @property
    def members(self) -> Ints:
        """Positions of the people of studios, studios in order."""
        found = np.flatnonzero(self.studio >= 0)
        return found[np.argsort(self.studio[found], kind="stable")]

    def applied(self, as_of: Ints) -> Ints:
        """Return the instants of application, members' in place of those given."""
        return np.where(self.studio >= 0, self.applied_at, as_of)

    def registered(self, instants: Ints) -> Ints:
        """Return the instants of registration, members' in place of those given."""
        return np.where(self.studio >= 0, self.registered_at, instants)


def cast(block: Block, thin: Flags, options: WorldOptions, figures: Figures) -> Cast:
    """Draw who plays which part among a block's people.

    Made-up and stolen identities are thin files, as accounts that were just opened are; victims
    of a takeover and people who turn bad themselves have a history.
    """
    draw = block.stream(Stage.ROLES)
    new, old = draw.permutation(np.flatnonzero(thin)), draw.permutation(np.flatnonzero(~thin))
    kind, studio = np.full(block.size, HONEST), np.full(block.size, -1)
    numbers, sizes = _studios_of(block, options, figures)
    members = new[: sizes.sum()]
    studio[members] = np.repeat(numbers, sizes)[: members.size]
    kind[members] = STUDIO
    names = figures["sim.fraud.other_types"]
    chance = np.array([names[name] for name in TYPES[:STUDIO]])
    others = draw.choice(STUDIO, _others_of(block, options, figures), p=chance / chance.sum())
    stolen = new[members.size :][: int((others == STOLEN_IDENTITY).sum())]
    kind[stolen] = STOLEN_IDENTITY
    rest = others[others != STOLEN_IDENTITY][: old.size]
    kind[old[: rest.size]] = rest
    return _opened(draw, kind, studio, options, figures)


def studios(options: WorldOptions, figures: Figures) -> tuple[Ints, Ints]:
    """Return the people and the block of every studio of a world.

    The number of people in studios is the base rate times the studios' share, rounded once.
    """
    settings = figures["sim.fraud.studio"]
    share = figures.number("sim.fraud.base_rate") * figures.number("sim.fraud.studio_share")
    people = round(share * options.people)
    count = max(1, round(people / settings["size"])) if people else 0
    draw = Block(seed=options.seed, index=0, first=0, size=options.people).stream(Stage.STUDIOS)
    weight = 1 + 0.8 * (draw.random(count) - 0.5)
    ends = np.rint(people * np.cumsum(weight) / weight.sum() if count else weight)
    sizes = np.diff(ends, prepend=0).astype(np.int64)
    whole = max(1, int(options.people // _block_people(figures)))
    return sizes, draw.integers(0, whole, count)


def _block_people(figures: Figures) -> float:
    return float(figures["graph.community_size"] * figures["graph.communities_in_block"])


def _studios_of(block: Block, options: WorldOptions, figures: Figures) -> tuple[Ints, Ints]:
    sizes, homes = studios(options, figures)
    here = np.flatnonzero(homes == block.index)
    return here, sizes[here]


def _others_of(block: Block, options: WorldOptions, figures: Figures) -> int:
    """Return how many of a block's people are other fraud: every so-manieth of the world's."""
    rate = figures.number("sim.fraud.base_rate") * (1 - figures.number("sim.fraud.studio_share"))
    whole = Block(seed=options.seed, index=1, first=0, size=options.people)
    start = whole.stream(Stage.STUDIOS).random()
    before, after = np.floor(np.array([block.first, block.first + block.size]) * rate + start)
    return int(after - before)


def _opened(
    draw: np.random.Generator, kind: Ints, studio: Ints, options: WorldOptions, figures: Figures
) -> Cast:
    """Draw when studios began: their people register in a burst, and apply within some days."""
    settings = figures["sim.fraud.studio"]
    first = season.day_number(options.start)
    last = season.day_number(season.months_after(options.start, options.months))
    members = np.flatnonzero(studio >= 0)
    numbers, which = np.unique(studio[members], return_inverse=True)
    centre = first + draw.random(numbers.size) * (last - first)
    tenure = draw.uniform(settings["tenure_low"], settings["tenure_high"], numbers.size)
    day = centre[which] + draw.random(members.size) * settings["applied_within_days"]
    applied = season.by_day(draw, np.clip(day.astype(np.int64), first, last - 1))
    start = season.midnight(np.floor(centre - tenure).astype(np.int64))
    burst = np.minimum(draw.exponential(settings["burst_days"], members.size), _LONGEST_BURST_DAYS)
    columns = {name: np.zeros(kind.size, dtype=np.int64) for name in ("opened", "registered", "to")}
    columns["opened"][members] = start[which]
    columns["registered"][members] = start[which] + _microseconds(burst)
    columns["to"][members] = applied
    return Cast(
        kind=kind,
        studio=studio,
        opened_at=columns["opened"],
        registered_at=columns["registered"],
        applied_at=columns["to"],
    )


def _microseconds(days: Floats) -> Ints:
    return np.asarray((days * DAY).astype(np.int64))
