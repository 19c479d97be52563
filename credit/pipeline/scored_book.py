"""The book of a finished run: its out-of-time rows, its artifact's scores, facts of tables."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
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
from credit.errors import ConfigError, DataError
from credit.pipeline.config import Pipeline
from credit.pipeline.export import EXPORTED
from credit.pipeline.scoring import KEYS
from credit.pipeline.tables import Progress, open_engine, world_folder
from credit.policy import InForce
from credit.runtime import Scorer
from credit.runtime import load as load_artifact
from credit.schema import DAY, TableSource
from credit.sources import load as load_source
from credit.strategy import Book, Strategy

TABLES = ("customers", "applications", "loans", "instalments")
"""Tables that facts are read from; the last two where they are there."""

OCCUPATIONS: Mapping[str, str] = {"civil_servant": "civil", "government": "civil"}
"""Occupation as tables name it -> as ``limit.occupation`` does; any other keeps its name."""

SCORES = ("wechat_pay", "zhima")
"""Scores of others that applications may state, in columns of these names."""

MONTH = 30
"""Days after an application in which what falls due on other loans counts as due each month."""


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
        engine.temporary("book_rows", rows[["application_id"]].assign(place=np.arange(len(rows))))
        found = engine.frame(_query(engine))
        dues = _dues(engine)
    if len(found) != len(rows):
        raise DataError(
            f"rows.parquet: {len(rows) - len(found):,} of {len(rows):,} applications are not in "
            "the tables. The run was made of others; say where they are with --data DIR."
        )
    owed = None if dues is None else found["place"].map(lambda at: dues.get(int(at), ()))
    return found.assign(dues_fen=owed).sort_values("place").reset_index(drop=True)


def _query(engine: Engine) -> str:
    """Return the query of facts; what the tables lack is null in it."""
    optional = {
        "c": ("segment", "occupation", "birth_date", "declared_income_fen"),
        "a": ("amount_fen", "income_evidence", "verified_income_fen", *SCORES),
    }
    named = {"c": set(engine.columns("customers")), "a": set(engine.columns("applications"))}
    columns = ", ".join(
        f"{table}.{name}" if name in named[table] else f"NULL AS {name}"
        for table, names in optional.items()
        for name in names
    )
    return (
        "SELECT r.place, a.application_id, a.customer_id, a.event_time, "
        f"c.event_time AS registered_at, {columns} FROM book_rows r "
        "JOIN applications a USING (application_id) JOIN customers c USING (customer_id)"
    )


def _dues(engine: Engine) -> dict[int, tuple[int, ...]] | None:
    """Return what falls due on each other loan within a month, by row; None without tables."""
    if not {"loans", "instalments"} <= set(engine.tables):
        return None
    found: dict[int, tuple[int, ...]] = {}
    for place, _, due in engine.rows(
        "SELECT r.place, l.loan_id, sum(i.due_fen)::BIGINT FROM book_rows r "
        "JOIN applications a USING (application_id) "
        "JOIN loans l ON l.customer_id = a.customer_id AND l.event_time < a.event_time "
        "JOIN instalments i ON i.loan_id = l.loan_id AND i.due_at >= a.event_time "
        f"AND i.due_at < a.event_time + {MONTH * DAY} GROUP BY ALL ORDER BY ALL"
    ):
        at = int(str(place))
        found[at] = (*found.get(at, ()), int(str(due)))
    return found


def _stated(facts: pd.DataFrame, figures: InForce, zone: str) -> tuple[list[Stated], list[str]]:
    """Return what tables state of each row, and what they do not."""
    income = facts["verified_income_fen"].fillna(facts["declared_income_fen"])
    for name, column in (("birth_date", facts["birth_date"]), ("income", income)):
        if column.isna().any():
            raise DataError(
                f"{name}: {int(column.isna().sum()):,} of {len(facts):,} applicants have none, and "
                "nobody is decided without it. Map the column in the pipeline file "
                "([tables.customers])."
            )
    asked = figures["product.min_score"]
    sources = SourceTerms.of(figures)
    scopes = frozenset({*sources.product, *figures["eligibility.scopes"]})
    scores = facts[list(SCORES)]
    notes = [
        "Tables state no authorisations: who applied is taken to have given those that the product "
        "asks for.",
        "Identity, bank account and register are taken as in order (credit.decide.stated).",
    ]
    assumed = {}
    if asked["name"] != "none" and scores.get(asked["name"], pd.Series(dtype=float)).isna().all():
        assumed = {asked["name"]: asked["least"]}
        notes.insert(
            0, f"Tables state no score {asked['name']}: {asked['least']} is taken for all."
        )
    if facts["dues_fen"].isna().all():
        notes.append("No debts elsewhere fall due in the tables: the burden of debt is 0.")
    rows = [
        _row(row, int(monthly), zone, {**assumed, **_scores(row)}, scopes)
        for row, monthly in zip(facts.to_dict("records"), income, strict=True)
    ]
    return rows, notes


def _scores(row: Mapping[Any, Any]) -> dict[str, int]:
    return {name: int(row[name]) for name in SCORES if pd.notna(row[name])}


def _row(
    row: Mapping[Any, Any], income: int, zone: str, scores: dict[str, int], scopes: frozenset[str]
) -> Stated:
    """Return what tables state of one application."""
    occupation = row["occupation"] if isinstance(row["occupation"], str) else "default"
    evidence = row["income_evidence"]
    shown = isinstance(evidence, str) and evidence != "none"
    return Stated(
        application_id=str(row["application_id"]), instant=int(row["event_time"]),
        birth_date=local_day(int(row["birth_date"]), zone),
        registered_at=int(row["registered_at"]), income_fen=income,
        occupation=OCCUPATIONS.get(occupation, occupation),
        income_evidence=(evidence,) if shown else (), scores=scores, scopes=scopes,
        dues_fen=row["dues_fen"] or (),
    )  # fmt: skip


def _amounts(facts: pd.DataFrame) -> np.ndarray:
    return facts["amount_fen"].fillna(0).astype("int64").to_numpy()
