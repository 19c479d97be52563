"""The `credit` command. Each command parses, calls one pipeline function, and prints."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from credit import __version__
from credit.errors import ConfigError, CreditError

app = typer.Typer(
    name="credit",
    help="Point-in-time credit scoring: from event tables to tracked, explained, exported models.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
world_app = typer.Typer(help="The synthetic population with known truth.", no_args_is_help=True)
data_app = typer.Typer(help="Published data sets: where to get them, verified by hash.",
                       no_args_is_help=True)  # fmt: skip
app.add_typer(world_app, name="world")
app.add_typer(data_app, name="data")

out = Console(width=None if sys.stdout.isatty() else 120)
err = Console(stderr=True)

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results only, no progress.")]
ProgressCallback = Callable[[str, float], None]


@contextmanager
def _progress(*, quiet: bool) -> Iterator[ProgressCallback]:
    """Yield ``report(stage, share)``: one line a stage on standard error."""
    if quiet:
        yield lambda _stage, _share: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<44}"),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=False) as bars:
        tasks: dict[str, object] = {}

        def report(stage: str, share: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=1.0)
            bars.update(tasks[stage], completed=min(share, 1.0))  # type: ignore[arg-type]

        yield report


def _print(title: str, columns: list[str], rows: list[list[str]]) -> None:
    # Escaped: what stands in square brackets is the user's, not rich's markup.
    table = Table(title=escape(title), title_justify="left", header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(escape(column), justify="left" if index == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    out.print(table)


def _version(value: bool) -> None:
    if value:
        out.print(f"credit {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_version),
    ] = False,
) -> None:
    del version


@world_app.command("generate", epilog="Example: credit world generate data/world --people 20000")
def world_generate(
    directory: Annotated[Path, typer.Argument(help="A new folder for the tables.")],
    people: Annotated[int, typer.Option(help="How many people.")] = 20_000,
    months: Annotated[int, typer.Option(help="Months of applications.")] = 48,
    seed: Annotated[int, typer.Option(help="The same seed gives the same rows.")] = 7,
    quiet: Quiet = False,
) -> None:
    """Generate a population: event tables, and the truth behind them in a folder apart."""
    from credit.world import WorldOptions, generate

    with _progress(quiet=quiet) as progress:
        summary = generate(
            directory, WorldOptions(people=people, months=months, seed=seed), progress=progress
        )
    rows = [[name, f"{count:,}"] for name, count in summary.rows.items()]
    _print(f"{directory}", ["table", "rows"], rows)


@data_app.command("list", epilog="Example: credit data list")
def data_list() -> None:
    """List the published data sets, their licence and where to get them."""
    from credit.sources import DATA_SETS

    for data_set in DATA_SETS.values():
        out.print(Text(data_set.name, style="bold") + Text(f"  {data_set.title}"), soft_wrap=True)
        out.print(
            f"    {data_set.rows}; target: {data_set.target}", highlight=False, soft_wrap=True
        )
        out.print(f"    licence: {data_set.licence}", highlight=False, soft_wrap=True)
        out.print(f"    get it: {data_set.url}", highlight=False, soft_wrap=True)
        for file in data_set.files:
            out.print(f"      {file.name}: {file.source}", highlight=False, soft_wrap=True)


@data_app.command("verify", epilog="Example: credit data verify ../data --only german")
def data_verify(
    directory: Annotated[Path, typer.Argument(help="A folder with one folder a data set.")],
    only: Annotated[str | None, typer.Option(help="One data set instead of all.")] = None,
) -> None:
    """Compare every file of the data sets in a folder with its published SHA-256."""
    from credit.sources import verify, verify_data_set

    if not directory.is_dir():
        raise ConfigError(f"{directory}: there is no such folder.")
    rows = verify(directory) if only is None else verify_data_set(only, directory / only)
    _print(
        f"{directory}",
        ["data set", "file", "status"],
        [[row.data_set, row.file, row.status] for row in rows],
    )
    if any(row.status == "changed" or (only and row.status != "ok") for row in rows):
        raise typer.Exit(code=1)


@data_app.command("dictionary", epilog="Example: credit data dictionary > data/README.md")
def data_dictionary(
    features: Annotated[
        Path | None, typer.Option(help="A TOML file of your own features, to be added.")
    ] = None,
) -> None:
    """Print the data dictionary: every table of the contract and every feature, as Markdown."""
    from credit.features.own import read_features
    from credit.pipeline.dictionary import markdown

    sys.stdout.write(markdown(() if features is None else read_features(features)))


@app.command(epilog="Example: credit check data/world")
def check(
    directory: Annotated[Path, typer.Argument(help="A folder of Parquet tables.")],
    quarantine: Annotated[
        Path | None, typer.Option(help="Write rows that break a rule to this folder.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Check tables against the data contract; list every rule that is broken."""
    from credit.pipeline.tables import check_directory

    with _progress(quiet=quiet) as progress:
        report = check_directory(directory, quarantine=quarantine, progress=progress)
    _print(
        f"{directory}",
        ["table", "rows", "rules broken"],
        [[name, f"{rows:,}", str(broken)] for name, rows, broken in report.summary],
    )
    for sentence in report.sentences:
        err.print(Text(sentence, style="red"), soft_wrap=True)
    if report.standing:
        raise typer.Exit(code=1)


