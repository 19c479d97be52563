"""From options to a folder of tables, and the truth beside them in a folder apart.

Three passes. Events: block by block, people, ties, payments, wealth and earlier loans are drawn
and written, and the features that carry the truth are computed chunk by chunk. Truth: ranks,
coefficients and outcomes over the whole population. Lending: block by block, the loan of each
application is drawn and repaid so that its outcome is the truth's; with a lender, applications are
decided first.

Memory holds one chunk's events, and fewer than a hundred numbers a person.
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
from credit.world import graph, lending, links, season, shocks, truth
from credit.world.figures import Figures, figures
from credit.world.fraud.commit import committed
from credit.world.fraud.spending import Scene
from credit.world.lender.applicants import applicants, application_rows
from credit.world.lender.granting import Lender, as_served
from credit.world.lender.products import under_lender
from credit.world.options import Block, Floats, Ints, Stage, WorldOptions, blocks
from credit.world.payments import payments
from credit.world.people import People, applications, populate
from credit.world.rows import Columns, Writers, build
from credit.world.wealth import wealth


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

    def blocks(self) -> Iterator[Block]:
        size = self.figures["graph.community_size"] * self.figures["graph.communities_in_block"]
        return blocks(self.options, size)


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
    of them, and whoever is refused has no loan. The truth knows everybody's outcome all the same
    (what would have become of a loan), and of the lender's score what no table has: ``legacy_p``
    and ``signal``.

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
        Writers(folder) as writers,
        Writers(folder / truth.FOLDER) as hidden,
    ):
        (folder / truth.FOLDER).mkdir()
        table, segment, as_of = _events(setting, writers, hidden)
        outcome, lender = _truth(setting, table, (segment, as_of), folder / truth.FOLDER)
        _lending(setting, writers, outcome, lender)
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


# -- first pass: events and features


def _events(
    setting: _Setting, writers: Writers, hidden: Writers
) -> tuple[pd.DataFrame, Ints, Ints]:
    """Write every block's events; return the truth's features, and everyone's segment and as-of."""
    options = setting.options
    frames: list[pd.DataFrame] = []
    segments: list[Ints] = []
    instants: list[Ints] = []
    remaining = setting.blocks()
    per_chunk = _blocks_in_chunk(setting)
    done = 0
    while chunk := list(islice(remaining, per_chunk)):
        held: list[dict[str, pa.Table]] = []
        spine: list[pd.DataFrame] = []
        for block in chunk:
            people, tables, unread = block_tables(block, setting)
            for name, rows in tables.items():
                writers.write(name, rows)
            for name, rows in unread.items():
                hidden.write(name, rows)
            held.append(tables)
            spine.append(_spine(people))
            segments.append(people.segment)
            instants.append(people.as_of)
            done += block.size
            setting.report("events", done / options.people)
        tables = {name: pa.concat_tables([part[name] for part in held]) for name in held[0]}
        held.clear()
        frames.append(_features(setting, tables, pd.concat(spine, ignore_index=True)))
        setting.report("features behind the truth", done / options.people)
    table = pd.concat(frames, ignore_index=True)
    return table, np.concatenate(segments), np.concatenate(instants)


def _blocks_in_chunk(setting: _Setting) -> int:
    size = setting.figures["graph.community_size"] * setting.figures["graph.communities_in_block"]
    return int(max(1, -(-setting.options.chunk_people // size)))


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
    options = setting.options
    with Engine(memory_limit=options.memory_limit, threads=options.threads) as engine:
        for name, rows in tables.items():
            engine.add(name, rows)
        return features.build(engine, spine, truth_catalogue(setting.figures))


# -- second pass: the truth


def _truth(
    setting: _Setting, table: pd.DataFrame, who: tuple[Ints, Ints], folder: Path
) -> tuple[dict[int, Ints], Lender | None]:
    """Write the truth of everyone's segment and as-of; return y by block, and the lender."""
    numbers, options = setting.figures, setting.options
    segment, as_of = who
    setting.report("truth", 0.0)
    weights = truth.features_of_truth(numbers)
    eta = truth.indices(table, weights, truth_catalogue(numbers).risk)
    usual = ~shocks.touched(options, segment, as_of)
    model = truth.calibrate(eta[usual], segment[usual], numbers, interaction=options.interaction)
    frailty, uniform = _luck(setting)
    linear = model.linear(eta, shocks.log_odds(options, segment, as_of))
    y = truth.draw_outcomes(linear, segment, model, frailty, uniform)
    frame = truth.frame(table["observation_id"], segment, eta, linear, model)
    frame["frailty"], frame["y"] = frailty, y
    lender = None
    if options.lender:
        lender = Lender.of(setting.blocks(), (eta, segment, frailty), model, numbers)
        frame["signal"], frame["legacy_p"] = lender.signal, lender.probability
    setting.report("truth", 0.5)
    frame.to_parquet(folder / "truth.parquet", index=False)
    said = truth.facts(table, eta, linear, segment, model, weights)
    _write_json(folder / "truth.json", {"options": _plain(options), **said})
    setting.report("truth", 1.0)
    return {
        block.index: y[block.first : block.first + block.size] for block in setting.blocks()
    }, lender


def _luck(setting: _Setting) -> tuple[Floats, Floats]:
    """Draw everyone's frailty (standard normal) and the uniform that decides their outcome."""
    frailty, uniform = [], []
    for block in setting.blocks():
        draw = block.stream(Stage.OUTCOME)
        frailty.append(draw.standard_normal(block.size))
        uniform.append(draw.random(block.size))
    return np.concatenate(frailty), np.concatenate(uniform)


# -- third pass: the loans of the applications


def _lending(
    setting: _Setting, writers: Writers, outcome: dict[int, Ints], lender: Lender | None
) -> None:
    numbers, options, until = setting.figures, setting.options, setting.observed_until
    for block in setting.blocks():
        # Drawn again rather than kept: a block's people cost less time than memory.
        people, customers = populate(block, options, numbers)
        bad = outcome[block.index] == 1
        if lender is None:
            tables = lending.application_rows(people, bad, until, numbers)
        else:
            tables = lender.lent(people, customers, bad, until)
        for name, rows in tables.items():
            writers.write(name, build(name, rows))
        setting.report("lending", (block.first + block.size) / options.people)


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
