"""Commands over artifacts: what a service loads, in other forms."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from credit.cli.show import out, print_table
from credit.errors import ConfigError

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
    epilog="Example: credit monitor runs/weilidai/latest/artifact-xgboost may.parquet"
)
def monitor(
    artifact: Annotated[Path, typer.Argument(help="An artifact folder or zip.")],
    batch: Annotated[Path, typer.Argument(help="Live rows of features, CSV or Parquet.")],
    least: Annotated[float, typer.Option(help="The least PSI that raises an alarm.")] = 0.1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare live rows with the artifact's reference; exit with 1 where something has shifted."""
    from credit.pipeline.watching import printed, watch_file

    found = watch_file(artifact, batch, least=least)
    if as_json:
        sys.stdout.write(found.to_json(orient="records", indent=2, force_ascii=False) + "\n")
    else:
        table = printed(found)
        print_table(table.title, table.columns, table.rows)
    if found["alarm"].any():
        raise typer.Exit(code=1)
