"""Features of the Berka data set: what the loan states, and what the account's history says."""

from __future__ import annotations

from credit.feature import Catalogue, Feature, Measure, Stated, WindowAggregate
from credit.sources.declare import EVER, Events, Words, ratio, stated

_MOVEMENTS_OF = Events(table="payments", nothing="no movement on the account in the window")
_window = _MOVEMENTS_OF.window


def _stated(name: str, expression: str, unit: str, words: Words) -> Stated:
    null_means = "not published by the day of the loan"
    return stated(f"application_{name}", expression, unit, 0, null_means, words)


STATED = Catalogue(
    (
        _stated(
            "loan_amount_fen",
            "amount_fen",
            "fen",
            ("amount of the loan", "Amount of the loan asked for.", "申请的贷款金额。"),
        ),
        _stated(
            "loan_months",
            "duration_months",
            "months",
            ("months of the loan", "Duration of the loan asked for.", "申请的贷款期限。"),
        ),
        _stated(
            "loan_instalment_fen",
            "instalment_fen",
            "fen",
            ("monthly instalment", "Monthly instalment of the loan.", "贷款的每月还款额。"),
        ),
        _stated(
            "statement_frequency",
            "statement_frequency",
            "category",
            (
                "how often statements are issued",
                "How often the account is stated.",
                "账户对账单的频率。",
            ),
        ),
        _stated(
            "account_age_days",
            "q_days(account_opened_at)",
            "days",
            (
                "days since the account was opened",
                "The account was opened recently.",
                "账户开立时间较短。",
            ),
        ),
        _stated(
            "district_salary",
            "district_salary",
            "CZK",
            (
                "mean salary of the account's district",
                "Mean salary of the branch's district.",
                "开户地区的平均工资。",
            ),
        ),
        _stated(
            "district_unemployment",
            "district_unemployment_1996",
            "percent",
            (
                "unemployment of the account's district, 1996",
                "Unemployment of the branch's district.",
                "开户地区的失业率。",
            ),
        ),
        _stated(
            "district_urban_percent",
            "district_urban_percent",
            "percent",
            (
                "urban inhabitants of the account's district",
                "Share of town dwellers in the branch's district.",
                "开户地区的城镇人口比例。",
            ),
        ),
        _stated(
            "district_crimes_per_1000",
            "1000.0 * district_crimes_1996 / nullif(district_inhabitants, 0)",
            "ratio",
            (
                "crimes per 1,000 inhabitants of the account's district, 1996",
                "Crimes in the branch's district.",
                "开户地区的犯罪率。",
            ),
        ),
    )
)
"""Facts stated with a Berka loan; none has a sign of risk that is certain beforehand."""


def _balance(aggregate: str, days: int, risk: int, words: Words) -> WindowAggregate:
    measure = Measure(aggregate=aggregate, value="balance_fen")  # type: ignore[arg-type]
    return _window(f"wealth_account_balance_{aggregate}", days, measure, "fen", risk, words)


_MEAN = ("mean balance", "The account's balance has been low.", "账户平均余额较低。")
_MIN = ("lowest balance", "The account has been nearly empty.", "账户最低余额较低。")
_STD = ("spread of the balance", "The account's balance moves a lot.", "账户余额波动较大。")

_BALANCES: tuple[Feature, ...] = (
    _MOVEMENTS_OF.latest(
        "wealth_account_balance_last",
        Measure(aggregate="max", value="balance_fen"),
        "fen",
        0,
        ("balance before the loan", "The account's latest balance is low.", "账户最新余额较低。"),
    ),
    *(_balance("mean", days, 0, _MEAN) for days in (30, 90, 180)),
    *(_balance("min", days, -1, _MIN) for days in (30, 90, 180, EVER)),
    *(_balance("std", days, 0, _STD) for days in (90, 180)),
)


def _flow(direction: str, aggregate: str) -> Measure:
    value = "amount_fen" if aggregate == "sum" else "1"
    return Measure(
        aggregate=aggregate,  # type: ignore[arg-type]
        value=value,
        where=f"direction = '{direction}'",
    )


