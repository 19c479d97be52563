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

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from credit.engine import Progress
from credit.errors import ConfigError
from credit.world import season, truth
from credit.world.figures import figures
from credit.world.lender.products import under_lender
from credit.world.options import WorldOptions
from credit.world.passes import (
    Setting,
    plain,
    settle_truth,
    write_events,
    write_json,
    write_lending,
)
from credit.world.rows import Writers
from credit.world.spill import Spill


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldSummary:
    """What was written: rows a table, and the instant up to which the world was observed."""

    directory: Path
    rows: dict[str, int]
    observed_until: int


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
            write_events(setting, writers, hidden, spill)
            outcome, lender = settle_truth(setting, spill, folder / truth.FOLDER)
        balance = write_lending(setting, writers, outcome, lender)
        writers.close()
        summary = WorldSummary(
            directory=target, rows=dict(writers.rows), observed_until=setting.observed_until
        )
        write_json(
            folder / "world.json",
            {
                "options": plain(setting.options),
                "rows": summary.rows,
                "observed_until": str(np.datetime64(summary.observed_until, "us")),
                **({} if balance is None else {"balance": asdict(balance)}),
            },
        )
    return summary


def _setting(options: WorldOptions, progress: Progress | None) -> Setting:
    numbers = figures(options.start)
    if options.lender:
        numbers = under_lender(numbers)
    before, after = numbers["people.event_days"]
    last = season.months_after(options.start, options.months)
    end = season.months_after(options.start, options.months + options.observed_months)
    first_day = np.array([season.day_number(options.start) - before - 1])
    return Setting(
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
