"""Columns of the whole population in files, so that memory holds one at a time.

What is summed over people is summed slab by slab: a population of one slab gives the bits that
one sum over all of it gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from credit.world.options import Flags, Floats

SLAB = 1 << 18
"""People a slab: the temporaries of the widest step then take 100 MB."""


def slabs(people: int) -> Iterator[slice]:
    """Yield slices that cover ``people`` rows in order."""
    for first in range(0, people, SLAB):
        yield slice(first, min(first + SLAB, people))


@dataclass(frozen=True, slots=True)
class Spill:
    """Columns that grow at their end, one file each, in a folder of their own."""

    folder: Path
    kinds: dict[str, np.dtype[Any]] = field(default_factory=dict)

    def append(self, name: str, values: npt.NDArray[Any]) -> None:
        """Write values after those that column ``name`` has."""
        self.kinds.setdefault(name, values.dtype)
        with self._path(name).open("ab") as file:
            values.astype(self.kinds[name], copy=False).tofile(file)

    def column(self, name: str) -> npt.NDArray[Any]:
        """Return a whole column, read into memory."""
        return np.fromfile(self._path(name), dtype=self.kinds[name])

    def rows(self, name: str, part: slice) -> npt.NDArray[Any]:
        """Return some rows of a column, read into memory."""
        kind = self.kinds[name]
        return np.fromfile(
            self._path(name),
            dtype=kind,
            count=part.stop - part.start,
            offset=part.start * kind.itemsize,
        )

    def matrix(self, name: str, columns: int) -> npt.NDArray[Any]:
        """Return columns that were appended one after another, mapped rather than read."""
        flat = np.memmap(self._path(name), dtype=self.kinds[name], mode="r")
        return flat.reshape((-1, columns), order="F")

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.bin"


def covariance(rows: Floats, who: Flags | None = None) -> Floats:
    """Return what ``np.cov(rows[who], rowvar=False)`` does, without a copy of the rows."""

    def parts() -> Iterator[Floats]:
        for part in slabs(len(rows)):
            held = np.ascontiguousarray(rows[part])
            yield held if who is None else held[who[part]]

    count = len(rows) if who is None else int(who.sum())
    mean = sum(part.sum(axis=0) for part in parts()) / count
    total = np.zeros((rows.shape[1], rows.shape[1]))
    for part in parts():
        centred = part - mean
        total += centred.T @ centred
    return total * np.true_divide(1, count - 1)
