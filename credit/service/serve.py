"""Run the service: one process, or several that share a socket; stop and reload by signals."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from credit.errors import ConfigError
from credit.service.live import warmed
from credit.service.metrics import SHARED
from credit.service.options import ListenOptions, ServiceOptions

logger = logging.getLogger("credit.service")

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        name: {"handlers": ["stderr"], "level": "INFO", "propagate": False}
        for name in ("uvicorn", "credit.service")
    },
}
"""No line a request: what was asked and answered belongs in the decision log."""

Make = Callable[[ServiceOptions], Any]
"""Makes the application; a function that a new process can find by its name."""


class _Workers(Multiprocess):
    """Worker processes that reload by themselves: a signal to do so is passed on to each."""

    def handle_hup(self) -> None:
        for process in self.processes:
            if process.pid is not None:
                os.kill(process.pid, signal.SIGHUP)


class Made:
    """An application yet to be made, in this process or in another."""

    def __init__(self, make: Make, options: ServiceOptions) -> None:
        self._make, self._options = make, options

    def __call__(self) -> Any:
        """Make it."""
        return self._make(self._options)


def serve(make: Make, options: ServiceOptions, listen: ListenOptions) -> None:
    """Serve until SIGTERM or Ctrl-C; requests that have begun are answered first.

    Parameters
    ----------
    make : callable
        From ``options`` to the application, such as `credit.service.app.service`.
    options : ServiceOptions
    listen : ListenOptions

    Raises
    ------
    ConfigError
        The address cannot be listened at.
    ArtifactError
        An artifact cannot be loaded.
    """
    made = Made(make, options)
    if listen.workers == 1:
        app = made()  # here, so that what is wrong is said before anything listens
        made = lambda: app  # type: ignore[assignment]  # noqa: E731
    else:
        for path in filter(None, (options.artifact, options.challenger)):
            warmed(path, options.signed_by)
    with bound(listen) as sock, _quiet_end(), _shared_counts(listen.workers):
        config = _config(made, listen)
        scheme = "http" if listen.tls_certificate is None else "https"
        host, port = sock.getsockname()[:2]
        logger.info("serving at %s://%s:%s, %s process(es)", scheme, host, port, listen.workers)
        if listen.workers == 1:
            uvicorn.Server(config).run(sockets=[sock])
        else:
            _Workers(config, sockets=[sock]).run()


def _config(made: Callable[[], Any], listen: ListenOptions) -> uvicorn.Config:
    return uvicorn.Config(
        made,
        factory=True,
        host=listen.host,
        port=listen.port,
        workers=listen.workers,
        loop="asyncio" if sys.platform == "win32" else "uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=LOGGING,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=75,  # longer than a proxy's: it, not the service, ends what is idle
        timeout_graceful_shutdown=listen.grace_seconds,
        timeout_worker_healthcheck=60,  # a worker that still starts on a busy machine is not dead
        ssl_certfile=listen.tls_certificate,
        ssl_keyfile=listen.tls_key,
    )


@contextmanager
def bound(listen: ListenOptions) -> Iterator[socket.socket]:
    """Yield a socket that is bound to where the service listens.

    Raises
    ------
    ConfigError
        Somebody else listens there, or there is no such address here.
    """
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    with socket.socket(family) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((listen.host, listen.port))
        except OSError as error:
            raise ConfigError(
                f"--host {listen.host} --port {listen.port}: cannot listen there "
                f"({error.strerror or error}). Choose another port, or stop what listens there."
            ) from error
        sock.set_inheritable(True)
        yield sock


@contextmanager
def _quiet_end() -> Iterator[None]:
    """Let a service that was told to stop, and has, end with exit code 0."""
    old = {one: signal.signal(one, lambda *_: None) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in old.items():
            signal.signal(one, handler)


@contextmanager
def _shared_counts(workers: int) -> Iterator[None]:
    """Give several workers a folder in which each finds the counts of all."""
    if workers == 1:
        yield
        return
    folder = tempfile.mkdtemp(prefix="credit-counts-")
    os.environ[SHARED] = folder
    try:
        yield
    finally:
        del os.environ[SHARED]
        shutil.rmtree(Path(folder), ignore_errors=True)
