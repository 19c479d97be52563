"""Zips and folders around an artifact's files that hold something odd."""

from __future__ import annotations

import io
import os
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

Zip = Callable[..., bytes]


def _with_members(*members: tuple[str | zipfile.ZipInfo, bytes]) -> Zip:
    def made(files: dict[str, bytes], packed: Zip, _rng: random.Random) -> bytes:
        held = io.BytesIO(packed(files))
        with zipfile.ZipFile(held, "a", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                # A name alone would be dated now, and a mutant is the same whenever it is made.
                info = zipfile.ZipInfo(name) if isinstance(name, str) else name
                archive.writestr(info, content, zipfile.ZIP_DEFLATED)
        return held.getvalue()

    return made


def _field(signature: bytes, offset: int, form: str, *values: int) -> Zip:
    """Write over a field of one header of the zip."""

    def made(files: dict[str, bytes], packed: Zip, rng: random.Random) -> bytes:
        held = bytearray(packed(files))
        places = list(_places(bytes(held), signature))
        at = rng.choice(places) + offset
        held[at : at + struct.calcsize(form)] = struct.pack(form, rng.choice(values))
        return bytes(held)

    return made


def _places(held: bytes, signature: bytes) -> Iterator[int]:
    at = held.find(signature)
    while at >= 0:
        yield at
        at = held.find(signature, at + 1)


def _link() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("link.json")
    info.external_attr = 0o120777 << 16
    return info


_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_SIZES = (0, 1, 2**20, 2**28, 2**28 + 1, 2**31, 2**32 - 1)

ZIPS: dict[str, Zip] = {
    "a name twice": _with_members(("manifest.json", b"{}")),
    "path upwards": _with_members(("../evil.json", b"{}")),
    "absolute path": _with_members(("/etc/passwd", b"x")),
    "backslash": _with_members(("a\\b.json", b"{}")),
    "folder inside": _with_members(("inside/", b""), ("inside/x.json", b"{}")),
    "empty folder": _with_members(("inside/", b"")),
    "link": _with_members((_link(), b"manifest.json")),
    "many": _with_members(*((f"{i}.json", b"{}") for i in range(70))),
    "bomb": _with_members(("bomb.json", bytes(2**24))),
    "comment": lambda files, packed, rng: packed(files) + rng.randbytes(9),
    "bytes before": lambda files, packed, rng: rng.randbytes(50) + packed(files),
    "two folders": lambda files, packed, _: packed({f"a/{n}" if n < "n" else f"b/{n}": c
                                                    for n, c in files.items()}),
    "zip in a zip": lambda files, packed, _: packed({"artifact.zip": packed(files)}),
    "prefix of folders": lambda files, packed, _: packed(files, "a/b/"),
    "local flags": _field(_LOCAL, 6, "<H", 1, 8, 0x40, 0x800, 0xFFFF),
    "central flags": _field(_CENTRAL, 8, "<H", 1, 8, 0x20, 0x800, 0xFFFF),
    "method": _field(_CENTRAL, 10, "<H", 0, 1, 9, 12, 14, 93, 99),
    "local method": _field(_LOCAL, 8, "<H", 0, 12, 14, 99),
    "crc": _field(_CENTRAL, 16, "<I", 0, 1, 2**32 - 1),
    "packed size": _field(_CENTRAL, 20, "<I", *_SIZES),
    "size": _field(_CENTRAL, 24, "<I", *_SIZES),
    "local size": _field(_LOCAL, 22, "<I", *_SIZES),
    "name length": _field(_CENTRAL, 28, "<H", 0, 1, 500, 65535),
    "extra length": _field(_CENTRAL, 30, "<H", 1, 4, 500, 65535),
    "offset": _field(_CENTRAL, 42, "<I", 0, 1, 1_000, 2**31, 2**32 - 1),
    "count": _field(_END, 10, "<H", 0, 1, 4, 65535),
    "size of directory": _field(_END, 12, "<I", *_SIZES),
    "place of directory": _field(_END, 16, "<I", *_SIZES),
}  # fmt: skip


def _linked(folder: Path) -> None:
    """Put a link to the manifest in its place."""
    (folder / "manifest.json").rename(folder.parent / "elsewhere.json")
    (folder / "manifest.json").symlink_to(folder.parent / "elsewhere.json")


ENTRIES: dict[str, Callable[[Path], object]] = {
    "folder inside": lambda folder: (folder / "inside").mkdir(),
    "link to a file": _linked,
    "dangling link": lambda folder: (folder / "x.json").symlink_to(folder / "nowhere"),
    "link to itself": lambda folder: (folder / "x.json").symlink_to(folder / "x.json"),
    "link to the folder": lambda folder: (folder / "x.json").symlink_to(folder),
    "pipe": lambda folder: os.mkfifo(folder / "x.json"),
    "pipe as manifest": lambda folder: (
        (folder / "manifest.json").unlink(), os.mkfifo(folder / "manifest.json")),
    "device": lambda folder: (folder / "x.json").symlink_to("/dev/zero"),
    "many": lambda folder: [(folder / f"{i}.json").write_text("{}") for i in range(70)],
    "hidden": lambda folder: (folder / ".DS_Store").write_bytes(b"x"),
    "odd name": lambda folder: Path(os.fsdecode(os.fsencode(folder) + b"/\xff.json")).touch(),
}  # fmt: skip
"""What may lie in a folder beside the files, by name."""
