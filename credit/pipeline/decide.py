"""Decide a case: its features scored by an artifact, its rules by the policy of its day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from credit import policy
from credit.artifact import recourse_plan, risk_of
from credit.artifact.manifest import UNASSIGNED
from credit.decide.answer import Part, answer, opens
from credit.decide.appeal import AppealTerms
from credit.decide.case import Case, Cause, Scored
from credit.decide.clock import at, local_day
from credit.decide.cost import Breakdown, CostTerms, Offer, cost_breakdown, offered_months
from credit.decide.decision import Decision, DecisionTerms, decide
from credit.decide.eligibility import eligibility, standing
from credit.decide.repay import Loan, schedule
from credit.decide.sources import SourceTerms, refuse_outside
from credit.explain import RecoursePlan, SearchOptions, changed, offer_text, recourse
from credit.pipeline.case_file import (
    FromRows,
    as_json,
    check_language,
    read_document,
    read_parts,
    with_row,
)
from credit.pipeline.scoring import OFFERS
from credit.policy import InForce, Policy
from credit.runtime import Scorer
from credit.runtime import load as load_artifact

Sentences = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision, what it was decided on, and what the person is told.

    Attributes
    ----------
    document : dict
        The case as it was given, features among it: what an appeal adds evidence to.
    decision : Decision
    parts : tuple of Part
    dimensions : dict of str to float
        Dimension -> points that it adds over those of the average person; empty without features.
    cost : Breakdown or None
        Of a loan of all that can be used, over the product's longest term; None where nothing is
        lent.
    """

    document: Mapping[str, Any]
    decision: Decision
    parts: tuple[Part, ...]
    dimensions: Mapping[str, float]
    cost: Breakdown | None

    def plain(self) -> dict[str, Any]:
        """Return the decision with its case and its words, as JSON has it."""
        return {
            "case": dict(self.document),
            "decision": self.decision.plain(),
            "answer": [
                {"part": part.name, "lines": [asdict(line) for line in part.lines]}
                for part in self.parts
            ],
            "dimensions": dict(self.dimensions),
            "cost": None if self.cost is None else self.cost.plain(),
        }


