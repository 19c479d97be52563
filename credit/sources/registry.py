"""The published data sets this package knows: origin, licence, citation, files and hashes.

No data set travels with the package. A user brings the files; here stand the sizes and
SHA-256 sums they must have, and where they come from.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from credit.errors import DataError, nearest

Status = Literal["ok", "missing", "changed"]

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """One file of a data set: its name, its bytes, and a public copy of exactly these bytes."""

    name: str
    size: int
    sha256: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A published data set.

    Attributes
    ----------
    name : str
        Name of the set, and of its folder.
    title, origin, url, licence, citation : str
        What it is, who published it, the page of its origin, its terms, how to cite it.
    rows, target : str
        In words: how much there is, and what is to be predicted.
    files : tuple of DataFile
        Every file that must be there, byte for byte.
    """

    name: str
    title: str
    origin: str
    url: str
    licence: str
    citation: str
    rows: str
    target: str
    files: tuple[DataFile, ...]

    def file(self, name: str) -> DataFile:
        """Return the record of the file called ``name``."""
        return next(file for file in self.files if file.name == name)


def _data_set(name: str, entry: dict[str, Any]) -> DataSet:
    """Build the record of one set from its entry in ``data_sets.toml``."""
    words = {key: value for key, value in entry.items() if key != "files"}
    return DataSet(name=name, files=tuple(DataFile(**file) for file in entry["files"]), **words)


DATA_SETS: dict[str, DataSet] = {
    name: _data_set(name, entry)
    for name, entry in tomllib.loads(
        files("credit.sources").joinpath("data_sets.toml").read_text("utf-8")
    ).items()
}
"""Every published data set this package knows, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCheck:
    """One file of a data set, as it should be and as it is.

    ``expected`` and ``found`` are SHA-256 sums in hexadecimal; ``found`` is empty where the
    file is missing.
    """

    data_set: str
    file: str
    expected: str
    found: str
    status: Status


def data_set(name: str) -> DataSet:
    """Return the record of data set ``name``, or name the closest one.

    Raises
    ------
    DataError
        If no data set has this name.
    """
    if name not in DATA_SETS:
        raise DataError(
            f"no data set {name!r} is known.{nearest(name, DATA_SETS)} "
            f"Known are {sorted(DATA_SETS)}."
        )
    return DATA_SETS[name]


def verify(directory: Path | str) -> list[FileCheck]:
    """Compare every file of every data set with its recorded SHA-256.

    Parameters
    ----------
    directory : path
        The folder that holds one folder a data set, each called by the data set's name.

    Returns
    -------
    list of FileCheck
        One row a file, in the registry's order; nothing is raised for a missing or changed
        file, so that a whole folder can be looked at at once.
    """
    root = Path(directory)
    return [row for name in DATA_SETS for row in verify_data_set(name, root / name)]


def verify_data_set(name: str, directory: Path | str) -> list[FileCheck]:
    """Compare the files of one data set, which lie in ``directory``, with their SHA-256."""
    return list(_checks(data_set(name), Path(directory)))


def require(name: str, directory: Path | str) -> DataSet:
    """Return the record of data set ``name`` once all its files are there and unchanged.

    Raises
    ------
    DataError
        For the first file that is missing or whose SHA-256 differs; the sentence names the
        file, what was expected, what was found, and the way out.
    """
    record = data_set(name)
    folder = Path(directory)
    for row in _checks(record, folder):
        file = record.file(row.file)
        if row.status == "missing":
            raise DataError(
                f"{name}: no file {row.file!r} in {folder}.{_inner_folder(record, folder)} "
                f"Expected are {[each.name for each in record.files]}. Get it from {file.source} "
                f"({record.url}); `credit data list` says more."
            )
        if row.status == "changed":
            raise DataError(
                f"{name}: {row.file!r} is not the published file: SHA-256 {row.expected} "
                f"({file.size:,} bytes) expected, {row.found} "
                f"({(folder / row.file).stat().st_size:,} bytes) found. Replace it by the bytes "
                f"of {file.source}; an edited copy is a table of your own, to be mapped in a "
                "pipeline file."
            )
    return record


def _checks(record: DataSet, folder: Path) -> Iterator[FileCheck]:
    for file in record.files:
        path = folder / file.name
        found = _sha256(path) if path.is_file() else ""
        status: Status = "missing" if not found else "ok" if found == file.sha256 else "changed"
        yield FileCheck(
            data_set=record.name, file=file.name, expected=file.sha256, found=found, status=status
        )


def _inner_folder(record: DataSet, folder: Path) -> str:
    """Return a hint where the folder of all data sets was given instead of one of them."""
    inner = folder / record.name
    return f" Did you mean {str(inner)!r}?" if inner.is_dir() else ""


def _sha256(path: Path) -> str:
    """Return the SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()
