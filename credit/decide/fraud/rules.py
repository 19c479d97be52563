"""Signals of one event, and signals that mean more together. Nothing here is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from credit.decide import clock
from credit.decide.fraud.record import Event, Signal
from credit.decide.fraud.terms import FraudTerms, code
from credit.decide.record import Fact

COMBINED = "F_TOGETHER"
"""The code of a combination."""


def signals(
    event: Event, indicators: Mapping[str, float | None], terms: FraudTerms
) -> tuple[Signal, ...]:
    """Return the rules that an event breaks by itself.

    Parameters
    ----------
    event : Event
        What is about to happen.
    indicators : mapping of str to float or None
        Values as of the event's instant, by name. One that is absent or null breaks no line.
    terms : FraudTerms
        The figures.

    Returns
    -------
    tuple of Signal
        Rules of a single payment first, then lines over indicators in the policy's order.
    """
    return (*_single(event, terms), *_beyond(event, indicators, terms))


def _single(event: Event, terms: FraudTerms) -> Iterator[Signal]:
    """Yield what the amount, the hour and the payee of money that leaves say."""
    figures = terms.payments
    if event.kind == "payment" and event.amount_fen > figures.large_fen:
        facts: dict[str, Fact] = {"amount_fen": event.amount_fen, "above_fen": figures.large_fen}
        yield Signal(
            code=code("large_payment"), level=figures.large_level, at=event.at,
            key="fraud.review.single_txn", facts=facts,
        )  # fmt: skip
    if event.kind in figures.night_kinds and event.amount_fen > figures.night_fen:
        hour = clock.local(event.at, terms.zone).hour
        start, end = figures.night_hours
        if hour >= start or hour < end:
            facts = {"amount_fen": event.amount_fen, "above_fen": figures.night_fen, "hour": hour}
            yield Signal(
                code=code("night_large_transfer"), level=figures.night_level, at=event.at,
                key="fraud.night_large_transfer", facts=facts,
            )  # fmt: skip
    known = event.payee_age_days
    if known is not None and known < figures.payee_days and event.amount_fen > figures.payee_fen:
        facts = {"amount_fen": event.amount_fen, "days": known, "below_days": figures.payee_days}
        yield Signal(
            code=code("new_payee"), level=figures.payee_level, at=event.at,
            key="fraud.new_payee", facts=facts,
        )  # fmt: skip


def _beyond(
    event: Event, indicators: Mapping[str, float | None], terms: FraudTerms
) -> Iterator[Signal]:
    """Yield the lines over indicators that are broken."""
    for line in terms.lines:
        if event.kind not in line.on:
            continue
        value = indicators.get(line.indicator)
        if line.broken(value):
            bound = line.above if line.above is not None else line.below
            facts: dict[str, Fact] = {"indicator": line.indicator, "value": value, "line": bound}
            yield Signal(
                code=code(line.signal), level=line.level, at=event.at, key="fraud.lines",
                facts=facts,
            )  # fmt: skip


def combine(found: Iterable[Signal], terms: FraudTerms) -> tuple[Signal, ...]:
    """Return the combinations among some signals.

    A combination holds at the instant of the signal that completes it: all of its signals lie
    in the time ``within`` that ends there, both ends included. Their order does not matter.
    """
    ordered = sorted(found, key=lambda one: one.at)
    made = []
    for combo in terms.combos:
        wanted = {code(name) for name in combo.all}
        last: dict[str, int] = {}
        complete: dict[int, None] = {}
        for one in ordered:
            if one.code in wanted:
                last[one.code] = one.at
                if len(last) == len(wanted) and one.at - min(last.values()) <= combo.within:
                    complete[one.at] = None
        facts: dict[str, Fact] = {
            "signals": ", ".join(sorted(wanted)),
            "minutes": combo.within // 60_000_000,
        }
        made += [
            Signal(code=COMBINED, level=combo.level, at=at, key="fraud.combos", facts=facts)
            for at in complete
        ]
    return tuple(sorted(made, key=lambda one: one.at))
