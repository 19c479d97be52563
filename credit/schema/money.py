"""Tables about what persons pay, send and hold."""

from __future__ import annotations

from credit.schema.record import Column, event, optional, snapshot

PAYMENTS = event(
    "payments",
    "payment_id",
    "Payments of a person: purchases, bills and money received.",
    Column("direction", "text", "out (paid) or in (received)"),
    Column("amount_fen", "money", "amount, never negative", minimum=0),
    Column("status", "text", "ok or failed"),
    Column("mcc", "int", "merchant category code; null for money received", nullable=True),
    optional("merchant_id", "id", "the merchant"),
    optional("balance_fen", "money", "account balance after it"),
    optional("due_at", "time", "the bill's due date, where it is a bill"),
    optional("purpose", "text", "what it was for, as the source says"),
    optional("merchant_class", "text", "A, B or C: the merchant's risk class that day, C highest"),
    optional("device_id", "id", "the device it was made on"),
    optional("payee_age_days", "int", "days since the payee was first known", minimum=0),
)

TRANSFERS = event(
    "transfers",
    "transfer_id",
    "Money sent by one person to another.",
    Column("counterparty_id", "id", "the receiver"),
    Column("amount_fen", "money", "amount, never negative", minimum=0),
    optional("type", "text", "transfer or red_packet"),
)

WEALTH_POSITIONS = snapshot(
    "wealth_positions",
    ("customer_id", "product_id", "event_time"),
    "Holdings by product at a statement date.",
    Column("product_id", "id", "the product"),
    Column("risk_level", "int", "1 (money market) to 5 (speculative)", minimum=1),
    Column("balance_fen", "money", "value held", minimum=0),
)

WEALTH_ORDERS = event(
    "wealth_orders",
    "order_id",
    "Orders to buy or sell wealth products.",
    Column("product_id", "id", "the product"),
    Column("risk_level", "int", "1 (money market) to 5 (speculative)", minimum=1),
    Column("side", "text", "subscribe or redeem"),
    Column("amount_fen", "money", "amount, never negative", minimum=0),
)
