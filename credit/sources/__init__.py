"""Readers that bring published data sets into the data contract, each file verified first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from credit.errors import DataError
from credit.sources import berka, credit_card_approval, german, taiwan
from credit.sources.registry import (
    DATA_SETS,
    DataFile,
    DataSet,
    FileCheck,
    data_set,
    require,
    verify,
    verify_data_set,
)
from credit.sources.tables import SourceTables

READERS: dict[str, Callable[[Path], SourceTables]] = {
    "berka": berka.read,
    "credit_card_approval": credit_card_approval.read,
    "german": german.read,
    "taiwan": taiwan.read,
}
"""Data sets that can be read into the data contract; the others can only be verified."""


def load(name: str, directory: Path | str) -> SourceTables:
    """Verify the files of a published data set, then read them into the data contract.

    Parameters
    ----------
    name : str
        Name of the data set, as in ``DATA_SETS``.
    directory : path
        The folder that holds its files, byte for byte as published.

    Returns
    -------
    SourceTables
        Its tables, its features, and notes on everything a user must be told.

    Raises
    ------
    DataError
        If the set is unknown or has no reader yet, or a file is missing or changed.
    SchemaError
        If a file does not hold what its documentation says.
    """
    record = data_set(name)
    if name not in READERS:
        raise DataError(
            f"{name}: {record.title} can be verified but not yet read into the data contract. "
            f"There are readers for {sorted(READERS)}; map the others in a pipeline file."
        )
    require(name, directory)
    return READERS[name](Path(directory))


__all__ = [
    "DATA_SETS",
    "READERS",
    "DataFile",
    "DataSet",
    "FileCheck",
    "SourceTables",
    "data_set",
    "load",
    "require",
    "verify",
    "verify_data_set",
]
