"""Write an artifact: describe the model, check it against itself, write, then rename.

The folder appears whole or not at all. Before it is renamed it is loaded as a service would
load it, and its margins are compared with the model's on the sample: an artifact that does
not reproduce its model is never written.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from credit.artifact.describe import Description, describe
from credit.artifact.frame import columns_of
from credit.artifact.manifest import dump, features_of, manifest, reasons
from credit.artifact.recourse import RECOURSE
from credit.artifact.reference import average_contributions, distributions
from credit.artifact.spec import ArtifactSpec
from credit.errors import ArtifactError
from credit.runtime import Scorer, load
from credit.runtime.columns import read_columns
from credit.runtime.files import MANIFEST, SEAL, read, seal
from credit.runtime.load import MODEL_FILES, REASONS, REFERENCE

CHECKED_ROWS = 2_000
"""Rows of the sample, evenly spaced, on which artifact and model must agree."""


def write(folder: str | Path, model: Any, spec: ArtifactSpec, *, overwrite: bool = False) -> Path:
    """Write ``model`` as an artifact folder and return its path.

    Parameters
    ----------
    folder : str or Path
        Must not exist, unless ``overwrite``.
    model : Scorecard, BoostedModel or BlendedModel
        Fitted.
    spec : ArtifactSpec
    overwrite : bool, default=False
        Replace an artifact that is there. Anything else there is never touched.

    Raises
    ------
    ArtifactError
        The folder exists; the model is of another kind or not as the spec says; the written
        artifact does not reproduce the model.
    """
    folder = Path(folder)
    _check_target(folder, overwrite=overwrite)
    description = describe(model)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in _files(description, spec, temporary).items():
            (temporary / name).write_bytes(content)
        _check_agreement(load(temporary), model, spec.sample, description)
        temporary.chmod(0o755)
        _move(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def pack(folder: str | Path, path: str | Path) -> Path:
    """Zip an artifact folder; the same artifact gives the same bytes.

    Raises
    ------
    ArtifactError
        The folder is no sound artifact, or ``path`` exists.
    """
    folder, path = Path(folder), Path(path)
    load(folder)
    if path.exists():
        raise ArtifactError(f"{path}: exists already. Remove it or choose another name.")
    zip_files(read(folder), path)
    return path


def zip_files(files: Mapping[str, bytes], path: Path) -> None:
    """Put files in a zip, whole or not at all; the same files give the same bytes."""
    partial = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in sorted(files.items()):
                # A fixed date: the clock is no part of an artifact.
                archive.writestr(
                    zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED
                )
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _check_target(folder: Path, *, overwrite: bool) -> None:
    if not folder.exists() and not folder.is_symlink():
        return
    if not overwrite:
        raise ArtifactError(
            f"{folder}: exists already. Choose another folder, or pass overwrite=True to replace "
            "the artifact that is there."
        )
    if not (folder / MANIFEST).is_file():
        raise ArtifactError(
            f"{folder}: holds no {MANIFEST}, so it is no artifact and is not overwritten. Choose "
            "another folder."
        )


def _files(description: Description, spec: ArtifactSpec, temporary: Path) -> dict[str, bytes]:
    """Return every file of the artifact.

    The reference is scored by the runtime itself, so a first artifact without it is written
    to ``temporary`` and loaded: there is one implementation of scores and contributions.
    """
    features = features_of(description, spec)
    names = [feature.name for feature in features]
    files = dict(description.extra)
    if spec.recourse is not None:
        plan = spec.recourse.only(names)
        files[RECOURSE] = dump(RECOURSE, plan.to_dict(), readable=True)
    files[MODEL_FILES[description.kind]] = dump(
        MODEL_FILES[description.kind],
        description.structure,
        readable=description.kind == "scorecard",
    )
    nobody = dict.fromkeys(names, 0.0)
    files[REFERENCE] = dump(REFERENCE, {}, readable=True)
    files[REASONS] = dump(REASONS, reasons(features, nobody, spec), readable=True)
    _seal(files, dump(MANIFEST, manifest(description, features, spec, files), readable=True))
    for name, content in files.items():
        (temporary / name).write_bytes(content)
    scorer = load(temporary)

    columns = columns_of(spec.sample[names], features)
    rows, count = read_columns(features, columns)
    if not count:
        raise ArtifactError("sample: no rows. Give the rows the model was trained on.")
    average = average_contributions(features, rows, count, scorer.model)
    reference = distributions(features, rows, scorer.score(columns), scorer.model)
    files[REFERENCE] = dump(REFERENCE, reference, readable=True)
    files[REASONS] = dump(REASONS, reasons(features, average, spec), readable=True)
    del files[MANIFEST], files[SEAL]
    _seal(files, dump(MANIFEST, manifest(description, features, spec, files), readable=True))
    return files


def _seal(files: dict[str, bytes], content: bytes) -> None:
    files[MANIFEST] = content
    files[SEAL] = seal(content)


def _check_agreement(
    scorer: Scorer, model: Any, sample: pd.DataFrame, description: Description
) -> None:
    """Refuse an artifact whose margins are not the model's."""
    kept = np.unique(np.linspace(0, len(sample) - 1, CHECKED_ROWS).round().astype(np.int64))
    rows = sample.iloc[kept]
    expected = np.asarray(model.decision_function(rows), dtype=np.float64)
    names = [feature.name for feature in scorer.features]
    found = scorer.score(columns_of(rows[names], scorer.features)).margin
    allowed = description.tolerance
    worst = int(np.argmax(np.abs(found - expected)))
    if not abs(found[worst] - expected[worst]) <= allowed:
        raise ArtifactError(
            f"the artifact does not reproduce the model: margin {found[worst]!r} for row "
            f"{kept[worst]} of the sample, where the model says {expected[worst]!r}; at most "
            f"{allowed:.1e} apart are allowed. This is a defect of credit.artifact: report it."
        )


def _move(temporary: Path, folder: Path) -> None:
    """Put the new folder in the place of the old one; a crash leaves one of the two whole."""
    if not folder.exists():
        temporary.rename(folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    folder.rename(old / folder.name)
    try:
        temporary.rename(folder)
    except OSError:
        (old / folder.name).rename(folder)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
