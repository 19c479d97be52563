"""`credit policy`: what holds on a day, what differs, whether a file is sound, one leaf in full."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Annotated

import typer
from rich.text import Text

from credit import policy
from credit.cli.show import out, print_table

policy_app = typer.Typer(
    help="Published numbers as dated, sourced data.", no_args_is_help=True
)  # fmt: skip

Name = Annotated[
    str, typer.Argument(help="A shipped policy, a TOML file, or several joined by '+'.")
]
Day = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="The day whose values hold; by default today."),
]


@policy_app.command(epilog="Example: credit policy show weilidai+cn-2026 --key comply")
def show(
    name: Name,
    on: Day = None,
    key: Annotated[str, typer.Option(help="Only keys that begin with this.")] = "",
) -> None:
    """Print every value in force on a day, with its unit, status and file."""
    held = policy.load(name).at(_day(on))
    leaves = [leaf for leaf in held.leaves.values() if leaf.key.startswith(key)]
    print_table(
        f"{held.policy} on {held.on}, {held.sha256[:12]}",
        ["key", "value", "unit", "status", "file"],
        [
            [leaf.key, written(leaf.value), leaf.unit, leaf.status, leaf.origin]
            for leaf in sorted(leaves, key=lambda leaf: leaf.key)
        ],
        rest="left",
    )


@policy_app.command(epilog="Example: credit policy diff weilidai weilidai+cn-2026 --on 2026-08-01")
def diff(
    before: Name,
    after: Name,
    on: Day = None,
    on2: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Another day for the second; by default the same."),
    ] = None,
) -> None:
    """Print the keys that differ between two policies, or between two days of one."""
    first, second = policy.load(before).at(_day(on)), policy.load(after).at(_day(on2 or on))
    rows = [
        [
            change.key,
            change.what,
            "-" if change.before is None else written(change.before.value),
            "-" if change.after is None else written(change.after.value),
        ]
        for change in policy.diff(first, second)
    ]
    title = f"{first.policy} on {first.on} -> {second.policy} on {second.on}"
    print_table(title, ["key", "what", "before", "after"], rows, rest="left")


@policy_app.command(epilog="Example: credit policy check house.toml")
def check(name: Name) -> None:
    """Load a policy; exit with 1 and a sentence for each leaf that may not be."""
    loaded = policy.load(name)
    out.print(
        Text(f"{loaded.name}: {len(loaded.keys)} keys, {len(loaded.leaves)} values, sound; "
             f"SHA-256 {loaded.sha256}"),
        soft_wrap=True,
    )  # fmt: skip


@policy_app.command(epilog="Example: credit policy explain weilidai+cn-2026 comply.apr_cap")
def explain(
    name: Name,
    key: Annotated[str, typer.Argument(help="A key, as `credit policy show` lists it.")],
) -> None:
    """Print one leaf in full: its versions, what else was published, why, and what reads it."""
    found = policy.explain(policy.load(name), key)
    for leaf in found.versions:
        rows = [
            ["value", written(leaf.value)],
            ["unit", leaf.unit],
            ["source", leaf.source],
            ["status", leaf.status],
            ["role", leaf.role],
            ["why", leaf.why],
            *(["published otherwise", f"{written(other['value'])} ({other['source']})"]
              for other in leaf.alternatives),
            ["file", leaf.origin],
        ]  # fmt: skip
        until = "" if leaf.effective_to is None else f", before {leaf.effective_to}"
        print_table(
            f"{key} from {leaf.effective_from}{until}", ["", "in the policy"],
            [row for row in rows if row[1]], rest="left",
        )  # fmt: skip
    readers = ", ".join(found.readers) or "no module names it"
    out.print(Text(f"read by: {readers}"), soft_wrap=True)


def written(value: object) -> str:
    """Return a value as one line: JSON, with days as a policy file writes them."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _day(on: datetime | None) -> date:
    return (on or datetime.now(tz=UTC)).date()
