"""Features of the Taiwan data set: payment behaviour over six statements of a credit card."""

from __future__ import annotations

from credit.feature import Catalogue, Feature, Measure, Stated
from credit.sources.declare import NEVER_NULL, Events, ratio, stated

_STATEMENTS = Events(
    table="bureau", nothing="no statement in the window", latest_by=("account_id",)
)
_window = _STATEMENTS.window
_latest = _STATEMENTS.latest

STATED = Catalogue(
    (
        stated(
            "application_credit_limit_fen",
            "limit_fen",
            "fen",
            -1,
            NEVER_NULL,
            ("credit limit", "The credit limit granted is low.", "授信额度较低。"),
        ),
        stated(
            "application_education",
            "education",
            "category",
            0,
            NEVER_NULL,
            ("education", "Education stated.", "所填学历。"),
        ),
        stated(
            "application_marriage",
            "marriage",
            "category",
            0,
            NEVER_NULL,
            ("marital status", "Marital status stated.", "所填婚姻状况。"),
        ),
        stated(
            "application_sex",
            "sex",
            "category",
            0,
            NEVER_NULL,
            ("sex", "Sex (audit only).", "性别（仅供审计）。"),
        ),
        stated(
            "application_age_years",
            "age_years",
            "years",
            0,
            NEVER_NULL,
            ("age", "Age (audit only).", "年龄（仅供审计）。"),
        ),
    )
)
"""Facts stated about a client."""

AUDIT = ("application_sex", "application_age_years")


def _count(where: str) -> Measure:
    return Measure(aggregate="count", where=where)


_OVERDUE = ("months past due", "Payments were late.", "曾经逾期还款。")
_LATE = ("late months", "Several months were late.", "多个月份逾期。")
_MPD = "months_past_due"

_DELINQUENCY: tuple[Feature, ...] = (
    _latest(
        "repayment_months_past_due_latest",
        Measure(aggregate="max", value=_MPD),
        "months",
        1,
        (
            "months past due, latest statement",
            "The latest statement is overdue.",
            "最近一期账单逾期。",
        ),
    ),
    *(
        _window(
            "repayment_months_past_due_max",
            days,
            Measure(aggregate="max", value=_MPD),
            "months",
            1,
            ("most " + _OVERDUE[0], *_OVERDUE[1:]),
        )
        for days in (90, 180)
    ),
    _window(
        "repayment_months_past_due_sum",
        180,
        Measure(aggregate="sum", value=_MPD),
        "months",
        1,
        ("sum of " + _OVERDUE[0], *_OVERDUE[1:]),
    ),
    *(
        _window("repayment_late_month_count", days, _count(f"{_MPD} >= 1"), "count", 1, _LATE)
        for days in (90, 180)
    ),
    _window(
        "repayment_days_since_late_month",
        180,
        Measure(aggregate="days_since_last", where=f"{_MPD} >= 1"),
        "days",
        -1,
        ("days since a late month", "A month was late not long ago.", "近期曾逾期。"),
    ),
    _window(
        "repayment_revolving_month_count",
        180,
        _count("status = 'revolving'"),
        "count",
        0,
        ("months with a part paid", "How often only a part was paid.", "仅部分还款的月数。"),
    ),
    _window(
        "repayment_full_month_count",
        180,
        _count("status = 'paid_in_full'"),
        "count",
        0,
        ("months paid in full", "How often the bill was paid in full.", "全额还款的月数。"),
    ),
    _window(
        "repayment_full_month_count",
        30,
        _count("status = 'paid_in_full'"),
        "count",
        0,
        (
            "last month paid in full",
            "Whether the last bill was paid in full.",
            "最近一期是否全额还款。",
        ),
    ),
)


def _paid(aggregate: str) -> Measure:
    return Measure(aggregate=aggregate, value="paid_fen")  # type: ignore[arg-type]


_PAID = ("paid", "Little is paid back.", "还款金额较少。")
_NO_BILL = "nothing billed the month before"


