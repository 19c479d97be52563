"""Facts stated on the application or at registration, and how they agree with what was seen.

They carry no policy weight.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial

from credit.feature import (
    EACH,
    Action,
    Expression,
    Feature,
    Measure,
    Reason,
    Stated,
    WindowAggregate,
    WindowPart,
    over,
)
from credit.policy import Policy

INFLOW = Measure(aggregate="sum", value="amount_fen", where="direction = 'in' and status = 'ok'")

MONTHLY_INFLOW = "received * 365 / (180 * 12)"
"""Mean money received a month; a month is a twelfth of 365 days."""

_computed = partial(Expression, dimension="application")
_stated = partial(Stated, dimension="application", table="applications")
_received = WindowPart(name="received", table="payments", days=180, measure=INFLOW)


def application(policy: Policy, on: date) -> tuple[Feature, ...]:
    """Return the facts of the application under the policy in force on a day."""
    checks = policy.leaf("dq.cross_checks", on).value
    return (
        *STATED,
        *_consistency(checks["income_ratio_low"], checks["income_ratio_high"]),
        *_evidence(),
        *over((30, 365), _earlier()),
    )


def _consistency(low: float, high: float) -> Iterator[Feature]:
    name = "application_income_ratio_180d"
    yield _computed(
        name=name,
        label="Declared monthly income / money received a month, 180 days",
        unit="ratio",
        null_means="no income was declared, or no money was received in the last 180 days",
        risk=0,
        reason=Reason(
            en="Declared income differs from money received", zh="申报收入与资金流入差异较大"
        ),
        edges=(low, high),
        expression=f"application_declared_income_fen / ({MONTHLY_INFLOW})",
        parts=(_received,),
    )
    yield _computed(
        name="application_income_inconsistent_180d",
        label=f"Declared income outside {low:g} to {high:g} times the money received a month",
        unit="flag",
        null_means="no income was declared, or no money was received in the last 180 days",
        risk=+1,
        reason=Reason(en="Declared income is not borne out", zh="申报收入与流水不一致"),
        expression=f"case when {name} is null then null "
        f"when {name} < {low} or {name} > {high} then 1 else 0 end",
    )
    yield _computed(
        name="application_amount_to_income",
        label="Amount asked for / declared monthly income",
        unit="ratio",
        null_means="no amount or no income was stated",
        risk=+1,
        reason=Reason(en="The amount asked for is large against income", zh="申请金额相对收入较高"),
        action=Action(
            group="amount asked for",
            direction="lower",
            en="ask for at most {value} times the declared monthly income",
            zh="申请金额不超过申报月收入的{value}倍",
        ),
        expression="application_amount_fen / application_declared_income_fen",
    )


def _evidence() -> Iterator[Feature]:
    yield _stated(
        name="application_income_verified",
        label="Income proven by a document",
        unit="flag",
        null_means="the application was not known yet; no document is 0",
        risk=-1,
        reason=Reason(en="Income is not proven", zh="未提供收入证明"),
        action=Action(
            group="proof of income",
            direction="raise",
            en="prove the income by a document",
            zh="提供收入证明",
            goal=1.0,
        ),
        expression="case when coalesce(income_evidence, 'none') = 'none' then 0 else 1 end",
    )
    yield _stated(
        name="application_verified_income_fen",
        label="Monthly income proven by a document",
        unit="fen",
        null_means="no income was proven",
        risk=-1,
        reason=Reason(en="Low proven income", zh="已核实收入较低"),
        expression="verified_income_fen",
    )


def _earlier() -> Feature:
    return WindowAggregate(
        name="application_count_{days}d",
        dimension="application",
        label="Earlier applications, {days} days",
        unit="count",
        null_means="never null: no earlier application is 0",
        risk=+1,
        reason=Reason(en="Frequent applications, {days} days", zh="近{days}天申请频繁"),
        action=Action(
            group="applications",
            direction="lower",
            en="wait before applying again, until at most {value} earlier applications fall in "
            "{days} days",
            zh="暂缓再次申请，使近{days}天申请不超过{value}次",
            days=EACH,
        ),
        table="applications",
        days=EACH,
        measure=Measure(aggregate="count"),
    )


STATED: tuple[Feature, ...] = (
    Stated(
        name="application_segment",
        dimension="application",
        label="Segment",
        unit="category",
        null_means="no segment was known",
        risk=0,
        reason=Reason(en="The applicant's segment", zh="申请人所属客群"),
        table="customers",
        expression="segment",
    ),
    Stated(
        name="application_tenure_days",
        dimension="application",
        label="Days since registration",
        unit="days",
        null_means="not registered before the application",
        risk=-1,
        reason=Reason(en="Registered only recently", zh="注册时间较短"),
        table="customers",
        expression="q_days(event_time)",
    ),
    Stated(
        name="application_declared_income_fen",
        dimension="application",
        label="Declared monthly income",
        unit="fen",
        null_means="no income was declared",
        risk=-1,
        reason=Reason(en="Low declared income", zh="申报收入较低"),
        table="customers",
        expression="declared_income_fen",
    ),
    Stated(
        name="application_amount_fen",
        dimension="application",
        label="Amount asked for",
        unit="fen",
        null_means="no amount was stated",
        risk=0,
        reason=Reason(en="The amount asked for is unusual", zh="申请金额异常"),
        action=Action(
            group="amount asked for",
            direction="lower",
            en="ask for {value}",
            zh="申请金额改为{value}",
        ),
        table="applications",
        expression="amount_fen",
    ),
)
"""Facts as they were stated."""
