"""The protected group of each applicant: built for the fairness audit, seen by no model."""

from __future__ import annotations

import pandas as pd

from credit.dataset import Dataset
from credit.engine import Engine
from credit.errors import ConfigError, nearest
from credit.feature import Catalogue, Reason, Stated
from credit.pipeline.sections import FairnessSection

NAME = "application_protected_group"
"""The feature that holds the group; it is among those kept out of models."""

UNKNOWN = "(unknown)"

MOST_GROUPS = 20


def protected(section: FairnessSection | None, engine: Engine) -> Catalogue:
    """Return the feature that reads the group, or no feature where no audit is asked for.

    Raises
    ------
    ConfigError
        If neither applications nor customers have the column.
    """
    if section is None:
        return Catalogue(())
    present = {name: list(engine.columns(name)) for name in engine.tables}
    table = "applications" if section.column in present.get("applications", []) else "customers"
    if section.column not in present.get(table, []):
        known = sorted({*present.get("applications", []), *present.get("customers", [])})
        raise ConfigError(
            f"fairness.column: no column {section.column!r} in applications or customers."
            f"{nearest(section.column, known)} They have {known}."
        )
    return Catalogue(
        (
            Stated(
                name=NAME,
                dimension="application",
                label=f"{section.column} (fairness audit only)",
                unit="category",
                null_means="not known",
                risk=0,
                reason=Reason(en="For audits only.", zh="仅供审计。"),
                table="applications" if table == "applications" else "customers",
                expression=section.column,
            ),
        )
    )


def groups(section: FairnessSection, data: Dataset) -> pd.Series:
    """Return the group of each row, unknown ones under a name of their own.

    Raises
    ------
    ConfigError
        If the reference does not occur, or there are more than 20 groups.
    """
    found = data.X[NAME].astype("object")
    named = found.where(found.notna(), UNKNOWN).astype(str).reset_index(drop=True)
    names = sorted(named.unique())
    if len(names) > MOST_GROUPS:
        raise ConfigError(
            f"fairness.column: {section.column!r} has {len(names)} values; at most {MOST_GROUPS} "
            "groups can be compared. Name a column of groups."
        )
    if section.reference not in names:
        raise ConfigError(
            f"fairness.reference: {section.reference!r} does not occur in {section.column!r}."
            f"{nearest(section.reference, names)} It holds {names}."
        )
    return named
