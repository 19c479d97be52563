"""Who knows whom, money sent between them, and negative marks: contacts, transfers, tags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.schema import DAY
from credit.world import season
from credit.world.figures import Figures
from credit.world.options import Ints, Stage, WorldOptions
from credit.world.people import REPAYMENT, SOCIAL, People
from credit.world.rows import Columns, Text, take


@dataclass(frozen=True, slots=True)
class Ties:
    """Directed ties as positions in the block; each tie stands in both directions."""

    source: Ints
    target: Ints


def ties(people: People, figures: Figures) -> Ties:
    """Draw the ties of a block, sorted by source and target.

    A person throws stubs; a share (homophily) lands in the own community, at a short distance
    around its circle, so that two neighbours of a person are often neighbours of each other
    (triadic closure); the rest lands anywhere in the block. No tie leaves a block.
    """
    draw = people.block.stream(Stage.TIES)
    n = people.size
    stubs = figures.behaviour("graph.stubs").draw(draw, people.traits[:, SOCIAL])
    stubs = np.where(people.thin, stubs * figures.number("people.thin_stubs"), stubs)
    source = np.repeat(np.arange(n), np.maximum(draw.poisson(stubs), 1))
    order = np.argsort(people.community, kind="stable")
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n)
    size = np.bincount(people.community)
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    home = people.community[source]
    step = draw.geometric(figures.number("graph.step"), source.size)
    step = np.where(draw.random(source.size) < 0.5, step, -step)
    near = order[start[home] + (place[source] - start[home] + step) % size[home]]
    inside = draw.random(source.size) < figures.number("graph.homophily")
    target = np.where(inside, near, draw.integers(0, n, source.size))
    keep = source != target
    low, high = np.minimum(source, target)[keep], np.maximum(source, target)[keep]
    pairs = np.unique(low * n + high)
    low, high = np.divmod(pairs, n)
    both = np.sort(np.concatenate([low * n + high, high * n + low]))
    return Ties(*np.divmod(both, n))


def contacts(people: People, known: Ties, figures: Figures) -> Columns:
    """Return a block's contacts.

    Each direction carries the day on which that person first had the other as a contact, so
    the law of tie ages is the same for early and late applicants.
    """
    draw = people.block.stream(Stage.CONTACTS)
    age = figures.behaviour("graph.tie_age_days").draw(draw, people.traits[:, SOCIAL])
    days = age[known.source] * draw.gamma(2.0, 0.5, known.source.size)
    _, after = figures["people.event_days"]
    fresh = draw.random(days.size) < figures.number("graph.later_ties")
    days = np.where(fresh, -draw.random(days.size) * after, np.minimum(days, 4_000))
    event_time = people.as_of[known.source] - (days * DAY).astype(np.int64)
    return {
        "customer_id": people.customer_id[known.source],
        "contact_id": people.customer_id[known.target],
        "event_time": event_time,
        "available_at": event_time + (draw.random(days.size) * 7 * DAY).astype(np.int64),
        "type": _kinds(draw, known, figures),
    }


def _kinds(draw: np.random.Generator, known: Ties, figures: Figures) -> Text:
    """Return friend, family or colleague: the same word in both directions."""
    names = figures.names("graph.tie_types")
    cumulative = np.cumsum(figures.array("graph.tie_types"))[:-1]
    salt = draw.integers(0, 2**31)
    low = np.minimum(known.source, known.target)
    high = np.maximum(known.source, known.target)
    mixed = (low * 73_856_093 ^ high * 19_349_663 ^ salt) % 10_007
    return Text(np.searchsorted(cumulative, mixed / 10_007, side="right"), names)


def transfers(people: People, known: Ties, calendar: season.Season, figures: Figures) -> Columns:
    """Return a block's transfers, ordered by time within the block.

    In a person's own window they send to some contacts, more to a favourite, and some of
    these send back; what others do in their windows falls into this person's too.
    """
    draw = people.block.stream(Stage.TRANSFERS)
    trait = people.traits[:, SOCIAL]
    yearly = figures.behaviour("graph.transfers_yearly").draw(draw, trait)
    yearly = np.where(people.thin, yearly * figures.number("people.thin_activity"), yearly)
    active = figures.behaviour("graph.active_contacts").draw(draw, trait)
    returned = figures.behaviour("graph.returned").draw(draw, trait)
    favour = figures.behaviour("graph.favour").draw(draw, trait)

    weight = np.exp(favour[known.source] * draw.standard_normal(known.source.size))
    weight *= draw.random(known.source.size) < active[known.source]
    total = np.bincount(known.source, weight, people.size)
    share = weight / np.where(total > 0, total, 1.0)[known.source]
    rate = yearly[known.source] * share / 365
    back = rate * (draw.random(rate.size) < returned[known.source])
    window = season.Window(people.events.first[known.source], people.events.last[known.source])
    sent = calendar.scatter(draw, rate, window)
    received = calendar.scatter(draw, back, window)
    sender = np.concatenate([known.source[sent.owner], known.target[received.owner]])
    receiver = np.concatenate([known.target[sent.owner], known.source[received.owner]])
    event_time = season.by_day(draw, np.concatenate([sent.day, received.day]))
    packet = draw.random(sender.size) < figures.number("graph.red_packets")
    yuan = np.where(packet, 20.0, figures.number("graph.transfer_yuan"))
    amount = yuan * np.exp(np.where(packet, 0.6, 1.0) * draw.standard_normal(sender.size))
    rows = take(
        {
            "customer_id": people.customer_id[sender],
            "counterparty_id": people.customer_id[receiver],
            "event_time": event_time,
            "available_at": season.known_after(draw, event_time, figures),
            "amount_fen": np.maximum(amount * 100, 1).astype(np.int64),
            "type": Text(packet.astype(np.int64), ("transfer", "red_packet")),
        },
        np.argsort(event_time, kind="stable"),
    )
    return {"transfer_id": people.block.keys(sender.size), **rows}


def tags(people: People, options: WorldOptions, figures: Figures) -> Columns:
    """Return a block's negative marks, learnt of 1 to 30 days after they were made.

    Their liability is a mix of the repayment and social traits and noise. Most are older than
    the first application, so what can be seen of them changes little over the world's months.
    """
    draw = people.block.stream(Stage.TAGS)
    n = people.size
    mix = figures.number("graph.tag_loading")
    liability = (people.traits[:, REPAYMENT] + people.traits[:, SOCIAL]) / np.sqrt(
        2 + 2 * figures["truth.trait_correlation"][SOCIAL][REPAYMENT]
    )
    liability = mix * liability + np.sqrt(1 - mix**2) * draw.standard_normal(n)
    marked = np.flatnonzero(liability > figures.number("graph.tag_threshold"))
    owner = np.repeat(marked, 1 + draw.poisson(0.4, marked.size))
    start = season.day_number(options.start)
    span = season.day_number(season.months_after(options.start, options.months)) - start
    old = draw.random(owner.size) < figures.number("graph.old_tags")
    spread = draw.random(owner.size)
    day = start + np.where(old, -spread * 1_500, spread * span).astype(np.int64)
    event_time = season.by_day(draw, day)
    names = tuple(figures["graph.tag_names"])
    return {
        "tag_id": people.block.keys(owner.size),
        "customer_id": people.customer_id[owner],
        "event_time": event_time,
        "available_at": event_time + ((1 + 29 * draw.random(owner.size)) * DAY).astype(np.int64),
        "tag": Text(draw.integers(0, len(names), owner.size), names),
    }
