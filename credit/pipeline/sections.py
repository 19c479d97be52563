"""Sections of a pipeline file about what follows from a score; each may be left out."""

from __future__ import annotations

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
