"""Changes of bytes, and of the structure of a JSON document."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

Change = Callable[[Any, Any, list[str], random.Random], None]
"""Changes a container at a key; texts that are no JSON value are kept in the list."""

TOKENS = (
    b"NaN", b"-Infinity", b"1e999", b"-", b"[", b"{", b"]", b"}", b'"', b"\\", b"\\u0000",
    b"\\ud800", b"\xff\xfe", b"\xef\xbb\xbf", b"null", b"true", b",", b":", b"\x00", b"0x1", b"-0",
    b"[" * 3_000, b"9" * 5_000, b"1e-999", b"/**/",
)  # fmt: skip

NUMBERS: tuple[Any, ...] = (
    0, -0.0, 1, -1, 0.5, 2, 255, 256, 2**31, -(2**31), 2**32, 2**40, -(2**40), 2**53, 2**63,
    -(2**63), 2**64, 10**30, 10**400, 1e-310, 5e-324, 1e38, 3.5e38, 1e155, 1e308, -1e308,
    1.7976931348623157e308, float("nan"), float("inf"), float("-inf"),
)  # fmt: skip

OTHERS = (
    "null", "true", "false", '""', '"0"', '"1.5"', "[]", "{}", "[[]]", "[null]", '{"": 0}', "[0]",
    '{"value": 1}', '"null"',
)  # fmt: skip

TEXTS = (
    "", " ", "\x00", "\ud800", "\udfff\ud800", "\u202eabc", "e\u0301", "\u00e9", "\U0001d7d9",
    "__class__", "../../etc/passwd", "${jndi}", "%s{0}", "x" * 70_000, "\u2028", "中" * 300, "-9",
    "nan", "income", "night", "share", "segment", "sme", "n/a", "scorecard", "boosted", "blended",
    "scale", "table", "number", "category", "refuse", "model", "'; drop table", "<script>",
)  # fmt: skip

RAW = (
    "1e999", "-1e999", "1" * 5_000, "-0", "01", "1.", "NaN", "-Infinity", "[" * 900 + "]" * 900,
    "[" * 100_000, '{"a":' * 2_000 + "1" + "}" * 2_000, "[" * 100_000 + "]" * 100_000, "'x'", "",
    '"\\ud800"', '"\\x41"', '"' + "\t" + '"', "1e-400", "0e0", "-", "1E5", "0.1e1",
)  # fmt: skip


CHANGES_OF_BYTES = (
    "flip", "digit", "digit", "insert", "delete", "truncate", "duplicate", "swap", "token"
)  # fmt: skip


def of_bytes(content: bytes, rng: random.Random) -> tuple[str, bytes]:
    """Return the name of a change, and the bytes after it: never those before."""
    while True:
        change = rng.choice(CHANGES_OF_BYTES)
        found = _bytes_after(change, bytearray(content), rng)
        if found != content:
            return change, found


def _bytes_after(change: str, held: bytearray, rng: random.Random) -> bytes:
    at = rng.randrange(len(held) + 1)
    size = min(2 ** rng.randrange(10), len(held))
    if change == "flip":
        for _ in range(rng.choice((1, 1, 1, 2, 8))):
            held[rng.randrange(len(held))] ^= 1 << rng.randrange(8)
    elif change == "digit":
        _other_digits(held, rng)
    elif change == "insert":
        held[at:at] = rng.randbytes(rng.randint(1, 64))
    elif change == "delete":
        del held[at : at + size]
    elif change == "truncate":
        del held[at:]
    elif change == "duplicate":
        held[at:at] = held[at : at + size]
    elif change == "swap":
        low, high = sorted((at, rng.randrange(len(held) + 1)))
        held[low : high + size] = (
            held[high : high + size] + held[low + size : high] + held[low : low + size]
        )
    else:
        held[at : at + rng.choice((0, 1, size))] = rng.choice(TOKENS)
    return bytes(held)


def _other_digits(held: bytearray, rng: random.Random) -> None:
    places = [i for i, byte in enumerate(held) if byte in b"0123456789"]
    for place in rng.sample(places, min(len(places), rng.choice((1, 1, 2, 5)))):
        held[place] = rng.choice(b"0123456789")


def of_structure(content: bytes, rng: random.Random) -> tuple[str, bytes]:
    """Change up to three places of a JSON document."""
    holder = [json.loads(content)]
    raw: list[str] = []
    names = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if holder and "huge" not in names:  # what stands in it many times is one thing
            parent, key = _somewhere(holder, rng)
            names.append(_change_at(parent, key, raw, rng))
    return names[0], _dumped(holder[0], raw, rng) if holder else b""


def _somewhere(holder: list[Any], rng: random.Random) -> tuple[Any, Any]:
    """Walk down from the top, a random member at a time: small parts are as likely as large."""
    parent: Any = holder
    key: Any = 0
    while isinstance(parent[key], dict | list) and parent[key] and rng.random() < 0.85:
        parent = parent[key]
        key = rng.choice(list(parent)) if isinstance(parent, dict) else rng.randrange(len(parent))
    return parent, key


def _change_at(parent: Any, key: Any, raw: list[str], rng: random.Random) -> str:
    name = rng.choices(list(_CHANGES), [share for share, _ in _CHANGES.values()])[0]
    _CHANGES[name][1](parent, key, raw, rng)
    return name


def _number(parent: Any, key: Any, _raw: list[str], rng: random.Random) -> None:
    parent[key] = rng.choice(NUMBERS)


def _near(parent: Any, key: Any, _raw: list[str], rng: random.Random) -> None:
    value = parent[key]
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = rng.choice((-value, value + 1, value - 1, value * 1_000, value // 3))
    parent[key] = value


def _other(parent: Any, key: Any, _raw: list[str], rng: random.Random) -> None:
    other = json.loads(rng.choice(OTHERS))
    parent[key] = rng.choice((other, other, [parent[key]], {"value": parent[key]}))


def _text(parent: Any, key: Any, _raw: list[str], rng: random.Random) -> None:
    parent[key] = rng.choice(TEXTS)


def _write_raw(parent: Any, key: Any, raw: list[str], rng: random.Random) -> None:
    parent[key] = _raw(rng.choice(RAW), raw)


def _drop(parent: Any, key: Any, _raw: list[str], _rng: random.Random) -> None:
    del parent[key]


def _extra(parent: Any, _key: Any, _raw: list[str], rng: random.Random) -> None:
    value = json.loads(rng.choice(OTHERS))
    if isinstance(parent, dict):
        parent[rng.choice(TEXTS)] = value
    else:
        parent.insert(rng.randrange(len(parent) + 1), value)


def _twice(parent: Any, key: Any, raw: list[str], _rng: random.Random) -> None:
    if isinstance(parent, dict):
        value = json.dumps(parent[key])
        parent[key] = _raw(f"{value},{json.dumps(key)}:{value}", raw)
    else:
        parent.append(parent[key])


def _rename(parent: Any, key: Any, _raw: list[str], rng: random.Random) -> None:
    if isinstance(parent, dict):
        parent[rng.choice((*TEXTS, key.upper(), key + " "))] = parent.pop(key)
    else:
        parent.insert(0, parent.pop(key))


def _copy(parent: Any, key: Any, _raw: list[str], rng: random.Random) -> None:
    source, at = _somewhere([parent], rng)
    parent[key] = json.loads(json.dumps(source[at]))


def _order(parent: Any, key: Any, _raw: list[str], rng: random.Random) -> None:
    value = parent[key]
    if isinstance(value, list):
        parent[key] = rng.choice((rng.sample(value, len(value)), value[::-1], value[1:], []))
    elif isinstance(value, dict):
        parent[key] = dict(reversed(value.items()))
    else:
        parent[key] = [value, value]


def _huge(parent: Any, key: Any, _raw: list[str], rng: random.Random) -> None:
    value = parent[key]
    most = max(2, 500_000 // len(json.dumps(value)))
    parent[key] = [value] * min(most, rng.choice((2, 100, 1_000, 10_001, 60_000)))


_CHANGES: dict[str, tuple[int, Change]] = {
    "number": (3, _number),
    "near number": (3, _near),
    "other type": (1, _other),
    "text": (1, _text),
    "raw": (1, _write_raw),
    "drop": (1, _drop),
    "extra": (1, _extra),
    "twice": (1, _twice),
    "rename": (1, _rename),
    "copy": (1, _copy),
    "order": (1, _order),
    "huge": (1, _huge),
}


def _raw(text: str, raw: list[str]) -> str:
    raw.append(text)
    return f"@raw{len(raw) - 1}@"


def _dumped(document: Any, raw: list[str], rng: random.Random) -> bytes:
    text = json.dumps(document, ensure_ascii=rng.random() < 0.5)
    for i, inside in reversed(list(enumerate(raw))):
        text = text.replace(f'"@raw{i}@"', inside, 20)
    return text.encode("utf-8", "surrogatepass")
