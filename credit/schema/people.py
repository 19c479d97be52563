"""Tables about persons: who they are, whom they know, on which devices they were seen."""

from __future__ import annotations

from credit.schema.record import (
    PERSON,
    TIMES,
    Column,
    Table,
    event,
    for_audit,
    for_fraud,
    optional,
    snapshot,
)

CUSTOMERS = Table(
    name="customers",
    doc="One row a person: facts stated at registration.",
    key=("customer_id",),
    columns=(
        PERSON,
        *TIMES,
        Column("segment", "text", "sme, white_collar or blue_collar", nullable=True),
        optional("occupation", "text", "occupation group"),
        for_audit("region", "text", "region"),
        for_audit("birth_date", "time", "date of birth"),
        for_audit("sex", "text", "sex"),
        optional("declared_income_fen", "money", "monthly income the person declares", minimum=0),
    ),
)

CONTACTS = snapshot(
    "contacts",
    ("customer_id", "contact_id"),
    "Who knows whom: one row for each direction of a tie.",
    Column("contact_id", "id", "the other person"),
    optional("type", "text", "friend, family or colleague"),
)

DEVICE_USE = snapshot(
    "device_use",
    ("customer_id", "device_id", "event_time"),
    "Who was seen on which device: the first time, or every time.",
    Column("device_id", "id", "the device"),
    optional("account_id", "id", "the account signed in, where a person may have several"),
)

LOGINS = event(
    "logins",
    "login_id",
    "Tries to sign in, refused ones too.",
    Column("result", "text", "ok or failed"),
    Column("device_id", "id", "the device"),
    optional("account_id", "id", "the account, where a person may have several"),
    optional("ip_hash", "id", "the network address, hashed"),
    for_fraud("latitude", "float", "degrees north, to a tenth"),
    for_fraud("longitude", "float", "degrees east, to a tenth"),
    optional("emulator", "int", "1 if the device is an emulator"),
    optional("rooted", "int", "1 if the device's protection was removed"),
    optional("detector", "int", "1 if the device's fingerprint is on the list of risky ones"),
    for_fraud("face_score", "float", "likeness of the face to the one on record, 0 to 1"),
    optional("method", "text", "password, code or face"),
)

FRAUD_LABELS = snapshot(
    "fraud_labels",
    ("customer_id", "event_time"),
    "Fraud that was confirmed: event_time is when it happened, available_at when it was confirmed.",
    Column("type", "text", "takeover, stolen_identity, studio or first_party"),
)

GUARANTEES = snapshot(
    "guarantees",
    ("customer_id", "guarantor_id", "event_time"),
    "Who stands surety for whose debt.",
    Column("guarantor_id", "id", "the person who stands surety"),
)

TAGS = event(
    "tags",
    "tag_id",
    "Negative marks on a person; available_at is when the lender learnt of it.",
    Column("tag", "text", "what the mark says"),
)
