"""`credit cost`: what a loan costs, item by item, or why it may not be made."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from credit.cli.show import out, print_table

cost_app = typer.Typer()


@cost_app.command(
    epilog="Example: credit cost --principal 10000 --months 12 --daily-rate 0.0005 "
    "--fee service=0.01@at_start"
)
def cost(
    principal: Annotated[str, typer.Option(help="Yuan.")],
    months: Annotated[int, typer.Option(help="Months until it is paid back.")],
    daily_rate: Annotated[
        float | None,
        typer.Option(help="Interest a day; without it, the policy's instalment plan."),
    ] = None,
    kind: Annotated[
        str, typer.Option(help="equal_instalments, equal_principal, interest_only or bullet.")
    ] = "equal_instalments",
    fee: Annotated[
        list[str] | None,
        typer.Option(
            help="CODE=SHARE@WAY: service, guarantee, insurance or channel; share of the "
            "principal; at_start, monthly or at_end. May be repeated."
        ),
    ] = None,
    policy: Annotated[str, typer.Option(help="Name or file of the policy.")] = "weilidai",
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of payout; today.")
    ] = None,
    cap: Annotated[
        float | None, typer.Option(help="A cap, where the policy has none: 0.24.")
    ] = None,
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Show what a loan costs a year, all in; refuse what is above the cap in force."""
    from credit.pipeline.cost import CostQuestion, cost_of

    question = CostQuestion(
        principal=principal, months=months, daily_rate=daily_rate, kind=kind,
        fees=tuple(fee or ()), policy=policy, on=on.date() if on else None, cap=cap,
    )  # fmt: skip
    answer = cost_of(question, language)
    if as_json:
        sys.stdout.write(json.dumps(answer.plain(), ensure_ascii=False, indent=2) + "\n")
        return
    print_table(
        f"paid out on {answer.on}",
        ["", "due", "to pay", "principal", "interest", "fee"],
        answer.instalments(),
    )
    print_table(
        "true cost",
        ["", "yuan", "when", "standard", "paid to"],
        [[row.name, row.amount, row.way, row.standard, row.payee] for row in answer.rows],
    )
    out.print(Text(answer.note), soft_wrap=True)
