"""How instalments were paid: late and how late, in time, ahead, put right, still open.

An instalment is late from one whole day after its due date. What a later repayment settled
stays late in the record; what is paid in full by a repayment visible at q is closed at q. A
record that the register suppressed (credit repair) is not looked at from that instant on.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from itertools import pairwise

from credit.feature import EACH, Expression, Feature, Measure, Reason, StateAsOf, StatePart, over
from credit.features.repayment.actions import (
    AHEAD,
    IN_TIME,
    LESS_LATE,
    NEVER_LATE,
    OVERDUE_PAID,
    PAY_OVERDUE,
    REPAY,
)
from credit.policy import Policy

LATE = "days_past_due >= 1"
DECIDED = f"is_open = 0 or {LATE}"
"""Paid, or late already: not an instalment still within its first day."""

YEARS = (180, 365, 730)
"""Windows, by due date, that hold several instalments."""

OWED = "case when paid_fen < due_fen then due_fen - paid_fen else 0 end"
"""What is not paid yet."""

AMONG = "case when scheduled > 0 then counted end"
"""How many are meant; null where there was none that could have been."""

_NONE = "no instalment fell due in the last {days} days"
_NEVER = "no instalment was ever scheduled"

_computed = partial(Expression, dimension="repayment")
_standing = partial(StateAsOf, dimension="repayment", table="instalments")


def instalments(policy: Policy, on: date) -> tuple[Feature, ...]:
    """Return the features of how instalments were paid, under the policy in force on a day."""
    bureau = policy.leaf("eligibility.bureau", on).value
    return (
        *over(YEARS, _late_count(), _on_time(), _early(), _mean_late()),
        *over((365, 730), *_buckets(policy, on)),
        *over((90, 180, 365, 730), _worst()),
        _excluding(bureau["max_days_past_due"], bureau["lookback_months"]),
        *_overdue_now(),
        *_since(),
        *over((730,), *_cures()),
        *over((365,), _far_ahead(), _paid_share()),
        *_owed(),
    )


def part(name: str, measure: Measure, days: int | None = EACH) -> StatePart:
    """Return a part of an expression: a measure over instalments as they stand at q."""
    return StatePart(name=name, table="instalments", measure=measure, days=days)


def among(where: str, days: int | None = EACH) -> tuple[StatePart, StatePart]:
    """Return the parts that `AMONG` names: the instalments meant, and all there are."""
    return (
        part("counted", Measure(aggregate="count", where=where), days),
        part("scheduled", Measure(aggregate="count"), days),
    )


def _late_count() -> Feature:
    return _computed(
        name="repayment_overdue_count_{days}d",
        label="Late instalments among those due in {days} days",
        unit="count",
        null_means=_NONE,
        risk=+1,
        reason=Reason(en="Instalments paid late, {days} days", zh="近{days}天存在逾期还款"),
        expression=AMONG,
        parts=among(LATE),
    )


def _on_time() -> Feature:
    return _standing(
        name="repayment_on_time_share_{days}d",
        label="Share of instalments paid in time, due in {days} days",
        unit="share",
        null_means=_NONE,
        risk=-1,
        reason=Reason(
            en="Few instalments paid in time, {days} days", zh="近{days}天按时还款比例较低"
        ),
        action=IN_TIME,
        days=EACH,
        measure=Measure(aggregate="count", base=DECIDED, where="days_past_due = 0", per="1"),
    )


def _early() -> Feature:
    return _standing(
        name="repayment_early_share_{days}d",
        label="Share of instalments paid 3 days early, due in {days} days",
        unit="share",
        null_means=_NONE,
        risk=-1,
        reason=Reason(
            en="Few instalments paid ahead of time, {days} days", zh="近{days}天提前还款较少"
        ),
        action=AHEAD,
        days=EACH,
        measure=Measure(aggregate="count", base=DECIDED, where="days_early >= 3", per="1"),
    )


def _mean_late() -> Feature:
    return _standing(
        name="repayment_mean_days_past_due_{days}d",
        label="Mean days late of instalments due in {days} days",
        unit="days",
        null_means=_NONE,
        risk=+1,
        reason=Reason(
            en="Instalments are late on average, {days} days", zh="近{days}天平均逾期天数较长"
        ),
        action=LESS_LATE,
        days=EACH,
        measure=Measure(aggregate="mean", value="days_past_due", where=DECIDED),
    )


def _buckets(policy: Policy, on: date) -> Iterator[Feature]:
    """Yield how many instalments were late by between one bound and the next."""
    starts = policy.leaf("features.repayment.buckets", on).value
    for low, high in pairwise([*starts, None]):
        upto = "" if high is None else f" and days_past_due < {high}"
        said = f"{low}_plus" if high is None else f"{low}_{high - 1}"
        words = f"{low} days or more" if high is None else f"{low} to {high - 1} days"
        chinese = f"{low}天以上" if high is None else f"{low}至{high - 1}天"
        yield _computed(
            name=f"repayment_late_{said}_count_{{days}}d",
            label=f"Instalments {words} late among those due in {{days}} days",
            unit="count",
            null_means=_NONE,
            risk=+1,
            reason=Reason(
                en=f"Instalments were {words} late, {{days}} days",
                zh=f"近{{days}}天存在逾期{chinese}的还款",
            ),
            expression=AMONG,
            parts=among(f"days_past_due >= {low}{upto}"),
        )


def _worst() -> Feature:
    return _standing(
        name="repayment_max_days_past_due_{days}d",
        label="Most days an instalment was late, due in {days} days",
        unit="days",
        null_means=_NONE,
        risk=+1,
        reason=Reason(
            en="An instalment was late for many days, {days} days", zh="近{days}天最长逾期天数较长"
        ),
        days=EACH,
        measure=Measure(aggregate="max", value="days_past_due"),
    )


def _excluding(days: int, months: int) -> Feature:
    """Return the record that excludes an applicant, by the time it was so late, not by due date.

    A month of looking back is a twelfth of 365 days.
    """
    back = round(months * 365 / 12)
    return _computed(
        name=f"repayment_late_{days}_plus_within_{months}m",
        label=f"Instalments {days} or more days late at some time of the last {months} months",
        unit="count",
        null_means=_NEVER,
        risk=+1,
        reason=Reason(
            en=f"An instalment was {days} days late within {months} months",
            zh=f"近{months}个月内曾逾期{days}天以上",
        ),
        expression=AMONG,
        parts=among(
            f"days_past_due >= {days} and (is_open = 1 or days_since_paid <= {back})", days=None
        ),
    )


def _overdue_now() -> Iterator[Feature]:
    now = f"is_open = 1 and {LATE}"
    yield _computed(
        name="repayment_overdue_open",
        label="Instalments overdue now",
        unit="count",
        null_means=_NEVER,
        risk=+1,
        reason=Reason(en="Instalments are overdue now", zh="当前存在逾期未还"),
        action=PAY_OVERDUE,
        expression=AMONG,
        parts=among(now, days=None),
    )
    yield _computed(
        name="repayment_overdue_open_fen",
        label="Amount overdue now",
        unit="fen",
        null_means=_NEVER,
        risk=+1,
        reason=Reason(en="A large amount is overdue now", zh="当前逾期金额较大"),
        action=PAY_OVERDUE,
        expression=AMONG,
        parts=(
            part("counted", Measure(aggregate="sum", value=OWED, where=now), None),
            part("scheduled", Measure(aggregate="count"), None),
        ),
    )
    yield _standing(
        name="repayment_overdue_open_days",
        label="Days past due of the oldest instalment overdue now",
        unit="days",
        null_means="nothing is overdue",
        risk=+1,
        reason=Reason(en="An instalment is long overdue", zh="当前逾期天数较长"),
        measure=Measure(aggregate="max", value="days_past_due", where=now),
    )


def _since() -> Iterator[Feature]:
    # What is overdue now was last overdue now; what was settled late, when it was settled.
    latest = "case when is_open = 1 then 0 else days_since_paid end"
    yield _standing(
        name="repayment_days_since_overdue",
        label="Days since an instalment was last overdue",
        unit="days",
        null_means="no instalment was ever overdue",
        risk=-1,
        reason=Reason(en="An instalment was overdue recently", zh="近期有逾期记录"),
        action=NEVER_LATE,
        measure=Measure(aggregate="min", value=latest, where=LATE),
    )
    yield _standing(
        name="repayment_days_since_overdue_30",
        label="Days since an instalment was last 30 or more days overdue",
        unit="days",
        null_means="no instalment was ever 30 days overdue",
        risk=-1,
        reason=Reason(en="An instalment was a month overdue recently", zh="近期有逾期30天以上记录"),
        action=NEVER_LATE,
        measure=Measure(aggregate="min", value=latest, where="days_past_due >= 30"),
    )


def _cures() -> Iterator[Feature]:
    yield _standing(
        name="repayment_cured_share_{days}d",
        label="Share of late instalments paid in full since, due in {days} days",
        unit="share",
        null_means="no instalment due in the last {days} days was late",
        risk=-1,
        reason=Reason(en="Late instalments were not put right", zh="逾期后未结清比例较高"),
        action=OVERDUE_PAID,
        days=EACH,
        measure=Measure(aggregate="count", base=LATE, where="is_open = 0", per="1"),
    )
    yield _standing(
        name="repayment_days_to_cure_{days}d",
        label="Mean days late of instalments paid late, due in {days} days",
        unit="days",
        null_means="no instalment due in the last {days} days was paid late",
        risk=+1,
        reason=Reason(en="Late instalments took long to be paid", zh="逾期后结清所需天数较长"),
        days=EACH,
        measure=Measure(aggregate="mean", value="days_past_due", where=f"is_open = 0 and {LATE}"),
    )


def _far_ahead() -> Feature:
    return _computed(
        name="repayment_settled_ahead_count_{days}d",
        label="Instalments paid a month or more ahead, due in {days} days",
        unit="count",
        null_means=_NONE,
        risk=0,
        reason=Reason(en="Unusual number of instalments settled early", zh="提前结清期数异常"),
        expression=AMONG,
        parts=among("days_early >= 28"),
    )


def _paid_share() -> Feature:
    return _computed(
        name="repayment_paid_share_{days}d",
        label="Share paid of what fell due in {days} days",
        unit="share",
        null_means=f"{_NONE}, or nothing was owed",
        risk=-1,
        reason=Reason(en="Not all that fell due was paid", zh="近{days}天应还金额未足额归还"),
        action=OVERDUE_PAID,
        expression="1 - unpaid / due",
        parts=(
            part("unpaid", Measure(aggregate="sum", value=OWED)),
            part("due", Measure(aggregate="sum", value="due_fen")),
        ),
    )


def _owed() -> Iterator[Feature]:
    owed = part("owed", Measure(aggregate="sum", value=OWED), None)
    due = part("scheduled", Measure(aggregate="sum", value="due_fen"), None)
    yield _computed(
        name="repayment_outstanding_share",
        label="Share of scheduled repayments still unpaid",
        unit="share",
        null_means=_NEVER,
        risk=+1,
        reason=Reason(en="Much of earlier loans is still owed", zh="历史借款未还比例较高"),
        action=REPAY,
        expression="owed / scheduled",
        parts=(owed, due),
    )
    yield _computed(
        name="repayment_outstanding_fen",
        label="Scheduled repayments still unpaid",
        unit="fen",
        null_means=_NEVER,
        risk=0,
        reason=Reason(en="Unusual amount still owed", zh="未还金额异常"),
        expression="case when scheduled > 0 then owed end",
        parts=(owed, due),
    )
