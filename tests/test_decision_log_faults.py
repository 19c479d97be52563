"""A process killed, a disk full, a write that fails: what was answered is in the log, whole."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from log_entries import some
from test_decision_log import WAIT, decided, lines, write

from credit.errors import LogError
from credit.service.log import DecisionLog, LogOptions, erase, verify
from credit.service.log import chain as chain_module
from credit.service.log import segments as on_disk
from credit.service.log.lines import encode, open_person, person_line

TESTS = Path(__file__).parent

WRITER = """
import sys
sys.path.insert(0, sys.argv[2])
from log_entries import entries
from credit.service.log import DecisionLog, LogOptions
log = DecisionLog(sys.argv[1], LogOptions(segment_bytes=40_000, checkpoint_records=50))
print("open", log.found is not None, flush=True)
made, waiting = entries(start=int(sys.argv[3])), []
while True:
    entry = next(made)
    waiting.append((entry.request_id, log.append([entry])))
    if len(waiting) > 20:
        name, future = waiting.pop(0)
        future.result()
        print(name, flush=True)
"""


def test_what_a_killed_process_answered_is_in_the_log(tmp_path: Path) -> None:
    answered: set[str] = set()
    for turn in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, tmp_path, TESTS, str(turn * 100_000)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        limit = threading.Timer(60, process.kill)
        limit.start()
        said = [process.stdout.readline() for _ in range(60 + 40 * turn)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.read().splitlines(keepends=True)
        process.wait(WAIT)
        limit.cancel()
        process.stdout.close()
        answered |= {line.strip() for line in said[1:] if line.endswith("\n")}
    assert len(answered) >= 200
    DecisionLog(tmp_path).close()  # as the next start does
    found = verify(tmp_path)
    assert found.fault is None
    assert answered <= decided(tmp_path).keys()


FULL = """
import resource, sys
sys.path.insert(0, sys.argv[2])
from log_entries import some
from credit.errors import LogError
from credit.service.log import DecisionLog, verify
log = DecisionLog(sys.argv[1])
made, answered = some(60), []
def log_them(part):
    for entry in part:
        try:
            log.append([entry]).result(20)
            answered.append(entry.request_id)
        except LogError as error:
            last = str(error)
    return len(answered), log.state.fault
resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, resource.RLIM_INFINITY))
print(*log_them(made[:40]), sep="|")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(*log_them(made[40:]), sep="|")
log.close()
found = verify(sys.argv[1])
print(found.fault, found.decisions == len(answered), found.cuts, found.refused, sep="|")
"""


def test_a_full_disk_refuses_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path, TESTS],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    full, room, found = (line.split("|") for line in done.stdout.splitlines())
    answered = int(full[0])
    assert 3 < answered < 40
    assert "File too large" in full[1]
    assert "must not be answered" in full[1]
    assert room == [str(answered + 20), "None"]
    assert found == ["None", "True", "1", str(40 - answered)]


def test_a_crash_at_any_byte_leaves_a_log_that_goes_on(tmp_path: Path) -> None:
    """What a write leaves is a beginning of it: of the values, or of the records after them."""
    before, after = tmp_path / "before", tmp_path / "after"
    with DecisionLog(before) as log:
        log.append(some(2)).result(WAIT)
    shutil.copytree(before, after)
    with DecisionLog(after) as log:
        log.append(some(2, 2)).result(WAIT)
    names = [f"w0.000000000001.{kind}.jsonl" for kind in ("values", "chain")]
    old = [(before / name).read_bytes() for name in names]
    new = [(after / name).read_bytes() for name in names]
    ways = [(at, len(old[1])) for at in range(len(old[0]), len(new[0]), 31)]
    ways += [(len(new[0]), at) for at in range(len(old[1]), len(new[1]), 31)]
    for values, chain in ways:
        (before / names[0]).write_bytes(new[0][:values])
        (before / names[1]).write_bytes(new[1][:chain])
        DecisionLog(before).close()
        found = verify(before)
        assert found.fault is None, (values, chain)
        assert {"r0", "r1"} <= decided(before).keys()
        assert found.cuts == ((values, chain) != (len(old[0]), len(old[1])))
        (before / "w0.checkpoints.jsonl").unlink()


class Failing:
    """The nth call that touches the disk fails: half of it is done where it is a write."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, times: int) -> None:
        self.calls, self.at, self.times = 0, at, times
        for name in ("write", "fsync", "ftruncate"):
            monkeypatch.setattr(on_disk.os, name, self.failing(getattr(os, name)))
        monkeypatch.setattr(chain_module, "_sync", self.failing(os.fsync))

    def failing(self, real: Any) -> Any:
        def call(descriptor: int, *rest: Any) -> Any:
            self.calls += 1
            if self.at <= self.calls < self.at + self.times:
                if rest and isinstance(rest[0], memoryview):
                    real(descriptor, rest[0][: len(rest[0]) // 2])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(descriptor, *rest)

        return call


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("at", range(1, 15))
def test_whatever_call_fails_the_answered_are_in_and_the_refused_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, times: int
) -> None:
    log = DecisionLog(tmp_path, LogOptions(segment_bytes=2_500))
    made = some(6)
    log.append(made[:1]).result(WAIT)
    with monkeypatch.context() as patch:
        Failing(patch, at, times)
        futures: list[Future[None]] = []
        for entry in made[1:]:
            futures.append(log.append([entry]))
            futures[-1].exception(WAIT)
    refused = {e.request_id for e, f in zip(made[1:], futures, strict=True) if f.exception()}
    log.append(some(1, 10)).result(WAIT)  # it goes on by itself
    assert log.state.fault is None
    log.close()
    found = verify(tmp_path)
    assert found.fault is None
    assert decided(tmp_path).keys() == ({e.request_id for e in made} | {"r10"}) - refused
    assert found.refused == len(refused)
    DecisionLog(tmp_path).close()


@pytest.mark.parametrize("kind", ["chain", "values", "both", "checkpoints"])
@pytest.mark.parametrize("zeros", [False, True])
def test_a_torn_end_is_cut_off_and_recorded(tmp_path: Path, kind: str, zeros: bool) -> None:
    write(tmp_path, 6)
    names = {"chain": ["w0.000000000001.chain"], "values": ["w0.000000000001.values"],
             "checkpoints": ["w0.checkpoints"]}  # fmt: skip
    names["both"] = names["chain"] + names["values"]
    for name in names[kind]:
        path = tmp_path / f"{name}.jsonl"
        torn = bytes(4_096) if zeros else lines(path)[-1][:40]
        path.write_bytes(path.read_bytes() + torn)
    assert verify(tmp_path).fault is not None
    with DecisionLog(tmp_path) as log:
        assert log.found is not None
        assert log.found.why == "found torn"
        cut = log.found.chain_bytes, log.found.values_bytes, log.found.checkpoint_bytes
        length = 4_096 if zeros else 40
        assert cut == (
            length * (kind in {"chain", "both"}),
            length * (kind in {"values", "both"}),
            length * (kind == "checkpoints"),
        )
        log.append(some(2, 6)).result(WAIT)
    found = verify(tmp_path)
    assert (found.fault, found.decisions, found.cuts, found.refused) == (None, 8, 1, 0)


def test_values_whose_record_was_not_written_are_cut_off(tmp_path: Path) -> None:
    write(tmp_path, 6)
    path = tmp_path / "w0.000000000001.values.jsonl"
    last = lines(path)[-1]
    sequence, person = open_person(last)
    path.write_bytes(path.read_bytes() + person_line(sequence + 1, encode(person)))
    assert "values without a record" in str(verify(tmp_path).fault)
    with DecisionLog(tmp_path) as log:
        assert log.found is not None
        assert (log.found.chain_bytes, log.found.values_bytes) == (0, len(last))
    write(tmp_path, 3, 6)
    assert verify(tmp_path).decisions == 9


@pytest.mark.parametrize("kind", ["chain", "values"])
@pytest.mark.parametrize("line", [0, 2, 6])
def test_damage_is_refused_and_never_cut_off(tmp_path: Path, kind: str, line: int) -> None:
    write(tmp_path, 6)
    path = tmp_path / f"w0.000000000001.{kind}.jsonl"
    whole = lines(path)
    line = min(line, len(whole) - 1)
    whole[line] = b"#" + whole[line][1:]
    path.write_bytes(b"".join(whole))
    before = path.read_bytes()
    with pytest.raises(LogError, match=rf"{path.name}, line {line + 1}: .* Nothing was changed"):
        DecisionLog(tmp_path, LogOptions(writer="w0"))
    assert path.read_bytes() == before


def test_values_that_are_missing_at_the_end_are_refused(tmp_path: Path) -> None:
    write(tmp_path, 6)
    path = tmp_path / "w0.000000000001.values.jsonl"
    path.write_bytes(b"".join(lines(path)[:-1]))
    with pytest.raises(LogError, match=r"the values end at record 6, but .* at 7"):
        DecisionLog(tmp_path)


def test_a_log_that_is_moved_away_refuses(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "log")
    log.append(some(1)).result(WAIT)
    for kind in ("values", "chain"):
        path = tmp_path / "log" / f"w0.000000000001.{kind}.jsonl"
        path.rename(tmp_path / kind)
        with pytest.raises(LogError, match=r"must not be answered"):
            log.append(some(1, 1)).result(WAIT)
        assert not path.exists()
        (tmp_path / kind).rename(path)
        log.append(some(1, 2 + (kind == "chain"))).result(WAIT)
    log.close()
    assert verify(tmp_path / "log").decisions == 3


def test_an_erasure_that_cannot_write_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, 9)
    erase(tmp_path, "p5")
    values = tmp_path / "w0.000000000001.values.jsonl"
    before = values.read_bytes()
    with monkeypatch.context() as patch:
        Failing(patch, 1, 100)
        with pytest.raises(LogError):
            erase(tmp_path, "p1")
    assert values.read_bytes() == before
    assert verify(tmp_path).fault is None
    assert erase(tmp_path, "p1").decisions == 2
    assert verify(tmp_path).erased == 3
