"""Sign an artifact, and make the keys to sign it with."""

from __future__ import annotations

import os
from pathlib import Path

from credit.artifact.write import zip_files
from credit.errors import ArtifactError
from credit.runtime import load
from credit.runtime.files import MANIFEST, SIGNATURE, read
from credit.runtime.signature import PrivateKey, make_pair, signed_bytes, write_signature

PRIVATE, PUBLIC = "private.pem", "public.pem"


def make_keys(folder: str | Path) -> tuple[Path, Path]:
    """Write a new pair of keys to a new folder; return the private and the public file.

    The private one can be read by its owner alone. Nothing that is there is overwritten.

    Raises
    ------
    ArtifactError
        The folder exists and is not empty, cannot be written, or `cryptography` is absent.
    """
    folder = Path(folder)
    private, public = make_pair()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ArtifactError(
                f"{folder}: is not empty, and a key is never overwritten. Choose a new folder."
            )
        _write_new(folder / PRIVATE, private, 0o600)
        _write_new(folder / PUBLIC, public, 0o644)
    except OSError as error:
        raise ArtifactError(
            f"{folder}: no keys can be written there ({error.strerror})."
        ) from error
    return folder / PRIVATE, folder / PUBLIC


def sign(path: str | Path, key: PrivateKey, *, replace: bool = False) -> Path:
    """Sign an artifact, a folder or a zip, and return its path.

    Only the file ``manifest.ed25519`` is added: the artifact's hash stays what it was.

    Parameters
    ----------
    path : str or Path
    key : PrivateKey
    replace : bool, default=False
        Put the signature in the place of another key's.

    Raises
    ------
    ArtifactError
        The artifact is damaged, or another key has signed it.
    """
    path = Path(path)
    load(path)  # what is not sound is not signed
    files = read(path)
    signature = write_signature(key.sign(signed_bytes(files[MANIFEST])))
    if files.get(SIGNATURE) == signature:
        return path
    if SIGNATURE in files and not replace:
        raise ArtifactError(
            f"{path}: another key has signed it. Pass replace=True (--replace) to put this one's "
            "signature in its place."
        )
    files[SIGNATURE] = signature
    if path.is_dir():
        partial = path.with_name(f".{path.name}-{os.getpid()}")
        try:
            partial.write_bytes(signature)
            partial.replace(path / SIGNATURE)
        finally:
            partial.unlink(missing_ok=True)
    else:
        zip_files(files, path)
    return path


def _write_new(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
