"""Watch a file of live rows against an artifact and its history, for `credit monitor`."""

from __future__ import annotations

import calendar
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.artifact import columns_of, recourse_plan
from credit.errors import ConfigError, DataError, nearest
from credit.monitor import Batch, Limits, Watched, watch
from credit.pipeline.config import TrackingSection
from credit.pipeline.flat import read_frame, require_folder, written
from credit.pipeline.history import FORMAT, PERIOD, Entry, add, dumped, read_history
from credit.pipeline.pages.page import write_page
from credit.pipeline.pages.watched import history_page
from credit.pipeline.scoring import KEYS
from credit.pipeline.screen import months_of
from credit.pipeline.track import track_watched
from credit.pipeline.watch_words import ACTIONS, sentence
from credit.runtime import Scorer
from credit.runtime import load as load_artifact
from credit.runtime.files import MANIFEST, read

KEY = "application_id"
"""By which outcomes find their rows."""

PAGE = "index.html"
"""The page of a history, in its folder."""

ALERTS = (
    "format", "artifact", "batch", "outcomes", "period", "rows", "family", "alarm", "alerts",
    "not_compared",
)  # fmt: skip
"""The members of an entry that the alerts file holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRequest:
    """What `credit monitor` is asked.

    Attributes
    ----------
    artifact, batch : Path
    outcomes : Path, optional
        A file of ``application_id`` and ``outcome``; rows of other batches are not read.
    outcome : str
        The column of outcomes: 1 bad, 0 good, empty not known. Without a file it is read from
        the batch, where it is there.
    group : str, optional
        A column of the batch.
    period : str, optional
        ``2024-05`` or ``2024-05-17``; by default the month (UTC) of the batch's ``as_of``.
    cutoff : float, optional
        By default that of the artifact's recourse.json.
    history : Path, optional
    limits : Limits
    """

    artifact: Path
    batch: Path
    outcomes: Path | None = None
    outcome: str = "bad"
    group: str | None = None
    period: str | None = None
    cutoff: float | None = None
    history: Path | None = None
    limits: Limits = field(default_factory=Limits)


def watch_file(request: WatchRequest) -> tuple[Entry, list[Entry]]:
    """Watch a batch; return its entry, and the history with it (itself alone without a folder).

    Raises
    ------
    ArtifactError
        The artifact is damaged, or the rows are not what it scores.
    ConfigError
        An option names what is not there, or the history may not take the batch.
    DataError
        A file cannot be read, or the artifact carries no distributions.
    """
    digest = hashlib.sha256(read(request.artifact).get(MANIFEST, b"")).hexdigest()
    scorer = load_artifact(request.artifact)
    frame = read_frame(request.batch)
    period = _period(request, frame)
    held = [] if request.history is None else read_history(request.history, digest)
    before = [entry["seen"] for entry in held if str(entry["period"]) < str(period)]
    found = watch(scorer, _batch(request, scorer, frame, period), history=before,
                  limits=request.limits)  # fmt: skip
    entry = _entry(request, found, period, {"kind": scorer.kind, "sha256": digest})
    if request.history is None:
        return entry, [entry]
    return entry, add(request.history, held, entry)


def _period(request: WatchRequest, frame: pd.DataFrame) -> str | None:
    if request.period is not None:
        if not PERIOD.fullmatch(request.period):
            raise ConfigError(
                f"--period {request.period!r}: write a month as 2024-05, a day as 2024-05-17."
            )
        return request.period
    months = np.unique(_months(frame))
    if len(months) == 1:
        return str(months[0])
    if request.history is not None:
        raise ConfigError(
            f"--history: the batch's as_of says the months {months.tolist()}, and a history has "
            "one period a batch. State it with --period 2024-05."
        )
    return None


def _months(frame: pd.DataFrame) -> npt.NDArray[np.str_]:
    """Return the month (UTC) of every ``as_of``: microseconds, or a text of ISO 8601."""
    if "as_of" not in frame.columns:
        return np.array([], dtype=np.str_)
    if pd.api.types.is_numeric_dtype(frame["as_of"]):
        return months_of(frame["as_of"])
    try:
        instants = pd.to_datetime(frame["as_of"], utc=True, format="ISO8601")
    except ValueError as error:
        raise DataError(
            f"as_of: not every row is an instant ({error}). Write microseconds since 1970 UTC, or "
            "2024-05-17T09:30:00Z."
        ) from error
    return instants.dt.strftime("%Y-%m").to_numpy(dtype=np.str_)


def _days(period: str | None) -> float:
    """Return the days of a month; a day, or a period without a name, is one."""
    if period is None or period.count("-") == 2:
        return 1.0
    year, month = period.split("-")
    return float(calendar.monthrange(int(year), int(month))[1])


def _batch(request: WatchRequest, scorer: Scorer, frame: pd.DataFrame, period: str | None) -> Batch:
    names = {feature.name for feature in scorer.features}
    if request.outcome in names and request.outcomes is None:
        raise ConfigError(
            f"--outcome {request.outcome!r}: the artifact has a feature of this name. Name the "
            "column of outcomes otherwise, or give --outcomes, a file."
        )
    extra = {request.outcome, *([request.group] if request.group else [])} - names
    cutoff = request.cutoff
    if cutoff is None:
        plan = recourse_plan(request.artifact)
        cutoff = None if plan is None else plan.cutoff
    if request.group is not None and cutoff is None:
        raise ConfigError(
            f"--group: groups are compared by who is approved, and {request.artifact} states no "
            "cut-off. Give --cutoff, a probability of bad."
        )
    return Batch(
        columns=columns_of(frame, scorer.features),
        ignore=(*KEYS, *extra),
        days=_days(period),
        outcome=_outcomes(request, frame),
        group=None if request.group is None else _column(frame, request.group, "--group"),
        cutoff=cutoff,
    )


def _column(frame: pd.DataFrame, name: str, option: str) -> pd.Series:
    if name not in frame.columns:
        known = [str(column) for column in frame.columns]
        raise ConfigError(f"{option}: no column {name!r}.{nearest(name, known)} It has {known}.")
    return frame[name]


def _outcomes(request: WatchRequest, frame: pd.DataFrame) -> pd.Series | None:
    if request.outcomes is None:
        return frame[request.outcome] if request.outcome in frame.columns else None
    known = read_frame(request.outcomes)
    values, keys = (_column(known, name, "--outcomes") for name in (request.outcome, KEY))
    rows = _column(frame, KEY, "--outcomes needs a key in the batch")
    for where, column in ((request.outcomes, keys), (request.batch, rows)):
        twice = column[column.duplicated()]
        if len(twice):
            raise DataError(
                f"{where}: {KEY} {twice.iloc[0]!r} is there more than once. An outcome needs one "
                "row to belong to."
            )
    found = rows.map(pd.Series(values.to_numpy(), index=keys.to_numpy()))
    if not rows.isin(keys).any():
        raise DataError(
            f"{request.outcomes}: of the {len(rows)} {KEY}s of the batch it has none. Give the "
            "outcomes of these applications."
        )
    return found


def _entry(
    request: WatchRequest, found: Watched, period: str | None, artifact: dict[str, str]
) -> Entry:
    checks = _plain(found.checks)
    return {
        "format": FORMAT,
        "artifact": artifact,
        "batch": _file(request.batch),
        "outcomes": None if request.outcomes is None else _file(request.outcomes),
        "period": period,
        "rows": found.seen["rows"],
        "family": request.limits.family,
        "alarm": bool(len(found.alarms)),
        "alerts": [
            check | {"says": sentence(check), "action": ACTIONS[check["area"]]}
            for check in checks
            if check["alarm"]
        ],
        "not_compared": found.notes,
        "checks": checks,
        "features": _plain(found.features),
        "seen": found.seen,
    }


def _file(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        return {"file": path.name, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain data."""
    return [
        {name: value.item() if isinstance(value, np.generic) else value for name, value in row}
        for row in (zip(table.columns, values, strict=True) for values in table.to_numpy(object))
    ]


def watch_and_write(
    request: WatchRequest, *, alerts: Path | None = None, database: Path | None = None
) -> Entry:
    """Watch a batch, and write what is asked for: the page of the history, alerts, an MLflow run.

    Parameters
    ----------
    request : WatchRequest
        With a history, its folder gets the page ``index.html``.
    alerts : Path, optional
        Where the members `ALERTS` of the entry go, as JSON.
    database : Path, optional
        MLflow's SQLite file.

    Raises
    ------
    ArtifactError, ConfigError, DataError
        As `watch_file`.
    """
    if alerts is not None:
        require_folder(alerts, "--alerts")
    entry, entries = watch_file(request)
    if request.history is not None:
        write_page(request.history / PAGE, history_page(entries))
    if alerts is not None:
        with written(alerts) as partial:
            partial.write_text(dumped({name: entry[name] for name in ALERTS}), encoding="utf-8")
    if database is not None:
        track_watched(entry, TrackingSection(database=str(database)))
    return entry
