"""Facts stated on the application or at registration. They carry no policy weight."""

from __future__ import annotations

from credit.feature import Feature, Reason, Stated

APPLICATION: tuple[Feature, ...] = (
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
        table="applications",
        expression="amount_fen",
    ),
)
"""Facts stated on the application."""
