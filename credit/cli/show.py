"""What every command prints with: results to standard output, progress and errors to the other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from credit.errors import CreditError

out = Console(width=None if sys.stdout.isatty() else 120)
err = Console(stderr=True)

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results only, no progress.")]
ProgressCallback = Callable[[str, float], None]


@contextmanager
def progress_bars(*, quiet: bool) -> Iterator[ProgressCallback]:
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


def print_refusal(error: CreditError) -> None:
    """Print the sentence of an error."""
    err.print(Text("error: ", style="bold red") + Text(str(error)), soft_wrap=True)


def print_table(
    title: str,
    columns: list[str],
    rows: list[list[str]],
    *,
    rest: Literal["left", "right"] = "right",
) -> None:
    """Print a table; ``rest`` says on which side all columns but the first stand."""
    # Escaped: what stands in square brackets is the user's, not rich's markup.
    table = Table(title=escape(title), title_justify="left", header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(escape(column), justify="left" if index == 0 else rest, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    out.print(table)
