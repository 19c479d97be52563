"""`credit world` and `credit data`: populations to generate, published sets to verify."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from credit.cli.show import Quiet, out, print_table, progress_bars
from credit.errors import ConfigError

world_app = typer.Typer(help="The synthetic population with known truth.", no_args_is_help=True)
data_app = typer.Typer(help="Published data sets: where to get them, verified by hash.",
                       no_args_is_help=True)  # fmt: skip


@world_app.command("generate", epilog="Example: credit world generate data/world --people 20000")
def world_generate(
    directory: Annotated[Path, typer.Argument(help="A new folder for the tables.")],
    people: Annotated[int, typer.Option(help="How many people.")] = 20_000,
    months: Annotated[int, typer.Option(help="Months of applications.")] = 48,
    seed: Annotated[int, typer.Option(help="The same seed gives the same rows.")] = 7,
    fraud: Annotated[bool, typer.Option(help="With sign-ins, and fraud among them.")] = False,
    lender: Annotated[
        bool, typer.Option(help="With a lender that decides by policies, and refuses some.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Generate a population: event tables, and the truth behind them in a folder apart."""
    from credit.world import WorldOptions, generate

    with progress_bars(quiet=quiet) as progress:
        options = WorldOptions(people=people, months=months, seed=seed, fraud=fraud, lender=lender)
        summary = generate(directory, options, progress=progress)
    rows = [[name, f"{count:,}"] for name, count in summary.rows.items()]
    print_table(f"{directory}", ["table", "rows"], rows)


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
    print_table(
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
