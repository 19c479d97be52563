"""Load an artifact. Order: size limits, manifest's hash, format version, hashes, structure, use.

Nothing is parsed before its hash is right, and nothing is used before its structure is: a
file that was changed, cut short or built by hand is refused with its name and the reason.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from credit.errors import ArtifactError
from credit.runtime.blended import read_blended
from credit.runtime.boosted import read_boosted
from credit.runtime.card import read_card
from credit.runtime.columns import Feature
from credit.runtime.files import (
    MANIFEST,
    MAX_FILE_BYTES,
    check_files,
    check_seal,
    check_signature,
    read,
)  # fmt: skip
from credit.runtime.plain import Floats, Plain, parse
from credit.runtime.rule import ScoreRule
from credit.runtime.scorer import LANGUAGES, Kind, Model, Scorer
from credit.runtime.signature import PublicKey, PublicSource

FORMAT = 1
"""The version of the artifact format that this code reads and writes."""

ROUNDING = "floor(x + 0.5)"
"""How points are rounded to whole ones."""

MODEL_FILES: Mapping[Kind, str] = {
    "scorecard": "scorecard.json",
    "boosted": "forest.json",
    "blended": "blended.json",
}
"""Model kind -> the file that holds its structure."""

REFERENCE = "reference.json"
REASONS = "reasons.json"

_MANIFEST_KEYS = (
    "format", "kind", "features", "unused", "score", "calibration", "grades", "policy",
    "training", "code", "metrics", "files",
)  # fmt: skip

_FEATURE_KEYS = (
    "name", "dimension", "type", "unit", "null_means", "learned_range", "hard_range",
    "special_codes", "categories", "unknown_category",
)  # fmt: skip


def load(path: str | Path | bytes, *, key: PublicSource | None = None) -> Scorer:
    """Return the scorer of an artifact.

    Parameters
    ----------
    path : str, Path or bytes
        Its folder, that folder zipped, or what the zip file holds.
    key : PublicKey, or str, Path or bytes of its PEM, optional
        Then the artifact must be signed by it, and `cryptography` be installed.

    Raises
    ------
    ArtifactError
        There is none; a file is missing, changed, cut short, too large or not named in the
        manifest; it is not signed by the key; the format version is unknown; the structure is
        not sound.

    Notes
    -----
    Limits: 64 files, 8 MiB for the manifest, 256 MiB a file, 512 MiB together. Only NumPy and
    the standard library are needed, and no code or pickle is read.
    """
    source = path if isinstance(path, bytes) else Path(path)
    files = read(source)
    check_seal(files, "the bytes given" if isinstance(source, bytes) else str(source))
    check_signature(files, None if key is None else PublicKey.read(key))
    document = parse(MANIFEST, files[MANIFEST])
    _check_format(document)
    part = document.record(_MANIFEST_KEYS)
    check_files(files, _stated_files(part["files"]))
    kind = cast(Kind, part["kind"].text(allowed=tuple(MODEL_FILES)))
    features = _read_features(part["features"])
    names = [feature.name for feature in features]
    rule = _read_rule(part, kind)
    texts, contributions = _read_reasons(_open(files, REASONS), names)
    return Scorer(
        kind=kind,
        features=features,
        unused=part["unused"].texts(),
        model=_read_model(kind, _open(files, MODEL_FILES[kind]), features),
        rule=rule,
        texts=texts,
        reference_contributions=contributions,
        reference=_plain_object(_open(files, REFERENCE)),
        manifest=document.value,
        sha256=hashlib.sha256(files[MANIFEST]).hexdigest(),
    )


def _check_format(document: Plain) -> None:
    """Refuse another format before anything else in the manifest is read."""
    members = document.members()
    found = members["format"].value if "format" in members else None
    if found != FORMAT or isinstance(found, bool):
        raise ArtifactError(
            f"{MANIFEST}: unknown format version {found!r}; this version of credit reads format "
            f"{FORMAT}. Use the version of credit that wrote it, or write it again with this one."
        )


def _stated_files(part: Plain) -> dict[str, tuple[int, str]]:
    stated = {}
    for name, item in part.members().items():
        entry = item.record(("bytes", "sha256"))
        digest = entry["sha256"].text()
        if not re.fullmatch("[0-9a-f]{64}", digest):
            entry["sha256"].refuse("a SHA-256 hash in 64 lower-case hexadecimal digits")
        stated[name] = (entry["bytes"].integer(0, MAX_FILE_BYTES), digest)
    return stated


def _open(files: Mapping[str, bytes], name: str) -> Plain:
    if name not in files:
        raise ArtifactError(
            f"{name}: the file is missing, and {MANIFEST} does not name it. Write the artifact "
            "again with credit.artifact."
        )
    return parse(name, files[name])


def _read_model(kind: str, document: Plain, features: Sequence[Feature]) -> Model:
    if kind == "scorecard":
        return read_card(document, features)
    if kind == "blended":
        return read_blended(document, features)
    return read_boosted(document, features)


def _plain_object(document: Plain) -> Mapping[str, Any]:
    document.members()
    return cast(Mapping[str, Any], document.value)


def _read_features(part: Plain) -> tuple[Feature, ...]:
    features = tuple(_read_feature(item) for item in part.items())
    names = [feature.name for feature in features]
    if not features or len(set(names)) != len(names):
        part.refuse("a list of features with different names, at least one")
    return features


def _read_feature(item: Plain) -> Feature:
    part = item.record(_FEATURE_KEYS)
    kind = cast(Literal["number", "category"], part["type"].text(("number", "category")))
    codes = part["special_codes"].items()
    unknown = part["unknown_category"].text(("refuse", "model"))
    return Feature(
        name=part["name"].text(),
        dimension=part["dimension"].text(),
        type=kind,
        unit=part["unit"].text(),
        null_means=part["null_means"].text(),
        learned_range=_read_learned(part["learned_range"]),
        hard_range=_read_hard(part["hard_range"]),
        special_codes=tuple(c.number() if kind == "number" else c.text() for c in codes),
        categories=part["categories"].texts(),
        unknown_category=cast(Literal["refuse", "model"], unknown),
    )


def _read_learned(part: Plain) -> tuple[float, float] | None:
    if part.value is None:
        return None
    low, high = part.numbers(2).tolist()
    if low > high:
        part.refuse("a range [min, max]")
    return low, high


def _read_hard(part: Plain) -> tuple[float | None, float | None] | None:
    if part.value is None:
        return None
    sides = [item.optional_number() for item in part.items()]
    if len(sides) != 2:
        part.refuse("a range [min, max]")
    low, high = sides
    if low is not None and high is not None and low > high:
        part.refuse("a range [min, max]")
    return low, high


def _read_rule(manifest: Mapping[str, Plain], kind: str) -> ScoreRule:
    score = manifest["score"].record(
        ("points", "rounding", "base_points", "base_odds", "points_to_double")
    )
    calibration = manifest["calibration"].record(("slope", "intercept"))
    grades = manifest["grades"].record(("bounds", "names"))
    points = score["points"].text(("scale", "table") if kind == "scorecard" else ("scale",))
    score["rounding"].text((ROUNDING,))
    names = grades["names"].texts()
    bounds = grades["bounds"].numbers(len(names) - 1)
    if np.any(np.diff(bounds) <= 0) or np.any((bounds <= 0) | (bounds >= 1)):
        grades["bounds"].refuse("rising probabilities between 0 and 1")
    return ScoreRule(
        slope=calibration["slope"].positive(),
        intercept=calibration["intercept"].bounded(),
        points=cast(Literal["scale", "table"], points),
        base_points=score["base_points"].bounded(),
        base_odds=score["base_odds"].positive(),
        points_to_double=score["points_to_double"].positive(),
        bounds=bounds,
        names=names,
    )


def _read_reasons(
    document: Plain, names: Sequence[str]
) -> tuple[dict[str, dict[str, str]], Floats]:
    part = document.record(("texts", "reference_contributions"))
    texts = {
        name: {language: text.text() for language, text in item.record(LANGUAGES).items()}
        for name, item in part["texts"].record(names).items()
    }
    values = part["reference_contributions"].record(names)
    return texts, np.array([values[name].bounded() for name in names])
