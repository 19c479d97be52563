"""Features of the credit card approval set: the application row, and earlier accounts."""

from __future__ import annotations

from credit.feature import Catalogue, Feature, Measure, Stated
from credit.sources.declare import EVER, Events, Words, stated

_ACCOUNTS = Events(
    table="bureau",
    nothing="no earlier account with a loan in the window",
    latest_by=("account_id",),
)
_window = _ACCOUNTS.window


def _stated(column: str, unit: str, words: Words) -> Stated:
    return stated(f"application_{column}", column, unit, 0, "not stated", words)


STATED = Catalogue(
    (
        _stated("sex", "category", ("sex", "Sex (audit only).", "性别（仅供审计）。")),
        _stated(
            "days_birth",
            "days",
            ("days from extraction to birth (negative)", "Age (audit only).", "年龄（仅供审计）。"),
        ),
        _stated(
            "yearly_income_fen",
            "fen",
            ("yearly income stated", "Income stated.", "所填年收入。"),
        ),
        _stated(
            "income_type",
            "category",
            ("kind of income", "Kind of income stated.", "所填收入类型。"),
        ),
        _stated("occupation", "category", ("occupation", "Occupation stated.", "所填职业。")),
        _stated(
            "days_employed",
            "days",
            (
                "days from extraction to start of employment (negative)",
                "Time in the present employment.",
                "现职工作时间。",
            ),
        ),
        _stated("education", "category", ("education", "Education stated.", "所填学历。")),
        _stated(
            "family_status",
            "category",
            ("family status", "Family status stated.", "所填家庭状况。"),
        ),
        _stated("children", "count", ("children", "Children stated.", "所填子女人数。")),
        _stated(
            "family_members",
            "count",
            ("members of the family", "Members of the family stated.", "所填家庭成员人数。"),
        ),
        _stated(
            "housing",
            "category",
            ("way of living", "Housing stated.", "所填居住情况。"),
        ),
        _stated("owns_car", "category", ("owns a car", "No car is owned.", "是否拥有汽车。")),
        _stated(
            "owns_realty",
            "category",
            ("owns real estate", "No real estate is owned.", "是否拥有房产。"),
        ),
        _stated(
            "work_phone",
            "flag",
            ("work telephone given", "Whether a work telephone was given.", "是否提供工作电话。"),
        ),
        _stated(
            "phone",
            "flag",
            ("telephone given", "Whether a telephone was given.", "是否提供电话。"),
        ),
        _stated(
            "email",
            "flag",
            ("email given", "Whether an email address was given.", "是否提供电子邮箱。"),
        ),
    )
)
"""Facts of the application row; their signs of risk are not certain."""

AUDIT = ("application_sex", "application_days_birth")

SPECIAL: dict[str, tuple[float, ...]] = {"application_days_employed": (365_243.0,)}


def _share(where: str, base: str | None = None) -> Measure:
    """Return the share of account months for which ``where`` holds, among those of ``base``."""
    return Measure(aggregate="count", where=where, per="1", base=base)


_LATE = ("months 30+ days late", "Earlier accounts were late.", "以往账户曾逾期。")
_SLIGHT = ("months 1-29 days late", "Earlier accounts were slightly late.", "以往账户曾短期逾期。")
_HAD_LOAN = "months_past_due is not null"

_WINDOWS: tuple[Feature, ...] = (
    _window(
        "repayment_account_count",
        EVER,
        Measure(aggregate="distinct", value="account_id"),
        "count",
        0,
        ("earlier accounts", "Number of earlier accounts.", "以往账户数量。"),
    ),
    _window(
        "repayment_days_since_first_account",
        EVER,
        Measure(aggregate="days_since_first"),
        "days",
        -1,
        ("days since the first statement", "The credit record is short.", "信用记录时间较短。"),
    ),
    *(
        _window(
            "repayment_months_past_due_max",
            days,
            Measure(aggregate="max", value="months_past_due"),
            "months",
            1,
            ("most months past due", *_LATE[1:]),
        )
        for days in (360, EVER)
    ),
    *(
        _window(
            "repayment_late_month_share",
            days,
            _share("months_past_due >= 1", _HAD_LOAN),
            "share",
            1,
            _LATE,
        )
        for days in (360, EVER)
    ),
    *(
        _window(
            "repayment_slightly_late_share",
            days,
            _share("status = 'late_1_29'", _HAD_LOAN),
            "share",
            0,
            _SLIGHT,
        )
        for days in (180, EVER)
    ),
    _window(
        "repayment_idle_month_share",
        360,
        _share("status = 'no_loan'"),
        "share",
        0,
        ("months without a loan", "Earlier accounts were not used.", "以往账户未使用。"),
    ),
    _window(
        "repayment_days_since_late_month",
        EVER,
        Measure(aggregate="days_since_last", where="months_past_due >= 1"),
        "days",
        -1,
        (
            "days since 30+ days late",
            "An earlier account was late not long ago.",
            "近期以往账户曾逾期。",
        ),
    ),
)

_STATES: tuple[Feature, ...] = (
    _ACCOUNTS.latest(
        "repayment_months_past_due_now",
        Measure(aggregate="max", value="months_past_due"),
        "months",
        1,
        (
            "most months past due, latest statements",
            "An earlier account is late now.",
            "以往账户当前逾期。",
        ),
    ),
    _ACCOUNTS.latest(
        "repayment_accounts_in_use_now",
        Measure(aggregate="count", where="status <> 'no_loan' and status <> 'paid_off'"),
        "count",
        0,
        (
            "earlier accounts in use, latest statements",
            "Number of accounts in use.",
            "当前使用中的账户数量。",
        ),
    ),
)

EVENT_FEATURES = Catalogue((*_WINDOWS, *_STATES))
"""What the person's accounts opened before this one say by its opening."""
