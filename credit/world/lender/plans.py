"""What people mean to do about each instalment: pay ahead, on the day, late, or not at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.schema import DAY, HOUR
from credit.world import season
from credit.world.figures import Figures
from credit.world.lender import columns as c
from credit.world.lender.account import Intents
from credit.world.lender.paths import NEVER, Borrowers, Spells, in_season
from credit.world.lender.schedules import Contracts, Schedules
from credit.world.lender.terms import CHANNELS, Agreed
from credit.world.options import Floats, Ints

RANK = np.array([1, 1, 1, 2, 1, 0])
"""Of the kinds of intents at one instant, as `credit.decide.repay.events` has it."""

AHEAD, ON_DAY, BEHIND = range(3)
"""How an instalment is paid: by hand before its day, debited on it, or after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    """When each instalment is due after any deferral, and when and how it is paid."""

    due: Ints
    paid: Ints
    how: Ints
    months: Ints
    asked: Ints


def intents(
    draw: np.random.Generator, agreed: Agreed, who: Borrowers, spells: Spells, figures: Figures
) -> Intents:
    """Draw what people mean to do about some loans.

    An instalment that falls due in a spell waits for its end, and everything due is paid then; one
    that a deferral moves is paid on the day it was moved to, unless that lies in a spell. Others
    are paid ahead, debited on their day, or slip for some days. A debit that brings nothing is
    tried again on the next days.

    Parameters
    ----------
    draw : Generator
    agreed : Agreed
    who : Borrowers
        Of all lines of credit.
    spells : Spells
    figures : Figures
        Leaves ``sim.serve.*`` of paying.
    """
    contracts, plan = agreed.contracts, agreed.plan
    spell = spells.of(contracts.line[plan.loan], plan.due)
    usual = _usual(draw, plan.due, contracts.line[plan.loan], who, figures)
    days = _days(contracts, plan, spells, usual, figures)
    card = _card(contracts, plan, figures)
    settling = _settling(draw, contracts, plan, figures)
    none = who.bad[contracts.line] | (spells.of(contracts.line, settling) >= 0)
    settling = np.where(none, NEVER, settling)
    parts = [
        _payments(draw, agreed, days, card, figures),
        _failures(agreed, days),
        _in_part(draw, plan, spells, spell, card, figures),
        _deferred(agreed, days),
        _settled(draw, settling, card, figures),
    ]
    rows = np.concatenate([rows for _, rows in parts])
    owner = np.concatenate([loans for loans, _ in parts])
    kept = rows[:, c.AT] > contracts.drawn_at[owner]
    rows, owner = rows[kept], owner[kept]
    order = np.lexsort((RANK[rows[:, c.KIND]], rows[:, c.AT], owner))
    start = np.searchsorted(owner[order], np.arange(contracts.size + 1))
    return Intents(rows=rows[order], start=start)


def _days(
    contracts: Contracts, plan: Schedules, spells: Spells, usual: tuple[Ints, Ints],
    figures: Figures,
) -> _Day:  # fmt: skip
    line = contracts.line[plan.loan]
    spell = spells.of(line, plan.due)
    months, first_missed = _deferrals(plan, spells, spell)
    moved = (months > 0) & (plan.due >= first_missed)
    due = np.where(moved, season.add_months(plan.due, months), plan.due)
    paid, how = np.where(moved, due, usual[0]), np.where(moved, ON_DAY, usual[1])
    spell = np.where(moved, spells.of(line, due), spell)
    inside = spell >= 0
    return _Day(
        due=due, paid=np.where(inside, spells.ends[spell] if spells.ends.size else NEVER, paid),
        how=np.where(inside, BEHIND, how), months=np.where(moved, months, 0),
        asked=first_missed + int(figures["sim.serve.forborne"]["after_days"]),
    )  # fmt: skip


