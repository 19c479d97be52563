"""`credit log` and `credit replay`: what was decided, verified, erased and decided again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from credit.cli.show import err, out, print_table

log_app = typer.Typer(help="The decision log: verify it, erase a person's values.",
                      no_args_is_help=True)  # fmt: skip
replay_app = typer.Typer()

Folder = Annotated[Path, typer.Argument(help="The folder that a service logs to.")]


@log_app.command("verify", epilog="Example: credit log verify decisions --key keys/public.pem")
def verify(
    folder: Folder,
    key: Annotated[
        Path | None,
        typer.Option(help="Public key: every chain must have checkpoints signed by it."),
    ] = None,
    checkpoints: Annotated[
        Path | None, typer.Option(help="A folder with copies of checkpoints, kept elsewhere.")
    ] = None,
) -> None:
    """Check every line, link, value and checkpoint; exit with 1 at the first fault."""
    from credit.service.log import verify as verify_log

    found = verify_log(folder, key, checkpoints=checkpoints)
    _print_counts(
        f"{folder}",
        {
            "chains": found.chains,
            "decisions": found.decisions,
            "of these, values erased": found.erased,
            "covered by a checkpoint": found.covered,
            "checkpoints": found.checkpoints,
            "torn or failed ends cut off": found.cuts,
            "decisions refused there": found.refused,
        },
    )
    if found.fault is not None:
        _print_fault(str(found.fault))
        raise typer.Exit(code=1)


@log_app.command("erase", epilog="Example: credit log erase decisions --subject p17")
def erase(
    folder: Folder,
    subject: Annotated[str, typer.Option(help="Whose values, as the requests named them.")],
    key: Annotated[
        Path | None, typer.Option(help="Private key, where the log is kept with one.")
    ] = None,
) -> None:
    """Erase the values of every decision on a person; the chain stays whole."""
    from credit.runtime.signature import PrivateKey
    from credit.service.log import erase as erase_values

    signer = None if key is None else PrivateKey.read(key)
    done = erase_values(folder, subject, signer)
    out.print(
        Text(
            f"{folder}: values of {done.decisions:,} decision(s) erased in {done.files:,} file(s)"
        ),
        soft_wrap=True,
    )
    if not done.decisions:
        err.print(Text(f"no values of {subject!r} are there"), soft_wrap=True)
        raise typer.Exit(code=1)


@replay_app.command(epilog="Example: credit replay decisions --artifact champion.zip")
def replay(
    folder: Folder,
    artifact: Annotated[
        list[Path], typer.Option(help="An artifact that decided; may be repeated.")
    ],
    request: Annotated[
        str | None, typer.Option(help="Id of one request; else all are decided again.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="Public key that must have signed the artifacts.")
    ] = None,
) -> None:
    """Score logged decisions again; exit with 1 where one comes out otherwise, or cannot be."""
    from credit.service.log import replay as replay_log

    found = replay_log(folder, artifact, key, request=request)
    _print_counts(
        f"{folder}",
        {
            "decisions": found.decisions,
            "equal": found.equal,
            "different": found.different,
            "values erased": found.erased,
            "by an artifact not given": found.unknown,
        },
    )
    for one in found.differences:
        _print_fault(str(one))
    if found.fault is not None:
        _print_fault(str(found.fault))
    unanswered = request is not None and found.erased > 0
    if found.fault is not None or found.different or found.unknown or unanswered:
        raise typer.Exit(code=1)


def _print_counts(title: str, counts: dict[str, int]) -> None:
    print_table(title, ["", "count"], [[name, f"{count:,}"] for name, count in counts.items()])


def _print_fault(sentence: str) -> None:
    err.print(Text(sentence, style="red"), soft_wrap=True)
