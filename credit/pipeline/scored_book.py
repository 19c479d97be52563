"""The book of a finished run: its out-of-time rows, its artifact's scores, facts of tables."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from credit.artifact import columns_of
from credit.consent import Consent
from credit.decide.clock import local_day
from credit.decide.sources import SourceTerms
from credit.decide.stated import Stated
from credit.engine import Engine
from credit.errors import ConfigError
from credit.pipeline.config import Pipeline
from credit.pipeline.export import EXPORTED
from credit.pipeline.facts import facts_of, stated_of
from credit.pipeline.scoring import KEYS
from credit.pipeline.tables import Progress, open_engine, world_folder
from credit.policy import InForce
from credit.runtime import Scorer
from credit.runtime import load as load_artifact
from credit.schema import TableSource
from credit.sources import load as load_source
from credit.strategy import Book, Strategy

TABLES = ("customers", "applications", "instalments", "repayments")
"""Tables that facts are read from; the last two where they are there."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredBook:
    """A book and what it was made of.

    Attributes
    ----------
    book : Book
    person : ndarray
        Customer of each row.
    features : DataFrame
        What the artifact reads of each row, and its keys.
    scorer : Scorer
    artifact : Path
    notes : tuple of str
        What tables do not state, and what is taken instead.
    consent : Consent or None
        The run's maps of every consent, where it has some of the model that scores.
    """

    book: Book
    person: np.ndarray
    features: pd.DataFrame
    scorer: Scorer
    artifact: Path
    notes: tuple[str, ...] = ()
    consent: Consent | None = None

    def without(self, dimensions: Collection[str]) -> tuple[Book, int]:
        """Return the book scored with dimensions emptied, and how many features that empties."""
        shut = [f for f in self.scorer.features if f.dimension in dimensions]
        empty: dict[str, Any] = {
            f.name: pd.Series(
                np.nan if f.type == "number" else None, self.features.index, dtype=object
            )
            for f in shut
        }
        own = self.features.assign(**empty)
        return self.book.scored(_probability(self.scorer, own)), len(shut)

    def withheld(self, dimensions: Collection[str]) -> Book | None:
        """Return the book scored by the consent map of who withholds dimensions; None without."""
        if self.consent is None:
            return None
        columns = columns_of(self.features, self.scorer.features)
        own = self.scorer.contributions(columns, ignore=KEYS).values  # noqa: PD011  NumPy's
        names = [feature.dimension for feature in self.scorer.features]
        parts = pd.DataFrame(own, columns=names).T.groupby(level=0).sum().T
        given = [source for source in self.consent.sources if source not in dimensions]
        return self.book.scored(self.consent.probability(parts, given))


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSource:
    """Where a book is read from: a run's folder, a world's folder, and the kind of model."""

    run: Path | None = None
    data: Path | None = None
    model: str | None = None


def scored_book(
    config: Pipeline, strategy: Strategy, source: BookSource, progress: Progress
) -> ScoredBook:
    """Read the out-of-time rows of a run, score them, and find each applicant's facts.

    Parameters
    ----------
    config : Pipeline
        Names the run (``<output>/<name>/latest``) and the tables.
    strategy : Strategy
        Its policy names the sources and the score that a product asks for.
    source : BookSource
    progress : callable

    Raises
    ------
    ConfigError
        There is no run, no such model in it, or no table that could be read.
    DataError
        Rows of the run are not in the tables, or a fact that eligibility needs is missing.
    """
    run = source.run or Path(config.output) / config.name / "latest"
    artifact = _artifact(run, source.model)
    progress("scoring the run's rows", 0.0)
    rows = pd.read_parquet(_needed(run / "rows.parquet"))
    scorer = load_artifact(artifact)
    probability = _probability(scorer, rows)
    progress("scoring the run's rows", 1.0)
    progress("reading applicants", 0.0)
    facts = _facts(config, source.data, rows)
    progress("reading applicants", 1.0)
    figures = strategy.at(local_day(int(facts["event_time"].max()), config.zone))
    stated, notes = _stated(facts, figures, config.zone)
    book = Book.of(
        stated, probability,
        segment=facts["segment"].fillna("(none)").astype(str).tolist(),
        amount_fen=_amounts(facts), bad=_outcomes(run, rows),
    )  # fmt: skip
    return ScoredBook(
        book=book, person=facts["customer_id"].to_numpy(), features=rows, scorer=scorer,
        artifact=artifact, notes=tuple(notes), consent=_consent(run, artifact),
    )  # fmt: skip


