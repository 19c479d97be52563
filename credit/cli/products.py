"""`credit products`: what each shipped product would decide about one person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from credit.cli.show import Quiet, out, print_table, progress_bars
from credit.errors import ConfigError

if TYPE_CHECKING:
    from credit.pipeline.stated import FromTables

products_app = typer.Typer(help="Products side by side.", no_args_is_help=True)


@products_app.callback()
def _root() -> None:
    """Products side by side."""


@products_app.command(
    epilog="Example: credit products compare docs/examples/case.json --amount 8000 --page page.html"
)
def compare(
    case: Annotated[Path | None, typer.Argument(help="A case as JSON: see docs/decide.md.")] = None,
    tables: Annotated[
        Path | None, typer.Option(help="A folder of tables, with --person, in place of a case.")
    ] = None,
    person: Annotated[str | None, typer.Option(help="Who in the tables: the customer_id.")] = None,
    application: Annotated[
        str | None, typer.Option(help="Which application, where the person has several.")
    ] = None,
    score: Annotated[
        list[str] | None,
        typer.Option(help="NAME=POINTS that others give the person; may be repeated."),
    ] = None,
    artifact: Annotated[
        Path | None, typer.Option(help="The artifact that scores the features.")
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option(help="Rows to take the person's features from, built if left out."),
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
    quiet: Quiet = False,
) -> None:
    """Compare limit, price, true cost, time and data of every product; say why one is refused.

    Of a CASE, or of a person of a folder: credit products compare --tables DIR --person ID.
    """
    from credit.pipeline.flat import require_file
    from credit.pipeline.pages.products import refusals, write_products
    from credit.pipeline.pages.products import tables as printed
    from credit.pipeline.products import (
        compare_file,
        compare_person,
        write_table,
    )

    require_file(output, "--output", ".csv")
    require_file(page, "--page", ".html")
    asked = _asked(case, tables, person, application=application, score=score, rows=rows)
    words: dict[str, Any] = {
        "artifact": artifact,
        "law": policy_overlay,
        "amount": amount,
        "language": language,
    }
    with progress_bars(quiet=quiet) as progress:
        if isinstance(asked, Path):
            found = compare_file(asked, **words)
        else:
            found = compare_person(asked, **words, progress=progress)
    if output is not None:
        write_table(output, found)
    if page is not None:
        write_products(page, found, language)
    for table in printed(found, "zh" if language == "zh" else "en"):
        print_table(table.title, table.columns, table.rows, rest="left")
    for sentence in refusals(found, "zh" if language == "zh" else "en"):
        out.print(Text(sentence), soft_wrap=True)


@products_app.command(
    epilog="Example: credit products presets pipelines/weilidai.toml --plot presets.svg"
)
def presets(
    pipeline: Annotated[Path, typer.Argument(help="A pipeline file.")],
    data: Annotated[Path | None, typer.Option(help="Folder of the data.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write every figure (.csv).")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--plot", help="Draw ranking and influence (.svg, .png).")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Compare the weights that wechat, bank and alipay would give: AUC, and what moves a score."""
    from credit.pipeline.flat import require_file
    from credit.pipeline.presets import presets_of, tables, write_presets

    require_file(output, "--output", ".csv")
    require_file(picture, "--plot", ".svg", ".png")
    with progress_bars(quiet=quiet) as progress:
        found = presets_of(pipeline, data=data, progress=progress)
    write_presets(found, table=output, picture=picture)
    for table in tables(found):
        print_table(table.title, table.columns, table.rows)


def _asked(
    case: Path | None,
    tables: Path | None,
    person: str | None,
    *,
    application: str | None,
    score: list[str] | None,
    rows: Path | None,
) -> Path | FromTables:
    """Return for whom products are compared: a case, or a person of tables."""
    from credit.pipeline.stated import FromTables, read_scores

    if (tables is None) != (person is None):
        raise ConfigError("--tables and --person: give both, or a CASE.")
    if tables is not None and person is not None:
        if case is not None:
            raise ConfigError(
                f"CASE {str(case)!r} and --person {person!r} exclude each other: a case says "
                "everything itself. Leave one of them out."
            )
        return FromTables(
            tables=tables, person=person, application=application,
            scores=read_scores(score or ()), rows=rows,
        )  # fmt: skip
    if case is None:
        raise ConfigError("for whom? Give a CASE, or --tables and --person.")
    for option, given in (("application", application), ("score", score), ("rows", rows)):
        if given:
            raise ConfigError(f"--{option}: a CASE says it itself; it goes with --person.")
    return case
