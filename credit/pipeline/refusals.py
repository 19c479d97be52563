"""Refused people: whether their reasons are true, and what would change the decision.

Every figure is made through the exported artifact: it scores the neutralised, the changed and the
changed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.artifact import risk_of
from credit.errors import DataError
from credit.explain import (
    Offer,
    RecoursePlan,
    Reference,
    changed,
    cutoff_reference,
    fidelity,
    just_approved,
    levers_of,
    path,
    population_reference,
    reason_codes,
    recourse,
    true_reasons,
)
from credit.pipeline.findings import Example, Findings, Refusals
from credit.pipeline.fit import Fitted
from credit.pipeline.influences import economics_of
from credit.runtime import load

Ints = npt.NDArray[np.int64]

NEAR = 50.0
"""Points from the cut-off within which recourse is sought."""

TESTED = 500
"""Most refused people whose reasons are tested, evenly spaced."""

OTHER_VALUES = 50
"""Values of the reference by which reasons that passed are tested again: others than at first."""

SOUGHT = 200
"""Most refused people for whom recourse is sought, evenly spaced."""

APPROVED = 0.7
"""Share of applications approved where a pipeline states no economics."""


def cutoff_of(findings: Findings, fitted: Fitted) -> tuple[float, str]:
    """Return P(bad) up to which a model approves, and where that comes from."""
    economics = economics_of(findings.config)
    if economics is not None:
        return (
            economics.break_even,
            "where a loan earns nothing, by the economics that the pipeline states",
        )
    probability = fitted.probability(findings.data.X.iloc[findings.assessment.rows])
    return (
        float(np.quantile(probability, APPROVED, method="higher")),
        f"where {APPROVED:.0%} are approved, as the pipeline states no economics",
    )


def plan_of(findings: Findings, fitted: Fitted) -> RecoursePlan:
    """Return what people can change, by the features' records and the rows of training."""
    return RecoursePlan(
        cutoff=cutoff_of(findings, fitted)[0],
        levers=levers_of(
            findings.data.catalogue,
            findings.data.X.iloc[findings.learnt],
            findings.shared.knowledge.special_codes,
        ),
    )


def refusals_of(findings: Findings, artifacts: dict[str, Path]) -> Refusals:
    """Test the reasons of refused people and seek recourse for them, model by model.

    Parameters
    ----------
    findings : Findings
    artifacts : dict of str to Path
        Model -> the artifact written of it.
    """
    true: list[dict[str, Any]] = []
    ways: list[dict[str, Any]] = []
    cutoffs: dict[str, float] = {}
    example, rule, plan = None, "", None
    for fitted in findings.fitted:
        if fitted.name not in artifacts:
            continue
        case = _Case(findings, fitted, artifacts[fitted.name])
        cutoffs[fitted.name], plan = case.plan.cutoff, case.plan
        rule = cutoff_of(findings, fitted)[1]
        true += case.fidelity()
        way, offers = case.recourse()
        ways.append(way)
        if fitted.name == findings.champion.name:
            example = case.example(offers)
    return Refusals(
        cutoffs=cutoffs,
        rule=rule,
        horizon=plan.horizon if plan else 0,
        fidelity=pd.DataFrame(true),
        recourse=pd.DataFrame(ways),
        example=example,
    )


def references_of(
    names: Sequence[str],
    parts: pd.DataFrame,
    probability: npt.NDArray[np.float64],
    *,
    cutoff: float,
) -> tuple[list[tuple[Reference, npt.NDArray[np.bool_]]], list[str]]:
    """Return the populations that a policy compares refused people with, and which rows they are.

    Parameters
    ----------
    names : sequence of str
        ``applicants`` (everybody), ``near_cut_off`` (who was only just approved).
    parts : DataFrame
        Contributions to the log-odds of bad, one row a person.
    probability : array
        P(bad) of the same rows.
    cutoff : float
        Approved is who is at most this likely to turn out bad.

    Returns
    -------
    tuple
        Reference and members of each population, and a note for one that has no rows.
    """
    found, missing = [], []
    if "applicants" in names:
        found.append((population_reference(parts), np.ones(len(parts), dtype=bool)))
    if "near_cut_off" in names:
        try:
            near = just_approved(probability, cutoff=cutoff)
            found.append((cutoff_reference(parts, probability, cutoff=cutoff), near))
        except DataError as error:
            missing.append(f"no reference at the cut-off: {error}")
    return found, missing


