"""The history of monitoring: a folder with one small JSON file a result, none ever rewritten.

``2024-05.1.json`` is the first result of May; ``2024-05.2.json``, with the outcomes that were
not known before, counts in its place from then on. A file is written under a hidden name and
linked to its own, which fails where it exists: a crash leaves no part of a file, and of two
writers one is told.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from credit.errors import ConfigError, DataError

FORMAT = 1

Entry = dict[str, Any]
"""One result, as plain data: see docs/monitoring.md."""

PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])(-[0-3][0-9])?")
"""A month or a day."""

_NAME = re.compile(rf"(?P<period>{PERIOD.pattern})\.(?P<revision>[1-9][0-9]*)\.json")
_MEMBERS = frozenset(
    {"format", "artifact", "batch", "period", "rows", "alarm", "alerts", "checks", "seen"}
)


def read_history(folder: Path, artifact: str) -> list[Entry]:
    """Return the result that counts of every period, in the order of time.

    Parameters
    ----------
    folder : Path
        One that does not exist is a history that has not begun.
    artifact : str
        SHA-256 of the manifest that is monitored.

    Raises
    ------
    DataError
        A file is damaged, or is of another artifact.
    """
    last: dict[str, tuple[int, Path]] = {}
    for path in folder.glob("*.json") if folder.is_dir() else ():
        found = _NAME.fullmatch(path.name)
        if found is None:
            raise DataError(
                f"{path}: no result of monitoring has this name. Keep a history in a folder of "
                "its own."
            )
        held = int(found["revision"]), path
        last[found["period"]] = max(held, last.get(found["period"], held))
    entries = [_read(path) for _, (_, path) in sorted(last.items())]
    for entry in entries:
        if entry["artifact"]["sha256"] != artifact:
            raise DataError(
                f"{folder}: {entry['period']} is of the artifact {entry['artifact']['sha256']}, "
                f"not of {artifact}. Begin a folder for every artifact: another model's results "
                "are no history of this one."
            )
    return entries


def _read(path: Path) -> Entry:
    try:
        entry = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: damaged ({error}). Put it back from a copy.") from error
    if not isinstance(entry, dict) or not entry.keys() >= _MEMBERS or entry["format"] != FORMAT:
        raise DataError(
            f"{path}: no result of monitoring of format {FORMAT}. Put it back from a copy."
        )
    return entry


def check_new(entries: Sequence[Entry], entry: Entry) -> None:
    """Refuse a result that may not take the place of what the history has.

    The same batch may come again, with outcomes; another batch of the same period may not, nor
    the same file as another period, nor a result without outcomes for one with them.

    Raises
    ------
    ConfigError
        With the rule that is broken.
    """
    period, digest = entry["period"], entry["batch"]["sha256"]
    for held in entries:
        same = held["batch"]["sha256"] == digest
        if held["period"] == period and not same:
            raise ConfigError(
                f"period {period} is in the history already, with another batch "
                f"({held['batch']['file']}). A period has one batch: state the right --period, or "
                "begin another history."
            )
        if held["period"] != period and same:
            raise ConfigError(
                f"the batch {entry['batch']['file']} is in the history already, as "
                f"{held['period']}: it cannot be {period} too."
            )
        if held["period"] == period and held["seen"]["outcomes"] and not entry["seen"]["outcomes"]:
            raise ConfigError(
                f"period {period} is in the history with its outcomes. Give --outcomes to "
                "replace it."
            )


def add(folder: Path, entries: Sequence[Entry], entry: Entry) -> list[Entry]:
    """Add a result to a history and return the history with it; the same result is added once.

    Raises
    ------
    ConfigError
        As `check_new`; or another process adds a result of the period at the same time.
    """
    check_new(entries, entry)
    others = [held for held in entries if held["period"] != entry["period"]]
    whole = sorted([*others, entry], key=lambda held: str(held["period"]))
    if entry in entries:
        return whole
    folder.mkdir(parents=True, exist_ok=True)
    revisions = [0]
    for path in folder.glob(f"{entry['period']}.*.json"):
        found = _NAME.fullmatch(path.name)
        revisions += [int(found["revision"])] if found else []
    target = folder / f"{entry['period']}.{max(revisions) + 1}.json"
    partial = folder / f".{target.name}-{os.getpid()}"
    try:
        partial.write_text(dumped(entry), encoding="utf-8")
        os.link(partial, target)
    except FileExistsError as error:
        raise ConfigError(
            f"{target}: another process has just written it. Run the command again."
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return whole


def dumped(entry: Entry) -> str:
    """Return plain data as strict JSON."""
    return json.dumps(entry, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
