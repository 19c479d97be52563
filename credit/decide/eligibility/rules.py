"""Every rule of eligibility, each looked at, in a stable order.

A rule whose fact is not known gives its code with ``_UNKNOWN``, not passed: what is not known is
never taken for kept, and the person is told that it is missing, not that it speaks against them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Literal, NamedTuple

from credit.decide.clock import add_months, age, local_day, whole_months
from credit.decide.eligibility.facts import Applicant
from credit.decide.eligibility.terms import EligibilityTerms
from credit.decide.record import Check, Fact
from credit.errors import DataError

WAITING = ("E_COOLING", "E_TENURE")
"""Rules that time alone mends: who breaks only these may ask what they would get."""

NOTHING = "nothing"

_DAY = 24 * 3_600 * 1_000_000


class Moment(NamedTuple):
    """The instant of the decision, and its day in the policy's zone."""

    instant: int
    day: date


Rule = Callable[[Applicant, Moment, EligibilityTerms], Check]


def eligibility(applicant: Applicant, instant: int, terms: EligibilityTerms) -> tuple[Check, ...]:
    """Look at every rule, broken or not.

    Parameters
    ----------
    applicant : Applicant
        What is known of the person; facts known only after the instant are not looked at.
    instant : int
        UTC microseconds of the decision.
    terms : EligibilityTerms

    Returns
    -------
    tuple of Check
        ``E_AGE, E_KYC, E_ACCT, E_ACCOUNTS, E_COOLING, E_TENURE, E_BUREAU, E_SCORE, E_INCOME,
        E_SCOPE, E_LENDERS``, always in this order and all of them.

    Raises
    ------
    DataError
        The person was born, or registered, after the instant.
    """
    moment = Moment(instant, local_day(instant, terms.zone))
    if applicant.birth_date is not None and applicant.birth_date > moment.day:
        raise DataError(f"birth_date: {applicant.birth_date} lies after the day {moment.day}.")
    if applicant.registered_at is not None and applicant.registered_at > instant:
        raise DataError(
            f"registered_at: {applicant.registered_at} lies after the instant {instant}."
        )
    return tuple(rule(applicant, moment, terms) for rule in RULES)


def standing(checks: Sequence[Check]) -> Literal["eligible", "query_only", "refused"]:
    """Return what the checks allow: to apply, only to ask, or neither.

    Who breaks nothing but the rules that time mends (`WAITING`) may ask, and apply later.
    """
    broken = {check.code for check in checks if not check.passed}
    if not broken:
        return "eligible"
    return "query_only" if broken <= set(WAITING) else "refused"


def _unknown(code: str, key: str, **facts: Fact) -> Check:
    return Check(code=f"{code}_UNKNOWN", passed=False, key=key, facts=facts)


def _age(applicant: Applicant, moment: Moment, terms: EligibilityTerms) -> Check:
    key, (least, most) = "eligibility.age", terms.age
    if applicant.birth_date is None:
        return _unknown("E_AGE", key, least=least, most=most)
    years = age(applicant.birth_date, moment.day)
    facts: dict[str, Fact] = {"age": years, "least": least, "most": most}
    return Check(code="E_AGE", passed=least <= years <= most, key=key, facts=facts)


def _kyc(applicant: Applicant, moment: Moment, terms: EligibilityTerms) -> Check:
    last = {
        one.kind: one.passed
        for one in sorted(applicant.verifications, key=lambda one: one.at)
        if one.at <= moment.instant
    }
    missing = [kind for kind in terms.real_name if not last.get(kind, False)]
    facts: dict[str, Fact] = {"needed": ", ".join(terms.real_name), "missing": _listed(missing)}
    return Check(code="E_KYC", passed=not missing, key="eligibility.realname", facts=facts)


def _account(applicant: Applicant, moment: Moment, terms: EligibilityTerms) -> Check:
    bound = [
        one
        for one in applicant.bank_accounts
        if one.bound_at <= moment.instant
        and (one.closed_at is None or one.closed_at > moment.instant)
    ]
    fitting = [one for one in bound if one.account_class in terms.account_classes]
    if terms.owner_match:
        fitting = [one for one in fitting if one.owner_match is True]
    facts: dict[str, Fact] = {
        "classes": ", ".join(terms.account_classes),
        "bound": _listed(sorted(one.account_class for one in bound)),
        "owner_match": terms.owner_match,
    }
    return Check(code="E_ACCT", passed=bool(fitting), key="eligibility.account", facts=facts)


def _accounts(applicant: Applicant, _: Moment, terms: EligibilityTerms) -> Check:
    """Count the person's accounts; those on the device are told beside, for devices are shared."""
    key, count = "eligibility.max_accounts_per_id", applicant.accounts.per_identity
    if count is None:
        return _unknown("E_ACCOUNTS", key, most=terms.max_accounts)
    facts: dict[str, Fact] = {
        "accounts": count,
        "on_device": applicant.accounts.per_device,
        "most": terms.max_accounts,
    }
    return Check(code="E_ACCOUNTS", passed=count <= terms.max_accounts, key=key, facts=facts)