class _Case:
    """One model on the rows that were scored out of sample."""

    def __init__(self, findings: Findings, fitted: Fitted, artifact: Path) -> None:
        scorer = load(artifact)
        self.findings, self.fitted = findings, fitted
        self.read = [feature.name for feature in scorer.features]
        self.plan = plan_of(findings, fitted).only(self.read)
        self.risk = risk_of(scorer, ignore=self._ignored())
        self.margin = risk_of(scorer, output="margin", ignore=self._ignored())
        self.X = findings.data.X.iloc[findings.assessment.rows]
        self.probability = self.risk(self.X)
        self.refused = np.flatnonzero(self.probability > self.plan.cutoff)

    def _ignored(self) -> list[str]:
        return [str(name) for name in self.findings.data.X.columns if name not in self.read]

    def fidelity(self) -> list[dict[str, Any]]:
        """Test the reasons against both references; one that has no rows is left out."""
        rows = _some(self.refused, TESTED)
        if not len(rows):
            return []
        learnt = self.findings.data.X.iloc[self.findings.learnt]
        parts = self.fitted.model.contributions(learnt)
        probability = self.risk(learnt)
        names = self.findings.shared.figures["explain.references"]
        references, missing = references_of(names, parts, probability, cutoff=self.plan.cutoff)
        self.findings.notes += [f"{self.fitted.label}: {note}" for note in missing]
        X = self.X.iloc[rows]
        own = self.fitted.model.contributions(X)
        found = []
        for reference, members in references:
            population = learnt[members]
            codes = reason_codes(own, reference, self.findings.data.catalogue)
            tested = fidelity(self.margin, X, codes, population)
            kept = true_reasons(
                self.margin, X, own, reference, population, self.findings.data.catalogue
            )
            again = fidelity(self.margin, X, kept, population, values=OTHER_VALUES)
            found.append(
                {
                    "model": self.fitted.name,
                    "reference": reference.name,
                    "refused": len(self.refused),
                    "tested": len(rows),
                    "told": tested.told,
                    "faithful": tested.faithful,
                    "passed": tested.passed,
                    "told_kept": again.told,
                    "faithful_kept": again.faithful,
                }
            )
        return found

    def recourse(self) -> tuple[dict[str, Any], list[tuple[int, Offer]]]:
        """Seek offers for the refused near the cut-off, and score these again."""
        near = self.refused[self.points_below(self.probability[self.refused]) <= NEAR]
        rows = _some(near, SOUGHT)
        X = self.X.iloc[rows]
        found = [offers[0] if offers else None for offers in recourse(self.risk, X, self.plan)]
        after = self.risk(changed(X, found)) if len(rows) else np.empty(0)
        made = [offer for offer in found if offer is not None]
        flips = [
            bool(p <= self.plan.cutoff) for p, offer in zip(after, found, strict=True) if offer
        ]
        moves = np.array([sum(change.told for change in offer.changes) for offer in made])
        table = {
            "model": self.fitted.name,
            "refused": len(self.refused),
            "near": len(near),
            "sought": len(rows),
            "offered": len(made) / len(rows) if len(rows) else np.nan,
            "flipped": float(np.mean(flips)) if made else np.nan,
        }
        for count, name in enumerate(("one", "two", "three"), start=1):
            table[name] = float((moves == count).mean()) if made else np.nan
        table["levers"] = len(self.plan.levers)
        return table, [(int(r), o) for r, o in zip(rows, found, strict=True) if o is not None]

    def points_below(self, probability: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return how many points of the scale lie between a probability and the cut-off."""
        scale = self.findings.shared.scale
        return np.asarray(scale.points(self.plan.cutoff) - scale.points(probability))

    def example(self, offers: list[tuple[int, Offer]]) -> Example | None:
        """Return a person whose offer has most moves, of these the one of middling cost."""
        if not offers:
            return None
        moves = [sum(change.told for change in offer.changes) for _, offer in offers]
        most = [one for one, count in zip(offers, moves, strict=True) if count == max(moves)]
        row, offer = sorted(most, key=lambda one: one[1].cost)[len(most) // 2]
        model, data = self.fitted.model, self.findings.data
        learnt = data.X.iloc[self.findings.learnt]
        reference = population_reference(model.contributions(learnt))
        X = self.X.iloc[[row]]
        (reasons,) = true_reasons(
            self.margin, X, model.contributions(X), reference, learnt, data.catalogue
        )
        return Example(row=row, reasons=reasons, offer=offer, path=path(self.risk, X, offer))


def _some(rows: Ints, most: int) -> Ints:
    """Return at most so many of the rows, evenly spaced."""
    if len(rows) <= most:
        return rows
    return rows[np.unique(np.linspace(0, len(rows) - 1, most).round().astype(np.int64))]


def refusal_metrics(refusals: Refusals) -> dict[str, float]:
    """Return the totals as metrics of a tracked run."""
    found: dict[str, float] = {}
    for line in refusals.fidelity.to_dict("records"):
        at = "average" if line["reference"] == "population average" else "cutoff"
        for name in ("told", "faithful", "told_kept", "faithful_kept"):
            found[f"{line['model']}_reasons_{name}_{at}"] = float(line[name])
    for line in refusals.recourse.to_dict("records"):
        for name in ("offered", "flipped"):
            found[f"{line['model']}_recourse_{name}"] = float(line[name])
    return {name: value for name, value in found.items() if np.isfinite(value)}
