"""`credit decide` and `credit appeal`: one person's case, decided and decided again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from credit.cli.show import out, print_table
from credit.errors import ConfigError

decide_app = typer.Typer()

Artifact = Annotated[
    Path | None, typer.Option(help="The artifact that scores the case's features.")
]
Language = Annotated[str, typer.Option(help="en or zh.")]
Page = Annotated[Path | None, typer.Option(help="Write the person's page (.html).")]


@decide_app.command(
    epilog="Example: credit decide docs/examples/case.json --page decision.html -o decision.json"
)
def decide(
    case: Annotated[Path, typer.Argument(help="A case as JSON: see docs/decide.md.")],
    artifact: Artifact = None,
    rows: Annotated[
        Path | None, typer.Option(help="Rows of features, CSV or Parquet, with --person.")
    ] = None,
    person: Annotated[str | None, typer.Option(help="Whose row: the customer_id.")] = None,
    policy: Annotated[str, typer.Option(help="Policy with its overlays.")] = "weilidai+cn-2026",
    language: Language = "en",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write case and decision (.json).")
    ] = None,
    page: Page = None,
) -> None:
    """Decide one case: outcome, limit and price step by step, reasons, what would change it."""
    from credit.pipeline.case_file import FromRows
    from credit.pipeline.decide import decide_file
    from credit.pipeline.pages.person import write_decision

    if (rows is None) != (person is None):
        raise ConfigError("--rows and --person: give both, or neither.")
    features = None
    if rows is not None and person is not None:
        features = FromRows(rows=rows, person=person)
    decided = decide_file(
        case, artifact=artifact, rules=policy, language=language, features=features
    )
    write_decision(decided, decision=output, page=page, language=language)
    for part in decided.parts:
        out.print(Text(getattr(part.title, language), style="bold"))
        for line in part.lines:
            out.print(Text(f"  {getattr(line, language)}"), soft_wrap=True)


@decide_app.command(
    epilog="Example: credit appeal decision.json --evidence docs/examples/evidence.json"
)
def appeal(
    decision: Annotated[Path, typer.Argument(help="What credit decide -o wrote.")],
    evidence: Annotated[
        Path, typer.Option(help="JSON laid over the case: corrected facts, new documents.")
    ],
    artifact: Artifact = None,
    language: Language = "en",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the new decision (.json).")
    ] = None,
    page: Page = None,
) -> None:
    """Decide again with new evidence, and show what it changes; a person rules on the appeal."""
    from credit.pipeline.appeal import appeal_file
    from credit.pipeline.pages.person import write_decision

    found = appeal_file(decision, evidence, artifact=artifact, language=language)
    write_decision(
        found.after, decision=output, page=page, language=language, changes=found.changes
    )
    rows = [[one.what, one.before, one.after] for one in found.changes]
    if rows:
        print_table("what the evidence changes", ["", "before", "after"], rows)
    else:
        out.print("The evidence changes nothing in the decision.")
    for line in found.after.parts[0].lines:
        out.print(Text(getattr(line, language)), soft_wrap=True)
