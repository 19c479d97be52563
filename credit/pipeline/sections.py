"""Sections of a pipeline file about what follows from a score; each may be left out."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EconomicsSection(_Section):
    """What one unit lent earns or loses: see `credit.evaluate.Economics`."""

    loss_given_default: float = Field(gt=0, le=1)
    margin: float = Field(gt=0)
    cost: float = Field(ge=0)


class FairnessSection(_Section):
    """Which groups are compared, and with which of them.

    ``column`` is one of the applications, else of the customers, that names the group of a
    person; it is read for the audit alone. ``approval_rate`` is the share of applications the
    comparison takes as approved, the safest by each model.
    """

    column: str
    reference: str
    approval_rate: float = Field(gt=0, lt=1)


class ConsentSection(_Section):
    """What hiding a source of data may gain at most: see `credit.consent.Guard`."""

    tolerance_points: float = Field(ge=0)


class InfluenceSection(_Section):
    """A group of features whose say in decisions is counted (`credit.evaluate.decision_influence`).

    ``features`` are shell globs over names. ``neutral`` is the value that says nothing, taken
    where a feature is known, or ``population``: everybody's median. ``unit`` is what the
    declared figure is a share of. To switch a group off, put it under ``exclude`` of
    ``[features]``.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_ -]*$", max_length=60)
    features: list[str] = Field(min_length=1)
    neutral: float | Literal["population"]
    unit: Literal["all", "touched"]
    strength: float = Field(default=1.0, gt=0, le=1)
