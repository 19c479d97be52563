"""Start the parties of a run, watch them, and end them all where one of them ends badly."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from credit.errors import FederatedError
from credit.federated.certificates import make_identities
from credit.federated.reduce import MOST_PARTIES
from credit.federated.transport import GRACE, HOST, Seat, Told, Work, free_port, serve, take_part

STARTING = 120.0
"""Seconds the process that adds up may take to come up; the time limit begins after that."""

_IMPORTED = ("credit.federated.party", "xgboost.federated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the parties returned, by rank, and the CPU seconds of the process that added up."""

    of: list[Any]
    server_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Party:
    """A party's process and the end of the pipe it answers through."""

    name: str
    process: ForkServerProcess
    answer: Connection
    log: Path


def run_together(
    names: Sequence[str],
    work: Work,
    arguments: Sequence[Any],
    *,
    time_limit: float,
    told: Told | None = None,
) -> Answers:
    """Run ``work`` once a party, each in a process of its own, over mutual TLS.

    Parameters
    ----------
    names : sequence of str
        Of the parties, in the order of ranks.
    work : callable
        ``work(seat, argument, told)``, a function of a module; ``joined(seat)`` gives it the sums.
        What it returns is plain data.
    arguments : sequence
        One a party: what it needs to find its own rows.
    time_limit : float
        Seconds the run may take.
    told : callable, optional
        Told what the first party tells of its progress.

    Raises
    ------
    FederatedError
        A party failed, died or was late, or the server did. By then no process is left, and the
        certificates are gone.
    """
    _refuse_unfit(names, time_limit)
    with tempfile.TemporaryDirectory(prefix="credit-federated-") as scratch:
        seats, server_seat = _seats(names, time_limit, Path(scratch))
        context = processes(work.__module__)
        started: list[ForkServerProcess] = []
        with _ended(started):
            stop, stopped = context.Pipe()
            server = context.Process(target=serve, args=(server_seat, stopped), daemon=True)
            started.append(server)
            server.start()
            await_server(server, server_seat)
            parties = []
            for seat, argument in zip(seats, arguments, strict=True):
                answer, answering = context.Pipe(duplex=False)
                process = context.Process(
                    target=take_part, args=(seat, work, argument, answering), daemon=True
                )
                started.append(process)
                process.start()
                answering.close()
                parties.append(_Party(name=seat.name, process=process, answer=answer, log=seat.log))
            found = _watch(parties, server, server_seat, told)
            return Answers(
                of=[found[party.name] for party in parties], server_seconds=_stop(stop, server)
            )


def processes(*modules: str) -> ForkServerContext:
    """Return what starts processes that share no memory with this one, and start fast.

    Libraries, and further modules, are imported once, in a process that does nothing else.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*_IMPORTED, *modules])
    return context


def _refuse_unfit(names: Sequence[str], time_limit: float) -> None:
    if not 2 <= len(names) <= MOST_PARTIES:
        raise FederatedError(
            f"parties: {len(names)}, but there must be 2 to {MOST_PARTIES} to train together."
        )
    if len(set(names)) < len(names):
        raise FederatedError(f"parties: two of them have one name among {sorted(names)}.")
    if not time_limit > 0:
        raise FederatedError(f"time_limit must be above 0 seconds, got {time_limit}.")


def _seats(names: Sequence[str], time_limit: float, scratch: Path) -> tuple[list[Seat], Seat]:
    server, identities = make_identities(scratch / "identities", len(names))
    port = free_port()

    def seat(name: str, rank: int, identity: Any) -> Seat:
        return Seat(
            name=name, rank=rank, parties=len(names), port=port, identity=identity,
            time_limit=time_limit, log=scratch / f"{rank}.log",
        )  # fmt: skip

    seats = [seat(name, rank, identities[rank]) for rank, name in enumerate(names)]
    return seats, seat("the server", len(names), server)


@contextlib.contextmanager
def _ended(started: list[ForkServerProcess]) -> Iterator[None]:
    """End, by id, every process that was started, however this is left."""
    try:
        yield
    finally:
        begun = [process for process in started if process.pid is not None]
        for process in begun:
            process.terminate()
        for process in begun:
            process.join(GRACE)
            if process.exitcode is None:
                process.kill()
                process.join()
            process.close()


def await_server(server: ForkServerProcess, seat: Seat) -> None:
    """Return once the server listens: who comes earlier waits long before it comes again.

    Raises
    ------
    FederatedError
        It ended instead, or does not listen in time.
    """
    deadline = time.monotonic() + STARTING
    while time.monotonic() < deadline and not wait([server.sentinel], timeout=0.05):
        with contextlib.suppress(OSError), socket.create_connection((HOST, seat.port), timeout=1):
            return
    raise FederatedError(f"the process that adds up does not listen: {_last(seat.log)}. {_ENDED}")


def _watch(
    parties: Sequence[_Party], server: ForkServerProcess, seat: Seat, told: Told | None
) -> dict[str, Any]:
    """Return what every party answered; raise at the first that will not."""
    found: dict[str, Any] = {}
    deadline = time.monotonic() + seat.time_limit
    while waiting := [party for party in parties if party.name not in found]:
        sources = [s for party in waiting for s in (party.answer, party.process.sentinel)]
        left = deadline - time.monotonic()
        if left <= 0 or not (ready := wait([*sources, server.sentinel], timeout=left)):
            late = ", ".join(repr(party.name) for party in waiting)
            raise FederatedError(
                f"no answer from {late} after {seat.time_limit:g} seconds. {_ENDED} Give more "
                "time, or fewer rows or rounds."
            )
        for party in waiting:
            if party.answer in ready or party.process.sentinel in ready:
                _hear(party, found, told if party is parties[0] else None)
        if server.sentinel in ready:
            raise FederatedError(f"the process that adds up ended: {_last(seat.log)}. {_ENDED}")
    return found


_ENDED = "All processes of the run were ended and no model was written."


def _hear(party: _Party, found: dict[str, Any], told: Told | None) -> None:
    try:
        kind, what = json.loads(party.answer.recv_bytes())
    except EOFError as error:
        party.process.join(GRACE)
        raise FederatedError(
            f"party {party.name!r} died (exit code {party.process.exitcode}): {_last(party.log)}. "
            f"{_ENDED}"
        ) from error
    if kind == "failed":
        raise FederatedError(f"party {party.name!r}: {what} {_ENDED}")
    if kind == "done":
        found[party.name] = what
    elif told is not None:
        told(*what)


def _last(log: Path) -> str:
    """Return the last line that a process wrote."""
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1].rstrip(".") if lines else "it said nothing"


def _stop(stop: Connection, server: ForkServerProcess) -> float:
    """Ask the server for the CPU it took, and to end."""
    stop.send_bytes(b"stop")
    if not wait([stop, server.sentinel], timeout=GRACE) or not stop.poll():
        return float("nan")
    return float(json.loads(stop.recv_bytes()))
