"""What the benchmark of fraud looks at when a payment is made, in three groups.

``facts``: of the payment itself, of the account, of its sign-ins and devices; ``habit``: whatever
reads the person's earlier payments. A payment is judged at its own instant: its facts are stated,
and everything else was known before it.
"""

from __future__ import annotations

from functools import partial

from credit.feature import (
    Expression,
    Feature,
    Measure,
    Reason,
    Stated,
    WindowAggregate,
    WindowPart,
)
from credit.features import fraud, window
from credit.schema import TABLES

_WHY = Reason(en="unusual", zh="异常")
_OUT = "direction = 'out' and status = 'ok'"
_NIGHT = "(local_hour(event_time) >= 23 or local_hour(event_time) < 6)"
_FEW, _LOG = 3, 9.7
"""So many payments of an ordinary person are mixed with few; the log of fen that they are of."""

_common = {"label": "", "unit": "ratio", "null_means": "nothing of the kind before", "reason": _WHY}
_stated = partial(Stated, dimension="application", risk=0, **_common)
_login = partial(WindowAggregate, dimension="application", table="logins", risk=0, **_common)
_device = partial(WindowAggregate, dimension="application", table="device_use", risk=0, **_common)
_habit = partial(Expression, dimension="payment", risk=0, **_common)
_past = partial(WindowAggregate, dimension="payment", table="payments", risk=0, **_common)


def facts() -> tuple[Feature, ...]:
    """Return what is known without any earlier payment."""
    count = Measure(aggregate="count")
    failed = Measure(aggregate="count", where="result = 'failed'")
    spread = Measure(aggregate="std", value="latitude")
    east = Measure(aggregate="std", value="longitude")
    windows = (1, 7, 30)
    return (
        _stated(name="fact_log_amount", expression="ln(amount_fen)"),
        _stated(name="fact_class_c", expression="case when merchant_class = 'C' then 1 else 0 end"),
        _stated(name="fact_class_b", expression="case when merchant_class = 'B' then 1 else 0 end"),
        _stated(name="fact_payee_age", expression="payee_age_days"),
        _stated(name="fact_hour", expression="local_hour(event_time)"),
        _stated(name="fact_night", expression=f"case when {_NIGHT} then 1 else 0 end"),
        _stated(name="fact_tenure", table="customers", expression="q_days(event_time)"),
        *(_login(name=f"login_count_{d}d", days=d, measure=count) for d in windows),
        *(_login(name=f"login_failed_{d}d", days=d, measure=failed) for d in windows),
        *(
            _login(
                name=f"login_{what}_{d}d", days=d, measure=Measure(aggregate="distinct", value=what)
            )
            for d in windows
            for what in ("device_id", "ip_hash")
        ),
        *(_login(name=f"login_latitude_{d}d", days=d, measure=spread) for d in windows),
        *(_login(name=f"login_longitude_{d}d", days=d, measure=east) for d in windows),
        *(
            _login(
                name=f"login_{what}_30d", days=30, measure=Measure(aggregate="max", value=what)
            )
            for what in ("detector", "emulator", "rooted")
        ),
        _login(name="login_since", days=30, measure=Measure(aggregate="days_since_last")),
        _login(
            name="login_face_low_30d", days=30, measure=Measure(aggregate="min", value="face_score")
        ),
        _device(
            name="device_since", days=None, measure=Measure(aggregate="days_since_last")
        ),
        _device(
            name="device_count", days=None, measure=Measure(aggregate="distinct", value="device_id")
        ),
    )  # fmt: skip


def _part(name: str, days: int | None, measure: Measure) -> WindowPart:
    return WindowPart(name=name, table="payments", days=days, measure=measure)


def habit() -> tuple[Feature, ...]:
    """Return what reads the person's earlier payments."""
    log = "ln(amount_fen)"
    mean = Measure(aggregate="mean", value=log, where=_OUT)
    sd = Measure(aggregate="std", value=log, where=_OUT)
    largest = Measure(aggregate="max", value=log, where=_OUT)
    count = Measure(aggregate="count", where=_OUT)
    night = Measure(aggregate="count", where=f"{_OUT} and {_NIGHT}")
    class_c = Measure(aggregate="count", where=f"{_OUT} and merchant_class = 'C'")
    stranger = Measure(aggregate="count", where=f"{_OUT} and payee_age_days = 0")
    return (
        *(
            _habit(
                name=f"habit_excess_{d}d",
                expression="fact_log_amount - usual",
                parts=(_part("usual", d, mean),),
            )
            for d in (90, 365)
        ),
        _habit(
            name="habit_departure",
            expression=f"(fact_log_amount - (n * coalesce(usual, 0) + {_FEW} * {_LOG})"
            f" / (n + {_FEW})) / sqrt((n * coalesce(spread * spread, 0) + {_FEW}) / (n + {_FEW}))",
            parts=(_part("usual", 365, mean), _part("spread", 365, sd), _part("n", 365, count)),
        ),
        _habit(
            name="habit_above_largest",
            expression="fact_log_amount - most",
            parts=(_part("most", 365, largest),),
        ),
        *(
            _habit(
                name=f"habit_{name}_share",
                expression="some / every",
                parts=(_part("some", 365, measure), _part("every", 365, count)),
            )
            for name, measure in (("night", night), ("class_c", class_c), ("stranger", stranger))
        ),
        _past(name="habit_count_7d", days=7, measure=count),
        _past(name="habit_count_90d", days=90, measure=count),
        _past(name="habit_since", days=90, measure=Measure(aggregate="days_since_last",
                                                           where=_OUT)),
    )  # fmt: skip


def account() -> tuple[Feature, ...]:
    """Return what a review of an account sees of one person: sign-ins and payments so far."""
    paid = Measure(aggregate="count", where=_OUT)
    largest = Measure(aggregate="max", value="ln(amount_fen)", where=_OUT)
    mean = Measure(aggregate="mean", value="ln(amount_fen)", where=_OUT)
    class_c = Measure(aggregate="count", where=f"{_OUT} and merchant_class = 'C'")
    night = Measure(aggregate="count", where=f"{_OUT} and {_NIGHT}")
    stranger = Measure(aggregate="count", where=f"{_OUT} and payee_age_days = 0")
    own = {
        "paid": paid, "largest": largest, "mean": mean, "class_c": class_c, "night": night,
        "stranger": stranger,
    }  # fmt: skip
    return (
        *(one for one in facts() if one.name.startswith(("login_", "device_"))),
        _stated(name="fact_tenure", table="customers", expression="q_days(event_time)"),
        *(
            _past(name=f"account_{name}_{d}d", days=d, measure=measure)
            for name, measure in own.items()
            for d in (7, 30)
        ),
    )


def groups(*, indicators: bool) -> tuple[tuple[Feature, ...], tuple[Feature, ...]]:
    """Return both groups, with the package's own indicators of fraud in them where asked for.

    An indicator is of the habit if it reads the table ``payments``.
    """
    if not indicators:
        return facts(), habit()
    tables = {name: [column.name for column in one.columns] for name, one in TABLES.items()}
    reads = {one: window.needs(one, tables) for one in fraud.indicators()}
    # The payments that are judged stand in for the applications.
    more = {one: found for one, found in reads.items() if "applications" not in found}
    return (
        (*facts(), *(one for one, found in more.items() if "payments" not in found)),
        (*habit(), *(one for one, found in more.items() if "payments" in found)),
    )
