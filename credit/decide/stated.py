"""A case from what plain tables state: a row of people and applications, and a score.

Tables hold people whose identity was checked when they registered; what an application form does
not ask again is taken as in order here and nowhere else: identity card and face passed, one bank
account of one's own, one account, a register that shows nothing. Whoever knows better builds the
case (`credit.decide.case`) from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import date

from credit.decide.case import Case, Scored
from credit.decide.eligibility import Accounts, Applicant, BankAccount
from credit.decide.eligibility.facts import Report
from credit.decide.limit import LimitFacts
from credit.decide.onboarding import Verified

OCCUPATIONS: Mapping[str, str] = {"civil_servant": "civil", "government": "civil"}
"""Occupation as tables name it -> as ``limit.occupation`` does; any other keeps its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What tables state of an application.

    Attributes
    ----------
    application_id : str
    instant : int
        UTC microseconds of the application.
    birth_date : date
    registered_at : int
    income_fen : int
        A month.
    occupation : str
        As the policy names it (``limit.occupation``).
    assets : tuple of str
        Kinds of proven assets, one entry each.
    months : tuple of str
        ``good``, ``overdue`` or ``idle``, oldest first: how the line was repaid so far.
    income_evidence : tuple of str
        Documents that prove income.
    scores : mapping of str to int
        Scores that others give, by name.
    scopes : set of str
        Sources authorised.
    dues_fen : tuple of int
        Due each month on other loans.
    """

    application_id: str
    instant: int
    birth_date: date
    registered_at: int
    income_fen: int
    occupation: str = "default"
    assets: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    income_evidence: tuple[str, ...] = ()
    scores: Mapping[str, int] = field(default_factory=dict)
    scopes: Set[str] = frozenset()
    dues_fen: tuple[int, ...] = ()


def case_of(stated: Stated, score: Scored | None) -> Case:
    """Return the case of an application, and of a score of it."""
    at = stated.registered_at
    return Case(
        application_id=stated.application_id,
        instant=stated.instant,
        applicant=Applicant(
            birth_date=stated.birth_date,
            registered_at=at,
            verifications=tuple(
                Verified(at=at, kind=kind, passed=True) for kind in ("id_card", "face")
            ),
            bank_accounts=(BankAccount(account_class="I", owner_match=True, bound_at=at),),
            accounts=Accounts(per_identity=1, per_device=1),
            report=Report(),
            scores=stated.scores,
            income_evidence=stated.income_evidence,
            scopes=stated.scopes,
        ),
        money=LimitFacts(
            income_fen=stated.income_fen,
            occupation=stated.occupation,
            assets=stated.assets,
            months=stated.months,
        ),
        score=score,
        dues_fen=stated.dues_fen,
    )
