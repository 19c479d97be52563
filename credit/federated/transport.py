"""Parties as processes of this machine: the engine of XGBoost's wheel over mutual TLS.

One process adds up (`xgboost.federated`, a gRPC server), one process is each party. The server
binds every interface of the machine and has no option not to; it answers only who holds a
certificate of this run, which is what makes that tolerable. There is no way to run it in the clear.

A party that dies, fails or is late ends all others: the parent watches every process, and each
process watches the parent and the clock, because inside a sum the engine waits without end.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from credit.errors import CreditError, FederatedError
from credit.federated.certificates import Identity
from credit.federated.reduce import Ints, sum_over
from credit.whole import Number

HOST = "localhost"

GRACE = 2.0
"""Seconds a process has to end by itself, before it is ended."""

Told = Callable[[str, float], None]
"""Told a stage's name and the share of it that is done."""

Work = Callable[["Seat", Any, Told], Any]
"""What a party does with its seat and its argument: a function of a module, plain data back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One process's place in a run.

    Attributes
    ----------
    name : str
        What people call it.
    rank, parties : int
        Which party; how many there are.
    port : int
        Where the server listens on this machine.
    identity : Identity
        Its certificate and key.
    time_limit : float
        Seconds after which the process ends, whatever it waits for.
    log : Path
        Where the engine's own messages go.
    """

    name: str
    rank: int
    parties: int
    port: int
    identity: Identity
    time_limit: float
    log: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineReducer:
    """A party in XGBoost's federated communicator, which one process can be in once at a time."""

    rank: int
    parties: int

    def sum(self, values: NDArray[Number]) -> NDArray[Number]:
        """Return the sum over parties; see :class:`credit.whole.Whole`."""
        return sum_over(self, values)

    def add(self, values: Ints) -> Ints:
        """Return the sum over parties of integers."""
        return self._allreduce(values, "SUM")

    def largest(self, values: Ints) -> Ints:
        """Return the maximum over parties."""
        return self._allreduce(values, "MAX")

    def _allreduce(self, values: Ints, operation: str) -> Ints:
        from xgboost import collective
        from xgboost.core import XGBoostError

        if not values.size:
            return values
        try:
            found = collective.allreduce(values, collective.Op[operation])
        except XGBoostError as error:
            raise FederatedError(f"the sum over parties failed: {_first_line(error)}") from error
        return np.asarray(found, dtype=np.int64)


@contextlib.contextmanager
def joined(seat: Seat) -> Iterator[EngineReducer]:
    """Join the run; everything XGBoost does inside is done together with the other parties.

    Raises
    ------
    FederatedError
        The party has no certificate or key, or the engine would not take it.
    """
    seat.identity.require()
    from xgboost import collective
    from xgboost.core import XGBoostError

    try:
        collective.init(
            dmlc_communicator="federated",
            federated_server_address=f"{HOST}:{seat.port}",
            federated_world_size=seat.parties,
            federated_rank=seat.rank,
            federated_server_cert_path=str(seat.identity.authority),
            federated_client_key_path=str(seat.identity.key),
            federated_client_cert_path=str(seat.identity.certificate),
        )
    except XGBoostError as error:
        raise FederatedError(f"party {seat.name!r} cannot join: {_first_line(error)}") from error
    try:
        yield EngineReducer(rank=seat.rank, parties=seat.parties)
    finally:
        collective.finalize()


def serve(seat: Seat, stop: Connection) -> None:
    """Add up for the parties until told to stop; the body of the server's process.

    On a message through ``stop`` it answers with the CPU seconds it took, and ends.
    """
    _begin(seat, stop)
    seat.identity.require()
    from xgboost.federated import run_federated_server

    run_federated_server(
        n_workers=seat.parties,
        port=seat.port,
        server_key_path=str(seat.identity.key),
        server_cert_path=str(seat.identity.certificate),
        client_cert_path=str(seat.identity.authority),
    )


def take_part(seat: Seat, work: Work, argument: Any, answer: Connection) -> None:
    """Do a party's work and send what it returns, or why it could not; a process's body.

    Messages are JSON: ``["told", [stage, share]]`` any number of times, then ``["done", data]`` or
    ``["failed", sentence]``.
    """
    _begin(seat)

    def told(stage: str, share: float) -> None:
        _send(answer, "told", [stage, share])

    try:
        result = work(seat, argument, told)
    except BaseException as error:  # the parent must hear of whatever it was
        kind = "" if isinstance(error, CreditError) else f"{type(error).__name__}: "
        _send(answer, "failed", kind + (str(error) if not kind else _first_line(error)))
        # At once: after a failure the engine would wait for the others in its own clean-up.
        os._exit(1)
    _send(answer, "done", result)
    answer.close()


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def _begin(seat: Seat, stop: Connection | None = None) -> None:
    """Send the engine's messages to the log; end with the parent, or when the time is over."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears Ctrl-C and ends everybody
    log = os.open(seat.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    threading.Thread(target=_end_in_time, args=(seat, stop), daemon=True).start()


def _end_in_time(seat: Seat, stop: Connection | None) -> None:
    parent = parent_process()
    watched: list[Any] = [] if parent is None else [parent.sentinel]
    heard = wait([*watched, *([] if stop is None else [stop])], timeout=seat.time_limit + GRACE)
    if stop is not None and stop in heard:
        with contextlib.suppress(OSError):
            stop.send_bytes(json.dumps(time.process_time()).encode())
        os._exit(0)
    why = "the command that started it is gone" if heard else "its time is over"
    with contextlib.suppress(OSError):
        os.write(2, f"{seat.name}: {why}\n".encode())
    os._exit(1)


def _send(answer: Connection, kind: str, what: Any) -> None:
    with contextlib.suppress(OSError):  # the parent may be gone
        answer.send_bytes(json.dumps([kind, what]).encode())


def _first_line(error: BaseException) -> str:
    lines = str(error).splitlines() or ["no reason given"]
    return lines[0].strip()
