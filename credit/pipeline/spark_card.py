"""A scorecard from rows that Spark counts and codes: bins and points of the card in memory.

Spark groups every column by value, so bins follow from counts; then every row becomes the numbers
of its bins, a byte a feature, and those bytes are all that comes back.
"""

from __future__ import annotations

import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from credit.binning import (
    BinLimits,
    Bins,
    Relation,
    Sample,
    code_frame,
    count_groups,
    group_sql,
)
from credit.binning.bins import Codes
from credit.columns import known_names, read_frame, read_target
from credit.engine.spark import local_session
from credit.errors import ConfigError
from credit.frames import Frame, ParquetColumns
from credit.scorecard import Scorecard
from credit.scorecard.evidence import Evidence
from credit.scorecard.woe import Weighed, too_weak, weigh_evidence

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

BAD, POSITION, CODES = "_bad", "_position", "_codes"

PIECE = 100_000
"""Rows a file, and so a task."""

TOGETHER = 8
"""Columns counted by one query: it takes a second to begin, and its groups arrive together."""


def fit_card_on_spark(card: Scorecard, X: Any, y: Any, *, scratch: Path | None = None) -> Scorecard:
    """Fit a card of evidence, its rows counted and coded in the Spark session that runs.

    Bins, coefficients and points are those of ``card.fit(X, y)`` to the bit: counts are whole
    numbers, and coded rows come back in their order.

    Parameters
    ----------
    card : Scorecard
        Not fitted, with ``BinLimits``: the fused card looks at pairs of columns.
    X, y
        As :meth:`Scorecard.fit` takes them.
    scratch : Path, optional
        A folder that every worker can reach; the system's temporary one does on one machine.

    Raises
    ------
    ConfigError
        The card is not one of evidence, or chooses its features by rules over rows.
    """
    if type(card.binning) is not BinLimits:
        raise ConfigError(
            f"engine 'spark': a card is counted there under BinLimits, got {card.binning!r}. Give "
            "it BinLimits, or fit it in memory."
        )
    coded = _SparkCoded(**card.get_params(deep=False))
    coded.folder = Path(tempfile.mkdtemp(prefix="credit-card-", dir=scratch))
    try:
        _fit(coded, X, y)
    finally:
        shutil.rmtree(coded.folder, ignore_errors=True)
    fitted = Scorecard(**card.get_params(deep=False))
    fitted.__dict__.update({k: v for k, v in coded.__dict__.items() if k != "folder"})
    return fitted


class _SparkCoded(Scorecard):
    """A card that hands its rows to Spark where it would look them up."""

    folder: Path

    def _weigh(self, frame: Frame, sample: Sample, limits: BinLimits) -> Weighed:
        dropped = too_weak(self.bins_, limits)
        used = {name: bins for name, bins in self.bins_.items() if name not in dropped}
        tables = tuple(np.array(bins.woe) for bins in used.values())
        evidence = Evidence(codes=_coded(_rows(self.folder), used, len(frame)), tables=tables)
        return weigh_evidence(evidence, sample, self.bins_, dropped)


def _fit(card: _SparkCoded, X: Any, y: Any) -> None:
    """Fit a card from counts of Spark, in the steps of `Scorecard.fit`."""
    frame = read_frame(card, X, reset=True)
    target = read_target(card, y, len(frame))
    sample = Sample.of(target.bad, np.ones(len(frame)))
    _write(card.folder, frame, sample)
    codes = card.special_codes or {}
    known_names("special_codes", codes, frame.columns)
    groups = _grouped(_rows(card.folder))
    counts = {
        name: count_groups(found, name, card.bin_limits, tuple(codes.get(name, ())))
        for name, found in groups
    }
    card.fit_counted(frame, sample, {name: counts[name] for name in frame.columns}, target.classes)


def _write(folder: Path, frame: Frame, sample: Sample) -> None:
    """Write the rows as Parquet, with their place and outcome."""
    pieces = (
        frame.batches(PIECE)
        if isinstance(frame, ParquetColumns)
        else (frame.iloc[first : first + PIECE] for first in range(0, len(frame), PIECE))
    )
    first = 0
    for piece in pieces:
        last = first + len(piece)
        table = pa.Table.from_pandas(piece, preserve_index=False)
        table = table.append_column(POSITION, pa.array(np.arange(first, last)))
        table = table.append_column(BAD, pa.array(sample.bad[first:last].astype(np.int8)))
        pq.write_table(table, folder / f"{first:012d}.parquet")
        first = last


def _rows(folder: Path) -> DataFrame:
    return local_session().read.parquet(str(folder))


def _grouped(rows: DataFrame) -> Iterator[tuple[str, pa.Table]]:
    """Yield every column with its counts by value: Spark groups some columns of a type at once."""
    kinds: dict[str, list[str]] = {}
    for name, kind in rows.dtypes:
        if name not in (BAD, POSITION):
            kinds.setdefault(kind, []).append(name)
    for names in kinds.values():
        for first in range(0, len(names), TOGETHER):
            some = names[first : first + TOGETHER]
            groups = _counted(rows, some)
            for place, name in enumerate(some):
                yield name, groups.filter(pc.field("period") == place).drop_columns("period")


def _counted(rows: DataFrame, names: list[str]) -> pa.Table:
    """Return the counts of columns of one type, by value and by the column's place."""
    view = f"credit_card_{uuid.uuid4().hex}"
    cells = ", ".join(f"{place}, `{name.replace('`', '``')}`" for place, name in enumerate(names))
    rows.selectExpr(f"stack({len(names)}, {cells}) AS (place, value)", BAD).createOrReplaceTempView(
        view
    )
    try:
        relation = Relation(name=view, target=BAD, period="place", dialect="spark")
        return rows.sparkSession.sql(group_sql("value", relation)).toArrow()
    finally:
        rows.sparkSession.catalog.dropTempView(view)


def _coded(rows: DataFrame, bins: Mapping[str, Bins], count: int) -> Codes:
    """Return the bin of every value, (rows, features), in the order in which rows were written."""
    kept = rows.select(POSITION, *bins)
    with warnings.catch_warnings():  # Spark warns of pandas 3, through which only numbers go
        warnings.simplefilter("ignore", FutureWarning)
        coded = kept.mapInArrow(
            partial(_code_batches, bins=dict(bins)), f"{POSITION} bigint, {CODES} binary"
        ).toArrow()
    wide = any(column.code_type is np.uint16 for column in bins.values())
    kind = np.dtype(np.uint16 if wide else np.uint8)
    codes = np.empty((count, len(bins)), kind)
    for batch in coded.to_batches():
        held = np.frombuffer(b"".join(batch[CODES].to_pylist()), kind)
        codes[batch[POSITION].to_numpy()] = held.reshape(-1, len(bins))
    return codes


def _code_batches(
    batches: Iterator[pa.RecordBatch], *, bins: Mapping[str, Bins]
) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        codes = code_frame(batch.to_pandas(), bins)
        rows = [row.tobytes() for row in codes]
        yield pa.RecordBatch.from_arrays(
            [batch[POSITION], pa.array(rows, pa.binary())], names=[POSITION, CODES]
        )
