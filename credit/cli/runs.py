"""Commands over tracked runs: list, compare, promote."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from credit.cli.show import out, print_table

runs_app = typer.Typer()

Database = Annotated[Path, typer.Option(help="Where runs are tracked.")]


@runs_app.command(epilog="Example: credit runs, or credit runs 3f9c1a2b 77e0d4c1")
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
        print_table(table.title, table.columns, table.rows)


@runs_app.command(epilog="Example: credit promote 3f9c1a2b --yes")
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
        print_table(table.title, table.columns, table.rows)
    for sentence in found.sentences:
        out.print(Text(sentence), soft_wrap=True)
