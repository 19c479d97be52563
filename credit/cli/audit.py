"""`credit audit`: look for what no model may know, and for prices that bait."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from credit.cli.show import Quiet, out, print_table, progress_bars

audit_app = typer.Typer(help="Look for leaks, and for prices that bait.", no_args_is_help=True)


@audit_app.command(
    "leakage", epilog="Example: credit audit leakage pipelines/weilidai.toml -o features.csv"
)
def leakage(
    pipeline: Annotated[Path, typer.Argument(help="A pipeline file over event tables.")],
    data: Annotated[Path | None, typer.Option(help="Folder of the data.")] = None,
    engine: Annotated[str | None, typer.Option(help="duckdb or spark builds features.")] = None,
    observations: Annotated[
        int, typer.Option(help="Applications drawn; each gets tables of its own.")
    ] = 1_000,
    seed: Annotated[int, typer.Option(help="Of what is drawn and rewritten.")] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write one row a feature as CSV.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Rewrite the future, permute the network, score as of serving: nothing may notice."""
    from credit.pipeline.audit import audit_leakage
    from credit.pipeline.leakage import AuditOptions

    with progress_bars(quiet=quiet) as progress:
        found = audit_leakage(
            pipeline, data=data, engine=engine, output=output, progress=progress,
            options=AuditOptions(observations=observations, seed=seed),
        )  # fmt: skip
    for note in found.notes:
        out.print(f"note: {note}", style="yellow", highlight=False, markup=False)
    for table in found.tables:
        print_table(table.title, table.columns, table.rows)
    if found.leaks:
        raise typer.Exit(code=1)


@audit_app.command("prices", epilog="Example: credit audit prices data/world -o baited.csv")
def prices(
    tables: Annotated[Path, typer.Argument(help="A folder of tables with a lender's book.")],
    policy: Annotated[
        str, typer.Option(help="Policy with its overlays: what a teaser is.")
    ] = "weilidai+cn-2026",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write everybody baited as CSV.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Look for first prices that later ones show to be teasers; exit with 1 if there are any."""
    from credit.pipeline.prices import audit_prices

    with progress_bars(quiet=quiet) as progress:
        audit = audit_prices(tables, rules=policy, output=output, progress=progress)
    table = audit.table()
    print_table(table.title, table.columns, table.rows)
    if audit.found:
        raise typer.Exit(code=1)