def _spent_on(purpose: str) -> Measure:
    """Return the share of money paid out that went to ``purpose``."""
    return Measure(
        aggregate="sum",
        value="amount_fen",
        where=f"purpose = '{purpose}'",
        per="amount_fen",
        base="direction = 'out'",
    )


_NET_FLOW = Measure(
    aggregate="sum",
    value="case when direction = 'in' then amount_fen else -amount_fen end",
    per="case when direction = 'in' then amount_fen else 0 end",
)

_NET = (
    "part of the money received that stays",
    "More is paid out than comes in.",
    "支出相对收入偏高。",
)
_IN = ("money received", "Little money comes in.", "资金流入较少。")
_OUT = ("money paid out", "Amount paid out.", "资金流出金额。")
_COUNT = ("movements", "How often the account is used.", "账户使用频率。")

_MOVEMENTS: tuple[Feature, ...] = (
    *(_window("payment_inflow_fen", d, _flow("in", "sum"), "fen", 0, _IN) for d in (30, 90, 180)),
    _window("payment_outflow_fen", 30, _flow("out", "sum"), "fen", 0, _OUT),
    _window("payment_net_flow_share", 180, _NET_FLOW, "ratio", -1, _NET),
    _window("payment_movement_count", 90, Measure(aggregate="count"), "count", 0, _COUNT),
    _window(
        "payment_largest_inflow_fen",
        180,
        Measure(aggregate="max", value="amount_fen", where="direction = 'in'"),
        "fen",
        0,
        ("largest sum received", "Largest sum received.", "单笔最大流入金额。"),
    ),
    _window(
        "consumption_cash_share",
        180,
        _spent_on("cash"),
        "share",
        0,
        ("cash among money paid out", "Share of cash withdrawals.", "现金取款占比。"),
    ),
    _window(
        "consumption_household_share",
        180,
        _spent_on("household"),
        "share",
        0,
        ("household among money paid out", "Share of household payments.", "家庭支出占比。"),
    ),
    _window(
        "consumption_statement_fee_count",
        180,
        Measure(aggregate="count", where="purpose = 'statement_fee'"),
        "count",
        0,
        ("statements paid", "Fees paid for statements.", "对账单费用次数。"),
    ),
    _window(
        "repayment_sanction_interest_count",
        EVER,
        Measure(aggregate="count", where="purpose = 'sanction_interest'"),
        "count",
        1,
        (
            "sanction interest charged",
            "Interest charged for an overdrawn account.",
            "曾因透支被收取罚息。",
        ),
    ),
    _window(
        "repayment_overdrawn_count",
        180,
        Measure(aggregate="count", where="balance_fen < 0"),
        "count",
        1,
        ("movements with a negative balance", "The account was overdrawn.", "账户出现透支。"),
    ),
)

_RATIOS: tuple[Feature, ...] = (
    ratio(
        "payment_inflow_trend_30_180",
        "payment_inflow_fen_30d / (payment_inflow_fen_180d / 6.0)",
        0,
        "no money received in 180 days",
        (
            "money received, last month to mean month",
            "Money coming in has changed.",
            "近期资金流入变化。",
        ),
    ),
    ratio(
        "repayment_instalment_to_inflow_180d",
        "application_loan_instalment_fen / (payment_inflow_fen_180d / 6.0)",
        1,
        "no money received in 180 days",
        (
            "instalment to a month's income",
            "The instalment is high for the income.",
            "还款额相对收入偏高。",
        ),
    ),
    ratio(
        "wealth_balance_to_instalment_90d",
        "wealth_account_balance_min_90d / application_loan_instalment_fen",
        -1,
        _MOVEMENTS_OF.nothing,
        (
            "lowest balance in instalments",
            "Few instalments are in reserve.",
            "余额可覆盖的还款期数较少。",
        ),
    ),
)

EVENT_FEATURES = Catalogue((*_BALANCES, *_MOVEMENTS, *_RATIOS))
"""Features of the account's movements, and ratios of them to each other and to the loan."""
