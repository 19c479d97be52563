"""The `credit` command. Each command parses, calls one pipeline function, and prints."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from credit import __version__
from credit.cli.artifacts import artifacts_app
from credit.cli.audit import audit_app
from credit.cli.cost import cost_app
from credit.cli.data import data_app, world_app
from credit.cli.decide import decide_app
from credit.cli.federated import federated_app
from credit.cli.fraud import fraud_app
from credit.cli.log import log_app, replay_app
from credit.cli.policy import policy_app
from credit.cli.products import products_app
from credit.cli.runs import runs_app
from credit.cli.serve import serve_app
from credit.cli.show import Quiet, err, out, print_refusal, print_table, progress_bars
from credit.cli.sign import sign_app
from credit.cli.strategy import strategy_app
from credit.errors import ConfigError, CreditError

app = typer.Typer(
    name="credit",
    help="Point-in-time credit scoring: from event tables to tracked, explained, exported models.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.add_typer(world_app, name="world")
app.add_typer(data_app, name="data")
app.add_typer(audit_app, name="audit")
app.add_typer(federated_app, name="federated")
app.add_typer(fraud_app, name="fraud")
app.add_typer(log_app, name="log")
app.add_typer(policy_app, name="policy")
app.add_typer(products_app, name="products")
app.add_typer(strategy_app, name="strategy")
# Without a name: their commands are of the first rank.
app.add_typer(artifacts_app)
app.add_typer(cost_app)
app.add_typer(decide_app)
app.add_typer(runs_app)
app.add_typer(serve_app)
app.add_typer(sign_app)
app.add_typer(replay_app)


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

    with progress_bars(quiet=quiet) as progress:
        report = check_directory(directory, quarantine=quarantine, progress=progress)
    print_table(
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

    with progress_bars(quiet=quiet or sql) as progress:
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
            print_table(f"{person} at {as_of}", ["name", "value", "unit", "null means"], values)
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
        print_table("proof by rewriting", ["feature", "verdict", "moved"], proven)
        if any(verdict == "LEAKS" for _, verdict, _ in proven):
            raise typer.Exit(code=1)
        return
    print_table(
        f"{len(listed)} features", ["name", "dimension", "unit", "risk", "null means"], listed
    )


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
    with progress_bars(quiet=quiet) as progress:
        result = run(
            pipeline, data=data, overrides=overrides, quarantine=quarantine, progress=progress
        )
    for note in result.notes:
        out.print(f"note: {note}", style="yellow", highlight=False, markup=False)
    for table in result.tables:
        print_table(table.title, table.columns, table.rows)
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
    cutoff: Annotated[
        float | None,
        typer.Option(help="P(bad) up to which is approved; by default the artifact's."),
    ] = None,
) -> None:
    """Say what one person's score is made of in four reasons, and what would change a refusal."""
    from credit.pipeline.scoring import explain_person

    for answer in explain_person(artifact, table, person=person, language=language, cutoff=cutoff):
        out.print(Text(answer.headline), soft_wrap=True)
        if answer.decision:
            out.print(Text(answer.decision), soft_wrap=True)
        rows = [[str(rank), text, points] for rank, text, points in answer.reasons]
        print_table("principal reasons", ["", "reason", "effect on points"], rows)
        ways = [
            [str(rank), "\n".join(words), f"{points} ({probability:.2%})"]
            for rank, (words, points, probability) in enumerate(answer.offers, start=1)
        ]
        if ways:
            columns = ["", "do all of", "then points (probability of bad)"]
            print_table("what would change the refusal", columns, ways)
        elif answer.decision.startswith("refused"):
            out.print("nothing that can be changed in time would change the refusal")


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
    with progress_bars(quiet=quiet) as progress:
        result = compare_file(file, options, output=output, progress=progress)
    for table in result.tables:
        print_table(table.title, table.columns, table.rows)


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
        print_refusal(error)
        sys.exit(1)
