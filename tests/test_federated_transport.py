"""Parties as processes: sums over mutual TLS, and the end of all where one ends badly."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
import time
from dataclasses import replace
from multiprocessing import active_children

import numpy as np
import pytest
from federated_work import add

from credit.errors import FederatedError
from credit.federated.certificates import make_identities
from credit.federated.reduce import memory_reducers
from credit.federated.together import await_server, processes, run_together
from credit.federated.transport import Seat, free_port, joined, serve


def named_children():
    """Return the processes still there of those that a run starts."""
    return [child for child in active_children() if child.name != LISTENING]


LISTENING = "listening"
NAMES = ("north", "south", "east")


def test_sums_over_processes_are_those_over_threads_bit_by_bit():
    values = [[0.1, 1e17], [0.2, -1e17], [0.3, 1.0]]
    heard = []
    found = run_together(
        NAMES, add, values, time_limit=60, told=lambda stage, share: heard.append((stage, share))
    )
    reducers = memory_reducers(3)
    expected = [None] * 3

    def one(rank):
        expected[rank] = [float(s).hex() for s in reducers[rank].sum(np.array(values[rank]))]

    threads = [threading.Thread(target=one, args=(rank,)) for rank in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found.of == [{"sum": expected[0], "count": 3 * 2**60 + 3, "names": list(NAMES)}] * 3
    assert expected[0] == [(0.6).hex(), (1.0).hex()]
    assert heard == [("adding", 0.5)]
    assert found.server_seconds > 0
    assert named_children() == []


@pytest.mark.parametrize(
    ("how", "sentence"),
    [("die", r"party 'south' died \(exit code 9\)"), ("fail", r"party 'south': ZeroDivisionError")],
)
def test_a_party_that_ends_badly_ends_all_with_its_name(how, sentence):
    begun = time.monotonic()
    with pytest.raises(FederatedError, match=sentence) as raised:
        run_together(NAMES, add, [[1.0], how, [1.0]], time_limit=60)
    assert "All processes of the run were ended" in str(raised.value)
    assert time.monotonic() - begun < 50
    assert named_children() == []


def test_a_party_that_is_late_ends_all():
    with pytest.raises(FederatedError, match=r"no answer from .*'south'.* after 2 seconds"):
        run_together(NAMES, add, [[1.0], "late", [1.0]], time_limit=2)
    assert named_children() == []


@pytest.mark.parametrize(("names", "words"), [(("a",), "2 to 64"), (("a", "a"), "one name")])
def test_parties_that_cannot_be_told_apart_or_are_alone_are_refused(names, words):
    with pytest.raises(FederatedError, match=words):
        run_together(names, add, [[1.0]] * len(names), time_limit=60)


def test_keys_are_readable_by_their_owner_only(tmp_path):
    server, (party,) = make_identities(tmp_path / "identities", 1)
    for identity in (server, party):
        assert stat.S_IMODE(identity.key.stat().st_mode) == 0o600
        assert stat.S_IMODE(identity.key.parent.stat().st_mode) == 0o700


@pytest.fixture(scope="module")
def listening(tmp_path_factory):
    """Yield the port of a server of one party, and an identity it knows."""
    folder = tmp_path_factory.mktemp("listening")
    server, (party,) = make_identities(folder / "identities", 1)
    seat = Seat(
        name="the server", rank=1, parties=1, port=free_port(), identity=server, time_limit=600,
        log=folder / "server.log",
    )  # fmt: skip
    context = processes()
    stop, stopped = context.Pipe()
    process = context.Process(target=serve, args=(seat, stopped), daemon=True, name=LISTENING)
    process.start()
    await_server(process, seat)
    try:
        yield replace(seat, rank=0, identity=party)
    finally:
        stop.send_bytes(b"stop")
        process.join(5)
        process.kill()
        process.join()


def answered(seat, identity):
    """Return the first bytes a server sends to who presents ``identity``; none if it hangs up."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(seat.identity.authority)
    context.set_alpn_protocols(["h2"])
    if identity is not None:
        context.load_cert_chain(identity.certificate, identity.key)
    with socket.create_connection(("localhost", seat.port), timeout=10) as plain:
        try:
            with context.wrap_socket(plain, server_hostname="localhost") as secured:
                return secured.recv(9)
        except ssl.SSLCertVerificationError:
            raise
        except (ssl.SSLError, ConnectionResetError):
            return b""


def test_only_who_holds_a_certificate_of_this_run_is_answered(listening, tmp_path):
    settings = answered(listening, listening.identity)
    assert settings[3] == 4  # an HTTP/2 frame of settings
    _, (foreign,) = make_identities(tmp_path / "another run", 1)
    assert answered(listening, None) == answered(listening, foreign) == b""


def test_a_party_trusts_only_the_server_of_its_run(listening, tmp_path):
    _, (foreign,) = make_identities(tmp_path / "another run", 1)
    with pytest.raises(ssl.SSLCertVerificationError):
        answered(replace(listening, identity=foreign), foreign)


@pytest.mark.parametrize("part", ["authority", "certificate", "key"])
def test_nobody_takes_part_or_serves_without_certificates(listening, tmp_path, part):
    identity = replace(listening.identity, **{part: tmp_path / "absent.pem"})
    with (
        pytest.raises(FederatedError, match="mutual TLS or not at all"),
        joined(replace(listening, identity=identity)),
    ):
        pass
    with pytest.raises(FederatedError, match="mutual TLS or not at all"):
        identity.require()
