"""Commands over artifacts: what a service loads, in other forms."""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from credit.cli.show import out, print_refusal, print_table
from credit.errors import ConfigError, CreditError

artifacts_app = typer.Typer()

FORMS = ("sql", "onnx")
"""What an artifact can be exported to."""


@artifacts_app.command(
    epilog="Example: credit export runs/weilidai/latest/artifact-scorecard --to sql --table rows"
)
def export(
    artifact: Annotated[Path, typer.Argument(help="An artifact folder or zip.")],
    to: Annotated[str, typer.Option(help=f"Of {', '.join(FORMS)}.")],
    dialect: Annotated[str, typer.Option(help="Of SQL: duckdb or spark.")] = "duckdb",
    table: Annotated[str, typer.Option(help="Of SQL: the table that is scored.")] = "rows",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where it goes; SQL is printed else.")
    ] = None,
) -> None:
    """Write an artifact in another form that gives the same points."""
    from credit.pipeline.forms import write_onnx, write_sql

    if to not in FORMS:
        raise ConfigError(f"--to {to!r}: must be one of {list(FORMS)}.")
    if to == "onnx":
        if output is None:
            raise ConfigError("--to onnx: say where the model goes, with --output.")
        out.print(Text(f"{output}: {write_onnx(artifact, output):,} bytes"), soft_wrap=True)
        return
    text = write_sql(artifact, dialect=dialect, table=table, output=output)
    if output is None:
        sys.stdout.write(text)
    else:
        out.print(Text(f"{output}: {len(text):,} characters"), soft_wrap=True)


@artifacts_app.command(epilog="Example: credit diff old/artifact new/artifact --rows rows.parquet")
def diff(
    old: Annotated[Path, typer.Argument(help="An artifact folder or zip.")],
    new: Annotated[Path, typer.Argument(help="Another.")],
    rows: Annotated[
        Path | None, typer.Option(help="Rows that both score; else their references are compared.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, every value whole.")] = False,
) -> None:
    """Say what changed from one artifact to another, and how the score shifts."""
    from credit.pipeline.diff import diff_artifacts, printed

    found = diff_artifacts(old, new, rows)
    if as_json:
        sys.stdout.write(json.dumps(found.to_dict(), indent=2, ensure_ascii=False) + "\n")
        return
    for table in printed(found):
        print_table(table.title, table.columns, table.rows)


@artifacts_app.command(
    epilog="Example: credit monitor runs/weilidai/latest/artifact-scorecard may.parquet "
    "--history monitoring --alerts alerts.json"
)
def monitor(
    artifact: Annotated[Path, typer.Argument(help="An artifact folder or zip.")],
    batch: Annotated[Path, typer.Argument(help="Live rows of features, CSV or Parquet.")],
    outcomes: Annotated[
        Path | None, typer.Option(help="A file of application_id and outcome, once known.")
    ] = None,
    outcome: Annotated[str, typer.Option(help="Its column: 1 bad, 0 good, empty unknown.")] = "bad",
    group: Annotated[
        str | None, typer.Option(help="A column of the batch: groups treated alike?")
    ] = None,
    cutoff: Annotated[
        float | None, typer.Option(help="Probability of bad up to which people are approved.")
    ] = None,
    history: Annotated[
        Path | None, typer.Option(help="A folder of results: added to, compared with, a page made.")
    ] = None,
    period: Annotated[
        str | None, typer.Option(help="2024-05 or 2024-05-17; else the month of as_of.")
    ] = None,
    alerts: Annotated[Path | None, typer.Option(help="Write the alarms here, as JSON.")] = None,
    track: Annotated[bool, typer.Option("--track", help="Log an MLflow run.")] = False,
    database: Annotated[Path, typer.Option(help="Of --track.")] = Path("mlruns/mlflow.db"),
    least: Annotated[float, typer.Option(help="The least PSI that raises an alarm.")] = 0.1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Watch live rows: exit with 0 where all is quiet, 1 on an alarm, 2 where it cannot be said."""
    from credit.monitor import Limits
    from credit.pipeline.history import dumped
    from credit.pipeline.watch_words import printed
    from credit.pipeline.watching import WatchRequest, watch_and_write

    try:
        request = WatchRequest(
            artifact=artifact, batch=batch, outcomes=outcomes, outcome=outcome, group=group,
            period=period, cutoff=cutoff, history=history, limits=Limits(psi=least),
        )  # fmt: skip
        entry = watch_and_write(request, alerts=alerts, database=database if track else None)
    except Exception as error:
        # A scheduler takes 1 for an alarm: no failure of any kind may end with it.
        if isinstance(error, CreditError):
            print_refusal(error)
        else:
            traceback.print_exc()
        raise typer.Exit(code=2) from error
    if as_json:
        sys.stdout.write(dumped(entry))
    else:
        table = printed(entry)
        print_table(table.title, table.columns, table.rows)
        for note in entry["not_compared"]:
            out.print(Text(f"not compared: {note}"), soft_wrap=True)
    if entry["alarm"]:
        raise typer.Exit(code=1)