def _deferrals(plan: Schedules, spells: Spells, spell: Ints) -> tuple[Ints, Ints]:
    """Return, for each instalment, its loan's months of deferral and first missed due day."""
    months = np.zeros(plan.start.size - 1, np.int64)
    missed = np.full(plan.start.size - 1, NEVER)
    found = np.flatnonzero(spell >= 0)
    found = found[spells.months[spell[found]] > 0] if found.size else found
    loans, first = np.unique(plan.loan[found], return_index=True)
    months[loans] = spells.months[spell[found[first]]] if found.size else 0
    missed[loans] = plan.due[found[first]]
    return months[plan.loan], missed[plan.loan]


def _usual(
    draw: np.random.Generator, due: Ints, line: Ints, who: Borrowers, figures: Figures
) -> tuple[Ints, Ints]:
    """Return on which day and how instalments are paid by those who have the money."""
    count, kind = due.size, draw.random(due.size)
    low, high = figures["sim.serve.ahead_days"]
    ahead = draw.integers(low, high + 1, count)
    by_hand = draw.random(count) < figures.number("sim.serve.by_hand")
    leaf = figures["sim.serve.slip_days"]
    retried = draw.random(count) < leaf["retried"]
    soon, later = (
        draw.integers(leaf[f"{name}_low"], leaf[f"{name}_high"] + 1, count)
        for name in ("retried", "other")
    )
    slip = np.where(retried, soon, later)
    early = kind < who.early[line]
    late = ~early & (kind > 1 - who.slip[line] * in_season(due, figures))
    before = np.where(by_hand, draw.integers(0, 3, count), 0)
    paid = np.select([early, late], [due - ahead, due + slip], due - before)
    how = np.select([early, late, by_hand], [AHEAD, BEHIND, AHEAD], ON_DAY)
    return paid, how


def _card(contracts: Contracts, plan: Schedules, figures: Figures) -> Floats:
    """Return each loan's chance of paying otherwise than from the balance.

    Larger loans are more often paid by card; over all instalments the chances have the mean that
    ``sim.serve.channel`` states.
    """
    shares = figures["sim.serve.channel"]
    weight = contracts.principal_fen.astype(np.float64) ** figures.number("sim.serve.card_by_size")
    mean = weight[plan.loan].mean() if plan.loan.size else 1.0
    return np.asarray(np.minimum(1.0, (1 - shares["balance"]) * weight / mean))


def _channel(draw: np.random.Generator, chance: Floats, figures: Figures) -> Ints:
    shares = figures["sim.serve.channel"]
    other = shares["other"] / (shares["other"] + shares["card"])
    u = draw.random(chance.size)
    codes = [CHANNELS.index(name) for name in ("other", "card", "balance")]
    return np.select([u < chance * other, u < chance], codes[:2], codes[2])


def _rows(
    at: Ints, kind: int, value: Ints | int, meant: Ints | int, channel: Ints | int,
    debit: Ints | int,
) -> Ints:  # fmt: skip
    """Return rows of intents; only the payments mean an instalment, a channel, a debit."""
    rows = np.empty((at.size, c.INTENT), np.int64)
    rows[:, c.AT], rows[:, c.ON], rows[:, c.KIND] = at, season.local_day(at), kind
    rows[:, c.VALUE], rows[:, c.MEANT] = value, meant
    rows[:, c.CHANNEL], rows[:, c.DEBIT] = channel, debit
    return rows


def _payments(
    draw: np.random.Generator, agreed: Agreed, days: _Day, card: Floats, figures: Figures
) -> tuple[Ints, Ints]:
    """Return the payments of instalments, a few of those by hand in two parts."""
    plan, terms = agreed.plan, agreed.terms
    paid = np.flatnonzero(days.paid < NEVER)
    day, how, loan, number = days.paid[paid], days.how[paid], plan.loan[paid], plan.number[paid]
    debit = (how == ON_DAY) | ((how == BEHIND) & (day - days.due[paid] < terms.tries[loan]))
    at = np.where(debit, season.midnight(day) + terms.debited[loan], season.by_day(draw, day))
    channel = _channel(draw, card[loan], figures)
    ahead = how == AHEAD
    behind = _rows(at[~ahead], c.PAY, 1000, number[~ahead], channel[~ahead], debit[~ahead])
    whole = _rows(at[ahead], c.AHEAD, 1000, number[ahead], channel[ahead], 0)
    split = np.flatnonzero(ahead & (draw.random(paid.size) < figures.number("sim.serve.two_parts")))
    before = at[split] - (draw.uniform(0.02, 1.5, split.size) * DAY).astype(np.int64)
    half = _rows(
        before, c.AHEAD, draw.integers(300, 701, split.size), number[split],
        _channel(draw, card[loan[split]], figures), 0,
    )  # fmt: skip
    owner = np.concatenate([loan[~ahead], loan[ahead], loan[split]])
    return owner, np.concatenate([behind, whole, half])


