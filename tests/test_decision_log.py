"""The decision log: what is written is found again, whole, in order, and by nobody else changed."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from log_entries import ARTIFACT, entries, some
from test_cli import credit

from credit.errors import ArtifactError, LogError
from credit.runtime.signature import PrivateKey, PublicKey, make_pair
from credit.service.log import (
    DecisionLog,
    LogOptions,
    Verification,
    answer_of,
    erase,
    replay,
    verify,
)
from credit.service.log.lines import (
    NO_HASH,
    Head,
    encode,
    encode_entry,
    open_line,
    open_person,
    person_line,
    seal_line,
)
from credit.service.log.read import chains, erased, read_chain
from credit.service.log.segments import hold_folder

WAIT = 20  # seconds: far more than any write takes
ONE = some(1)[0]


def write(folder: Path, number: int, start: int = 0, **options: Any) -> None:
    """Log some entries, in groups of three."""
    made = some(number, start)
    with DecisionLog(folder, LogOptions(**options)) as log:
        for at in range(0, number, 3):
            log.append(made[at : at + 3]).result(WAIT)


def decided(folder: Path) -> dict[str, Any]:
    """Return request -> (record, person) of every decision in a sound log."""
    found = chains(folder)
    gone = erased(found)
    return {
        one.line.record["request_id"]: (one.line.record, one.person)
        for writer, parts in found.items()
        for one in read_chain(parts, gone.get(writer, ()))
        if one.kind == "decision"
    }


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


@pytest.fixture(scope="module")
def keys() -> tuple[PrivateKey, PublicKey]:
    private = PrivateKey.read(make_pair()[0])
    return private, private.public


# -- lines

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(), plain, max_size=4))
def test_a_line_reads_back_equal(record: dict[str, Any]) -> None:
    line, head = seal_line(Head(4, NO_HASH), encode(record))
    found = open_line(line)
    assert (found.sequence, found.previous, found.hash) == (5, NO_HASH, head.hash)
    assert repr(found.record) == repr(dict(sorted(record.items()))) or found.record == record
    assert line.count(b"\n") == 1


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(), st.none() | st.text() | st.floats(allow_infinity=False)))
def test_values_read_back_to_the_bit(values: dict[str, Any]) -> None:
    person = encode_entry(replace(ONE, values=values)).person
    assert person is not None
    sequence, found = open_person(person_line(7, person))
    assert sequence == 7
    assert found is not None
    expected = {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in values.items()}
    assert {k: repr(v) for k, v in found["values"].items()} == {
        k: repr(v) for k, v in expected.items()
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"artifact": "AB" * 32}, "artifact: 'ABAB.* is not the SHA-256 of a manifest"),
        ({"at": 1.5}, "at: must be whole UTC microseconds, got 1.5"),
        ({"values": {"income": math.inf}}, "request 'r0': an entry must be plain JSON"),
        ({"values": {"income": object()}}, "request 'r0': an entry must be plain JSON"),
        ({"answer": {"points": math.nan}}, "finite numbers"),
    ],
)
def test_what_cannot_be_read_back_is_refused(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    first, second = some(2)
    with DecisionLog(tmp_path) as log:
        with pytest.raises(LogError, match=said):
            log.append([second, replace(first, **change)]).result(WAIT)
        log.append([first]).result(WAIT)
    assert decided(tmp_path).keys() == {"r0"}  # all of the entries given at once, or none


# -- writing


def test_what_is_answered_is_in_the_log(tmp_path: Path) -> None:
    write(tmp_path, 10)
    found = decided(tmp_path)
    for entry in some(10):
        record, person = found[entry.request_id]
        assert person["values"] == dict(entry.values)
        assert person["subject"] == entry.subject
        assert record["answer"] == entry.answer
        assert {record["at"], record["artifact"], record["role"]} == {
            entry.at, entry.artifact, entry.role,
        }  # fmt: skip
        assert entry.subject not in encode(record).decode()
    assert verify(tmp_path) == Verification(
        chains=1, decisions=10, checkpoints=2, covered=10, fault=None
    )
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


def test_many_threads_share_groups(tmp_path: Path) -> None:
    made = some(200)
    with DecisionLog(tmp_path) as log:

        def ask(first: int) -> None:
            for entry in made[first::4]:
                log.append([entry]).result(WAIT)

        threads = [threading.Thread(target=ask, args=(first,)) for first in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT)
        state = log.state
    assert (state.logged, state.refused, state.waiting, state.fault) == (200, 0, 0, None)
    assert state.groups <= 200
    assert decided(tmp_path).keys() == {entry.request_id for entry in made}
    assert verify(tmp_path).fault is None


def test_a_chain_goes_on_in_new_files_and_after_a_restart(tmp_path: Path) -> None:
    for start in (0, 20):
        write(tmp_path, 20, start, segment_bytes=4_000)
    files = sorted(path.name for path in tmp_path.glob("w0.*.chain.jsonl"))
    assert len(files) > 3
    assert len(list(tmp_path.glob("w0.*.values.jsonl"))) == len(files)
    found = verify(tmp_path)
    assert (found.fault, found.decisions, found.covered) == (None, 40, 40)
    (tmp_path / files[1]).rename(tmp_path / "elsewhere")
    fault = verify(tmp_path).fault
    assert fault is not None
    assert "these values have no chain" in str(fault)


def test_a_chain_has_one_writer_and_processes_find_their_own(tmp_path: Path) -> None:
    with DecisionLog(tmp_path) as first, DecisionLog(tmp_path) as second:
        assert (first.writer, second.writer) == ("w0", "w1")
        with pytest.raises(LogError, match=r"another process writes the chain w1"):
            DecisionLog(tmp_path, LogOptions(writer="w1"))
        first.append(some(1)).result(WAIT)
        second.append(some(1, 1)).result(WAIT)
        assert verify(tmp_path).decisions == 2  # while both are open
    with DecisionLog(tmp_path) as again:
        assert again.writer == "w0"
    with pytest.raises(LogError, match=r"writer: 'a/b' must be 1 to 64 of the letters"):
        DecisionLog(tmp_path, LogOptions(writer="a/b"))


def test_what_is_taken_is_written_whoever_goes_away(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path)
    future = log.append(some(1))
    assert not future.cancel()
    future.result(WAIT)
    log.close()
    log.close()
    with pytest.raises(LogError, match=r"the decision log is closed"):
        log.append(some(1)).result(WAIT)


def test_more_than_may_wait_is_refused(tmp_path: Path) -> None:
    with DecisionLog(tmp_path, LogOptions(most_waiting=3)) as log:
        with pytest.raises(LogError, match=r"at most 3 may: the disk is too slow"):
            log.append(some(4)).result(WAIT)
        log.append(some(3)).result(WAIT)
        assert log.state.refused == 4


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LogError, match=r"no decision log can be written there"):
        DecisionLog(tmp_path / "file")
    with pytest.raises(LogError, match=r"there is no such folder"):
        verify(tmp_path / "absent")
    with pytest.raises(LogError, match=r"holds no decision log"):
        verify(tmp_path)


def test_the_format_is_what_its_page_says(
    tmp_path: Path, keys: tuple[PrivateKey, PublicKey]
) -> None:
    """Read as another language would, from docs/decision_log.md alone."""

    def canonical(value: Any) -> bytes:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return text.encode()

    def sha256(value: Any) -> str:
        return hashlib.sha256(canonical(value)).hexdigest()

    write(tmp_path, 8, segment_bytes=2_500, key=keys[0])
    files = sorted(tmp_path.glob("w0.*.chain.jsonl"))
    assert len(files) > 1
    people = {
        one["sequence"]: one["person"]
        for path in tmp_path.glob("*.values.jsonl")
        for one in map(json.loads, lines(path))
    }
    previous, sequence, hashes = "0" * 64, 0, {}
    for path in files:
        assert path.name == f"w0.{sequence + 1:012d}.chain.jsonl"
        for raw in lines(path):
            line = json.loads(raw)
            assert canonical(line) + b"\n" == raw
            stated = line.pop("hash")
            assert stated == sha256(line)
            assert (line["previous"], line["sequence"]) == (previous, sequence + 1)
            previous, sequence = stated, sequence + 1
            hashes[sequence] = stated
            if line["record"]["kind"] == "decision":
                assert sha256(people.pop(sequence)) == line["record"]["commitment"]
    assert not people
    for raw in lines(tmp_path / "w0.checkpoints.jsonl"):
        line = json.loads(raw)
        at = line["checkpoint"]
        assert at["hash"] == hashes[at["sequence"]]
        message = b"credit decision log, checkpoint, format 1\n" + canonical(at)
        assert keys[1].signed(message, bytes.fromhex(line["signature"]))


# -- what verification sees


@pytest.fixture(scope="module")
def small(
    tmp_path_factory: pytest.TempPathFactory, keys: tuple[PrivateKey, PublicKey]
) -> dict[str, bytes]:
    """Return the files of a signed log of four decisions on two subjects, one of them erased."""
    folder = tmp_path_factory.mktemp("log")
    made = [replace(entry, answer={"points": 1}, subject=f"p{i % 2}", values={"a": 0.1})
            for i, entry in enumerate(some(4))]  # fmt: skip
    with DecisionLog(folder, LogOptions(key=keys[0])) as log:
        log.append(made).result(WAIT)
    erase(folder, "p1", keys[0])
    found = verify(folder, keys[1])
    assert (found.fault, found.decisions, found.erased, found.covered) == (None, 4, 2, 4)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def put(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("kind", ["chain", "values", "checkpoints"])
def test_a_change_of_any_byte_is_seen(
    tmp_path: Path, small: dict[str, bytes], keys: tuple[PrivateKey, PublicKey], kind: str
) -> None:
    folder = put(tmp_path, small)
    for name, content in small.items():
        if f"{kind}.jsonl" not in name:
            continue
        for at in range(0, len(content), 17):
            changed = bytearray(content)
            changed[at] ^= 1 << at % 8
            (folder / name).write_bytes(changed)
            assert verify(folder, keys[1]).fault is not None, (name, at)
        if content:  # the last byte is the end of the last line
            (folder / name).write_bytes(content[:-1])
            assert verify(folder, keys[1]).fault is not None
        (folder / name).write_bytes(content)
    assert verify(folder, keys[1]).fault is None


@pytest.mark.parametrize("name", ["w0.000000000001.chain.jsonl", "w0.000000000001.values.jsonl",
                                  "w0.checkpoints.jsonl", "erasures.000000000001.chain.jsonl",
                                  "erasures.checkpoints.jsonl"])  # fmt: skip
def test_a_file_or_a_line_that_is_gone_is_seen(
    tmp_path: Path, small: dict[str, bytes], keys: tuple[PrivateKey, PublicKey], name: str
) -> None:
    folder = put(tmp_path, small)
    whole = lines(folder / name)
    for gone in range(len(whole)):
        if "checkpoints" in name and len(whole) > 1:
            continue  # a copy kept elsewhere is for that
        (folder / name).write_bytes(b"".join(whole[:gone] + whole[gone + 1 :]))
        assert verify(folder, keys[1]).fault is not None, gone
    (folder / name).unlink()
    assert verify(folder, keys[1]).fault is not None


def test_a_chain_that_was_forged_from_somewhere_on_is_seen(
    tmp_path: Path, small: dict[str, bytes], keys: tuple[PrivateKey, PublicKey]
) -> None:
    """Hashes can be computed again by anyone; the checkpoint cannot."""
    folder = put(tmp_path, small)
    path = folder / "w0.000000000001.chain.jsonl"
    head, forged = Head(0, NO_HASH), b""
    for raw in lines(path):
        record = dict(open_line(raw).record)
        if record.get("request_id") == "r2":
            record["answer"] = {"points": 2}
        line, head = seal_line(head, encode(record))
        forged += line
    path.write_bytes(forged)
    for key in (None, keys[1]):
        fault = verify(folder, key).fault
        assert fault is not None
        assert fault.file == path.name
        assert "a checkpoint says that record 5 was another" in str(fault)
    (folder / "w0.checkpoints.jsonl").unlink()
    assert verify(folder).fault is None  # so without a key it can be forged
    assert "has no checkpoint" in str(verify(folder, keys[1]).fault)
    copies = put(tmp_path / "copies", {"w0.checkpoints.jsonl": small["w0.checkpoints.jsonl"]})
    assert "was another" in str(verify(folder, checkpoints=copies).fault)


def test_an_end_that_was_cut_off_is_seen_and_not_gone_on_from(
    tmp_path: Path, small: dict[str, bytes]
) -> None:
    folder = put(tmp_path, small)
    chain, values = (folder / f"w0.000000000001.{kind}.jsonl" for kind in ("chain", "values"))
    chain.write_bytes(b"".join(lines(chain)[:-1]))
    values.write_bytes(b"".join(lines(values)[:-1]))
    fault = verify(folder).fault
    assert fault is not None
    assert "it ends at record 4, but a checkpoint says there were 5" in str(fault)
    with pytest.raises(LogError, match=r"a checkpoint says the chain had 5 records"):
        DecisionLog(folder)


def test_a_key_that_did_not_sign_is_seen(tmp_path: Path, small: dict[str, bytes]) -> None:
    folder = put(tmp_path, small)
    other = PrivateKey.read(make_pair()[0]).public
    assert "not signed by the key given" in str(verify(folder, other).fault)


# -- erasure


def test_erasure_leaves_the_chain_whole_and_nothing_of_the_person(tmp_path: Path) -> None:
    made = [replace(one, subject=["Mei Lin", "p2"][i % 2],
                    values={"income": 1e5 + i, "segment": "Mei Lin"})
            for i, one in enumerate(some(12))]  # fmt: skip
    with DecisionLog(tmp_path, LogOptions(segment_bytes=5_000)) as log:
        for at in range(0, 6):
            log.append(made[2 * at : 2 * at + 2]).result(WAIT)
        done = erase(tmp_path, "Mei Lin")  # while a service logs
        log.append(some(3, 20)).result(WAIT)
    assert (done.decisions, done.files > 1) == (6, True)
    found = verify(tmp_path)
    assert (found.fault, found.decisions, found.erased) == (None, 15, 6)
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"100002.0" not in everything
    assert b"100003.0" in everything
    assert b'"subject":"Mei Lin"' not in everything
    assert erase(tmp_path, "Mei Lin").decisions == 0
    with pytest.raises(LogError, match=r"subject: is empty"):
        erase(tmp_path, "")


def test_an_erasure_that_was_interrupted_is_seen_and_can_be_finished(tmp_path: Path) -> None:
    write(tmp_path, 9)
    values = tmp_path / "w0.000000000001.values.jsonl"
    before = values.read_bytes()
    erase(tmp_path, "p1")
    values.write_bytes(before)  # the record is written before the values go
    fault = verify(tmp_path).fault
    assert fault is not None
    assert "values are there that were to be erased" in fault.wrong
    assert "run `credit log erase` again" in fault.way_out
    assert erase(tmp_path, "p1").decisions == 2
    assert verify(tmp_path).fault is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to somebody else")
def test_what_an_administrator_erases_stays_the_services(tmp_path: Path) -> None:
    write(tmp_path, 9)
    for path in [tmp_path, *tmp_path.iterdir()]:
        os.chown(path, 12_345, 12_345)
    assert erase(tmp_path, "p1").decisions == 2
    assert {(path.stat().st_uid, path.stat().st_gid) for path in tmp_path.iterdir()} == {
        (12_345, 12_345)
    }


def test_who_erases_waits_for_who_verifies(tmp_path: Path) -> None:
    write(tmp_path, 3)
    with ThreadPoolExecutor(1) as threads:
        with hold_folder(tmp_path, alone=False):
            assert threads.submit(verify, tmp_path).result(WAIT).fault is None
            erasing = threads.submit(erase, tmp_path, "p1")
            with DecisionLog(tmp_path) as log:
                log.append(some(1, 3)).result(WAIT)  # who logs does not wait
            assert not erasing.done()
        assert erasing.result(WAIT).decisions == 1
    assert verify(tmp_path).erased == 1


# -- replay


def test_what_was_decided_is_decided_again_in_a_fresh_process(tmp_path: Path) -> None:
    write(tmp_path, 160)
    code = (
        "import sys; from credit.service.log import replay; r = replay(sys.argv[1], sys.argv[2:]);"
        "print(r.decisions, r.equal, r.different, r.erased, r.unknown, r.fault);"
        "print([m for m in ('pandas', 'sklearn', 'cryptography', 'typer') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path, ARTIFACT],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["160 160 0 0 0 None", "[]"]


def test_replay_counts_what_it_cannot_decide_and_names_what_differs(tmp_path: Path) -> None:
    made = some(10)
    changed = {**made[3].answer, "points": made[3].answer["points"] + 1}
    other = {**made[4].answer, "reasons": made[4].answer["reasons"][::-1]}
    made[3], made[4] = replace(made[3], answer=changed), replace(made[4], answer=other)
    made[5] = replace(made[5], values={"income": 1.0})
    made[6] = replace(made[6], artifact="0" * 64)
    with DecisionLog(tmp_path) as log:
        log.append(made).result(WAIT)
    erase(tmp_path, "p1")  # r1 and r8
    found = replay(tmp_path, [ARTIFACT])
    reversed_ones = int(len(other["reasons"]) > 1)
    assert (found.decisions, found.erased, found.unknown) == (10, 2, 1)
    assert (found.equal, found.different) == (5 - reversed_ones, 2 + reversed_ones)
    said = " | ".join(map(str, found.differences))
    assert f"request r3: points was {changed['points']}, and is {changed['points'] - 1}" in said
    assert "request r5: it is refused now: column" in said
    one = replay(tmp_path, [ARTIFACT], request="r2")
    assert (one.decisions, one.equal) == (1, 1)
    with pytest.raises(LogError, match=r"request 'r99': is not in the log. Give the id"):
        replay(tmp_path, [ARTIFACT], request="r99")
    with pytest.raises(LogError, match=r"artifacts: none given"):
        replay(tmp_path, [])
    with pytest.raises(ArtifactError, match=r"so the artifact is not signed"):
        replay(tmp_path, [ARTIFACT], PrivateKey.read(make_pair()[0]).public)


def test_replay_stops_at_a_fault_of_the_log(tmp_path: Path) -> None:
    write(tmp_path, 6)
    path = tmp_path / "w0.000000000001.values.jsonl"
    whole = lines(path)
    path.write_bytes(
        b"".join([*whole[:2], whole[2].replace(b'"night":', b'"night":1'), *whole[3:]])
    )
    found = replay(tmp_path, [ARTIFACT])
    assert (found.equal, found.decisions) == (2, 2)
    assert found.fault is not None
    assert (found.fault.file, found.fault.line) == (path.name, 3)


# -- the command


def test_the_command_verifies_erases_and_replays(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    write(folder, 9)
    done = credit("log", "verify", folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "decisions" in done.stdout
    done = credit("log", "erase", folder, "--subject", "p1")
    assert done.returncode == 0
    assert "values of 2 decision(s) erased in 1 file(s)" in done.stdout
    done = credit("log", "erase", folder, "--subject", "nobody")
    assert (done.returncode, done.stderr.strip()) == (1, "no values of 'nobody' are there")
    assert credit("replay", folder, "--artifact", ARTIFACT).returncode == 0
    for request, code in (("r0", 0), ("r1", 1)):  # of the second the values are erased
        done = credit("replay", folder, "--artifact", ARTIFACT, "--request", request)
        assert done.returncode == code
    golden = ARTIFACT.parent.parent / "1-scorecard" / "artifact"
    assert credit("replay", folder, "--artifact", golden).returncode == 1  # others decided
    path = folder / "w0.000000000001.chain.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"r4"', b'"r5"'))
    done = credit("log", "verify", folder)
    assert done.returncode == 1
    assert f"{path.name}, line 6: its SHA-256 hash is not the one it states." in done.stderr
    assert credit("replay", folder, "--artifact", ARTIFACT).returncode == 1


def test_an_answer_is_what_replay_compares() -> None:
    entry = next(entries())
    assert json.loads(json.dumps(entry.answer)) == entry.answer
    assert set(answer_of.__annotations__) == {"score", "reasons", "language", "return"}
    assert set(entry.answer) == {
        "points", "probability", "grade", "reasons_asked", "language", "reasons",
    }  # fmt: skip
