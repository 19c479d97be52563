"""`credit keys`, `credit sign` and `credit verify`: who made an artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from credit.cli.show import out

sign_app = typer.Typer()

Artifact = Annotated[Path, typer.Argument(help="An artifact folder or zip.")]


@sign_app.command(epilog="Example: credit keys keys")
def keys(
    folder: Annotated[Path, typer.Argument(help="A new folder for the two files.")],
) -> None:
    """Make a pair of Ed25519 keys: one to sign with, which stays secret, and one to check with."""
    from credit.artifact.sign import make_keys

    private, public = make_keys(folder)
    out.print(Text(f"{private}: signs; only you can read it, and no copy of it is needed to check"),
              soft_wrap=True)  # fmt: skip
    out.print(Text(f"{public}: checks; give it to whoever loads what you sign"), soft_wrap=True)


@sign_app.command(epilog="Example: credit sign champion --key keys/private.pem")
def sign(
    artifact: Artifact,
    key: Annotated[Path, typer.Option(help="The private key.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Even where another key has signed it.")
    ] = False,
) -> None:
    """Sign an artifact: adds manifest.ed25519 to it and changes nothing else."""
    from credit.artifact.sign import sign as sign_artifact
    from credit.runtime.signature import PrivateKey

    sign_artifact(artifact, PrivateKey.read(key), replace=replace)
    out.print(Text(f"{artifact}: signed"), soft_wrap=True)


@sign_app.command(epilog="Example: credit verify champion --key keys/public.pem")
def verify(
    artifact: Artifact,
    key: Annotated[Path, typer.Option(help="The public key of who should have signed it.")],
) -> None:
    """Load an artifact only if that key has signed it; exit with 1 otherwise."""
    from credit.runtime import load

    scorer = load(artifact, key=key)
    out.print(
        Text(f"{artifact}: signed by {key}, whole and sound; {scorer.kind} of "
             f"{len(scorer.features)} features"),
        soft_wrap=True,
    )  # fmt: skip
