"""Who lives in the world: traits, communities, segments, income, and one application each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from credit.schema import DAY, SECOND
from credit.world import season, shocks
from credit.world.figures import Figures
from credit.world.fraud.roles import Cast, cast
from credit.world.options import SEGMENTS, Block, Flags, Floats, Ints, Stage, WorldOptions
from credit.world.rows import Columns, Text

PAYMENT, SOCIAL, WEALTH, CONSUMPTION, REPAYMENT = range(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """One block of people; every array has one entry a person.

    ``traits`` has shape (people, 5): standard normal, larger is riskier, correlated by the
    matrix R of the world's figures. ``events`` is the window of local days in which the person
    leaves traces: from 400 days before the application, or from registration, to 60 days after.
    ``cast`` says who is fraud, in a world that has any.
    """

    block: Block
    customer_id: Ints
    community: Ints
    traits: Floats
    segment: Ints
    thin: Flags
    income_fen: Ints
    registered_at: Ints
    as_of: Ints
    amount_fen: Ints
    events: season.Window
    cast: Cast | None = None

    @property
    def size(self) -> int:
        """How many people."""
        return int(self.customer_id.size)


def populate(block: Block, options: WorldOptions, figures: Figures) -> tuple[People, Columns]:
    """Return a block's people and their rows of ``customers``.

    Communities come from sorting people by social + 0.8 repayment trait + noise and cutting
    the order into groups: ties then join like with like, and traits keep their joint law.
    """
    draw = block.stream(Stage.PEOPLE)
    n = block.size
    traits = draw.standard_normal((n, 5)) @ np.linalg.cholesky(correlation(figures)).T
    segment = draw.choice(3, n, p=figures.array("segment.share"))
    thin = _thin(draw, traits, figures)
    as_of = _application_instants(draw, n, options)
    parts = cast(block, thin, options, figures) if options.fraud else None
    if parts is not None:
        as_of = parts.applied(as_of)
    if options.shocks:
        traits = traits + shocks.riskier(options, segment, as_of)[:, None]
    today = season.local_day(as_of)
    low, high = np.where(
        thin[:, None], figures["people.thin_tenure_days"], figures["people.tenure_days"]
    ).T
    registered = as_of - ((low + (high - low) * draw.random(n)) * DAY).astype(np.int64)
    if parts is not None:
        registered = parts.registered(registered)
    before, after = figures["people.event_days"]
    people = People(
        block=block,
        customer_id=block.first + 1 + np.arange(n, dtype=np.int64),
        community=_communities(draw, traits, figures),
        traits=traits,
        segment=segment.astype(np.int64),
        thin=thin,
        income_fen=_money(
            draw,
            segment,
            figures,
            "segment.mean_income",
            "people.income_spread",
            factor=shocks.income_factor(options, segment, as_of),
        ),
        registered_at=registered,
        as_of=as_of,
        amount_fen=_money(draw, segment, figures, "segment.mean_limit", "people.amount_spread"),
        events=season.Window(
            np.maximum(today - before, season.local_day(registered) + 1), today + after
        ),
        cast=parts,
    )
    return people, _customers(draw, people, figures)


def correlation(figures: Figures) -> Floats:
    """Return R, the correlation matrix of the five traits, in the policy's order."""
    return np.asarray(figures["truth.trait_correlation"], dtype=np.float64)


def applications(people: People) -> Columns:
    """Return the rows of ``applications``: one a person, its key is the person's."""
    return {
        "application_id": people.customer_id,
        "customer_id": people.customer_id,
        "event_time": people.as_of,
        "available_at": people.as_of,
        "amount_fen": people.amount_fen,
        "product": Text(np.zeros(people.size, dtype=np.int64), ("credit_line",)),
    }


def _application_instants(draw: np.random.Generator, count: int, options: WorldOptions) -> Ints:
    first = season.day_number(options.start)
    last = season.day_number(season.months_after(options.start, options.months))
    return season.by_day(draw, draw.integers(first, last, count))


def _thin(draw: np.random.Generator, traits: Floats, figures: Figures) -> Flags:
    """Return who has few records: a little more likely for riskier people."""
    mean = traits.sum(axis=1) / np.sqrt(correlation(figures).sum())
    loading = figures.number("people.thin_loading")
    liability = loading * mean + np.sqrt(1 - loading**2) * draw.standard_normal(len(traits))
    return np.asarray(liability > -ndtri(figures.number("people.thin_share")))


def _communities(draw: np.random.Generator, traits: Floats, figures: Figures) -> Ints:
    noise = figures.number("graph.community_noise") * draw.standard_normal(len(traits))
    order = np.argsort(traits[:, SOCIAL] + 0.8 * traits[:, REPAYMENT] + noise, kind="stable")
    count = max(1, round(len(traits) / figures.number("graph.community_size")))
    community = np.empty(len(traits), dtype=np.int64)
    community[order] = np.arange(len(traits)) * count // len(traits)
    return community


def _money(
    draw: np.random.Generator, segment: Ints, figures: Figures, mean: str, spread: str,
    factor: Floats | float = 1.0,
) -> Ints:  # fmt: skip
    """Return lognormal amounts with ``factor`` times the segment's mean, in whole tens of yuan."""
    sigma = figures.number(spread)
    yuan = (
        factor
        * figures.array(mean)[segment]
        * np.exp(sigma * draw.standard_normal(segment.size) - sigma**2 / 2)
    )
    return np.maximum(np.rint(yuan / 10).astype(np.int64), 10) * 1_000


def _customers(draw: np.random.Generator, people: People, figures: Figures) -> Columns:
    n = people.size
    occupations = figures.names("people.occupation")
    by_segment = np.array(list(figures["people.occupation"].values())).T
    cumulative = np.cumsum(by_segment / by_segment.sum(1, keepdims=True), axis=1)
    regions = figures.names("people.region")
    low, high = figures["people.age_years"]
    age = low + (high - low) * draw.beta(1.6, 2.6, n)
    born = season.local_day(people.as_of) - (age * 365.25).astype(np.int64)
    return {
        "customer_id": people.customer_id,
        "event_time": people.registered_at,
        "available_at": people.registered_at + draw.integers(1, 600, n) * SECOND,
        "segment": Text(people.segment, SEGMENTS),
        "occupation": Text(
            np.minimum(
                (draw.random(n)[:, None] > cumulative[people.segment]).sum(1), len(occupations) - 1
            ),
            occupations,
        ),
        "region": Text(draw.choice(len(regions), n, p=figures.array("people.region")), regions),
        "birth_date": season.midnight(born),
        "sex": Text(draw.integers(0, 2, n), ("female", "male")),
        "declared_income_fen": people.income_fen,
    }
