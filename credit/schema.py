"""The vocabulary of the data contract: event tables, their columns, units and keys.

Time is integer microseconds since 1970-01-01 UTC, money is integer fen (hundredths of the
currency's unit). Every event has ``event_time`` (it happened) and ``available_at`` (the
lender could know it); a source without the latter must declare a lag.

Nothing here reads a file. The engine checks real tables against these records.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from credit.errors import SchemaError, nearest
from credit.use import AUDIT, FRAUD, SCORING, Use

_DEFAULT = Use(purposes=(SCORING, FRAUD, AUDIT))

Kind = Literal["id", "time", "money", "float", "int", "text", "bool"]

SECOND = 1_000_000
"""Microseconds in a second: the unit of every instant and every age."""

HOUR = 3_600 * SECOND
"""Microseconds in an hour."""

DAY = 24 * HOUR
"""Microseconds in a day of 24 hours: windows are counted in these."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    ``id`` is an integer or a text key; ``time`` is stored as a timestamp (UTC) or integer
    microseconds and always read as the latter; ``money`` is integer fen.
    """

    name: str
    kind: Kind
    doc: str
    nullable: bool = False
    required: bool = True
    minimum: float | None = None
    use: Use | None = None
    """Narrower than its table's; None where it is the table's."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the contract.

    ``key`` identifies a row; ``person`` is the column that holds the person an event
    belongs to. ``event`` tables carry ``event_time`` and ``available_at``.
    """

    name: str
    doc: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    person: str = "customer_id"
    event: bool = True
    use: Use = _DEFAULT
    """What the table is held for, and for how long."""
    extra: bool = False
    """Whether columns beyond these are kept (facts a source states on its applications)."""

    def column(self, name: str) -> Column:
        """Return the column called ``name``, or say which ones exist."""
        for column in self.columns:
            if column.name == name:
                return column
        known = [column.name for column in self.columns]
        raise SchemaError(
            f"{self.name}: no column {name!r} in the contract.{nearest(name, known)} "
            f"It has {sorted(known)}."
        )


_TIMES = (
    Column("event_time", "time", "when it happened"),
    Column("available_at", "time", "when the lender could know it"),
)


def _optional(name: str, kind: Kind, doc: str, minimum: float | None = None) -> Column:
    """Return a column that a source need not have, and that may be null."""
    return Column(name, kind, doc, nullable=True, required=False, minimum=minimum)


def _for_audit(name: str, kind: Kind, doc: str) -> Column:
    """Return a column that is held to look for unfairness, and for nothing else."""
    return replace(_optional(name, kind, f"{doc} (audit only)"), use=Use(purposes=(AUDIT,)))


def _for_fraud(name: str, kind: Kind, doc: str) -> Column:
    """Return a column that is held to detect fraud, and may not make a score."""
    return replace(_optional(name, kind, f"{doc} (fraud only)"), use=Use(purposes=(FRAUD, AUDIT)))


_PERSON = Column("customer_id", "id", "the person")
_REPAIRED = _optional(
    "repaired_at",
    "time",
    "when the register suppressed the record (credit repair); it is not looked at from then on",
)


def _event(name: str, key: str, doc: str, *columns: Column) -> Table:
    """Build an event table: its key, the person, the two times, then its own columns."""
    return Table(
        name=name,
        doc=doc,
        key=(key,),
        columns=(Column(key, "id", "the row"), _PERSON, *_TIMES, *columns),
    )


def _snapshot(name: str, key: tuple[str, ...], doc: str, *columns: Column) -> Table:
    """Build an event table whose key is the person with other columns."""
    return Table(name=name, doc=doc, key=key, columns=(_PERSON, *_TIMES, *columns))


CUSTOMERS = Table(
    name="customers",
    doc="One row a person: facts stated at registration.",
    key=("customer_id",),
    columns=(
        _PERSON,
        *_TIMES,
        Column("segment", "text", "sme, white_collar or blue_collar", nullable=True),
        _optional("occupation", "text", "occupation group"),
        _for_audit("region", "text", "region"),
        _for_audit("birth_date", "time", "date of birth"),
        _for_audit("sex", "text", "sex"),
        _optional("declared_income_fen", "money", "monthly income the person declares", minimum=0),
    ),
)

PAYMENTS = _event(
    "payments",
    "payment_id",
    "Payments of a person: purchases, bills and money received.",
    Column("direction", "text", "out (paid) or in (received)"),
    Column("amount_fen", "money", "amount, never negative", minimum=0),
    Column("status", "text", "ok or failed"),
    Column("mcc", "int", "merchant category code; null for money received", nullable=True),
    _optional("merchant_id", "id", "the merchant"),
    _optional("balance_fen", "money", "account balance after it"),
    _optional("due_at", "time", "the bill's due date, where it is a bill"),
    _optional("purpose", "text", "what it was for, as the source says"),
    _optional("merchant_class", "text", "A, B or C: the merchant's risk class that day, C highest"),
    _optional("device_id", "id", "the device it was made on"),
    _optional("payee_age_days", "int", "days since the payee was first known", minimum=0),
)

TRANSFERS = _event(
    "transfers",
    "transfer_id",
    "Money sent by one person to another.",
    Column("counterparty_id", "id", "the receiver"),
    Column("amount_fen", "money", "amount, never negative", minimum=0),
    _optional("type", "text", "transfer or red_packet"),
)

CONTACTS = _snapshot(
    "contacts",
    ("customer_id", "contact_id"),
    "Who knows whom: one row for each direction of a tie.",
    Column("contact_id", "id", "the other person"),
    _optional("type", "text", "friend, family or colleague"),
)

DEVICE_USE = _snapshot(
    "device_use",
    ("customer_id", "device_id", "event_time"),
    "Who was seen on which device: the first time, or every time.",
    Column("device_id", "id", "the device"),
    _optional("account_id", "id", "the account signed in, where a person may have several"),
)

LOGINS = _event(
    "logins",
    "login_id",
    "Tries to sign in, refused ones too.",
    Column("result", "text", "ok or failed"),
    Column("device_id", "id", "the device"),
    _optional("account_id", "id", "the account, where a person may have several"),
    _optional("ip_hash", "id", "the network address, hashed"),
    _for_fraud("latitude", "float", "degrees north, to a tenth"),
    _for_fraud("longitude", "float", "degrees east, to a tenth"),
    _optional("emulator", "int", "1 if the device is an emulator"),
    _optional("rooted", "int", "1 if the device's protection was removed"),
    _optional("detector", "int", "1 if the device's fingerprint is on the list of risky ones"),
    _for_fraud("face_score", "float", "likeness of the face to the one on record, 0 to 1"),
    _optional("method", "text", "password, code or face"),
)

FRAUD_LABELS = _snapshot(
    "fraud_labels",
    ("customer_id", "event_time"),
    "Fraud that was confirmed: event_time is when it happened, available_at when it was confirmed.",
    Column("type", "text", "takeover, stolen_identity, studio or first_party"),
)

GUARANTEES = _snapshot(
    "guarantees",
    ("customer_id", "guarantor_id", "event_time"),
    "Who stands surety for whose debt.",
    Column("guarantor_id", "id", "the person who stands surety"),
)

TAGS = _event(
    "tags",
    "tag_id",
    "Negative marks on a person; available_at is when the lender learnt of it.",
    Column("tag", "text", "what the mark says"),
)

WEALTH_POSITIONS = _snapshot(
    "wealth_positions",
    ("customer_id", "product_id", "event_time"),
    "Holdings by product at a statement date.",
    Column("product_id", "id", "the product"),
    Column("risk_level", "int", "1 (money market) to 5 (speculative)", minimum=1),
    Column("balance_fen", "money", "value held", minimum=0),
)

WEALTH_ORDERS = _event(
    "wealth_orders",
    "order_id",
    "Orders to buy or sell wealth products.",
    Column("product_id", "id", "the product"),
    Column("risk_level", "int", "1 (money market) to 5 (speculative)", minimum=1),
    Column("side", "text", "subscribe or redeem"),
    Column("amount_fen", "money", "amount, never negative", minimum=0),
)

LOANS = _event(
    "loans",
    "loan_id",
    "Loans drawn; application_id links a loan to the application that asked for it.",
    _optional("application_id", "id", "its application"),
    Column("principal_fen", "money", "amount lent", minimum=0),
    Column("term_months", "int", "number of monthly instalments", minimum=1),
    _optional("line_application_id", "id", "the application that opened the line it is drawn on"),
)

INSTALMENTS = _snapshot(
    "instalments",
    ("loan_id", "number"),
    "The schedule of a loan; known from the day the loan is drawn. A due date is an attribute.",
    Column("loan_id", "id", "the loan"),
    Column("number", "int", "1 for the first instalment", minimum=1),
    Column("due_at", "time", "when it must be paid"),
    Column("due_fen", "money", "principal and interest due", minimum=0),
    _optional("principal_fen", "money", "principal in it", minimum=0),
    _optional("interest_fen", "money", "interest in it", minimum=0),
    _optional("fee_fen", "money", "fee in it", minimum=0),
    _REPAIRED,
)

REPAYMENTS = _event(
    "repayments",
    "repayment_id",
    "Money paid on an instalment.",
    Column("loan_id", "id", "the loan"),
    Column("number", "int", "the instalment", minimum=1),
    Column("amount_fen", "money", "amount paid", minimum=0),
    _optional("channel", "text", "balance, card or other"),
    _optional("principal_fen", "money", "principal that the money paid", minimum=0),
    _optional("interest_fen", "money", "interest that it paid, late interest too", minimum=0),
    _optional("fee_fen", "money", "fees that it paid, penalties too", minimum=0),
    _optional(
        "charges_fen",
        "money",
        "of these, what the schedule does not hold (late interest, penalty, fees); amount_fen is "
        "without it, so that amounts add up to due_fen just when the schedule is paid",
        minimum=0,
    ),
    _optional(
        "waived_fen",
        "money",
        "interest in amount_fen that an early settlement saved: let off, not paid",
        minimum=0,
    ),
    _optional("attempt", "int", "which try in a row of an automatic debit it was", minimum=1),
    _optional("receipt_id", "id", "the receipt it is part of"),
)

LOAN_MONTHS = _snapshot(
    "loan_months",
    ("loan_id", "month_on_book"),
    "How a loan stood at the end of each calendar month, up to the one in which it ended.",
    Column("loan_id", "id", "the loan"),
    Column("month_on_book", "int", "0 for the month in which it was drawn", minimum=0),
    Column(
        "days_past_due", "int", "by the due dates of the schedule, whatever was deferred", minimum=0
    ),
    _optional("bucket", "int", "0 for none past due, then the buckets of days past due", minimum=0),
    _optional("outstanding_fen", "money", "principal not paid back", minimum=0),
    _optional("due_fen", "money", "due and not paid, charges too", minimum=0),
    _optional("forborne", "int", "1 while a deferral or its probation runs"),
    _optional("written_off", "int", "1 in the month in which it was written off"),
)

BUREAU = _snapshot(
    "bureau",
    ("customer_id", "account_id", "event_time"),
    "Credit accounts as a register or statement shows them, one row an account and month.",
    Column("account_id", "id", "the account"),
    Column("months_past_due", "float", "payments missed at this date", nullable=True),
    _optional("balance_fen", "money", "amount owed"),
    _optional("limit_fen", "money", "credit line"),
    _optional("paid_fen", "money", "paid since the last statement"),
    _optional("status", "text", "the account's state in words"),
    _REPAIRED,
)

APPLICATIONS = Table(
    name="applications",
    doc="Who asked for credit, and when: event_time is the as-of instant of every feature.",
    key=("application_id",),
    columns=(
        Column("application_id", "id", "the application"),
        _PERSON,
        *_TIMES,
        _optional("amount_fen", "money", "amount asked for"),
        _optional("product", "text", "product asked for"),
        _optional(
            "income_evidence",
            "text",
            "document that proves income (payslip, statement, social_insurance, ...), or none",
        ),
        _optional(
            "verified_income_fen", "money", "monthly income that the document proves", minimum=0
        ),
        _optional("assets", "text", "assets proven, by kind, or none"),
        _optional(
            "wechat_pay", "int", "payment score (微信支付分) that the person shows", minimum=0
        ),
    ),
    extra=True,
)

DECISIONS = _snapshot(
    "decisions",
    ("application_id",),
    "What the lender decided in the end on each application; what was refused stays in.",
    Column("application_id", "id", "the application"),
    _optional("product", "text", "product asked for"),
    _optional("policy", "text", "policy decided by: a file, and those laid over it"),
    Column("outcome", "text", "approve, review, query_only or refuse"),
    _optional("grounds", "text", "what stood against the person, by comma; null for nothing"),
    _optional("probability", "float", "probability of bad that the lender's score gave", minimum=0),
    _optional("grade", "text", "grade of the price"),
    _optional(
        "limit_fen",
        "money",
        "limit, computed whatever the outcome; lent to whom it approves",
        minimum=0,
    ),
    _optional("usable_fen", "money", "what can be used of the limit", minimum=0),
    _optional("daily_rate", "float", "interest a day, as a share", minimum=0),
    _optional("random_approval", "int", "1 if approved at random although the score refused"),
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

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        CUSTOMERS,
        PAYMENTS,
        TRANSFERS,
        CONTACTS,
        DEVICE_USE,
        LOGINS,
        FRAUD_LABELS,
        GUARANTEES,
        TAGS,
        WEALTH_POSITIONS,
        WEALTH_ORDERS,
        LOANS,
        INSTALMENTS,
        REPAYMENTS,
        LOAN_MONTHS,
        BUREAU,
        APPLICATIONS,
        DECISIONS,
        OUTCOMES,
    )
}
"""Every table of the contract, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSource:
    """Where a user's table is and how its columns map onto the contract.

    Attributes
    ----------
    path : str
        A Parquet or CSV file, a folder of Parquet files, or a glob.
    columns : dict of str to str
        Contract column -> column of the file, for those that differ.
    units : dict of str to str
        Contract column -> unit of the file: ``yuan`` or ``fen`` for money; ``us``, ``ms``,
        ``s`` or ``date`` for time. The default is fen and timestamps.
    lag : str or None
        How long after ``event_time`` an event is known (``"1d"``, ``"6h"``), for a table
        that has no ``available_at``. There is no silent default.
    """

    path: str
    columns: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    lag: str | None = None


def table(name: str) -> Table:
    """Return the contract of table ``name``, or name the closest one."""
    if name not in TABLES:
        raise SchemaError(
            f"no table {name!r} in the contract.{nearest(name, TABLES)} It has {sorted(TABLES)}."
        )
    return TABLES[name]