def _consent(run: Path, artifact: Path) -> Consent | None:
    path = run / "consent.json"
    if not path.is_file():
        return None
    plain = json.loads(path.read_text(encoding="utf-8"))
    return Consent.from_dict(plain) if artifact.name == f"artifact-{plain['model']}" else None


def _needed(path: Path) -> Path:
    if not path.is_file():
        raise ConfigError(
            f"{path}: there is no such file. Train first (`credit train PIPELINE`), or say with "
            "--run DIR where the finished run is."
        )
    return path


def _artifact(run: Path, model: str | None) -> Path:
    _needed(run / "rows.parquet")
    there = [kind for kind in EXPORTED if (run / f"artifact-{kind}").is_dir()]
    if not there or (model is not None and model not in there):
        raise ConfigError(f"--model {model!r}: {run} holds {there or 'no artifact'}.")
    return run / f"artifact-{model or there[0]}"


def _probability(scorer: Scorer, rows: pd.DataFrame) -> np.ndarray:
    scores = scorer.score(columns_of(rows, scorer.features), ignore=KEYS)
    return np.asarray(scores.probability, dtype=np.float64)


def _outcomes(run: Path, rows: pd.DataFrame) -> np.ndarray:
    """Return the outcome of each row as the run has it; NaN where it does not know one."""
    path = run / "predictions.parquet"
    if not path.is_file():
        return np.full(len(rows), np.nan)
    known = pd.read_parquet(path, columns=["application_id", "bad"]).set_index("application_id")
    return rows["application_id"].map(known["bad"]).to_numpy(dtype=np.float64, na_value=np.nan)


def _open(config: Pipeline, data: Path | None) -> Engine:
    """Open the tables that facts are read from, and check them against the contract."""
    engine: Engine = open_engine(config, lambda _stage, _share: None)
    if config.source.kind == "tables":
        for name in TABLES:
            if name in config.tables:
                engine.add(name, config.tables[name].source())
    elif config.source.kind == "world":
        folder = data or _world(config)
        for name in TABLES:
            if (folder / f"{name}.parquet").is_file():
                engine.add(name, TableSource(path=str(folder / f"{name}.parquet")))
    else:
        folder = data or Path(config.source.directory or ".")
        published = load_source(config.source.kind, folder)
        for name in TABLES:
            if name in published.tables:
                engine.add(name, published.tables[name])
    engine.check().raise_if_any()
    missing = [name for name in TABLES[:2] if name not in engine.tables]
    if missing:
        raise ConfigError(f"tables {missing}: there are none, and who applied is read from them.")
    return engine


def _world(config: Pipeline) -> Path:
    folder = world_folder(config)
    if not folder.is_dir():
        raise ConfigError(
            f"{folder}: the run's world is not there. Say where it is with --data DIR."
        )
    return folder


def _facts(config: Pipeline, data: Path | None, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the facts of each row of the run, in its order."""
    with _open(config, data) as engine:
        return facts_of(engine, rows["application_id"].tolist())


def _stated(facts: pd.DataFrame, figures: InForce, zone: str) -> tuple[list[Stated], list[str]]:
    """Return what tables state of each row, and what they do not."""
    asked = figures["product.min_score"]
    sources = SourceTerms.of(figures)
    scopes = frozenset({*sources.product, *figures["eligibility.scopes"]})
    notes = [
        "Tables state no authorisations: who applied is taken to have given those that the product "
        "asks for.",
        "Identity, bank account and register are taken as in order (credit.decide.stated).",
    ]
    assumed = {}
    if asked["name"] != "none" and facts[asked["name"]].isna().all():
        assumed = {asked["name"]: asked["least"]}
        notes.insert(
            0, f"Tables state no score {asked['name']}: {asked['least']} is taken for all."
        )
    if facts["dues_fen"].isna().all():
        notes.append("No debts elsewhere fall due in the tables: the burden of debt is 0.")
    rows = [stated_of(row, zone, scores=assumed, scopes=scopes) for row in facts.to_dict("records")]
    return rows, notes


def _amounts(facts: pd.DataFrame) -> np.ndarray:
    return facts["amount_fen"].fillna(0).astype("int64").to_numpy()