def _cooling(applicant: Applicant, moment: Moment, terms: EligibilityTerms) -> Check:
    key, least = "eligibility.cooling_days", terms.cooling_days
    if applicant.registered_at is None:
        return _unknown("E_COOLING", key, least=least)
    days = (moment.day - local_day(applicant.registered_at, terms.zone)).days
    facts: dict[str, Fact] = {"days": days, "least": least}
    return Check(code="E_COOLING", passed=days >= least, key=key, facts=facts)


def _tenure(applicant: Applicant, moment: Moment, terms: EligibilityTerms) -> Check:
    key, least = "eligibility.min_tenure_months", terms.tenure_months
    if applicant.registered_at is None:
        return _unknown("E_TENURE", key, least=least)
    months = whole_months(local_day(applicant.registered_at, terms.zone), moment.day)
    facts: dict[str, Fact] = {"months": months, "least": least}
    return Check(code="E_TENURE", passed=months >= least, key=key, facts=facts)


def _bureau(applicant: Applicant, moment: Moment, terms: EligibilityTerms) -> Check:
    """Look at records not older than the months looked back, known and not suppressed by now."""
    key, most = "eligibility.bureau", terms.bureau["max_days_past_due"]
    months = terms.bureau["lookback_months"]
    if applicant.report is None:
        return _unknown("E_BUREAU", key, most=most, months=months)
    first = add_months(moment.day, -months)
    worst = max(
        (
            record.days_past_due
            for line in applicant.report.trade_lines
            for record in line.months
            if first <= record.day <= moment.day
            and record.known_at <= moment.instant
            and (record.repaired_at is None or record.repaired_at > moment.instant)
        ),
        default=0,
    )
    facts: dict[str, Fact] = {"worst": worst, "most": most, "months": months}
    return Check(code="E_BUREAU", passed=worst < most, key=key, facts=facts)


def _score(applicant: Applicant, _: Moment, terms: EligibilityTerms) -> Check:
    key, asked = "product.min_score", terms.score
    if asked.name is None:
        facts: dict[str, Fact] = {"score": NOTHING, "value": NOTHING, "least": NOTHING}
        return Check(code="E_SCORE", passed=True, key=key, facts=facts)
    value = applicant.scores.get(asked.name)
    if value is None and asked.if_missing == "refuse":
        return _unknown("E_SCORE", key, score=asked.name, least=asked.least)
    facts = {
        "score": asked.name,
        "value": NOTHING if value is None else value,
        "least": asked.least,
    }
    return Check(code="E_SCORE", passed=value is None or value >= asked.least, key=key, facts=facts)


def _income(applicant: Applicant, _: Moment, terms: EligibilityTerms) -> Check:
    key, asked = "product.income_evidence", terms.income_evidence
    shown = applicant.income_evidence
    if shown is None and asked == "required":
        return _unknown("E_INCOME", key, asked=asked)
    facts: dict[str, Fact] = {"asked": asked, "shown": _listed(shown or ())}
    return Check(code="E_INCOME", passed=asked != "required" or bool(shown), key=key, facts=facts)


def _scope(applicant: Applicant, _: Moment, terms: EligibilityTerms) -> Check:
    missing = [scope for scope in terms.scopes if scope not in applicant.scopes]
    facts: dict[str, Fact] = {"needed": ", ".join(terms.scopes), "missing": _listed(missing)}
    return Check(code="E_SCOPE", passed=not missing, key="eligibility.scopes", facts=facts)


def _lenders(applicant: Applicant, moment: Moment, terms: EligibilityTerms) -> Check:
    """Count other lenders that asked, and how often, in the days before the instant."""
    key, most = "eligibility.multi_lender", terms.lenders
    limits: dict[str, Fact] = {
        "most_lenders": most["lenders"],
        "most_inquiries": most["inquiries"],
        "days": most["window_days"],
    }
    if applicant.report is None:
        return _unknown("E_LENDERS", key, **limits)
    asked = [
        one.lender
        for one in applicant.report.inquiries
        if moment.instant - most["window_days"] * _DAY <= one.at < moment.instant
        and one.known_at <= moment.instant
    ]
    kept = len(set(asked)) <= most["lenders"] and len(asked) <= most["inquiries"]
    facts = {"lenders": len(set(asked)), "inquiries": len(asked), **limits}
    return Check(code="E_LENDERS", passed=kept, key=key, facts=facts)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if names else NOTHING


RULES: tuple[Rule, ...] = (
    _age, _kyc, _account, _accounts, _cooling, _tenure, _bureau, _score, _income, _scope, _lenders,
)  # fmt: skip
