"""Certificates of one federated run: an authority that lives as long as the run.

The authority's private key never touches the disk and is forgotten when the certificates are
made, so nobody can add a party later. Keys are on P-256 and files readable by their owner only.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from credit.errors import FederatedError

LIFETIME = dt.timedelta(hours=24)
"""A run may not take longer."""

SKEW = dt.timedelta(minutes=5)
"""How far the clocks of two machines may differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What one side of a connection holds: PEM files.

    Attributes
    ----------
    authority : Path
        Certificate of the run's authority: who is signed by it is trusted.
    certificate, key : Path
        Its own certificate, and the private key of it.
    """

    authority: Path
    certificate: Path
    key: Path

    def require(self) -> None:
        """Refuse to go on without all three: nothing is ever sent in the clear.

        Raises
        ------
        FederatedError
            A file is absent or empty.
        """
        for path in (self.authority, self.certificate, self.key):
            if not path.is_file() or not path.stat().st_size:
                raise FederatedError(
                    f"{path}: no such certificate or key. Parties talk over mutual TLS or not at "
                    "all; `credit federated train` makes the certificates of a run itself."
                )


def make_identities(folder: Path, parties: int) -> tuple[Identity, list[Identity]]:
    """Make the certificates of a run: for the server, and for each party by rank.

    Parameters
    ----------
    folder : Path
        Gets a folder for each of them, readable by the owner only.
    parties : int

    Raises
    ------
    FederatedError
        `cryptography` (the extra ``sign``) is not installed.
    """
    authority = _Authority.new()
    server = authority.identity(folder / "server", "server", hosts=("localhost", "127.0.0.1"))
    return server, [
        authority.identity(folder / f"party-{rank}", f"party-{rank}") for rank in range(parties)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Authority:
    """Signs the certificates of one run."""

    made_at: dt.datetime
    certificate: Any
    key: Any = field(repr=False)

    @classmethod
    def new(cls) -> _Authority:
        x509, primitives, ec = _cryptography()
        made_at = dt.datetime.now(dt.UTC)
        key = ec.generate_private_key(ec.SECP256R1())
        # A name of its own for every run, so that one run's authority never passes for another's.
        name = _name(x509, f"credit federated run {x509.random_serial_number():x}"[:64])
        certificate = (
            _builder(x509, name, name, key.public_key(), made_at)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, primitives.hashes.SHA256())
        )
        return cls(made_at=made_at, certificate=certificate, key=key)

    def identity(self, folder: Path, name: str, hosts: Sequence[str] = ()) -> Identity:
        """Sign a new key: a server's where it has hosts, else a client's. Write it to a folder."""
        x509, primitives, ec = _cryptography()
        usage = x509.oid.ExtendedKeyUsageOID
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self.certificate.subject
        unsigned = (
            _builder(x509, _name(x509, name), issuer, key.public_key(), self.made_at)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([usage.SERVER_AUTH if hosts else usage.CLIENT_AUTH]),
                critical=True,
            )
        )
        if hosts:
            names = [_general_name(x509, host) for host in hosts]
            unsigned = unsigned.add_extension(x509.SubjectAlternativeName(names), critical=False)
        signed = unsigned.sign(self.key, primitives.hashes.SHA256())
        serialization = primitives.serialization
        pem = serialization.Encoding.PEM
        folder.mkdir(mode=0o700, parents=True)
        made = Identity(
            authority=folder / "authority.pem",
            certificate=folder / "certificate.pem",
            key=folder / "key.pem",
        )
        _write(made.authority, self.certificate.public_bytes(pem))
        _write(made.certificate, signed.public_bytes(pem))
        private = serialization.PrivateFormat.PKCS8
        _write(made.key, key.private_bytes(pem, private, serialization.NoEncryption()))
        return made


def _builder(x509: ModuleType, subject: Any, issuer: Any, public: Any, made_at: dt.datetime) -> Any:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(made_at - SKEW)
        .not_valid_after(made_at + LIFETIME)
    )


def _name(x509: ModuleType, text: str) -> Any:
    return x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, text)])


def _general_name(x509: ModuleType, host: str) -> Any:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(path: Path, content: bytes) -> None:
    """Write a new file that only its owner may ever read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _cryptography() -> tuple[ModuleType, ModuleType, ModuleType]:
    try:
        from cryptography import x509
        from cryptography.hazmat import primitives
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: F401 - loads them
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise FederatedError(
            "certificates need the package cryptography, which is not installed: "
            "pip install 'credit[sign]'. Without them parties do not talk."
        ) from error
    return x509, primitives, ec
