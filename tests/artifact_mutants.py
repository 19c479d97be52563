"""Mutants of artifacts: number n of a seed is always the same, so that what fails can be repeated.

A mutant is a golden artifact with something wrong: bytes of a file, the structure of a document,
the indices of a forest, the set of files, the zip around them or the folder. The manifest's hashes
and its seal are those of the artifact before (``stale``), or made right for what is there now.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from artifact_changes import of_bytes, of_structure
from artifact_models import of_model
from artifact_packages import ENTRIES, ZIPS

MANIFEST, SEAL = "manifest.json", "manifest.sha256"

Files = dict[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One mutant.

    ``must_equal`` where no byte of a file was changed: it may be refused, and what loads scores
    as the artifact did. ``packed`` is its zip; of a folder ``entry`` is something odd inside.
    """

    number: int
    of: str
    change: str
    hashes: Literal["stale", "right"]
    must_equal: bool = False
    files: Mapping[str, bytes] | None = None
    packed: bytes | None = None
    entry: str | None = None

    @property
    def form(self) -> str:
        return "folder" if self.packed is None else "zip"

    def place(self, folder: Path) -> Path | bytes:
        """Return what is loaded: the zip's bytes, or ``folder`` with the files in it."""
        if self.packed is not None:
            return self.packed
        folder.mkdir()
        for name, content in (self.files or {}).items():
            (folder / name).write_bytes(content)
        if self.entry is not None:
            ENTRIES[self.entry](folder)
        return folder


def mutant(artifacts: Mapping[str, Files], seed: int, number: int) -> Mutant:
    """Return a mutant of one of ``artifacts``: name -> file -> content."""
    rng = random.Random(f"{seed}/{number}")
    of = rng.choice(sorted(artifacts))
    kind = rng.choices(list(_KINDS), [share for share, _ in _KINDS.values()])[0]
    found = _KINDS[kind][1](dict(artifacts[of]), rng)
    return Mutant(number=number, of=of, **found | {"change": f"{kind}: {found['change']}"})


def sealed(files: Files) -> Files:
    """Return the files with the seal of the manifest that is there made right."""
    digest = hashlib.sha256(files.get(MANIFEST, b"")).hexdigest()
    return {**files, SEAL: f"{digest}  {MANIFEST}\n".encode()}


def stated(files: Files) -> Files:
    """Return the files with the sizes and hashes that the manifest states made right.

    A manifest that is no JSON, or has no files to state, stays as it is.
    """
    try:
        manifest = json.loads(files[MANIFEST])
        right = {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in files.items()
            if name not in {MANIFEST, SEAL}
        }
        if manifest["files"] != right:
            manifest["files"] = right
            return {**files, MANIFEST: json.dumps(manifest).encode()}
    except (KeyError, TypeError, ValueError, RecursionError):
        pass
    return files


def dated(name: str) -> zipfile.ZipInfo:
    """Return a member of the day zips begin with: a mutant is the same whenever it is made."""
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def packed(files: Mapping[str, bytes], prefix: str = "") -> bytes:
    """Return the files zipped."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in files.items():
            archive.writestr(dated(prefix + name), content, compresslevel=1)
    return held.getvalue()


def _of_content(change: str, files: Files, rng: random.Random, *, stale: bool) -> dict[str, Any]:
    if not stale:
        # What a changed manifest states of the files is one of the things that were changed.
        files = sealed(files if change.startswith(MANIFEST) else stated(files))
    found: dict[str, Any] = {"change": change, "hashes": "stale" if stale else "right"}
    if rng.random() < 0.3:
        return found | {"files": files}
    return found | {"packed": packed(files, rng.choice(["", "", "artifact/"]))}


def _bytes(files: Files, rng: random.Random) -> dict[str, Any]:
    stale = rng.random() < 0.3
    name = rng.choice(sorted(files.keys() - (set() if stale else {SEAL})))
    change, content = of_bytes(files[name], rng)
    return _of_content(f"{name}, {change}", {**files, name: content}, rng, stale=stale)


def _structure(files: Files, rng: random.Random) -> dict[str, Any]:
    stale = rng.random() < 0.2
    name = rng.choice(sorted(files.keys() - {SEAL, "model.json"}))
    change, content = of_structure(files[name], rng)
    return _of_content(f"{name}, {change}", {**files, name: content}, rng, stale=stale)


def _model(files: Files, rng: random.Random) -> dict[str, Any]:
    name = next((n for n in ("forest.json", "blended.json") if n in files), "scorecard.json")
    stale = rng.random() < 0.1
    change, content = of_model(files[name], rng)
    return _of_content(change, {**files, name: content}, rng, stale=stale)


def _set_of_files(files: Files, rng: random.Random) -> dict[str, Any]:
    change = rng.choice(["drop", "add", "rename", "exchange", "empty", "case"])
    one, other = rng.sample(sorted(files), 2)
    if change == "drop":
        del files[one]
    elif change == "add":
        files[rng.choice(["notes.txt", "recourse.json", "é.json", "scorecard.json.bak"])] = b"{}"
    elif change == "rename":
        files[rng.choice(["x.json", "MANIFEST", "recourse.json"])] = files.pop(one)
    elif change == "exchange":
        files[one], files[other] = files[other], files[one]
    elif change == "empty":
        files[one] = b""
    else:
        files[one.upper()] = files.pop(one)
    return _of_content(change, files, rng, stale=rng.random() < 0.5)


def _container(files: Files, rng: random.Random) -> dict[str, Any]:
    change, content = of_bytes(packed(files), rng)
    return {"change": change, "hashes": "right", "must_equal": True, "packed": content}


def _zip(files: Files, rng: random.Random) -> dict[str, Any]:
    change = rng.choice(sorted(ZIPS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of names that are there twice
        content = ZIPS[change](files, packed, rng)
    return {"change": change, "hashes": "right", "must_equal": True, "packed": content}


def _folder(files: Files, rng: random.Random) -> dict[str, Any]:
    entry = rng.choice(sorted(ENTRIES))
    return {
        "change": entry, "hashes": "right", "must_equal": True, "files": files, "entry": entry,
    }  # fmt: skip


_KINDS: dict[str, tuple[float, Callable[[Files, random.Random], dict[str, Any]]]] = {
    "bytes": (0.30, _bytes),
    "structure": (0.35, _structure),
    "model": (0.15, _model),
    "set of files": (0.05, _set_of_files),
    "zip, bytes": (0.09, _container),
    "zip, structure": (0.04, _zip),
    "folder": (0.02, _folder),
}


def read_artifacts(folders: Sequence[Path]) -> dict[str, Files]:
    """Return the files of artifacts in folders ``<name>/artifact``."""
    return {
        folder.parent.name: {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        for folder in folders
    }
