"""`credit federated`: training across lenders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from credit.cli.show import Quiet, out, print_table, progress_bars

federated_app = typer.Typer(help="Training across lenders.", no_args_is_help=True)


@federated_app.callback()
def _root() -> None:
    """Training across lenders."""


@federated_app.command(
    epilog="Example: credit federated train pipelines/weilidai.toml --parties 3 --people 20000"
)
def train(
    pipeline: Annotated[Path, typer.Argument(help="A pipeline file.")],
    parties: Annotated[
        str, typer.Option(help="How many parties, or the column they are divided by.")
    ],
    data: Annotated[Path | None, typer.Option(help="Folder of the data.")] = None,
    people: Annotated[int | None, typer.Option(help="People in a generated world.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the experiment.")] = None,
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds in which the parties must have trained.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Train boosted trees across parties: processes with tables of their own, over mutual TLS."""
    from credit.pipeline.federated import TIME_LIMIT, run

    overrides: dict[str, dict[str, object]] = {"source": {"people": people}, "": {"seed": seed}}
    with progress_bars(quiet=quiet) as progress:
        result = run(
            pipeline,
            by=parties,
            data=data,
            overrides=overrides,
            time_limit=TIME_LIMIT if time_limit is None else time_limit,
            progress=progress,
        )
    for note in result.notes:
        out.print(f"note: {note}", style="yellow", highlight=False, markup=False)
    for table in result.tables:
        print_table(table.title, table.columns, table.rows, rest="left")
    for name, place in result.places.items():
        out.print(f"{name:<10} {place}", highlight=False, soft_wrap=True)
