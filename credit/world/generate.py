"""From options to a folder of tables, and the truth beside them in a folder apart.

Three passes. Events: block by block, people, ties, payments, wealth and earlier loans are drawn
and written, and the features that carry the truth are computed chunk by chunk. Truth: ranks,
coefficients and outcomes over the whole population. Lending: block by block, the loan of each
application is drawn and repaid so that its outcome is the truth's; with a lender, applications are
decided first.

Memory holds one chunk's events; what is known of everyone lies in files meanwhile, and a few
numbers a person at a time in memory.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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
from credit.errors import ConfigError
from credit.feature import Catalogue
from credit.features.window import needs
from credit.world import graph, lending, links, season, truth
from credit.world.figures import Figures, figures
from credit.world.fraud.commit import committed
from credit.world.fraud.spending import Scene
from credit.world.lender.applicants import applicants, application_rows
from credit.world.lender.balance import Balance
from credit.world.lender.granting import Lender, as_served
from credit.world.lender.products import under_lender
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
class WorldSummary:
    """What was written: rows a table, and the instant up to which the world was observed."""

    directory: Path
    rows: dict[str, int]
    observed_until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
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
        return blocks(self.options, self.block_people)


def generate(
    directory: Path | str, options: WorldOptions | None = None, *, progress: Progress | None = None
) -> WorldSummary:
    """Generate a population into a new folder, all at once or not at all.

    Writes ``<table>.parquet`` for customers, payments, transfers, contacts, device_use,
    guarantees, tags, wealth_positions, wealth_orders, loans, instalments, repayments and
    applications, and ``world.json`` (options, rows, end of observation). The subfolder
    ``truth`` holds ``truth.parquet`` and ``truth.json``: see `credit.world.truth.read`.

    With ``fraud`` it writes ``logins`` and ``fraud_labels`` as well, payments say on which device
    they were made, of which class the merchant is and how long the payee was known, and ``truth``
    has ``fraud.parquet`` and ``risky_devices.parquet``: see `credit.world.fraud.known.read_fraud`.

    The same options give the same bytes whatever ``chunk_people``, ``memory_limit`` and
    ``threads`` are. Every application is granted, unless there is a lender.

    With ``lender`` applications say what each person can show, ``decisions`` has a row for each
    of them, lines are granted, drawn on and paid back (``loan_months`` too), and whoever is
    refused has no loan. The truth knows everybody's outcome all the same (what would have become
    of a loan), and of the lender's score what no table has: ``legacy_p`` and ``signal``. What
    became of every fen lent stands in ``world.json``.

    Parameters
    ----------
    directory : Path
        A folder that does not exist yet, or is empty.
    options : WorldOptions, optional
    progress : callable, optional
        Called with the name of a stage and the share of it that is done.

    Raises
    ------
    ConfigError
        If the folder holds something already.
    """
    setting = _setting(options or WorldOptions(), progress)
    target = Path(directory)
    with (
        _new_folder(target) as folder,
        Writers(folder, setting.together) as writers,
        Writers(folder / truth.FOLDER, setting.together) as hidden,
    ):
        (folder / truth.FOLDER).mkdir()
        with _spill(folder) as spill:
            _events(setting, writers, hidden, spill)
            outcome, lender = _truth(setting, spill, folder / truth.FOLDER)
        balance = _lending(setting, writers, outcome, lender)
        writers.close()
        summary = WorldSummary(
            directory=target, rows=dict(writers.rows), observed_until=setting.observed_until
        )
        _write_json(
            folder / "world.json",
            {
                "options": _plain(setting.options),
                "rows": summary.rows,
                "observed_until": str(np.datetime64(summary.observed_until, "us")),
                **({} if balance is None else {"balance": asdict(balance)}),
            },
        )
    return summary


def _setting(options: WorldOptions, progress: Progress | None) -> _Setting:
    numbers = figures(options.start)
    if options.lender:
        numbers = under_lender(numbers)
    before, after = numbers["people.event_days"]
    last = season.months_after(options.start, options.months)
    end = season.months_after(options.start, options.months + options.observed_months)
    first_day = np.array([season.day_number(options.start) - before - 1])
    return _Setting(
        options=options,
        figures=numbers,
        calendar=season.Season.build(
            numbers,
            season.day_of(int(first_day[0])),
            season.day_of(season.day_number(last) + after),
        ),
        observed_until=int(season.midnight(np.array([season.day_number(end)]))[0]),
        report=progress or (lambda _stage, _share: None),
    )


@contextmanager
def _new_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder that takes the target's name if nothing goes wrong."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConfigError(
            f"{target}: exists and is not an empty folder. Name a new folder, or remove it first."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield folder
        if target.exists():
            target.rmdir()
        folder.chmod(0o755)
        folder.rename(target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


@contextmanager
def _spill(folder: Path) -> Iterator[Spill]:
    """Yield columns in files that are gone afterwards."""
    spill = Spill(folder / "spill")
    spill.folder.mkdir()
    yield spill
    shutil.rmtree(spill.folder)


# -- first pass: events and features


def _events(setting: _Setting, writers: Writers, hidden: Writers, spill: Spill) -> None:
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


def _blocks_in_chunk(setting: _Setting) -> int:
    return max(1, -(-setting.options.chunk_people // setting.block_people))


def block_tables(
    block: Block, setting: _Setting
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


def _features(setting: _Setting, tables: dict[str, pa.Table], spine: pd.DataFrame) -> pd.DataFrame:
    options, read = setting.options, truth_catalogue(setting.figures)
    columns = {name: rows.column_names for name, rows in tables.items()}
    wanted = {name for feature in read.everything for name in needs(feature, columns)}
    with Engine(memory_limit=options.memory_limit, threads=options.threads) as engine:
        for name in wanted & tables.keys():  # the engine copies what it is given
            engine.add(name, tables[name])
        return features.build(engine, spine, read)


# -- second pass: the truth


def _truth(setting: _Setting, spill: Spill, folder: Path) -> tuple[dict[int, Flags], Lender | None]:
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
    _write_json(folder / "truth.json", {"options": _plain(options), **said})
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


def _lending(
    setting: _Setting, writers: Writers, outcome: dict[int, Flags], lender: Lender | None
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


def _plain(options: WorldOptions) -> dict[str, Any]:
    """Return the options that decide the rows, as plain data."""
    kept = {"people", "seed", "start", "months", "observed_months", "interaction"}
    kept |= {name for name in ("shocks", "fraud", "lender") if getattr(options, name)}
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in asdict(options).items()
        if name in kept
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
