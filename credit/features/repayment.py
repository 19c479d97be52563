"""Repayment: how earlier loans were paid, as far as it was known.

An instalment is late from one whole day after its due date. What a later repayment settled
stays late in the record; what is paid in full by a repayment visible at q is closed at q.
"""

from __future__ import annotations

from credit.feature import Expression, Feature, Measure, Reason, StateAsOf, StatePart

LATE = "days_past_due >= 1"
DECIDED = f"is_open = 0 or {LATE}"
"""Paid, or late already: not an instalment still within its first day."""

_NONE_DUE = "no instalment fell due in the last 360 days"

REPAYMENT: tuple[Feature, ...] = (
    StateAsOf(
        name="repayment_overdue_count_360d",
        dimension="repayment",
        label="Late instalments among those due in 360 days",
        unit="count",
        null_means="never null: no late instalment is 0",
        risk=+1,
        reason=Reason(en="Instalments paid late in the last year", zh="近一年存在逾期还款"),
        table="instalments",
        days=360,
        measure=Measure(aggregate="count", where=LATE),
    ),
    StateAsOf(
        name="repayment_max_days_past_due_720d",
        dimension="repayment",
        label="Most days an instalment was late, due in 720 days",
        unit="days",
        null_means="no instalment fell due in the last 720 days",
        risk=+1,
        reason=Reason(en="An instalment was late for many days", zh="曾有较长时间逾期"),
        table="instalments",
        days=720,
        measure=Measure(aggregate="max", value="days_past_due"),
    ),
    StateAsOf(
        name="repayment_overdue_open",
        dimension="repayment",
        label="Instalments overdue now",
        unit="count",
        null_means="never null: nothing overdue is 0",
        risk=+1,
        reason=Reason(en="Instalments are overdue now", zh="当前存在逾期未还"),
        table="instalments",
        measure=Measure(aggregate="count", where=f"is_open = 1 and {LATE}"),
    ),
    StateAsOf(
        name="repayment_days_since_overdue",
        dimension="repayment",
        label="Days since an instalment was last overdue",
        unit="days",
        null_means="no instalment was ever overdue",
        risk=-1,
        reason=Reason(en="An instalment was overdue recently", zh="近期有逾期记录"),
        table="instalments",
        # What is overdue now was last overdue now; what was settled late, when it was settled.
        measure=Measure(
            aggregate="min",
            value="case when is_open = 1 then 0 else days_since_paid end",
            where=LATE,
        ),
    ),
    StateAsOf(
        name="repayment_on_time_share_360d",
        dimension="repayment",
        label="Share of instalments paid in time, due in 360 days",
        unit="share",
        null_means=_NONE_DUE,
        risk=-1,
        reason=Reason(en="Few instalments were paid in time", zh="按时还款比例较低"),
        table="instalments",
        days=360,
        measure=Measure(aggregate="count", base=DECIDED, where="days_past_due = 0", per="1"),
    ),
    StateAsOf(
        name="repayment_early_share_360d",
        dimension="repayment",
        label="Share of instalments paid 3 days early, due in 360 days",
        unit="share",
        null_means=_NONE_DUE,
        risk=-1,
        reason=Reason(en="Few instalments were paid ahead of time", zh="提前还款较少"),
        table="instalments",
        days=360,
        measure=Measure(aggregate="count", base=DECIDED, where="days_early >= 3", per="1"),
    ),
    StateAsOf(
        name="repayment_prior_loan_count",
        dimension="repayment",
        label="Earlier loans",
        unit="count",
        null_means="never null: no earlier loan is 0",
        risk=0,
        reason=Reason(en="The number of earlier loans is unusual", zh="历史借款次数异常"),
        table="loans",
        latest_by=("loan_id",),
        measure=Measure(aggregate="count"),
    ),
    Expression(
        name="repayment_outstanding_share",
        dimension="repayment",
        label="Share of scheduled repayments still unpaid",
        unit="share",
        null_means="no earlier loan",
        risk=+1,
        reason=Reason(en="Much of earlier loans is still owed", zh="历史借款未还比例较高"),
        expression="owed / scheduled",
        parts=(
            StatePart(
                name="owed",
                table="instalments",
                measure=Measure(
                    aggregate="sum",
                    value="case when paid_fen < due_fen then due_fen - paid_fen else 0 end",
                ),
            ),
            StatePart(
                name="scheduled",
                table="instalments",
                measure=Measure(aggregate="sum", value="due_fen"),
            ),
        ),
    ),
)
"""How earlier loans were paid."""
