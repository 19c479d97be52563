"""The columns of intents, events and months as arrays of whole numbers hold them."""

from __future__ import annotations

PAY, PART, AHEAD, FAIL, SETTLE, DEFER = range(6)
"""Kinds of intents: pay all that is due; a share of the oldest instalment that is due; a share of
one that is not; an automatic debit that brings nothing; settle; move instalments."""

MONEY = (PAY, PART, AHEAD, SETTLE)
"""Kinds that bring money."""

# Columns of intents: instant, local day, kind, value (share in thousandths, months), number of the
# instalment meant, channel, and whether it is an automatic debit.
AT, ON, KIND, VALUE, MEANT, CHANNEL, DEBIT, INTENT = range(8)
# Columns of events: what became of an intent. VALUE is an amount in fen, or months.
(EVENT_LOAN, EVENT_AT, EVENT_ON, EVENT_KIND, EVENT_VALUE, EVENT_CHANNEL, EVENT_DEBIT, EVENT_TRY,
 EVENT) = range(9)  # fmt: skip
# Columns of months.
(MONTH_LOAN, MONTH, MONTH_END, MONTH_DAYS, MONTH_WORST, MONTH_OUTSTANDING, MONTH_DUE,
 MONTH_FORBORNE, MONTH_WRITTEN, MONTHS) = range(10)  # fmt: skip