def _failures(agreed: Agreed, days: _Day) -> tuple[Ints, Ints]:
    """Return the debits that bring nothing: on the due day and the next ones."""
    plan, tries, at = agreed.plan, agreed.terms.tries, agreed.terms.debited
    missed = (days.months > 0) & (plan.due < days.asked)
    owner, rows = [], []
    for more in range(int(tries.max(initial=1))):
        behind = (days.how == BEHIND) & (days.due + more < days.paid)
        for due, failed in ((days.due, behind), (plan.due, missed)):
            here = np.flatnonzero(failed & (more < tries[plan.loan]))
            loan = plan.loan[here]
            owner.append(loan)
            rows.append(_rows(season.midnight(due[here] + more) + at[loan], c.FAIL, 0, 0, 0, 1))
    return np.concatenate(owner), np.concatenate(rows)


def _in_part(
    draw: np.random.Generator, plan: Schedules, spells: Spells, spell: Ints, card: Floats,
    figures: Figures,
) -> tuple[Ints, Ints]:  # fmt: skip
    """Return part payments in long spells: too small to pay off the oldest instalment."""
    leaf = figures["sim.serve.part"]
    found = np.flatnonzero(spell >= 0)
    pairs = np.column_stack([plan.loan[found], spell[found]])
    _, first = np.unique(pairs, axis=0, return_index=True)
    found = found[first]
    left = spells.ends[spell[found]] - plan.due[found]
    chosen = (left >= leaf["from_days"]) & (draw.random(found.size) < leaf["share"])
    found, left = found[chosen], np.minimum(left[chosen], 2 * leaf["from_days"])
    soonest = leaf["after_days"]
    day = plan.due[found] + soonest
    day = day + (draw.random(found.size) * (left - soonest)).astype(np.int64)
    loan = plan.loan[found]
    value = draw.integers(leaf["low"], leaf["high"] + 1, found.size)
    channel = _channel(draw, card[loan], figures)
    return loan, _rows(season.by_day(draw, day), c.PART, value, plan.number[found], channel, 0)


def _deferred(agreed: Agreed, days: _Day) -> tuple[Ints, Ints]:
    """Return the deferrals: one a loan, some days after the first instalment was missed."""
    moved = np.flatnonzero(days.months > 0)
    loans, first = np.unique(agreed.plan.loan[moved], return_index=True)
    here = moved[first]
    at = season.midnight(days.asked[here]) + agreed.terms.debited[loans] + HOUR
    return loans, _rows(at, c.DEFER, days.months[here], 0, 0, 0)


def _settling(
    draw: np.random.Generator, contracts: Contracts, plan: Schedules, figures: Figures
) -> Ints:
    """Return the day on which each loan is meant to be settled: after one of its instalments."""
    leaf, months = figures["sim.serve.settle"], contracts.months
    after = draw.integers(1, np.maximum(months, 2))
    day = plan.due[plan.start[:-1] + np.minimum(after, months) - 1]
    day = day + draw.integers(leaf["low"], leaf["high"] + 1, contracts.size)
    wants = (draw.random(contracts.size) < leaf["share"]) & (months > 1)
    return np.where(wants, day, NEVER)


def _settled(
    draw: np.random.Generator, day: Ints, card: Floats, figures: Figures
) -> tuple[Ints, Ints]:
    """Return early settlements, from the balance or by card."""
    loans = np.flatnonzero(day < NEVER)
    at = season.by_day(draw, day[loans])
    channel = np.minimum(_channel(draw, card[loans], figures), CHANNELS.index("card"))
    return loans, _rows(at, c.SETTLE, 0, 0, channel, 0)