@app.command(epilog="Example: credit features pipelines/weilidai.toml --sql")
def features(
    pipeline: Annotated[Path, typer.Argument(help="A pipeline file.")],
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL instead of the list.")] = False,
    dialect: Annotated[str, typer.Option(help="duckdb or spark.")] = "duckdb",
    proof: Annotated[
        bool, typer.Option("--prove", help="Rewrite what they must not see: do they move?")
    ] = False,
    data: Annotated[Path | None, typer.Option(help="Folder of the data.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Build into a .parquet file, or a folder part by part (resumes)."
        ),
    ] = None,
    parts: Annotated[int, typer.Option(help="Parts of a folder: more of them, less memory.")] = 16,
    person: Annotated[str | None, typer.Option(help="Show one person's values instead.")] = None,
    as_of: Annotated[str | None, typer.Option(help="At this instant, with a zone.")] = None,
    engine: Annotated[str | None, typer.Option(help="duckdb or spark builds them.")] = None,
    quiet: Quiet = False,
) -> None:
    """List a pipeline's features, print their SQL, prove them, build them, or show one person's."""
    from credit.pipeline import features as asked

    with _progress(quiet=quiet or sql) as progress:
        if sql:
            text = asked.feature_sql(pipeline, data=data, dialect=dialect, progress=progress)
            sys.stdout.write(text + "\n")
            return
        if (person is None) != (as_of is None):
            raise ConfigError("--person and --as-of go together: a person and an instant.")
        if proof:
            proven = asked.prove_features(pipeline, data=data, progress=progress)
        elif person is not None and as_of is not None:
            values = asked.features_of(pipeline, person, as_of, data=data, progress=progress)
            _print(f"{person} at {as_of}", ["name", "value", "unit", "null means"], values)
            return
        elif output is not None:
            built = asked.write_features(
                pipeline, output, data=data, parts=parts, engine=engine, progress=progress
            )
            kept = f", {built.kept:,} of them finished before" if built.kept else ""
            out.print(Text(f"{output}: {built.computed + built.kept:,} rows{kept}"), soft_wrap=True)
            return
        else:
            listed = asked.feature_list(pipeline, data=data, progress=progress)
    if proof:
        _print("proof by rewriting", ["feature", "verdict", "moved"], proven)
        if any(verdict == "LEAKS" for _, verdict, _ in proven):
            raise typer.Exit(code=1)
        return
    _print(f"{len(listed)} features", ["name", "dimension", "unit", "risk", "null means"], listed)


