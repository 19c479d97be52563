"""The decision: every rule looked at, in one order, under the policy of the day.

    eligibility -> fraud -> score -> price -> limit -> burden -> outcome

Everything is computed whatever the outcome, so that a refusal can be explained and appealed; the
gravest word decides. The same case and the same policy always give the same decision.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date
from fractions import Fraction
from typing import Any, Literal

from credit.decide.case import Case, Review, Scored
from credit.decide.clock import local_day
from credit.decide.cost import BurdenTerms, admit
from credit.decide.document import plain
from credit.decide.eligibility import EligibilityTerms, eligibility, standing
from credit.decide.fraud import Event, FraudTerms, Verdict, watch
from credit.decide.leaves import named, number, whole
from credit.decide.limit import Limit, LimitTerms, Shown, ShownTerms, limit, place, shown
from credit.decide.price import Price, PriceTerms
from credit.decide.record import Check
from credit.errors import PolicyError
from credit.policy import InForce

Outcome = Literal["approve", "review", "query_only", "refuse"]

Ground = Literal["review", "fraud", "eligibility", "score", "burden", "limit"]
"""What may stand against a person, in the order in which it is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoff:
    """Probabilities of bad: approved up to the first, read by a person up to the second."""

    approve: float
    review: float

    @classmethod
    def of(cls, figures: InForce) -> Cutoff:
        """Read ``decision.cutoff``."""
        key = "decision.cutoff"
        leaf = named(figures, key, ("approve", "review"))
        approve = float(number(leaf["approve"], f"{key}.approve"))
        review = float(number(leaf["review"], f"{key}.review"))
        if review < approve:
            raise PolicyError(f"{key}: review {review} must not be below approve {approve}.")
        return cls(approve=approve, review=review)

    def outcome(self, score: Scored | None) -> Outcome:
        """Return what the score alone decides; without one a person has to read the case."""
        if score is None:
            return "review"
        if score.probability <= self.approve:
            return "approve"
        return "review" if score.probability <= self.review else "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTerms:
    """Everything that a decision reads of a policy on one day, read and checked once."""

    policy: str
    sha256: str
    on: date
    zone: str
    eligibility: EligibilityTerms
    fraud: FraudTerms
    cutoff: Cutoff
    price: PriceTerms
    limit: LimitTerms
    shown: ShownTerms
    burden: BurdenTerms
    most_reasons: int

    @classmethod
    def of(cls, figures: InForce) -> DecisionTerms:
        """Read the terms in force on a day.

        Raises
        ------
        PolicyError
            A leaf is missing or breaks its rule: the leaf, the value and the rule are named. Or
            the product costs more than the law allows: its cost is listed item by item.
        """
        admit(figures)
        reasons = named(figures, "decision.reasons", ("most",))
        return cls(
            policy=figures.policy,
            sha256=figures.sha256,
            on=figures.on,
            zone=figures["calendar.zone"],
            eligibility=EligibilityTerms.of(figures),
            fraud=FraudTerms.of(figures),
            cutoff=Cutoff.of(figures),
            price=PriceTerms.of(figures),
            limit=LimitTerms.of(figures),
            shown=ShownTerms.of(figures),
            burden=BurdenTerms.of(figures),
            most_reasons=whole(reasons["most"], "decision.reasons.most", low=1),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided, and everything that it follows from.

    Attributes
    ----------
    application_id, instant : str, int
    outcome : {"approve", "review", "query_only", "refuse"}
    grounds : tuple of str
        What stands against the person; empty for an approval.
    checks : tuple of Check
        Every rule of eligibility, then the burden of debt and its warning.
    fraud : Verdict
    score : Scored or None
    price : Price or None
        None without a score.
    limit : Limit
    shown : Shown
    review : Review or None
        What a person ruled; None for a decision that a machine took alone.
    policy, policy_sha256, on : str, str, date
    case : Case
        What was decided on.
    """

    application_id: str
    instant: int
    outcome: Outcome
    grounds: tuple[Ground, ...]
    checks: tuple[Check, ...]
    fraud: Verdict
    score: Scored | None
    price: Price | None
    limit: Limit
    shown: Shown
    review: Review | None
    policy: str
    policy_sha256: str
    on: date
    case: Case

    @property
    def solely_automated(self) -> bool:
        """Whether no person read the case: then a person may be asked for (PIPL, article 24)."""
        return self.review is None and self.outcome != "review"

    @property
    def case_sha256(self) -> str:
        """The SHA-256 of the case: it names what was decided on."""
        return self.case.sha256

    def plain(self) -> dict[str, Any]:
        """Return the decision as JSON has it; the case stands in it by its hash."""
        found = {
            one.name: plain(getattr(self, one.name)) for one in fields(self) if one.name != "case"
        }
        return {
            **found, "case_sha256": self.case_sha256, "solely_automated": self.solely_automated
        }  # fmt: skip


def decide(case: Case, terms: DecisionTerms) -> Decision:
    """Decide a case.

    Parameters
    ----------
    case : Case
    terms : DecisionTerms
        Of the local day of the case's instant.

    Raises
    ------
    PolicyError
        The terms are those of another day.
    DataError
        Facts contradict each other; they are named.
    """
    day = local_day(case.instant, terms.zone)
    if day != terms.on:
        raise PolicyError(
            f"policy {terms.policy}: terms of {terms.on} cannot decide a case of {day}. Read those "
            "in force on that day."
        )
    found = eligibility(case.applicant, case.instant, terms.eligibility)
    asked = (Event(at=case.instant, kind="application"), case.indicators)
    _, verdicts = watch([*((one.event, one.indicators) for one in case.events), asked], terms.fraud)
    price = None if case.score is None else terms.price.price(case.score.probability)
    own = limit(replace(case.money, place=place_of(price, terms)), terms.limit)
    checks = (*found, *terms.burden.checks(case.dues_fen, case.money.income_fen))
    outcome, grounds = _outcome(case, terms, checks, verdicts[-1], own)
    return Decision(
        application_id=case.application_id,
        instant=case.instant,
        outcome=outcome,
        grounds=grounds,
        checks=checks,
        fraud=verdicts[-1],
        score=case.score,
        price=price,
        limit=own,
        shown=shown(own.limit_fen, terms.shown),
        review=case.review,
        policy=terms.policy,
        policy_sha256=terms.sha256,
        on=terms.on,
        case=case,
    )


def place_of(price: Price | None, terms: DecisionTerms) -> Fraction:
    """Return where the grade stands between the worst and the best; the worst without a score."""
    names = [grade.name for grade in terms.price.grades]
    return place(len(names) if price is None else 1 + names.index(price.grade), len(names))


def _outcome(
    case: Case, terms: DecisionTerms, checks: tuple[Check, ...], fraud: Verdict, own: Limit
) -> tuple[Outcome, tuple[Ground, ...]]:
    """Return the gravest of what each part says, and the parts that stand against the person."""
    grave: dict[str, Outcome] = {"block": "refuse", "hold": "review", "review": "review"}
    allowed: dict[str, Outcome] = {"eligible": "approve", "refused": "refuse"}
    stands = standing([check for check in checks if check.code.startswith("E_")])
    bearable = all(check.passed for check in checks if check.code == "D_BURDEN")
    said: dict[Ground, Outcome] = {
        "fraud": grave.get(fraud.action, "approve"),
        "eligibility": allowed.get(stands, "query_only"),
        "score": terms.cutoff.outcome(case.score),
        "burden": "approve" if bearable else "refuse",
        "limit": "approve" if own.limit_fen > 0 else "refuse",
    }
    if case.review is not None:  # a person has read what a person was to read
        ruled = {ground: "approve" if word == "review" else word for ground, word in said.items()}
        said = {"review": case.review.outcome, **ruled}
    order: tuple[Outcome, ...] = ("approve", "review", "query_only", "refuse")
    outcome = max(said.values(), key=order.index)
    return outcome, tuple(ground for ground, word in said.items() if word != "approve")