def _paid_to_bill(month: int) -> Stated:
    """Return what was paid in a month over the bill of the month before."""
    bill = f"bill_{month + 1}_fen"
    when = "latest" if month == 1 else f"month_{month}"
    return stated(
        f"payment_paid_to_bill_{when}",
        f"case when {bill} > 0 then 1.0 * paid_{month}_fen / {bill} end",
        "ratio",
        0,
        _NO_BILL,
        (f"paid over the bill before, month {month} back", *_PAID[1:]),
    )


_PAYMENTS: tuple[Feature, ...] = (
    *(
        _window(f"payment_paid_{aggregate}_fen", 180, _paid(aggregate), "fen", -1, _PAID)
        for aggregate in ("mean", "max", "min")
    ),
    _window("payment_paid_mean_fen", 61, _paid("mean"), "fen", -1, _PAID),
    _window(
        "payment_nothing_paid_count",
        180,
        _count("paid_fen = 0"),
        "count",
        0,
        ("months without a payment", "Months in which nothing was paid.", "未还款的月数。"),
    ),
    _window(
        "payment_paid_to_billed",
        180,
        Measure(aggregate="sum", value="paid_fen", per="greatest(balance_fen, 0)"),
        "ratio",
        0,
        ("paid over billed", *_PAID[1:]),
    ),
    *(_paid_to_bill(month) for month in (1, 2, 3, 4)),
    *(
        stated(
            f"payment_unpaid_to_limit_{when}",
            f"1.0 * (bill_{month + 1}_fen - paid_{month}_fen) / nullif(limit_fen, 0)",
            "ratio",
            0,
            "no credit limit",
            (
                f"left unpaid over the limit, month {month} back",
                "Much of the bill is left unpaid.",
                "账单未还部分较多。",
            ),
        )
        for month, when in ((2, "month_2"), (5, "month_5"))
    ),
)

_USED = ("credit used over the limit", "Much of the credit limit is used.", "额度使用率较高。")
_UTILISATION = "1.0 * balance_fen / nullif(limit_fen, 0)"

_USE: tuple[Feature, ...] = (
    _latest(
        "consumption_utilisation_latest",
        Measure(aggregate="sum", value="balance_fen", per="limit_fen"),
        "ratio",
        0,
        (_USED[0] + ", latest statement", *_USED[1:]),
    ),
    *(
        _window(
            f"consumption_utilisation_{aggregate}",
            180,
            Measure(aggregate=aggregate, value=_UTILISATION),
            "ratio",
            0,
            (f"{aggregate} " + _USED[0], *_USED[1:]),
        )
        for aggregate in ("mean", "max", "min", "std")
    ),
    stated(
        "consumption_utilisation_growth_150d",
        "1.0 * (bill_1_fen - bill_6_fen) / nullif(limit_fen, 0)",
        "ratio",
        0,
        "no credit limit",
        ("growth of the bill over the limit", "The bill has grown.", "账单余额增长。"),
    ),
    stated(
        "consumption_spent_latest_fen",
        "bill_1_fen - bill_2_fen + paid_1_fen",
        "fen",
        0,
        NEVER_NULL,
        ("spent in the last month", "Spending in the last month.", "最近一个月的消费。"),
    ),
    stated(
        "consumption_spent_to_limit_150d",
        "1.0 * (bill_1_fen - bill_6_fen + paid_1_fen + paid_2_fen + paid_3_fen + paid_4_fen"
        " + paid_5_fen) / nullif(limit_fen, 0)",
        "ratio",
        0,
        "no credit limit",
        (
            "spent in five months over the limit",
            "Spending in relation to the limit.",
            "消费占额度的比例。",
        ),
    ),
    _latest(
        "consumption_bill_latest_fen",
        Measure(aggregate="sum", value="balance_fen"),
        "fen",
        0,
        ("latest bill", "The latest bill.", "最近一期账单金额。"),
    ),
    ratio(
        "consumption_bill_variation_180d",
        "consumption_utilisation_std_180d / abs(consumption_utilisation_mean_180d)",
        0,
        "nothing billed",
        (
            "spread of the bill over its mean, 180 days",
            "The bill varies from month to month.",
            "账单金额波动。",
        ),
    ),
)

EVENT_FEATURES = Catalogue((*_DELINQUENCY, *_PAYMENTS, *_USE))
"""Features of six statements: lateness, what is paid, how the limit is used."""
