"""From a pipeline file to checked tables and features: the data half of every command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from credit.dataset import observed_until
from credit.engine import CheckReport, Engine
from credit.errors import ConfigError, nearest
from credit.feature import Catalogue
from credit.features import available, chosen, merchant_categories
from credit.features.window.tables import LOOKUP
from credit.pipeline.config import FeaturesSection, Pipeline, microseconds
from credit.pipeline.declared import declared, own_file, refuse
from credit.pipeline.lineage import Origin, of_config, of_published, of_world
from credit.sources import data_set
from credit.sources import load as load_source
from credit.world import WorldOptions, generate

Progress = Callable[[str, float], None]


def silent(_stage: str, _share: float) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Checked tables, ready to be turned into features.

    Attributes
    ----------
    engine : Engine
        Holds the tables; the caller closes it.
    catalogue : Catalogue
        The features that can be built and were asked for.
    notes : list of str
        Everything the source or the checks have to tell the user.
    special_codes : dict of str to tuple of float
        Feature -> values that are codes, not amounts.
    observed_until : int
        The instant up to which outcomes are known, microseconds.
    truth : Path or None
        Folder of the generated world's truth, never seen by a feature.
    audit : tuple of str
        Features that are built for audits and comparisons, and kept out of models.
    origins : dict of str to Origin
        Table -> where it came from.
    apart : dict of str to int
        Table -> rows that were set apart.
    """

    engine: Engine
    catalogue: Catalogue
    notes: list[str]
    special_codes: dict[str, tuple[float, ...]]
    observed_until: int
    truth: Path | None
    audit: tuple[str, ...] = ()
    origins: dict[str, Origin] = field(default_factory=dict)
    apart: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryReport:
    """What `credit check` prints: rows and broken rules by table, and a sentence for each.

    ``standing`` counts the broken rules whose rows were not set apart.
    """

    summary: list[tuple[str, int, int]]
    sentences: list[str] = field(default_factory=list)
    standing: int = 0


def open_engine(config: Pipeline, progress: Progress) -> Engine:
    """Open the engine with the pipeline's limits and the merchant categories."""
    asked = config.engine
    if asked.kind == "spark":
        from credit.engine.spark import SparkEngine, local_session

        session = local_session(asked.memory_limit, asked.threads, asked.master)
        engine: Engine = SparkEngine(session, scratch=asked.folder, zone=config.zone)
    else:
        engine = Engine(
            memory_limit=asked.memory_limit,
            threads=asked.threads,
            zone=config.zone,
            progress=named_steps(progress),
        )
    add_categories(engine)
    return engine


def named_steps(progress: Progress) -> Progress:
    """Pass on the engine's long steps, not its many small queries and checks."""

    def report(step: str, share: float) -> None:
        if step != "query" and not step.startswith("check "):
            progress(step, share)

    return report


def add_categories(engine: Engine) -> None:
    """Give the engine the merchant categories that ship with the package."""
    engine.add_lookup(LOOKUP, merchant_categories())


def _world(config: Pipeline, data: Path | None, progress: Progress) -> Path:
    """Return the folder of the pipeline's world, generating it if it is not there yet."""
    source = config.source
    options = WorldOptions(
        people=source.people, start=source.start, months=source.months, seed=_world_seed(config),
        fraud=source.fraud, lender=source.lender,
    )  # fmt: skip
    if data is not None and not data.is_dir():
        raise ConfigError(
            f"--data {str(data)!r}: there is no such folder. Make one with `credit world generate "
            f"{data} --people {source.people}`, or leave --data out."
        )
    directory = data or world_folder(config)
    if not directory.is_dir():
        directory.parent.mkdir(parents=True, exist_ok=True)
        generate(directory, options, progress=progress)
    for name, table in _WRITTEN.items():
        if getattr(source, name) and not (directory / f"{table}.parquet").is_file():
            raise ConfigError(
                f"source.{name} = true, but {directory} has no {table}: that world was generated "
                f"without {name}. Name another folder, or leave {name} out."
            )
    return directory


_WRITTEN = {"fraud": "fraud_labels", "lender": "decisions"}
"""Option of a world -> a table that is written with it alone."""


def world_folder(config: Pipeline) -> Path:
    """Return where the pipeline's world stands once it was generated."""
    source = config.source
    named = f"{source.people}-{source.start:%Y%m}-{source.months}-{_world_seed(config)}"
    more = "".join(f"-{name}" for name in _WRITTEN if getattr(source, name))
    return Path("data") / f"world-{named}{more}"


