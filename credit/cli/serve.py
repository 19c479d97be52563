"""`credit serve`: an artifact over HTTP."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from credit.errors import ConfigError

serve_app = typer.Typer()

KEY = "CREDIT_API_KEY"
"""Environment variable of the API key; an option would be seen in the list of processes."""


@serve_app.command(
    epilog="Example: credit serve runs/weilidai/latest/artifact-scorecard --log decisions"
)
def serve(
    artifact: Annotated[Path, typer.Argument(help="An artifact folder or zip.")],
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(help="Processes.")] = 1,
    challenger: Annotated[
        Path | None, typer.Option(help="An artifact that scores in the shadow.")
    ] = None,
    pipeline: Annotated[
        Path | None, typer.Option(help="A pipeline file: score raw events by its features.")
    ] = None,
    signed_by: Annotated[
        Path | None, typer.Option(help="Public key (PEM) that must have signed both.")
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="Folder of the decision log; made if absent.")
    ] = None,
    log_key: Annotated[
        Path | None, typer.Option(help="Private key (PEM) that signs its checkpoints.")
    ] = None,
    answer_unlogged: Annotated[
        bool, typer.Option("--answer-unlogged", help="Answer where the log fails; else 503.")
    ] = False,
    api_key_file: Annotated[
        Path | None, typer.Option(help=f"Keys, one a line; or one in ${KEY}.")
    ] = None,
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM file.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file.")] = None,
    max_body: Annotated[int, typer.Option(help="Most bytes of a request.")] = 2**20,
    max_rows: Annotated[int, typer.Option(help="Most rows of a request.")] = 1_000,
    reload_seconds: Annotated[
        float, typer.Option(help="How often the files are looked at; 0: on SIGHUP alone.")
    ] = 1.0,
    grace_seconds: Annotated[int, typer.Option(help="For what has begun, on SIGTERM.")] = 30,
) -> None:
    """Score over HTTP until SIGTERM; docs/service.md has the ways in and the limits."""
    try:
        from credit.service.app import service
        from credit.service.serve import serve as run
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"serve: the package {error.name!r} is not installed. Install the extra: "
            "pip install 'credit[serve]'."
        ) from error
    from credit.service.options import ListenOptions, ServiceOptions, read_keys

    options = ServiceOptions(
        artifact=artifact, challenger=challenger, pipeline=pipeline, signed_by=signed_by, log=log,
        log_key=log_key, answer_unlogged=answer_unlogged, max_body=max_body, max_rows=max_rows,
        reload_seconds=reload_seconds, api_keys=read_keys(os.environ.get(KEY), api_key_file),
    )  # fmt: skip
    listen = ListenOptions(
        host=host, port=port, workers=workers, tls_certificate=tls_certificate, tls_key=tls_key,
        grace_seconds=grace_seconds,
    )  # fmt: skip
    if pipeline is not None:
        from credit.pipeline.online import service_of_events

        run(service_of_events, options, listen)
    else:
        run(service, options, listen)
