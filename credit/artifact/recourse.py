"""The plan of recourse that lies in an artifact: what people can change, and the cut-off."""

from __future__ import annotations

from pathlib import Path

from credit.errors import ArtifactError, CreditError
from credit.explain import RecoursePlan
from credit.runtime import load
from credit.runtime.files import read
from credit.runtime.plain import parse

RECOURSE = "recourse.json"
"""The file; scoring never reads it."""


def recourse_plan(path: str | Path) -> RecoursePlan | None:
    """Return the plan of the artifact at ``path``, a folder or zip; None where it has none.

    Raises
    ------
    ArtifactError
        The artifact is not sound, or the plan in it is no plan.
    """
    load(path)  # every file's hash is checked before one is read
    files = read(Path(path))
    if RECOURSE not in files:
        return None
    try:
        return RecoursePlan.from_dict(parse(RECOURSE, files[RECOURSE]).value)
    except (KeyError, TypeError, CreditError) as error:
        raise ArtifactError(
            f"{RECOURSE}: no plan of recourse ({error}). Write the artifact again with "
            "credit.artifact."
        ) from error
