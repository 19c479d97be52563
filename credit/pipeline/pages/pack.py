"""What makes a report a validation pack: the sections before its figures, and those after."""

from __future__ import annotations

from credit.pipeline.findings import Findings
from credit.pipeline.pages import lineage, loans, model_card, monitoring, refused, validation
from credit.pipeline.pages.page import Section
from credit.pipeline.watch import drift


def front(findings: Findings) -> list[Section | None]:
    """Return what a reader needs before any figure."""
    return [model_card.model_card(findings), model_card.limits(findings)]


def back(findings: Findings) -> list[Section | None]:
    """Return what a validator asks for after the figures; None where it has no answer."""
    moved = drift(findings)
    return [
        validation.validation_tests(findings, moved),
        validation.stability(findings, moved),
        loans.ageing(findings),
        refused.refused(findings),
        monitoring.monitoring(findings),
        lineage.lineage(findings),
    ]
