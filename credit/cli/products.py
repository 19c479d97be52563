"""`credit products`: what each shipped product would decide about one person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from credit.cli.show import out, print_table

products_app = typer.Typer(help="Products side by side.", no_args_is_help=True)


@products_app.callback()
def _root() -> None:
    """Products side by side."""


@products_app.command(
    epilog="Example: credit products compare docs/examples/case.json --amount 8000 --page page.html"
)
def compare(
    case: Annotated[Path, typer.Argument(help="A case as JSON: see docs/decide.md.")],
    artifact: Annotated[
        Path | None, typer.Option(help="The artifact that scores the case's features.")
    ] = None,
    policy_overlay: Annotated[
        str, typer.Option(help="Law or file laid over every product; '' for none.")
    ] = "cn-2026",
    amount: Annotated[str | None, typer.Option(help="Yuan wanted, over 12 months.")] = None,
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the table (.csv).")
    ] = None,
    page: Annotated[
        Path | None, typer.Option(help="Write a page with the picture (.html).")
    ] = None,
) -> None:
    """Compare limit, price, true cost, time and data of every product; say why one is refused."""
    from credit.pipeline.pages.products import refusals, tables, write_products
    from credit.pipeline.products import compare_file, require_outputs, write_table

    require_outputs(table=output, page=page)
    found = compare_file(
        case, artifact=artifact, law=policy_overlay, amount=amount, language=language
    )
    if output is not None:
        write_table(output, found)
    if page is not None:
        write_products(page, found, language)
    for table in tables(found, "zh" if language == "zh" else "en"):
        print_table(table.title, table.columns, table.rows, rest="left")
    for sentence in refusals(found, "zh" if language == "zh" else "en"):
        out.print(Text(sentence), soft_wrap=True)
