"""`credit strategy`: what a policy would do to the book of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from credit.cli.show import Quiet, err, out, print_table, progress_bars

strategy_app = typer.Typer(help="Strategies on a scored book.", no_args_is_help=True)


@strategy_app.callback()
def _root() -> None:
    """Strategies on a scored book."""


@strategy_app.command(
    epilog="Example: credit strategy simulate pipelines/weilidai.toml "
    "--set decision.cutoff.approve=0.05 --page strategy.html"
)
def simulate(
    pipeline: Annotated[Path, typer.Argument(help="The pipeline file of a finished run.")],
    policy: Annotated[
        str | None, typer.Option(help="Policy in force, with overlays; the pipeline's own.")
    ] = None,
    challenger: Annotated[
        str | None, typer.Option(help="Another policy; the same one where only leaves change.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="LEAF=VALUE in the challenger. May be repeated."),
    ] = None,
    cap: Annotated[
        float | None, typer.Option(help="What if the law's cap fell to it; 4 x LPR.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Folder of the run; the pipeline's latest.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the tables the run was made of.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="scorecard, xgboost or blend: which artifact scores.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the figures (.csv).")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="Write a page with the pictures (.html).")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Show what a policy and a challenger approve, lose and earn, and what moves it."""
    from credit.pipeline.flat import require_file
    from credit.pipeline.pages.strategy import write_strategy
    from credit.pipeline.pages.strategy_tables import tables
    from credit.pipeline.scored_book import BookSource
    from credit.pipeline.strategy import Asked, simulate_pipeline, write_table

    require_file(output, "--output", ".csv")
    require_file(page, "--page", ".html")
    asked = Asked(
        pipeline=pipeline, source=BookSource(run=run, data=data, model=model), policy=policy,
        challenger=challenger, changes=tuple(set_ or ()), cap=cap,
    )  # fmt: skip
    with progress_bars(quiet=quiet) as progress:
        found = simulate_pipeline(asked, progress)
    if output is not None:
        write_table(output, found)
    if page is not None:
        write_strategy(page, found)
    for table in tables(found):
        print_table(table.title, table.columns, table.rows)
    for note in found.scored.notes:
        err.print(Text(note), soft_wrap=True)


@strategy_app.command(epilog="Example: credit strategy leaves")
def leaves() -> None:
    """List leaves of a policy, a change of each, and what it moves in which direction."""
    from credit.strategy.leaves import LEAVES

    print_table(
        "what a leaf moves",
        ["leaf", "change", "figure", "it", "because"],
        [[one.path, one.change, one.figure, one.moves, one.why] for one in LEAVES],
        rest="left",
    )
    out.print(Text("tests hold a book of random applications to every line"), soft_wrap=True)
