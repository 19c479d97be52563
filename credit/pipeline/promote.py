"""Champion against challenger on the same rows, and the registry's alias that follows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from credit.errors import ConfigError, DataError
from credit.evaluate import auc, delong_difference, nadeau_bengio
from credit.pipeline.config import TrackingSection
from credit.pipeline.runs import SHORT, TrackedRun, finished_runs, named, opened
from credit.pipeline.words import Printed, interval, number

CHAMPION = "champion"
"""The registry's alias of the model in use."""

KEYS = ["application_id", "as_of"]

LEVEL = 0.05
"""Largest p-value that is called significant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """The difference in AUC, challenger minus champion, with its 95 % interval."""

    challenger: float
    champion: float
    difference: float
    low: float
    high: float
    p_value: float
    rows: str

    @property
    def verdict(self) -> str:
        """What the test says of the challenger, in a sentence."""
        gap = interval(self.difference, self.low, self.high)
        if self.p_value > LEVEL:
            words = "does not differ significantly from the champion"
        else:
            words = f"is significantly {'worse' if self.is_worse else 'better'} than the champion"
        return f"The challenger {words}: AUC {gap}, p = {number(self.p_value, 3)}, {self.rows}."

    @property
    def is_worse(self) -> bool:
        """Whether the challenger is significantly worse."""
        return self.p_value <= LEVEL and self.difference < 0

    def table(self) -> Printed:
        """Return the test as a table."""
        row = [
            number(self.champion),
            number(self.challenger),
            interval(self.difference, self.low, self.high),
            number(self.p_value, 3),
        ]
        columns = ["champion", "challenger", "difference [95 %]", "p"]
        return Printed(f"AUC, {self.rows}", columns, [row])


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """What `credit promote` says, and whether the alias was moved."""

    tables: list[Printed]
    sentences: list[str]
    moved: bool


def promote(section: TrackingSection, name: str, *, yes: bool, force: bool) -> Promotion:
    """Compare a run's model with the champion, and move the alias to it where ``yes``.

    Raises
    ------
    ConfigError
        No such run or no registered model; the challenger is significantly worse, or shares no
        scored rows with the champion, and ``force`` is not given.
    """
    with opened(section) as client:
        runs = finished_runs(client)
        challenger = named(runs, name)
        rivals = [r for r in runs if r.pipeline == challenger.pipeline and CHAMPION in r.aliases]
        if challenger.version is None:
            raise ConfigError(
                f"run {challenger.run_id[:SHORT]}: its model was not registered, so no alias can "
                "point at it. Train with register_model = true under [tracking]."
            )
        if challenger in rivals:
            said = f"run {challenger.run_id[:SHORT]} is the champion already; nothing was moved."
            return Promotion(tables=[], sentences=[said], moved=False)
        tables, sentences = [], []
        for champion in rivals:
            duel = _fought(client, champion, challenger, force=force)
            if duel is None:
                sentences.append("The two runs share no scored rows; forced, no test was made.")
                continue
            tables.append(duel.table())
            sentences.append(duel.verdict)
            if duel.is_worse and not force:
                raise ConfigError(f"{duel.verdict} It is not promoted without --force.")
        if not rivals:
            sentences.append("There is no champion to compare with.")
        if not yes:
            sentences.append("Nothing was moved: pass --yes to make it the champion.")
            return Promotion(tables=tables, sentences=sentences, moved=False)
        client.set_registered_model_alias(challenger.pipeline, CHAMPION, challenger.version)
    sentences.append(
        f"The champion of {challenger.pipeline!r} is now version {challenger.version}, run "
        f"{challenger.run_id[:SHORT]}."
    )
    return Promotion(tables=tables, sentences=sentences, moved=True)


def _fought(
    client: Any, champion: TrackedRun, challenger: TrackedRun, *, force: bool
) -> Duel | None:
    try:
        return fight(*(_Scored.of(client, run) for run in (champion, challenger)))
    except DataError as error:
        if force:
            return None
        raise ConfigError(f"{error} Promote it with --force, untested.") from error


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scored:
    """A run's out-of-sample scores, and its figures of each fold where the split repeats."""

    run: TrackedRun
    rows: pd.DataFrame
    folds: pd.Series | None

    @classmethod
    def of(cls, client: Any, run: TrackedRun) -> _Scored:
        files = {file.path for file in client.list_artifacts(run.run_id)}

        def fetched(name: str) -> Path:
            if name not in files:
                raise DataError(f"run {run.run_id[:SHORT]}: it holds no {name}.")
            return Path(client.download_artifacts(run.run_id, name))

        rows = pd.read_parquet(fetched("predictions.parquet"))
        rows = rows[[*KEYS, "bad", run.model]].rename(columns={run.model: "score"})
        folds = None
        if "folds.csv" in files:
            figures = pd.read_csv(fetched("folds.csv"))
            folds = figures[figures["model"] == run.model].set_index("fold")["auc"]
        return cls(run=run, rows=rows.set_index(KEYS), folds=folds)


def fight(champion: _Scored, challenger: _Scored) -> Duel:
    """Compare two runs: over their folds where these are the same, else on common rows.

    Folds carry the corrected resampled t interval (Nadeau and Bengio 2003), common rows that
    each scored out of sample DeLong's.

    Raises
    ------
    DataError
        The outcome of a common row differs, or the common rows hold one class or none.
    """
    common = champion.rows.join(
        challenger.rows, how="inner", lsuffix="_champion", rsuffix="_challenger"
    )
    y = common["bad_champion"].to_numpy()
    if (y != common["bad_challenger"].to_numpy()).any():
        count = int((y != common["bad_challenger"].to_numpy()).sum())
        raise DataError(f"{count} of {len(y)} rows scored in both runs have another outcome.")
    if len(np.unique(y)) < 2:
        raise DataError(
            f"The two runs scored {len(y)} rows in common, which hold one class or none, so they "
            "cannot be compared."
        )
    one, other = champion.folds, challenger.folds
    if one is not None and other is not None and (count := _same_folds(champion, challenger)):
        return _over_folds(one, other, count)
    scores = [common[f"score_{who}"].to_numpy() for who in ("challenger", "champion")]
    test = delong_difference(y, *scores)
    return Duel(
        challenger=auc(y, scores[0]),
        champion=auc(y, scores[1]),
        difference=test.difference,
        low=test.low,
        high=test.high,
        p_value=test.p_value,
        rows=f"DeLong on {len(y):,} rows that both scored out of sample",
    )


def _same_folds(champion: _Scored, challenger: _Scored) -> int:
    """Return the folds of a repeat where both runs divided the same rows alike, else 0."""
    names = ("seed", "split.kind", "split.by", "split.folds", "split.repeats")
    one, other = ([run.parameters.get(n) for n in names] for run in (champion.run, challenger.run))
    rows = [side.rows.sort_index().index for side in (champion, challenger)]
    alike = one == other and rows[0].equals(rows[1])
    return int(champion.run.parameters["split.folds"]) if alike else 0


def _over_folds(champion: pd.Series, challenger: pd.Series, folds: int) -> Duel:
    test = nadeau_bengio(challenger - champion, n_train=folds - 1, n_test=1)
    return Duel(
        challenger=float(challenger.mean()),
        champion=float(champion.mean()),
        difference=test.difference,
        low=test.low,
        high=test.high,
        p_value=test.p_value,
        rows=f"corrected t over the same {len(champion)} folds",
    )
