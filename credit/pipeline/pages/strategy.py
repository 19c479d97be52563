"""The page of strategies on a book."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from credit import plot
from credit.pipeline.pages.page import Page, Picture, Section, write_page
from credit.pipeline.pages.strategy_tables import (
    earned_table,
    frontier_table,
    grounds_table,
    law_table,
    prices_table,
    rivals_table,
    segments_table,
    sources_table,
    swaps_table,
    turned_table,
    yuan,
)
from credit.pipeline.strategy import Answered
from credit.pipeline.words import percent
from credit.strategy import ALL, READINGS, Simulated, thinned

POINTS = 400
"""Cut-offs that are drawn."""

REFUSED = (
    "Nobody who is refused has an outcome: bad rates as they came are of those approved whose "
    "outcome the run knows, and the run's rows are what earlier lenders approved."
)


def strategy_page(found: Answered) -> Page:
    """Return the page."""
    first, last = found.scored.book.days()
    whole = found.segments[found.segments["segment"] == ALL].iloc[0]
    return Page(
        title="Strategies on a book",
        subtitle=f"{found.name}: {len(found.scored.book):,} applications from {first} to {last}, "
        f"scored by {found.scored.artifact.name}",
        facts=[
            ("policy", found.champion.strategy.rules.name),
            ("approved", percent(whole["approval_rate"])),
            ("profit, yuan", yuan(whole["profit"])),
            ("challenger", found.challenger.strategy.name),
        ],
        sections=[*_today(found), _rival(found), _turned(found), _lawful(found), _sources(found)],
    )  # fmt: skip


def _today(found: Answered) -> Sequence[Section]:
    own = found.segments[found.segments["strategy"] == found.champion.strategy.name]
    cutoff = found.champion.strategy.at(found.scored.book.days()[1])["decision.cutoff"]["approve"]
    notes = [*found.scored.notes, REFUSED, *_slow(found)]
    return (
        Section(
            title="What the policy does",
            text="Every application is decided as credit decide would; profit is the lender's own "
            "share of interest less expected loss (probability of default, times loss given "
            "default, times exposure), funding and operating, by the leaves of economics.",
            notes=notes,
            pictures=[
                Picture(
                    figure=plot.profit_waterfall(own),
                    says="Left: from interest, expected of those who pay, to the lender's profit. "
                    "Right: the profit of each segment.",
                )
            ],
            tables=[
                segments_table(own),
                earned_table(own),
                grounds_table(own),
                prices_table(found.prices),
            ],
        ),
        Section(
            title="Every cut-off",
            text="The cut-off is moved over every probability in the book, everything else as it "
            "stands and nobody read by a person. A cut-off is beaten if another earns as much at "
            "less expected loss, and another as much with more approvals.",
            pictures=[
                Picture(
                    figure=plot.frontier(thinned(found.frontier, POINTS), cutoff),
                    says="Profit and expected loss against the share of applications approved.",
                )
            ],
            tables=[frontier_table(found.frontier)],
        ),
    )


def _rival(found: Answered) -> Section:
    name = found.challenger.strategy.name
    changed = ", ".join(
        f"{key} = {_written(value)}" for key, value in found.challenger.strategy.changes.items()
    )
    text = f"Policy {found.challenger.strategy.rules.name}" + (
        f" with {changed}." if changed else "."
    )
    own = found.segments[found.segments["strategy"] == name]
    return Section(
        title="Champion against challenger",
        text=text,
        pictures=[
            Picture(
                figure=plot.rivals(found.compared, found.champion.strategy.name, name),
                says="Both decide the same applications; people are drawn again for the "
                "intervals. Grey: the interval holds 0.",
            )
        ],
        tables=[
            rivals_table(found),
            swaps_table(found.swapped),
            segments_table(own),
            earned_table(own),
        ],
    )


def _written(value: object) -> str:
    """Write a leaf's value as a policy file does, numbers to four digits."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{name} = {_written(one)}" for name, one in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _turned(found: Answered) -> Section:
    return Section(
        title="Limits and prices, up and down",
        text="Applicants do not react here: nobody asks for more because a limit is higher, and "
        "nobody goes elsewhere because a price is. A price above the day's cap is allowed "
        "to nobody.",
        tables=[
            turned_table("every limit, times", found.limits),
            turned_table("every price, times", found.shifts),
        ],
    )


def _lawful(found: Answered) -> Section:
    capped = found.capped
    readings = [name for name in READINGS if name in capped.results]
    highest = "no rate" if capped.highest is None else f"{float(capped.highest):.4%} a day"
    return Section(
        title="If the cap fell",
        text=f"Over every term and day of this book, {highest} keeps within "
        f"{float(capped.cap):.4g} a year, everything in. The law judges a price list by its "
        "dearest loan: as it stands the list is refused where one grade is above. Either the "
        "lender lends no more to the grades above, or it lends to them at the cap.",
        notes=[
            note
            for name in readings
            for note in _illegal(capped.results[name], name[:1].upper() + name[1:])
        ],
        pictures=[
            Picture(
                figure=plot.law(capped.grades, readings, float(capped.cap)),
                says="Left: who is approved, by grade. Right: what is earned on them.",
            )
        ],
        tables=[law_table(found)],
    )


def _sources(found: Answered) -> Section:
    table = found.sources
    drawn = table[table["reading"] == table["reading"].iloc[-1]]
    return Section(
        title="What one source changes",
        text="Missing: the artifact scores the book with the source's features empty, which says "
        "that nothing happened there. Withheld: the person keeps the source, and the run's consent "
        "map scores what is left, so that hiding bad news gains little. Eligibility does not "
        "change; profit is reckoned by the full scores, and applicants do not react to a price.",
        pictures=[
            Picture(
                figure=plot.without_sources(drawn),
                says="Share of applications whose decision, limit or price differs "
                f"({drawn['reading'].iloc[0]}).",
            )
        ],
        tables=[sources_table(found)],
    )


def _slow(found: Answered) -> list[str]:
    return [
        f"{rows:,} applications were decided one by one: the fast path does not know {what}."
        for what, rows in found.champion.decided.slow.items()
    ] + _illegal(found.champion, "As it stands")


def _illegal(found: Simulated, name: str) -> list[str]:
    """Say how many applications the law allows nobody's product, and one of the reasons."""
    law = found.decided.law
    if not law:
        return []
    return [
        f"{name}: {sum(law.values()):,} applications fall on days whose law allows nobody the "
        f"product. {next(iter(law))}"
    ]


def write_strategy(path: Path, found: Answered) -> None:
    """Write the page."""
    write_page(path, strategy_page(found))
