"""What a service is asked to be: plain records, which a worker process can be given."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from credit.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptions:
    """What a service answers with, and what it refuses.

    Attributes
    ----------
    artifact, challenger : Path
        Folders or zips; the challenger scores in the shadow.
    pipeline : Path or None
        A pipeline file, where a person's own events are to be scored by its features.
    signed_by : Path or None
        PEM of a public key; then an artifact that it did not sign is refused.
    log : Path or None
        Folder of the decision log.
    log_key : Path or None
        PEM of the private key that signs its checkpoints.
    answer_unlogged : bool
        Answer even where the log cannot be written; else 503.
    api_keys : tuple of str
        Any of them opens every way but health and metrics; none of them leaves all open.
    max_body : int
        Most bytes of a request's body.
    max_rows : int
        Most rows of a request.
    body_seconds : float
        Longest that a body may take to arrive.
    reload_seconds : float
        How often the artifacts' files are looked at; 0 leaves reloading to SIGHUP.
    """

    artifact: Path
    challenger: Path | None = None
    pipeline: Path | None = None
    signed_by: Path | None = None
    log: Path | None = None
    log_key: Path | None = None
    answer_unlogged: bool = False
    api_keys: tuple[str, ...] = ()
    max_body: int = 2**20
    max_rows: int = 1_000
    body_seconds: float = 10.0
    reload_seconds: float = 1.0

    def __post_init__(self) -> None:
        for name, least in (("max_body", 1), ("max_rows", 1), ("reload_seconds", 0)):
            if getattr(self, name) < least:
                raise ConfigError(f"{name} must be at least {least}, got {getattr(self, name)}.")
        if self.log is None and (self.log_key is not None or self.answer_unlogged):
            raise ConfigError("--log-key and --answer-unlogged need --log: say where the log is.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenOptions:
    """Where a service listens, and with how many processes.

    Attributes
    ----------
    host : str
    port : int
        0 lets the system choose one.
    workers : int
    tls_certificate, tls_key : Path or None
        PEM files; both or none.
    grace_seconds : int
        How long requests may go on once the service is told to stop.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    grace_seconds: int = 30

    def __post_init__(self) -> None:
        if not 0 <= self.port < 65_536:
            raise ConfigError(f"--port must be from 0 to 65535, got {self.port}.")
        if self.workers < 1:
            raise ConfigError(f"--workers must be at least 1, got {self.workers}.")
        if self.grace_seconds < 0:
            raise ConfigError(f"--grace-seconds must be at least 0, got {self.grace_seconds}.")
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ConfigError("--tls-certificate and --tls-key go together: give both or none.")
        if self.tls_certificate is None or self.tls_key is None:
            return
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                self.tls_certificate, self.tls_key
            )
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"--tls-certificate {str(self.tls_certificate)!r}: cannot be used with --tls-key "
                f"({error}). Give a certificate and its own key, both PEM files."
            ) from error


def read_keys(variable: str | None, file: Path | None) -> tuple[str, ...]:
    """Return the API keys of an environment variable, or of a file with one a line.

    Raises
    ------
    ConfigError
        Both are given, the file cannot be read, or a key is short or not plain ASCII.
    """
    if variable and file:
        raise ConfigError("--api-key-file and CREDIT_API_KEY: give one of them.")
    text = variable or ""
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"--api-key-file {str(file)!r}: cannot be read ({type(error).__name__})."
            ) from error
    keys = tuple(line.strip() for line in text.splitlines() if line.strip())
    if (file is not None or variable) and not keys:
        raise ConfigError("the API key is empty. Write one key a line, or leave the option out.")
    if any(len(key) < 16 or not key.isascii() or not key.isprintable() for key in keys):
        raise ConfigError("an API key needs at least 16 printable ASCII characters.")
    return keys
