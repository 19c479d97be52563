"""Which rows of ``payments`` are meant, and the measures that several features share."""

from __future__ import annotations

from credit.feature import EACH, Measure, WindowPart

PAID = "direction = 'out' and status = 'ok'"
RECEIVED = "direction = 'in' and status = 'ok'"
BILL = f"{PAID} and due_at is not null"

OUTFLOW = Measure(aggregate="sum", value="amount_fen", where=PAID)
INFLOW = Measure(aggregate="sum", value="amount_fen", where=RECEIVED)
MEAN_BALANCE = Measure(aggregate="mean", value="balance_fen", where=PAID)


def part(name: str, measure: Measure, days: int = EACH) -> WindowPart:
    """Return a part of an expression: a measure over payments."""
    return WindowPart(name=name, table="payments", days=days, measure=measure)
