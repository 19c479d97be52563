"""Watch a file of live rows against an artifact, for `credit monitor`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from credit.artifact import columns_of
from credit.errors import ConfigError
from credit.monitor import LEAST, watch
from credit.pipeline import words
from credit.pipeline.flat import read_frame
from credit.pipeline.scoring import KEYS
from credit.pipeline.words import Printed, records
from credit.runtime import load as load_artifact


def watch_file(artifact: Path, batch: Path, *, least: float = LEAST) -> pd.DataFrame:
    """Return `credit.monitor.watch` of a CSV or Parquet file.

    Raises
    ------
    ArtifactError
        The artifact is damaged, or the rows are not what it scores.
    DataError
        The file cannot be read, or the artifact carries no distributions.
    """
    if not least >= 0:
        raise ConfigError(f"--least {least}: must be 0 or more.")
    scorer = load_artifact(artifact)
    frame = read_frame(batch)
    return watch(scorer, columns_of(frame, scorer.features), least=least, ignore=KEYS)


def printed(table: pd.DataFrame) -> Printed:
    """Return the table of `credit monitor`."""
    rows = [
        [
            f"{row.part} {row.name}".strip(),
            words.number(row.psi),
            words.number(row.critical),
            f"{words.percent(row.missing_before)} -> {words.percent(row.missing_now)}",
            words.percent(row.unseen),
            "ALARM" if row.alarm else "shifted" if row.shifted else "",
        ]
        for row in records(table)
    ]
    alarms = int(table["alarm"].sum())
    title = f"against the reference: {alarms} alarm(s)"
    return Printed(title, ["", "PSI", "critical", "missing", "unseen", ""], rows)