class Desk:
    """Decides cases with one artifact under one policy.

    Terms are read once a day of the calendar, and the artifact once.

    Parameters
    ----------
    artifact : Path or None
        None where cases bring their score, or are read by a person.
    rules : Policy
    """

    def __init__(self, artifact: Path | None, rules: Policy) -> None:
        self._artifact, self._rules = artifact, rules
        self.scorer = None if artifact is None else load_artifact(artifact)
        self._terms: dict[date, tuple[InForce, DecisionTerms]] = {}

    @cached_property
    def _plan(self) -> RecoursePlan | None:
        """What people can change, as the artifact says: read once, by the first who is refused."""
        return None if self._artifact is None else recourse_plan(self._artifact)

    def terms(self, instant: int) -> tuple[InForce, DecisionTerms]:
        """Return the figures and terms in force on the local day of an instant."""
        day = day_of(self._rules, instant)
        if day not in self._terms:
            figures = self._rules.at(day)
            self._terms[day] = (figures, DecisionTerms.of(figures))
        return self._terms[day]

    def case(self, document: Mapping[str, Any]) -> Case:
        """Return a document's case; its ``features`` are scored.

        Raises
        ------
        DataError
            A name or a value of the document is not what it must be.
        ArtifactError
            The features are not those of the artifact.
        UseError
            The artifact reads a source that the product or the person keeps shut.
        """
        case, features, scorer = read_parts(document, self.scorer)
        if scorer is None:
            return case
        figures, terms = self.terms(case.instant)
        # A column of one's own without a dimension has no source that could be authorised.
        read = {f.name: f.dimension for f in scorer.features if f.dimension != UNASSIGNED}
        refuse_outside(read, SourceTerms.of(figures).allowed(case.applicant.scopes))
        return replace(case, score=scored_by(scorer, features, terms.most_reasons))

    def decide(self, document: Mapping[str, Any]) -> Decided:
        """Decide a document's case, and say what would change a refusal."""
        case = self.case(document)
        figures, terms = self.terms(case.instant)
        decision = decide(case, terms)
        parts = answer(
            decision, terms, AppealTerms.of(figures),
            offers=self._offers(document, case, decision, terms),
            opens_on=self._opens_on(case, decision, terms),
        )  # fmt: skip
        features = document.get("features")
        return Decided(
            document=document,
            decision=decision,
            parts=parts,
            dimensions={} if features is None else self._dimensions(features),
            cost=_example(decision, figures),
        )

    def _dimensions(self, features: Mapping[str, Any]) -> dict[str, float]:
        """Return the points that each dimension adds over those of the average person."""
        scorer = self.scorer
        assert scorer is not None  # noqa: S101  the features were scored
        columns = {name: [value] for name, value in features.items()}
        contributions = scorer.contributions(columns)
        [own] = contributions.values  # noqa: PD011  an array of NumPy
        excess = own - scorer.reference_contributions
        found: dict[str, float] = {}
        for feature, part in zip(scorer.features, excess.tolist(), strict=True):
            points = found.get(feature.dimension, 0.0) - scorer.rule.points_per_margin * part
            found[feature.dimension] = points
        return found

    def _opens_on(self, case: Case, decision: Decision, terms: DecisionTerms) -> date | None:
        """Return when waiting alone opens the door, checked with the rules of that day."""
        registered = case.applicant.registered_at
        if decision.outcome != "query_only" or registered is None:
            return None
        day = opens(registered, terms)
        _, then = self.terms(at(day, terms.zone))
        checks = eligibility(case.applicant, at(day, terms.zone), then.eligibility)
        return day if standing(checks) == "eligible" else None

    def _offers(
        self, document: Mapping[str, Any], case: Case, decision: Decision, terms: DecisionTerms
    ) -> list[Sentences]:
        """Return what would turn the score around, each offer decided again as a whole."""
        if decision.grounds != ("score",) or self.scorer is None or self._plan is None:
            return []
        plan = replace(self._plan, cutoff=terms.cutoff.approve)
        row = pd.DataFrame([document["features"]])
        [offers] = recourse(risk_of(self.scorer), row, plan, SearchOptions(offers=OFFERS))
        found: list[Sentences] = []
        for offer in offers:
            features = changed(row, [offer]).iloc[0].to_dict()
            again = replace(case, score=scored_by(self.scorer, as_json(features), 0))
            if decide(again, terms).outcome == "approve":
                said = [offer_text(offer, plan.horizon, language=one) for one in ("en", "zh")]
                found.append(tuple(zip(*said, strict=True)))
        return found


def day_of(rules: Policy, instant: int) -> date:
    """Return the local day of an instant, in the zone of a policy."""
    return local_day(instant, rules.at(local_day(instant, "UTC"))["calendar.zone"])


def scored_by(scorer: Scorer, features: Mapping[str, Any], reasons: int) -> Scored:
    """Return what an artifact says of a row of features."""
    score = scorer.score_one(dict(features), reasons=reasons)
    return Scored(
        probability=score.probability,
        points=score.points,
        grade=score.grade,
        artifact=scorer.sha256,
        causes=tuple(
            Cause(
                feature=why.feature, dimension=why.dimension, en=why.text,
                zh=scorer.texts[why.feature]["zh"], excess=why.excess,
            )
            for why in score.reasons
        ),
    )  # fmt: skip


def _example(decision: Decision, figures: InForce) -> Breakdown | None:
    """Return the cost of a loan of all that can be used, over the longest term."""
    if decision.price is None or decision.outcome == "refuse" or not decision.shown.usable_fen:
        return None
    rate = decision.price.daily_rate
    loan = Loan(
        principal_fen=decision.shown.usable_fen, drawn_on=decision.on,
        months=max(offered_months(figures)), daily_rate=rate,
    )  # fmt: skip
    plan = schedule(loan)
    offer = Offer(name=f"a loan over {loan.months} months", schedule=plan, daily_rate=rate)
    return cost_breakdown(offer, CostTerms.of(figures))


def decide_file(
    path: Path,
    *,
    artifact: Path | None,
    rules: str,
    language: str = "en",
    features: FromRows | None = None,
) -> Decided:
    """Decide the case of a file.

    Parameters
    ----------
    path : Path
    artifact : Path or None
    rules : str
        Name of a policy, with its overlays.
    language : {"en", "zh"}
        In which it will be told; checked before anything is decided.
    features : FromRows, optional
        The row says at which instant it holds: that is then the case's.
    """
    check_language(language)
    desk = Desk(artifact, policy.load(rules, base="weilidai"))
    document = read_document(path)
    return desk.decide(document if features is None else with_row(document, features, desk.scorer))
