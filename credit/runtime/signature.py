"""Ed25519 keys: the one module that knows `cryptography` (the extra ``sign``), and only when asked.

Keys are PEM files: PKCS #8 without a passphrase for the private one, SubjectPublicKeyInfo for the
public one, as ``openssl genpkey -algorithm ed25519`` writes them. A signature is 64 bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from credit.errors import ArtifactError

_SIGNED_AS = b"credit artifact, manifest, format 1\n"
_SIGNATURE = re.compile(b"([0-9a-f]{128})\n")


def signed_bytes(manifest: bytes) -> bytes:
    """Return what the signature of an artifact is of: its manifest, under a name of its own.

    The name keeps a signature of something else from passing for one of an artifact.
    """
    return _SIGNED_AS + manifest


def write_signature(signature: bytes) -> bytes:
    """Return the content of ``manifest.ed25519``."""
    return signature.hex().encode() + b"\n"


def read_signature(content: bytes) -> bytes:
    """Return the signature in the content of ``manifest.ed25519``.

    Raises
    ------
    ArtifactError
        It is not one line of 128 lower-case hexadecimal digits.
    """
    if not (match := _SIGNATURE.fullmatch(content)):
        raise ArtifactError(
            "manifest.ed25519: must be one line of 128 lower-case hexadecimal digits; it was "
            "changed or damaged. Fetch the artifact again."
        )
    return bytes.fromhex(match[1].decode())


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Checks signatures."""

    _key: Any

    @classmethod
    def read(cls, source: PublicSource) -> PublicKey:
        """Return the key in a PEM file, or in its content; a key that was read is itself.

        Raises
        ------
        ArtifactError
            There is no such file, it holds no public Ed25519 key, or `cryptography` is absent.
        """
        if isinstance(source, PublicKey):
            return source
        ed25519, serialization = _cryptography()
        called, content = _content(source)
        try:
            key = serialization.load_pem_public_key(content)
        except Exception as error:  # cryptography raises many kinds
            raise _no_key(called, "public", "public.pem") from error
        if not isinstance(key, ed25519.Ed25519PublicKey):
            raise _no_key(called, "public", "public.pem")
        return cls(key)

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether ``signature`` is this key's of ``message``."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


PublicSource = PublicKey | str | Path | bytes
"""A public key, or its PEM: a file's path or content."""


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """Signs."""

    _key: Any

    @classmethod
    def read(cls, source: str | Path | bytes) -> PrivateKey:
        """Return the key in a PEM file, or in its content.

        Raises
        ------
        ArtifactError
            There is no such file, it holds no private Ed25519 key in the clear, or `cryptography`
            is absent.
        """
        ed25519, serialization = _cryptography()
        called, content = _content(source)
        try:
            key = serialization.load_pem_private_key(content, password=None)
        except Exception as error:  # cryptography raises many kinds
            raise _no_key(called, "private", "private.pem") from error
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            raise _no_key(called, "private", "private.pem")
        return cls(key)

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message: the same one each time."""
        return bytes(self._key.sign(message))

    @property
    def public(self) -> PublicKey:
        """The key that checks what this one signs."""
        return PublicKey(self._key.public_key())


def make_pair() -> tuple[bytes, bytes]:
    """Return a new private and public key, in PEM."""
    ed25519, serialization = _cryptography()
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, public


def _cryptography() -> tuple[ModuleType, ModuleType]:
    """Import what signs, or say how to get it: what must be signed is never taken on trust."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise ArtifactError(
            "a key was given, but signatures need the package cryptography, which is not "
            "installed: pip install 'credit[sign]', or leave the key out."
        ) from error
    return ed25519, serialization


def _content(source: str | Path | bytes) -> tuple[str, bytes]:
    if isinstance(source, bytes):
        return "the key given", source
    try:
        return str(source), Path(source).read_bytes()
    except OSError as error:
        raise ArtifactError(
            f"{source}: the key cannot be read ({error.strerror}). `credit keys FOLDER` makes a "
            "pair."
        ) from error


def _no_key(called: str, kind: str, file: str) -> ArtifactError:
    return ArtifactError(
        f"{called}: holds no {kind} Ed25519 key in PEM without a passphrase. Give the {file} of a "
        "pair; `credit keys FOLDER` makes one."
    )
