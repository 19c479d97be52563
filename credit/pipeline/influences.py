"""How many decisions each declared group of features changes."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.calibrate import default_master_scale
from credit.evaluate import Economics, Neutral, decision_influence
from credit.pipeline.config import Pipeline
from credit.pipeline.findings import Findings
from credit.pipeline.sections import InfluenceSection

Floats = npt.NDArray[np.float64]
Decide = Callable[[Floats], npt.NDArray[Any]]


def influences_of(findings: Findings) -> pd.DataFrame:
    """Return how many of the champion's decisions each declared group of features changes.

    ``group, features`` (how many there are), ``strength``, then the columns of
    `credit.evaluate.decision_influence`. A group without a feature in this run changes nothing:
    it is left out, with a note.
    """
    tables = []
    for section in findings.config.influences:
        names = [n for n in findings.data.X.columns if _among(str(n), section.features)]
        if names:
            tables.append(_influence(findings, section, [str(name) for name in names]))
        else:
            findings.notes.append(
                f"influence of {section.name!r}: no feature of the run matches "
                f"{section.features}; it is switched off and changes no decision."
            )
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _among(name: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def economics_of(config: Pipeline) -> Economics | None:
    """Return what a loan earns, where the pipeline says so."""
    return None if config.economics is None else Economics(**config.economics.model_dump())


def decisions_of(config: Pipeline) -> dict[str, Decide]:
    """Return the decisions that a probability makes, the best for the person lowest."""
    economics, found = economics_of(config), {}
    if economics is not None:
        found["approval"] = lambda p: p > economics.break_even
    return found | {"grade": default_master_scale().index}


def _influence(findings: Findings, section: InfluenceSection, names: list[str]) -> pd.DataFrame:
    fold, data = findings.fold, findings.data
    X = data.X.iloc[fold.test]
    if section.neutral == "population":
        neutral = Neutral.of_population(names, data.X.iloc[fold.train])
    else:
        neutral = Neutral.at(names, section.neutral)
    table = decision_influence(
        findings.champion.probability(X),
        findings.champion.probability(neutral.apply(X)),
        neutral.touched(X),
        decisions_of(findings.config),
        unit=section.unit,
        strength=section.strength,
        person=data.person.iloc[fold.test].to_numpy(),
        seed=findings.config.seed,
    )
    head = {"group": section.name, "features": len(names), "strength": section.strength}
    return pd.concat([pd.DataFrame([head] * len(table)), table], axis=1)
