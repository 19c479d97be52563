"""The files of an artifact as bytes: size limits first, then the manifest's hash, then every hash.

An artifact is a folder, or that folder zipped. Nothing is unpacked to disk and nothing is
parsed before its SHA-256 hash is checked. ``manifest.json`` states the size and hash of every
other file; ``manifest.sha256`` (one line in the form of ``sha256sum``) states its own, and
``manifest.ed25519``, where the artifact is signed, its signature.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from credit.errors import ArtifactError
from credit.runtime.signature import PublicKey, read_signature, signed_bytes

MANIFEST = "manifest.json"
SEAL = "manifest.sha256"
SIGNATURE = "manifest.ed25519"

_BESIDE = frozenset({MANIFEST, SEAL, SIGNATURE})  # what the manifest does not name

MAX_FILES = 64
"""Most files in an artifact."""

MAX_MANIFEST_BYTES = 8 * 2**20
"""Largest manifest (and seal, and signature)."""

MAX_FILE_BYTES = 256 * 2**20
"""Largest single file."""

MAX_TOTAL_BYTES = 512 * 2**20
"""Largest artifact, unpacked."""

# What zipfile raises on a damaged, encrypted or exotic archive.
_ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, IndexError, NotImplementedError,
    OSError, OverflowError, RuntimeError, ValueError,
)  # fmt: skip


def seal(manifest: bytes) -> bytes:
    """Return the content of ``manifest.sha256``; ``sha256sum -c manifest.sha256`` reads it."""
    return f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n".encode()


def read(path: Path | bytes) -> dict[str, bytes]:
    """Return name -> content of every file of an artifact, within the limits.

    ``path`` is its folder, its zip file, or what the zip file holds.

    Raises
    ------
    ArtifactError
        Nothing there, neither folder nor zip, a folder inside, too many or too large files.
    """
    if isinstance(path, bytes):
        return _read_zip(io.BytesIO(path), "the bytes given")
    if path.is_dir():
        return _read_folder(path)
    if path.is_file():
        return _read_zip(path, path.name)
    raise ArtifactError(f"{path}: there is no artifact. Give the path of its folder or .zip file.")


def check_seal(files: Mapping[str, bytes], called: str) -> None:
    """Refuse an artifact without manifest and seal, or whose manifest was changed."""
    for name in (MANIFEST, SEAL):
        if name not in files:
            raise ArtifactError(
                f"{called}: the file {name} is missing. Either this is no artifact, or it was "
                "copied in part: copy the whole folder."
            )
    if files[SEAL] != seal(files[MANIFEST]):
        raise ArtifactError(
            f"{MANIFEST}: its SHA-256 hash is not the one in {SEAL}; one of the two was changed "
            "or damaged. Fetch the artifact again."
        )


def check_signature(files: Mapping[str, bytes], key: PublicKey | None) -> None:
    """Refuse a signature that is none; with a key, whatever that key did not sign."""
    if SIGNATURE not in files:
        if key is not None:
            raise ArtifactError(
                f"{SIGNATURE}: the file is missing, so the artifact is not signed, and a key was "
                "given. Sign it with `credit sign`, or ask who made it."
            )
        return
    signature = read_signature(files[SIGNATURE])
    if key is not None and not key.signed(signed_bytes(files[MANIFEST]), signature):
        raise ArtifactError(
            f"{SIGNATURE}: the key given did not sign this {MANIFEST}. Either the artifact was "
            "changed, or another key signed it: ask who made it, and do not score with it."
        )


def check_files(files: Mapping[str, bytes], stated: Mapping[str, tuple[int, str]]) -> None:
    """Compare every file with the (size, SHA-256) that the manifest states for it."""
    for name in sorted(stated.keys() - files.keys()):
        raise ArtifactError(
            f"{name}: the file is missing; {MANIFEST} names it. Copy the whole artifact."
        )
    for name in sorted(files.keys() - stated.keys() - _BESIDE):
        raise ArtifactError(
            f"{name}: the file is not named in {MANIFEST}. An artifact holds its own files only; "
            "move this one elsewhere."
        )
    for name, (size, digest) in stated.items():
        if len(files[name]) != size:
            raise ArtifactError(
                f"{name}: {len(files[name])} bytes, but {MANIFEST} states {size}; the file was "
                "changed or cut short. Fetch the artifact again."
            )
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise ArtifactError(
                f"{name}: its SHA-256 hash is not the one in {MANIFEST}; the file was changed or "
                "damaged. Fetch the artifact again."
            )


def _read_folder(folder: Path) -> dict[str, bytes]:
    entries = sorted(folder.iterdir())
    _check_count(len(entries))
    for entry in entries:
        if not entry.is_file():
            raise ArtifactError(
                f"{entry.name}: not a plain file. An artifact has no folders inside; move this "
                "one elsewhere."
            )
    sizes = {entry.name: entry.stat().st_size for entry in entries}
    return _read_all(sizes, lambda name: (folder / name).open("rb"))


def _read_zip(source: Path | IO[bytes], called: str) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(source) as archive:
            return _read_members(archive, called)
    except ArtifactError:
        raise
    except _ZIP_ERRORS as error:
        raise ArtifactError(
            f"{called}: not a readable zip file ({error}). Fetch the artifact again, or give "
            "the path of its folder."
        ) from error


def _read_members(archive: zipfile.ZipFile, called: str) -> dict[str, bytes]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    _check_count(len(members))
    names = _inner_names([member.filename for member in members])
    by_name = dict(zip(names, members, strict=True))
    if len(by_name) != len(members):
        raise ArtifactError(f"{called}: the zip holds two files of the same name.")
    sizes = {name: member.file_size for name, member in by_name.items()}
    return _read_all(sizes, lambda name: archive.open(by_name[name]))


def _inner_names(names: list[str]) -> list[str]:
    """Drop the one folder that holds everything, where a folder itself was zipped."""
    heads = {name.partition("/")[0] for name in names}
    if len(heads) == 1 and all("/" in name for name in names):
        names = [name.partition("/")[2] for name in names]
    for name in names:
        if "/" in name or "\\" in name:
            raise ArtifactError(
                f"{name}: the zip holds folders. An artifact has none inside: zip the artifact "
                "alone."
            )
    return names


def _check_count(count: int) -> None:
    if count > MAX_FILES:
        raise ArtifactError(f"{count} files are too many for an artifact: at most {MAX_FILES}.")


def _read_all(sizes: Mapping[str, int], open_file: Callable[[str], IO[bytes]]) -> dict[str, bytes]:
    """Read each file to its limit and no further, whatever size its header claims."""
    total = sum(sizes.values())
    if total > MAX_TOTAL_BYTES:
        raise ArtifactError(
            f"{total} bytes are too many for an artifact: at most {MAX_TOTAL_BYTES}."
        )
    result = {}
    for name, size in sizes.items():
        limit = MAX_MANIFEST_BYTES if name in _BESIDE else MAX_FILE_BYTES
        if size > limit:
            raise ArtifactError(f"{name}: {size} bytes are too many: at most {limit}.")
        with open_file(name) as stream:
            content = stream.read(size + 1)
        if len(content) != size:
            raise ArtifactError(f"{name}: its size changed while it was read. Read it again.")
        result[name] = content
    return result
