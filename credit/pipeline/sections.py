"""Sections of a pipeline file about what follows from a score; each may be left out."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A section of a pipeline file: unknown keys are errors, and nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EconomicsSection(Section):
    """What one unit lent earns or loses: see `credit.evaluate.Economics`."""

    loss_given_default: float = Field(gt=0, le=1)
    margin: float = Field(gt=0)
    cost: float = Field(ge=0)


class FairnessSection(Section):
    """Which groups are compared, and with which of them.

    ``column`` is one of the applications, else of the customers, that names the group of a
    person; it is read for the audit alone. ``approval_rate`` is the share of applications the
    comparison takes as approved, the safest by each model.
    """

    column: str
    reference: str
    approval_rate: float = Field(gt=0, lt=1)


class ConsentSection(Section):
    """What hiding a source of data may gain at most: see `credit.consent.Guard`."""

    tolerance_points: float = Field(ge=0)


class InfluenceSection(Section):
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


class RejectSection(Section):
    """Reject inference beside the models: see `credit.reject`. Without the section there is none.

    Who was refused stands in the table of decisions, where there is one: the outcomes ``refuse``
    and ``query_only``. ``refused`` names a column of the applications in its place, with 1 for
    refused applicants, who have no loan. A generated world without a lender refuses nobody; there
    every method's error is measured instead. ``odds`` are those of fuzzy augmentation and
    parcelling.
    """

    method: Literal[
        "none", "reweighting", "fuzzy augmentation", "parcelling", "bivariate probit",
        "self-learning",
    ]  # fmt: skip
    refused: str | None = None
    odds: float = Field(default=1.0, gt=0)


class GovernanceSection(Section):
    """What a model card states and no data can tell; what is left out, the card says is not stated.

    ``materiality`` is the tier the lender's own rules give the model by exposure and purpose.
    ``monthly_applications`` is the volume monitoring is planned for; without it, that of the
    months the models were tested on. ``limitations`` stand beside those the run finds itself.
    """

    owner: str | None = None
    contacts: list[str] = []
    purpose: str | None = None
    approved_uses: list[str] = []
    out_of_scope: list[str] = []
    exposure: str | None = None
    materiality: str | None = None
    next_review: date | None = None
    monthly_applications: int | None = Field(default=None, ge=1)
    limitations: list[str] = []