@app.command(epilog="Example: credit train pipelines/weilidai.toml --people 20000")
def train(
    pipeline: Annotated[Path, typer.Argument(help="A pipeline file.")],
    data: Annotated[Path | None, typer.Option(help="Folder of the data.")] = None,
    people: Annotated[int | None, typer.Option(help="People in a generated world.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the experiment.")] = None,
    engine: Annotated[str | None, typer.Option(help="duckdb or spark builds features.")] = None,
    quarantine: Annotated[
        bool, typer.Option("--quarantine", help="Set broken rows apart and go on.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Run an experiment: check, build features, train, evaluate, explain, track, export."""
    from credit.pipeline.train import run

    overrides: dict[str, dict[str, object]] = {
        "source": {"people": people}, "": {"seed": seed}, "engine": {"kind": engine},
    }  # fmt: skip
    with _progress(quiet=quiet) as progress:
        result = run(
            pipeline, data=data, overrides=overrides, quarantine=quarantine, progress=progress
        )
    for note in result.notes:
        out.print(f"note: {note}", style="yellow", highlight=False, markup=False)
    for table in result.tables:
        _print(table.title, table.columns, table.rows)
    for name, place in result.places.items():
        out.print(f"{name:<10} {place}", highlight=False, soft_wrap=True)


@app.command(
    epilog="Example: credit score runs/weilidai/latest/artifact-scorecard "
    "runs/weilidai/latest/rows.parquet -o scores.csv"
)
def score(
    artifact: Annotated[Path, typer.Argument(help="An artifact folder or zip.")],
    table: Annotated[Path, typer.Argument(help="Rows of features, CSV or Parquet.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the scores go.")],
) -> None:
    """Score rows of features by column name."""
    from credit.pipeline.scoring import score_file

    count = score_file(artifact, table, output)
    out.print(Text(f"{output}: {count:,} rows"), soft_wrap=True)


@app.command(
    epilog="Example: credit explain runs/weilidai/latest/artifact-scorecard "
    "runs/weilidai/latest/rows.parquet --person 17"
)
def explain(
    artifact: Annotated[Path, typer.Argument(help="An artifact folder or zip.")],
    table: Annotated[Path, typer.Argument(help="Rows of features, CSV or Parquet.")],
    person: Annotated[str, typer.Option(help="The person's customer_id.")],
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
) -> None:
    """Say what one person's score is made of, in four principal reasons."""
    from credit.pipeline.scoring import explain_person

    for answer in explain_person(artifact, table, person=person, language=language):
        out.print(Text(answer.headline), soft_wrap=True)
        rows = [[str(rank), text, points] for rank, text, points in answer.reasons]
        _print("principal reasons", ["", "reason", "effect on points"], rows)


@app.command(
    epilog="Example: credit compare loans.csv --target default --special delay=-9,-8 --folds 5x2"
)
def compare(
    file: Annotated[Path, typer.Argument(help="A flat CSV or Parquet file.")],
    target: Annotated[str, typer.Option(help="Column of the outcome.")],
    bad: Annotated[str | None, typer.Option(help="Its value that means bad.")] = None,
    groups: Annotated[str | None, typer.Option(help="Column of the person.")] = None,
    time: Annotated[
        str | None, typer.Option(help="Column of the instant: last 30 % tests.")
    ] = None,
    special: Annotated[
        list[str] | None, typer.Option(help="COLUMN=CODE,CODE; may be repeated.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="A column that is no feature.")] = None,
    models: Annotated[
        str, typer.Option(help="Of card, woe, boost, logistic, blend.")
    ] = "card,boost,logistic",
    folds: Annotated[str, typer.Option(help="REPEATSxFOLDS.")] = "5x2",
    seed: Annotated[int, typer.Option(help="Seed of the folds.")] = 20261121,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write every fold's figures as CSV.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Compare models on any flat file under one honest protocol, with paired intervals."""
    from credit.pipeline.compare import CompareOptions, compare_file

    options = CompareOptions(
        target=target, bad=bad, groups=groups, time=time, special=tuple(special or ()),
        drop=tuple(drop or ()), models=tuple(name.strip() for name in models.split(",")),
        folds=folds, seed=seed,
    )  # fmt: skip
    with _progress(quiet=quiet) as progress:
        result = compare_file(file, options, output=output, progress=progress)
    for table in result.tables:
        _print(table.title, table.columns, table.rows)


Database = Annotated[Path, typer.Option(help="Where runs are tracked.")]


@app.command(epilog="Example: credit runs, or credit runs 3f9c1a2b 77e0d4c1")
def runs(
    names: Annotated[
        list[str] | None, typer.Argument(help="Two runs, to be compared; none lists all.")
    ] = None,
    pipeline: Annotated[str | None, typer.Option(help="Runs of one pipeline alone.")] = None,
    database: Database = Path("mlruns/mlflow.db"),
) -> None:
    """List the tracked runs with their figures, or put two of them side by side."""
    from credit.pipeline.config import TrackingSection
    from credit.pipeline.runs import list_runs

    section = TrackingSection(database=str(database))
    for table in list_runs(section, names or (), pipeline=pipeline):
        _print(table.title, table.columns, table.rows)


@app.command(epilog="Example: credit promote 3f9c1a2b --yes")
def promote(
    run: Annotated[str, typer.Argument(help="The challenger, as `credit runs` shows it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Move the alias; else only compare.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Even if it is significantly worse, or untested.")
    ] = False,
    database: Database = Path("mlruns/mlflow.db"),
) -> None:
    """Test a run's model against the champion on the same rows, and make it the champion."""
    from credit.pipeline.config import TrackingSection
    from credit.pipeline.promote import promote as decide

    section = TrackingSection(database=str(database))
    found = decide(section, run, yes=yes, force=force)
    for table in found.tables:
        _print(table.title, table.columns, table.rows)
    for sentence in found.sentences:
        out.print(Text(sentence), soft_wrap=True)


class _Interrupted(BaseException):
    """Ctrl-C, under a name of ours: typer would turn KeyboardInterrupt into an exit with 1."""


def _interrupt(_signal: int, _frame: object) -> None:
    raise _Interrupted


def _is_interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind an error that something else made of it."""
    while error is not None and not isinstance(error, _Interrupted):
        error = error.__cause__ or error.__context__
    return error is not None


def main() -> None:
    """Run the command; a refusal prints its sentence and exits with 1, Ctrl-C with 130."""
    signal.signal(signal.SIGINT, _interrupt)
    try:
        app()
    except (Exception, _Interrupted) as error:
        if _is_interrupted(error):
            err.print("interrupted; nothing half-written was left behind")
            sys.exit(130)
        if not isinstance(error, CreditError):
            raise
        err.print(Text("error: ", style="bold red") + Text(str(error)), soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
