"""The plan of recourse that lies in an artifact: what people can change, and the cut-off."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np

from credit.errors import ArtifactError, CreditError
from credit.explain import RecoursePlan
from credit.feature import Action
from credit.runtime import load
from credit.runtime.files import read
from credit.runtime.plain import Plain, parse

RECOURSE = "recourse.json"
"""The file; scoring never reads it."""

MAX_DAYS = 36_500
"""Longest horizon, and longest window of a lever."""


def recourse_plan(path: str | Path) -> RecoursePlan | None:
    """Return the plan of the artifact at ``path``, a folder or zip; None where it has none.

    Raises
    ------
    ArtifactError
        The artifact is not sound, or the plan in it is no plan: the place and the rule are named.
    """
    load(path)  # every file's hash is checked before one is read
    files = read(Path(path))
    if RECOURSE not in files:
        return None
    document = parse(RECOURSE, files[RECOURSE])
    _check(document)
    try:
        return RecoursePlan.from_dict(document.value)
    except CreditError as error:
        raise ArtifactError(
            f"{RECOURSE}: no plan of recourse ({error}). Write the artifact again with "
            "credit.artifact."
        ) from error


def _check(document: Plain) -> None:
    """Refuse what is no plan, by its place: types, and what a search counts on."""
    plan = document.record(("cutoff", "horizon", "levers"))
    plan["cutoff"].number()
    plan["horizon"].integer(1, MAX_DAYS)
    for item in plan["levers"].items():
        lever = item.record(("feature", "unit", "action", "quantiles", "codes"))
        lever["feature"].text()
        lever["unit"].text()
        lever["codes"].numbers()
        quantiles = lever["quantiles"].numbers()
        if not quantiles.size or np.any(np.diff(quantiles) < 0):
            lever["quantiles"].refuse("a list of numbers that do not fall, at least one")
        _check_action(lever["action"])


def _check_action(document: Plain) -> None:
    action = document.record(tuple(field.name for field in fields(Action)))
    for name in ("group", "direction", "en", "zh"):
        action[name].text()
    for name in ("lasting", "since"):
        if not isinstance(action[name].value, bool):
            action[name].refuse("true or false")
    if action["days"].value is not None:
        action["days"].integer(1, MAX_DAYS)
    action["goal"].optional_number()
