"""Tables about credit: asked for, decided on, lent and paid back."""

from __future__ import annotations

from credit.schema.record import PERSON, TIMES, Column, Table, event, optional, snapshot

_REPAIRED = optional(
    "repaired_at",
    "time",
    "when the register suppressed the record (credit repair); it is not looked at from then on",
)


LOANS = event(
    "loans",
    "loan_id",
    "Loans drawn; application_id links a loan to the application that asked for it.",
    optional("application_id", "id", "its application"),
    Column("principal_fen", "money", "amount lent", minimum=0),
    Column("term_months", "int", "number of monthly instalments", minimum=1),
    optional("line_application_id", "id", "the application that opened the line it is drawn on"),
)

INSTALMENTS = snapshot(
    "instalments",
    ("loan_id", "number"),
    "The schedule of a loan; known from the day the loan is drawn. A due date is an attribute.",
    Column("loan_id", "id", "the loan"),
    Column("number", "int", "1 for the first instalment", minimum=1),
    Column("due_at", "time", "when it must be paid"),
    Column("due_fen", "money", "principal and interest due", minimum=0),
    optional("principal_fen", "money", "principal in it", minimum=0),
    optional("interest_fen", "money", "interest in it", minimum=0),
    optional("fee_fen", "money", "fee in it", minimum=0),
    _REPAIRED,
)

REPAYMENTS = event(
    "repayments",
    "repayment_id",
    "Money paid on an instalment.",
    Column("loan_id", "id", "the loan"),
    Column("number", "int", "the instalment", minimum=1),
    Column("amount_fen", "money", "amount paid", minimum=0),
    optional("channel", "text", "balance, card or other"),
    optional("principal_fen", "money", "principal that the money paid", minimum=0),
    optional("interest_fen", "money", "interest that it paid, late interest too", minimum=0),
    optional("fee_fen", "money", "fees that it paid, penalties too", minimum=0),
    optional(
        "charges_fen",
        "money",
        "of these, what the schedule does not hold (late interest, penalty, fees); amount_fen is "
        "without it, so that amounts add up to due_fen just when the schedule is paid",
        minimum=0,
    ),
    optional(
        "waived_fen",
        "money",
        "interest in amount_fen that an early settlement saved: let off, not paid",
        minimum=0,
    ),
    optional("attempt", "int", "which try in a row of an automatic debit it was", minimum=1),
    optional("receipt_id", "id", "the receipt it is part of"),
)

LOAN_MONTHS = snapshot(
    "loan_months",
    ("loan_id", "month_on_book"),
    "How a loan stood at the end of each calendar month, up to the one in which it ended.",
    Column("loan_id", "id", "the loan"),
    Column("month_on_book", "int", "0 for the month in which it was drawn", minimum=0),
    Column(
        "days_past_due", "int", "by the due dates of the schedule, whatever was deferred", minimum=0
    ),
    optional("bucket", "int", "0 for none past due, then the buckets of days past due", minimum=0),
    optional("outstanding_fen", "money", "principal not paid back", minimum=0),
    optional("due_fen", "money", "due and not paid, charges too", minimum=0),
    optional("forborne", "int", "1 while a deferral or its probation runs"),
    optional("written_off", "int", "1 in the month in which it was written off"),
)

BUREAU = snapshot(
    "bureau",
    ("customer_id", "account_id", "event_time"),
    "Credit accounts as a register or statement shows them, one row an account and month.",
    Column("account_id", "id", "the account"),
    Column("months_past_due", "float", "payments missed at this date", nullable=True),
    optional("balance_fen", "money", "amount owed"),
    optional("limit_fen", "money", "credit line"),
    optional("paid_fen", "money", "paid since the last statement"),
    optional("status", "text", "the account's state in words"),
    _REPAIRED,
)

APPLICATIONS = Table(
    name="applications",
    doc="Who asked for credit, and when: event_time is the as-of instant of every feature.",
    key=("application_id",),
    columns=(
        Column("application_id", "id", "the application"),
        PERSON,
        *TIMES,
        optional("amount_fen", "money", "amount asked for"),
        optional("product", "text", "product asked for"),
        optional(
            "income_evidence",
            "text",
            "document that proves income (payslip, statement, social_insurance, ...), or none",
        ),
        optional(
            "verified_income_fen", "money", "monthly income that the document proves", minimum=0
        ),
        optional("assets", "text", "assets proven, by kind, or none"),
        optional(
            "wechat_pay", "int", "payment score (微信支付分) that the person shows", minimum=0
        ),
    ),
    extra=True,
)

DECISIONS = snapshot(
    "decisions",
    ("application_id",),
    "What the lender decided in the end on each application; what was refused stays in.",
    Column("application_id", "id", "the application"),
    optional("product", "text", "product asked for"),
    optional("policy", "text", "policy decided by: a file, and those laid over it"),
    Column("outcome", "text", "approve, review, query_only or refuse"),
    optional("grounds", "text", "what stood against the person, by comma; null for nothing"),
    optional("probability", "float", "probability of bad that the lender's score gave", minimum=0),
    optional("grade", "text", "grade of the price"),
    optional(
        "limit_fen",
        "money",
        "limit, computed whatever the outcome; lent to whom it approves",
        minimum=0,
    ),
    optional("usable_fen", "money", "what can be used of the limit", minimum=0),
    optional("daily_rate", "float", "interest a day, as a share", minimum=0),
    optional("random_approval", "int", "1 if approved at random although the score refused"),
)

OUTCOMES = Table(
    name="outcomes",
    doc="Outcomes stated by the source, where they are not computed from repayments.",
    key=("application_id",),
    columns=(
        Column("application_id", "id", "the application"),
        Column("bad", "int", "1 bad, 0 good, null indeterminate", nullable=True),
        Column("known_at", "time", "when the outcome was settled", nullable=True),
    ),
    event=False,
)
