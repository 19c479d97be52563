"""The protected group of each applicant: built for the fairness audit, seen by no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from credit.dataset import Dataset
from credit.errors import ConfigError, nearest
from credit.feature import Catalogue, Reason, Stated
from credit.pipeline.config import Pipeline
from credit.pipeline.declared import refuse
from credit.pipeline.sections import FairnessSection
from credit.pipeline.tables import Prepared, columns_of

NAME = "application_protected_group"
"""The feature that holds the group; it is among those kept out of models."""

UNKNOWN = "(unknown)"

MOST_GROUPS = 20


def with_group(config: Pipeline, prepared: Prepared) -> Prepared:
    """Add the feature that reads the group, kept out of models; nothing where none is declared.

    Raises
    ------
    ConfigError
        If neither applications nor customers have the column.
    UseError
        If the column is not held for fairness audits.
    """
    section = config.fairness
    if section is None:
        return prepared
    extra = Catalogue((_feature(section, columns_of(prepared.engine)),))
    refuse(config, prepared.engine, extra, extra.names)
    return replace(
        prepared,
        catalogue=Catalogue((*prepared.catalogue, *extra)),
        audit=(*prepared.audit, *extra.names),
    )


def _feature(section: FairnessSection, columns: Mapping[str, Sequence[str]]) -> Stated:
    own, persons = (columns.get(table, ()) for table in ("applications", "customers"))
    if section.column not in {*own, *persons}:
        known = sorted({*own, *persons})
        raise ConfigError(
            f"fairness.column: no column {section.column!r} in applications or customers."
            f"{nearest(section.column, known)} They have {known}."
        )
    return Stated(
        name=NAME,
        dimension="application",
        label=f"{section.column} (fairness audit only)",
        unit="category",
        null_means="not known",
        risk=0,
        reason=Reason(en="For audits only.", zh="仅供审计。"),
        table="applications" if section.column in own else "customers",
        expression=section.column,
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
