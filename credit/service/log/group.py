"""The log of a process: whoever waits is written together, in one group, by one thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from credit.errors import LogError
from credit.runtime.signature import PrivateKey
from credit.service.log.checkpoints import open_chain
from credit.service.log.entry import Entry
from credit.service.log.lines import Encoded, encode_entry


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions:
    """How a log is kept.

    Attributes
    ----------
    writer : str or None
        Whose chain; None takes the first of ``w0``, ``w1``, ... that no process holds.
    key : PrivateKey or None
        Signs checkpoints.
    segment_bytes : int
        Size from which the next file is begun. The last file is read when a log is opened.
    checkpoint_records, checkpoint_seconds
        A checkpoint is written after so many records, and no later than so long after the last.
    most_waiting : int
        Entries that may wait to be written; more are refused.
    """

    writer: str | None = None
    key: PrivateKey | None = None
    segment_bytes: int = 16 * 2**20
    checkpoint_records: int = 1_000
    checkpoint_seconds: float = 10.0
    most_waiting: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """What a log has done since it was opened, for a service to report.

    Attributes
    ----------
    logged, refused, groups : int
        Entries written, entries that could not be, and writes of several at once.
    waiting : int
        Entries not yet written.
    fault : str or None
        Why the last group was refused; None once one was written again.
    checkpoint_fault : str or None
        Why the last checkpoint was not written. The records are, and it is tried again.
    """

    logged: int = 0
    refused: int = 0
    groups: int = 0
    waiting: int = 0
    fault: str | None = None
    checkpoint_fault: str | None = None


@dataclass(slots=True)
class _Waiting:
    encoded: list[Encoded]
    future: Future[None] = field(default_factory=Future)


class DecisionLog:
    """An open log; `append` from any thread.

    Parameters
    ----------
    folder : str or Path
        Where it is kept; made where it is not there.
    options : LogOptions

    Attributes
    ----------
    writer : str
        Whose chain it writes.
    found : Cut or None
        What was torn when it was opened: cut off, and recorded in the chain.

    Raises
    ------
    LogError
        Another process writes this chain, the log is damaged, or nothing can be written there.
    """

    def __init__(self, folder: str | Path, options: LogOptions | None = None) -> None:
        self._options = options = options or LogOptions()
        self._chain, self._checkpoints, self.found = open_chain(
            Path(folder), options.writer, options.key, options.segment_bytes
        )
        self.writer = self._chain.writer
        self._condition = threading.Condition()
        self._queue: list[_Waiting] = []
        self._closed = False
        self._logged = self._refused = self._groups = self._waiting = 0
        self._fault: str | None = None
        self._checkpoint_fault: str | None = None
        last = self._checkpoints.last
        self._checkpointed = last.checkpoint.sequence if last else 0
        self._checkpoint_due = 0.0  # at once where there is something new
        self._checkpoint_where_due()
        self._thread = threading.Thread(target=self._run, name="decision-log", daemon=True)
        self._thread.start()

    def append(self, entries: Sequence[Entry]) -> Future[None]:
        """Take entries, all or none; the future is done once they are on the disk.

        Raises
        ------
        LogError
            By the future: they could not be written, so they must not be answered.
        """
        waiting = _Waiting([])
        waiting.future.set_running_or_notify_cancel()  # what is taken is written: no way back
        try:
            waiting.encoded.extend(map(encode_entry, entries))
            self._take(waiting)
        except LogError as error:
            waiting.future.set_exception(error)
        return waiting.future

    @property
    def state(self) -> LogState:
        """What was done since it was opened."""
        with self._condition:
            return LogState(
                logged=self._logged, refused=self._refused, groups=self._groups,
                waiting=self._waiting, fault=self._fault, checkpoint_fault=self._checkpoint_fault,
            )  # fmt: skip

    def close(self) -> None:
        """Write what waits, then a checkpoint, and let another process write the chain."""
        with self._condition:
            if self._closed:
                return
            self._closed = True
            self._condition.notify()
        self._thread.join()
        self._checkpoint_due = 0.0
        self._checkpoint_where_due()
        self._checkpoints.close()
        self._chain.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _take(self, waiting: _Waiting) -> None:
        count = len(waiting.encoded)
        with self._condition:
            if self._closed:
                raise LogError("the decision log is closed: open it again to decide more.")
            if self._waiting + count > self._options.most_waiting:
                self._refused += count
                raise LogError(
                    f"{self._waiting} entries wait to be logged, and at most "
                    f"{self._options.most_waiting} may: the disk is too slow for so many "
                    "requests. Ask again later."
                )
            self._queue.append(waiting)
            self._waiting += count
            self._condition.notify()

    def _run(self) -> None:
        while (group := self._next_group()) is not None:
            if group:
                self._write(group)
            self._checkpoint_where_due()

    def _next_group(self) -> list[_Waiting] | None:
        """Return all that waits; nothing where a checkpoint is due; None at the end."""
        with self._condition:
            if not self._queue and not self._closed:
                news = self._chain.head.sequence > self._checkpointed
                pause = self._checkpoint_due - time.monotonic() if news else None
                self._condition.wait(None if pause is None else max(pause, 0.01))
            if not self._queue and self._closed:
                return None
            group, self._queue = self._queue, []
            return group

    def _write(self, group: list[_Waiting]) -> None:
        encoded = [one for waiting in group for one in waiting.encoded]
        failed: Exception | None = None
        try:
            self._chain.write(encoded)
        except LogError as error:
            failed = error
        except Exception as error:  # whatever it is, who waits must hear of it
            failed = LogError(f"decision log {self.writer}: {type(error).__name__}: {error}.")
            failed.__cause__ = error
        with self._condition:
            self._waiting -= len(encoded)
            self._groups += failed is None
            self._logged += 0 if failed else len(encoded)
            self._refused += len(encoded) if failed else 0
            self._fault = None if failed is None else str(failed)
        for waiting in group:
            if failed is None:
                waiting.future.set_result(None)
            else:
                waiting.future.set_exception(failed)

    def _checkpoint_where_due(self) -> None:
        head, now = self._chain.head, time.monotonic()
        records = head.sequence - self._checkpointed
        if not records or (
            records < self._options.checkpoint_records and now < self._checkpoint_due
        ):
            return
        fault = None
        try:
            self._checkpoints.write(self._chain.id, head, time.time_ns() // 1_000)
            self._checkpointed = head.sequence
        except Exception as error:  # the records are written: only their checkpoint is late
            fault = str(error)
        self._checkpoint_due = now + self._options.checkpoint_seconds
        with self._condition:
            self._checkpoint_fault = fault
