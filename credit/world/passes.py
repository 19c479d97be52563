"""The three passes over a world: events, the truth of the whole population, lending."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from credit import features
from credit.engine import Engine, Progress
from credit.feature import Catalogue
from credit.features.window import needs
from credit.world import graph, lending, links, season, truth
from credit.world.figures import Figures
from credit.world.fraud.commit import committed
from credit.world.fraud.spending import Scene
from credit.world.lender.applicants import applicants, application_rows
from credit.world.lender.balance import Balance
from credit.world.lender.granting import Lender, as_served
from credit.world.options import Block, Flags, WorldOptions, blocks
from credit.world.payments import payments
from credit.world.people import People, applications, populate
from credit.world.population import settle, spill_chunk, spill_impressions, spill_luck
from credit.world.rows import Columns, Writers, build
from credit.world.spill import Spill
from credit.world.wealth import wealth

ROW_GROUPS = 1_024
"""A table's file has at most so many row groups a pass: what a writer keeps of each adds up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What every pass needs."""

    options: WorldOptions
    figures: Figures
    calendar: season.Season
    observed_until: int
    report: Progress

    @property
    def block_people(self) -> int:
        """People of a whole block."""
        return int(
            self.figures["graph.community_size"] * self.figures["graph.communities_in_block"]
        )

    @property
    def together(self) -> int:
        """Blocks a row group: one, but for a population of more than ``ROW_GROUPS`` blocks."""
        return -(-self.options.people // (self.block_people * ROW_GROUPS))

    def blocks(self) -> Iterator[Block]:
        """Return the population block by block."""
        return blocks(self.options, self.block_people)


# -- first pass: events and features


def write_events(setting: Setting, writers: Writers, hidden: Writers, spill: Spill) -> None:
    """Write every block's events; spill the truth's features, and everyone's segment and as-of."""
    options = setting.options
    remaining = setting.blocks()
    per_chunk = _blocks_in_chunk(setting)
    done = 0
    while chunk := list(islice(remaining, per_chunk)):
        held: list[dict[str, pa.Table]] = []
        crowd: list[People] = []
        for block in chunk:
            people, tables, unread = block_tables(block, setting)
            for name, rows in tables.items():
                writers.write(name, rows)
            for name, rows in unread.items():
                hidden.write(name, rows)
            held.append(tables)
            crowd.append(people)
            done += block.size
            setting.report("events", done / options.people)
        tables = {name: pa.concat_tables([part[name] for part in held]) for name in held[0]}
        held.clear()
        spine = pd.concat([_spine(people) for people in crowd], ignore_index=True)
        spill_chunk(
            spill,
            _features(setting, tables, spine),
            np.concatenate([people.segment for people in crowd]),
            spine["as_of"].to_numpy(),
        )
        if options.lender:
            spill.append("thin", np.concatenate([people.thin for people in crowd]))
        setting.report("features behind the truth", done / options.people)
    writers.flush()
    hidden.flush()


def _blocks_in_chunk(setting: Setting) -> int:
    return max(1, -(-setting.options.chunk_people // setting.block_people))


def block_tables(
    block: Block, setting: Setting
) -> tuple[People, dict[str, pa.Table], dict[str, pa.Table]]:
    """Return a block's people and their tables, without the loans of the applications.

    The tables that come last are of the truth: what nobody may read.
    """
    options, numbers, calendar = setting.options, setting.figures, setting.calendar
    people, customers = populate(block, options, numbers)
    known = graph.ties(people, numbers)
    positions, orders = wealth(people, numbers)
    loans, paid = lending.earlier_loans(people, numbers)
    loan_rows, instalments = lending.loan_rows(people, loans, applied=False)
    columns: dict[str, Columns] = {
        "customers": customers,
        "applications": applications(people),
        "payments": payments(people, calendar, numbers),
        "contacts": graph.contacts(people, known, numbers),
        "transfers": graph.transfers(people, known, calendar, numbers),
        "device_use": links.device_use(people, known, numbers),
        "guarantees": links.guarantees(people, known, numbers),
        "tags": graph.tags(people, options, numbers),
        "wealth_positions": positions,
        "wealth_orders": orders,
        "loans": loan_rows,
        "instalments": instalments,
        "repayments": lending.repayment_rows(
            people, loans, paid, setting.observed_until, numbers, applied=False
        ),
    }
    if options.lender:
        asked = application_rows(people, applicants(people, numbers), numbers)
        columns["applications"] = {**columns["applications"], **asked}
        columns = as_served(columns)
    unread: dict[str, pa.Table] = {}
    if people.cast is not None:
        scene = Scene(
            people=people,
            cast=people.cast,
            calendar=calendar,
            figures=numbers,
            observed_until=setting.observed_until,
        )
        columns, unread = committed(scene, columns)
    return people, {name: build(name, part) for name, part in columns.items()}, unread


def _spine(people: People) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "observation_id": people.customer_id,
            "customer_id": people.customer_id,
            "as_of": people.as_of,
        }
    )


def truth_catalogue(numbers: Figures) -> Catalogue:
    """Return the features that carry the truth."""
    known = features.catalogue()
    weights = truth.features_of_truth(numbers)
    return Catalogue(tuple(known[name] for part in weights.values() for name in part))


def _features(setting: Setting, tables: dict[str, pa.Table], spine: pd.DataFrame) -> pd.DataFrame:
    options, read = setting.options, truth_catalogue(setting.figures)
    columns = {name: rows.column_names for name, rows in tables.items()}
    wanted = {name for feature in read.everything for name in needs(feature, columns)}
    with Engine(memory_limit=options.memory_limit, threads=options.threads) as engine:
        for name in wanted & tables.keys():  # the engine copies what it is given
            engine.add(name, tables[name])
        return features.build(engine, spine, read)


# -- second pass: the truth


def settle_truth(
    setting: Setting, spill: Spill, folder: Path
) -> tuple[dict[int, Flags], Lender | None]:
    """Write the truth of everyone whose features are spilled.

    Returns who is bad, by block, and the lender, if the world has one.
    """
    numbers, options = setting.figures, setting.options
    setting.report("truth", 0.0)
    spill_luck(spill, setting.blocks())
    if options.lender:
        spill_impressions(spill, setting.blocks(), numbers)
    risk = truth_catalogue(numbers).risk
    said = settle(spill, options, numbers, risk, folder / "truth.parquet")
    write_json(folder / "truth.json", {"options": plain(options), **said})
    setting.report("truth", 1.0)
    bad = spill.column("bad")
    lender = None
    if options.lender:
        lender = Lender(
            figures=numbers,
            probability=spill.column("legacy_p"),
            by_chance=spill.column("by_chance"),
        )
    return {block.index: bad[block.places] for block in setting.blocks()}, lender


# -- third pass: the loans of the applications


def write_lending(
    setting: Setting, writers: Writers, outcome: dict[int, Flags], lender: Lender | None
) -> Balance | None:
    """Write what becomes of the applications; return what became of every fen a lender lent."""
    numbers, options, until = setting.figures, setting.options, setting.observed_until
    balance = None if lender is None else Balance()
    for block in setting.blocks():
        # Drawn again rather than kept: a block's people cost less time than memory.
        people, customers = populate(block, options, numbers)
        bad = outcome[block.index]
        if lender is None or balance is None:
            tables = lending.application_rows(people, bad, until, numbers)
        else:
            served = lender.lent(people, customers, bad, until)
            tables, balance = served.tables, balance + served.balance
        for name, rows in tables.items():
            writers.write(name, build(name, rows))
        setting.report("lending", (block.first + block.size) / options.people)
    return balance


def plain(options: WorldOptions) -> dict[str, Any]:
    """Return the options that decide the rows, as plain data."""
    kept = {"people", "seed", "start", "months", "observed_months", "interaction"}
    kept |= {name for name in ("shocks", "fraud", "lender") if getattr(options, name)}
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(options).items()
        if name in kept
    }


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write what a reader may open in an editor."""
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
