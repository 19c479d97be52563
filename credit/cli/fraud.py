"""`credit fraud`: what indicators of fraud and rules are worth on a folder of tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from credit.cli.show import Quiet, out, print_table, progress_bars

if TYPE_CHECKING:
    import pandas as pd

fraud_app = typer.Typer(help="Indicators of fraud and rules.", no_args_is_help=True)


@fraud_app.command("report", epilog="Example: credit fraud report data/world")
def report(
    folder: Annotated[Path, typer.Argument(help="A folder of Parquet tables.")],
    events: Annotated[int, typer.Option(help="Events looked at, of whole people.")] = 50_000,
    seed: Annotated[int, typer.Option(help="Draws the people.")] = 7,
    write: Annotated[
        Path | None, typer.Option(help="A folder for the tables as CSV files.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Show what each rule is worth, and coverage and redundancy of the indicators."""
    from credit.pipeline.fraud import FraudOptions, report_directory

    options = FraudOptions(events=events, seed=seed)
    with progress_bars(quiet=quiet) as progress:
        found = report_directory(folder, options, progress=progress)
    for title, table in (("rules", found.rules), ("activity", found.activity)):
        print_table(title, list(table.columns), _rows(table))
    best = found.indicators.sort_values("auc", ascending=False, key=lambda auc: (auc - 0.5).abs())
    # What a line catches stands under rules; the whole table is in the file.
    shown = best[["indicator", "coverage", "auc", "redundancy", "users"]].head(20)
    title = f"indicators that tell most ({len(best)} in all)"
    print_table(title, list(shown.columns), _rows(shown))
    if write is not None:
        write.mkdir(parents=True, exist_ok=True)
        for name in ("indicators", "rules", "activity"):
            getattr(found, name).to_csv(write / f"{name}.csv", index=False)
        out.print(f"{write}: indicators.csv, rules.csv, activity.csv")


@fraud_app.command("indicators", epilog="Example: credit fraud indicators")
def list_indicators() -> None:
    """List the indicators: what each says, and who looks at it."""
    from credit.features.fraud import indicators, users

    of = users()
    rows = [[one.name, one.label, one.unit, ", ".join(of[one.name])] for one in indicators()]
    print_table(f"{len(rows)} indicators", ["name", "what it says", "unit", "looked at by"], rows)


def _rows(table: pd.DataFrame) -> list[list[str]]:
    return [
        [f"{value:.4g}" if isinstance(value, float) else str(value) for value in row]
        for row in table.itertuples(index=False)
    ]
