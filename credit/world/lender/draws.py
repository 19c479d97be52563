"""Who draws loans on a line of credit, when, how much and for how long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from credit.decide.cost import offered_months
from credit.schema import DAY, SECOND
from credit.world import season
from credit.world.figures import Figures
from credit.world.lender import book as b
from credit.world.lender.account import Accounts
from credit.world.lender.columns import MONTH_END, MONTH_LOAN, MONTH_WORST
from credit.world.lender.paths import MONTH
from credit.world.lender.record import Lines
from credit.world.lender.schedules import Contracts, Schedules
from credit.world.lender.terms import GRACE, TermsInForce, product_policy
from credit.world.options import Flags, Floats, Ints

KNOWN_AFTER = 300 * SECOND
"""From a payout until it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Loans drawn together (the first of every line, then the second ...), kept to the end."""

    contracts: Contracts
    plan: Schedules
    terms: TermsInForce
    accounts: Accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How lines stand on a day of their own; one entry a line.

    ``owed_fen`` is outstanding principal, ``late`` whether anything is past due, was deferred or
    written off; ``good`` and ``overdue`` count the calendar months so far without and with an
    instalment overdue.
    """

    owed_fen: Ints
    late: Flags
    good: Ints
    overdue: Ints


def first_loans(
    draw: np.random.Generator, lines: Lines, figures: Figures, observed_until: int
) -> Contracts:
    """Draw the first loans: most within minutes of the grant, some days later, some never."""
    leaf, count = figures["sim.serve.first_draw"], lines.person.size
    soon = draw.uniform(leaf["minutes_low"], leaf["minutes_high"], count) * 60 * SECOND
    days = np.minimum(draw.exponential(leaf["mean_days"], count), leaf["most_days"])
    at_once = draw.random(count) < leaf["at_once"]
    at = lines.granted_at + np.where(at_once, soon, days * DAY).astype(np.int64)
    used = draw.random(count) >= leaf["never"]
    return _loans(draw, lines, np.where(used, at, observed_until), lines.usable_fen, figures,
                  observed_until)  # fmt: skip


def further_loans(
    draw: np.random.Generator, lines: Lines, so_far: Sequence[Drawn], figures: Figures,
    observed_until: int, review: Callable[[Ints, Ints, Ints], Ints],
) -> Contracts:  # fmt: skip
    """Draw the next loans of those who drew the last ones and mean to draw again.

    Nobody draws while anything is past due, or after a deferral; what can be drawn is what the
    review leaves of the line now, less what is still owed.
    """
    last, leaf = so_far[-1].contracts, figures["sim.serve.again"]
    chance = leaf["second"] if len(so_far) == 1 else leaf["further"]
    part = draw.uniform(leaf["part_low"], leaf["part_high"], last.size)
    on = season.local_day(last.drawn_at) + 1 + (part * MONTH * last.months).astype(np.int64)
    at = season.by_day(draw, on)
    means = (draw.random(last.size) < chance) & (at + KNOWN_AFTER <= observed_until)
    asked = np.full(lines.person.size, -1)
    asked[last.line[means]] = on[means]
    now = standing(so_far, asked)
    found = np.flatnonzero((asked >= 0) & ~now.late)
    usable = np.zeros(lines.person.size, np.int64)
    if found.size:
        usable[found] = review(found, now.good[found], now.overdue[found]) - now.owed_fen[found]
    when = np.full(lines.person.size, observed_until)
    when[last.line[means]] = at[means]
    enough = usable >= int(figures["sim.serve.step"]["least"]) * 100
    return _loans(draw, lines, when, np.where(enough, usable, 0), figures, observed_until)


def _loans(
    draw: np.random.Generator, lines: Lines, at: Ints, usable_fen: Ints, figures: Figures,
    observed_until: int,
) -> Contracts:  # fmt: skip
    """Draw amount and term of a loan on each line that has something to use before the end."""
    count = lines.person.size
    alpha, beta = figures["sim.serve.share"]
    share = draw.beta(alpha, beta, count)
    leaf = figures["sim.serve.step"]
    step, least = int(leaf["yuan"]) * 100, int(leaf["least"]) * 100
    wanted = np.maximum((share * usable_fen).astype(np.int64) // step * step, least)
    months = _terms(draw, lines, figures)
    chosen = np.flatnonzero((usable_fen > 0) & (at + KNOWN_AFTER <= observed_until))
    return Contracts(
        line=chosen, drawn_at=at[chosen],
        principal_fen=np.minimum(wanted, usable_fen)[chosen],
        months=months[chosen], rate=lines.rate[chosen], rates=lines.rates,
    )  # fmt: skip


def _terms(draw: np.random.Generator, lines: Lines, figures: Figures) -> Ints:
    """Draw a term for each line out of those that its product lends over, as of the first grant."""
    u, months = draw.random(lines.person.size), np.ones(lines.person.size, np.int64)
    for place, name in enumerate(lines.products):
        mine = np.flatnonzero(lines.product == place)
        if not mine.size:
            continue
        first = season.day_of(int(season.local_day(lines.granted_at[mine]).min()))
        offered = np.array(offered_months(product_policy(name).at(first)), dtype=np.int64)
        weight: Floats = offered.astype(np.float64) ** figures.number("sim.serve.term_power")
        months[mine] = offered[np.searchsorted(np.cumsum(weight / weight.sum())[:-1], u[mine])]
    return months


def standing(so_far: Sequence[Drawn], asked: Ints) -> Standing:
    """Return how lines stand on the days ``asked`` (one entry a line, -1 where nobody asks)."""
    count = asked.size
    owed, late = np.zeros(count, np.int64), np.zeros(count, bool)
    months: list[Ints] = []
    for drawn in so_far:
        line, accounts = drawn.contracts.line, drawn.accounts
        on = asked[line]
        paid = accounts.paying
        paid = paid[paid[:, b.BUCKET] == b.PRINCIPAL]
        paid = paid[paid[:, b.ENTRY_DAY] <= on[paid[:, b.ENTRY_LOAN]]]
        left = drawn.contracts.principal_fen.copy()
        np.add.at(left, paid[:, b.ENTRY_LOAN], paid[:, b.FEN])
        np.add.at(owed, line[on >= 0], left[on >= 0])
        late[line[accounts.states[:, b.TIMES] > 0]] = True
        rows = accounts.lines
        loan = np.repeat(np.arange(line.size), np.diff(accounts.line_start))
        closed = (rows[:, b.CLOSED_ON] >= 0) & (rows[:, b.CLOSED_ON] <= on[loan])
        open_ = (rows[:, b.NUMBER] > 0) & (rows[:, b.ORIGINAL] < on[loan]) & ~closed
        late[line[loan[open_]]] = True
        ended = accounts.months[accounts.months[:, MONTH_END] < on[accounts.months[:, MONTH_LOAN]]]
        overdue = ended[:, MONTH_WORST] > drawn.terms.rows[ended[:, MONTH_LOAN], GRACE]
        months.append(np.column_stack([line[ended[:, MONTH_LOAN]], ended[:, MONTH_END], overdue]))
    rows = np.concatenate(months)
    bad = np.unique(rows[rows[:, 2] == 1][:, :2], axis=0)
    every = np.unique(rows[:, :2], axis=0)
    overdue = np.bincount(bad[:, 0], minlength=count)
    return Standing(
        owed_fen=owed, late=late, good=np.bincount(every[:, 0], minlength=count) - overdue,
        overdue=overdue,
    )  # fmt: skip