def _world_seed(config: Pipeline) -> int:
    own = config.source.world_seed
    return config.seed if own is None else own


def select(everything: Catalogue, section: FeaturesSection) -> Catalogue:
    """Return the features a pipeline asks for, in the catalogue's order.

    A pattern is a shell glob over names, or ``dimension:<name>``. A pattern that matches
    nothing is an error that names the closest feature.
    """

    def matching(pattern: str) -> set[str]:
        if pattern.startswith("dimension:"):
            wanted = pattern.removeprefix("dimension:")
            names = {f.name for f in everything if f.dimension == wanted}
        else:
            names = {name for name in everything.names if fnmatchcase(name, pattern)}
        if not names:
            raise ConfigError(
                f"features: pattern {pattern!r} matches no feature."
                f"{nearest(pattern, everything.names)}"
            )
        return names

    names: set[str] = set().union(*(matching(pattern) for pattern in section.include))
    names -= set().union(*(matching(pattern) for pattern in section.exclude))
    return chosen(everything, names)


def prepare(
    config: Pipeline,
    *,
    data: Path | None = None,
    quarantine: Path | None = None,
    progress: Progress = silent,
) -> Prepared:
    """Open, check and describe the tables of a pipeline.

    Raises
    ------
    SchemaError
        If a table breaks the data contract; every broken rule is listed. With ``quarantine``
        the rows are written there and reported in the notes instead.
    """
    engine = open_engine(config, progress)
    notes: list[str] = []
    special: dict[str, tuple[float, ...]] = {}
    truth = None
    audit: tuple[str, ...] = ()
    extra = Catalogue(())
    if config.source.kind == "world":
        directory = _world(config, data, progress)
        engine.add_directory(directory)
        truth = directory / "truth"
        origins = of_world(directory, engine.tables)
    elif config.source.kind == "tables":
        if data is not None:
            raise ConfigError(
                f"--data {str(data)!r}: this pipeline names its tables itself; change the paths "
                "under [tables.<name>]."
            )
        for name, section in config.tables.items():
            engine.add(name, section.source())
        origins = of_config(config)
    else:
        folder = data or (Path(config.source.directory) if config.source.directory else None)
        if folder is None:
            raise ConfigError(
                f"source {config.source.kind!r}: say where its files are with --data DIR; "
                "`credit data list` tells where to get them."
            )
        published = load_source(config.source.kind, folder)
        for name, frame in published.tables.items():
            engine.add(name, frame)
        notes += published.notes
        origins = of_published(data_set(config.source.kind).title, published.tables)
        special = dict(published.special_codes)
        extra = published.catalogue(audit=True)
        audit = () if config.features.audit else published.audit
    report = _checked(engine, quarantine, progress)
    notes += [f"set apart in {quarantine}: {sentence}" for sentence in report.sentences]
    until = config.outcome.observed_until
    everything = available(declared(config, engine, extra), columns_of(engine))
    asked = select(everything, config.features)
    refuse(config, engine, asked, audit)
    notes += own_file(config)
    return Prepared(
        engine=engine,
        catalogue=asked,
        notes=notes,
        special_codes=special,
        observed_until=observed_until(engine) if until is None else microseconds(until),
        truth=truth if truth is not None and truth.is_dir() else None,
        audit=audit,
        origins=origins,
        apart=dict(report.quarantined),
    )


def columns_of(engine: Engine) -> dict[str, list[str]]:
    """Return the columns of every table of the contract that is there."""
    return {name: list(engine.columns(name)) for name in engine.tables}


def _checked(engine: Engine, quarantine: Path | None, progress: Progress) -> CheckReport:
    progress("checking tables", 0.0)
    report: CheckReport = engine.check(quarantine=quarantine)
    progress("checking tables", 1.0)
    report.raise_if_any()
    return report


def check_directory(
    directory: Path, *, quarantine: Path | None = None, progress: Progress = silent
) -> DirectoryReport:
    """Check every table of a folder against the contract."""
    with Engine(progress=named_steps(progress)) as engine:
        add_categories(engine)
        engine.add_directory(directory)
        report = engine.check(quarantine=quarantine)
        summary = [(name, report.rows.get(name, 0), report.count(name)) for name in engine.tables]
    return DirectoryReport(
        summary=summary, sentences=list(report.sentences), standing=len(report.standing)
    )
