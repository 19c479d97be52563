"""Granted lines of credit: accounts equal to the replay, outcomes equal to the truth."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from credit import policy
from credit.dataset import DaysPastDue, outcomes
from credit.decide.repay import (
    BUCKETS,
    AccountTerms,
    Contract,
    DebitFailed,
    Deferred,
    Event,
    Loan,
    Paid,
    Settled,
    replay,
    schedule,
)
from credit.engine import Engine
from credit.errors import DataError, PolicyError
from credit.evaluate import lateness, roll_rates, vintage_table
from credit.schema import DAY
from credit.world import WorldOptions, season
from credit.world.figures import figures
from credit.world.lender import account as a
from credit.world.lender import book as b
from credit.world.lender import columns as c
from credit.world.lender.balance import Balance
from credit.world.lender.record import Lines
from credit.world.lender.schedules import Contracts, Schedules, schedules
from credit.world.lender.serve import Served, serve
from credit.world.lender.terms import CHANNELS, TermsInForce, row, terms_of
from credit.world.rows import build
from tests.world_lines import growing, until, world

OPTIONS = WorldOptions(people=1_200, seed=77)
END = until(OPTIONS)
ZONE = "Asia/Shanghai"
PRODUCTS = ("weilidai", "weilidai+cn-2026", "weilidai+third_party", "weilidai+we2000")
RATES = (Fraction(1, 5_000), Fraction(345, 1_000_000), Fraction(5, 10_000), Fraction(0))
RANK = {c.DEFER: 0, c.FAIL: 2}


# -- accounts against the replay


def random_loans(seed: int, count: int) -> tuple[Contracts, Schedules, TermsInForce, a.Intents]:
    draw = np.random.default_rng(seed)
    day = season.day_number(OPTIONS.start) + draw.integers(0, 700, count)
    contracts = Contracts(
        line=np.arange(count), drawn_at=season.by_day(draw, day),
        principal_fen=draw.integers(1, 5_000_000, count),
        months=draw.choice([1, 3, 6, 12, 24], count), rate=draw.integers(0, 4, count), rates=RATES,
    )  # fmt: skip
    terms = terms_of(PRODUCTS, draw.integers(0, len(PRODUCTS), count), contracts)
    rows, start = [], [0]
    for loan in range(count):
        rows += sorted(
            (random_intent(draw, int(day[loan]), int(contracts.months[loan])) for _ in range(20)),
            key=lambda row: (row[c.AT], RANK.get(row[c.KIND], 1)),
        )
        start.append(len(rows))
    intents = a.Intents(rows=np.array(rows, dtype=np.int64), start=np.array(start))
    return contracts, schedules(contracts), terms, intents


def random_intent(draw: np.random.Generator, drawn: int, months: int) -> tuple[int, ...]:
    on = drawn + 1 + int(draw.integers(0, 420))
    kind = int(draw.choice(6, p=[0.3, 0.2, 0.15, 0.25, 0.05, 0.05]))
    value = int(draw.integers(1, 4 if kind == c.DEFER else 1_001))
    debit = int(kind in (c.PAY, c.FAIL) and draw.random() < 0.5)
    at = int(season.midnight(np.array([on]))[0]) + int(draw.integers(1, DAY))
    return at, on, kind, value, int(draw.integers(1, months + 1)), int(draw.integers(0, 2)), debit


def event_of(place: int, row: np.ndarray) -> Event:
    _, at, _, kind, value, channel, debit, _ = (int(item) for item in row)
    name = f"{place:06d}"
    if kind == c.FAIL:
        return DebitFailed(id=name, at=at)
    if kind == c.DEFER:
        return Deferred(id=name, at=at, months=value)
    if kind == c.SETTLE:
        return Settled(id=name, at=at, amount_fen=value, channel=CHANNELS[channel])
    return Paid(id=name, at=at, amount_fen=value, channel=CHANNELS[channel], debit=bool(debit))


def entries_of(accounts: a.Accounts, loan: int) -> list[tuple[int, str, int, int, str, str]]:
    """Return a loan's entries as the replay has them: a payment is one, whatever money made it."""
    found: list[tuple[int, str, int, int, str, str]] = []
    for _, day, code, fen, number, bucket, event, *_ in accounts.entries[
        accounts.entries[:, b.ENTRY_LOAN] == loan
    ].tolist():
        name = f"{event:06d}" if event >= 0 else ""
        row = (day, b.CODES[code], fen, number, BUCKETS[bucket] if bucket >= 0 else "", name)
        last = found[-1] if found else None
        if last and row[1] == "paid" and (last[:2], last[3:]) == (row[:2], row[3:]):
            row = (*row[:2], fen + found.pop()[2], *row[3:])
        found.append(row)
    return found


def test_accounts_equal_the_replay_of_what_happened() -> None:
    contracts, plan, terms, intents = random_loans(3, 36)
    accounts = a.keep(contracts, plan, terms, intents, END, 120)
    kinds = set()
    for loan in range(contracts.size):
        lent = Loan(
            principal_fen=int(contracts.principal_fen[loan]),
            drawn_on=season.day_of(int(season.local_day(contracts.drawn_at[loan]))),
            months=int(contracts.months[loan]), daily_rate=RATES[contracts.rate[loan]],
        )  # fmt: skip
        agreed = schedule(lent)
        mine = slice(plan.start[loan], plan.start[loan + 1])
        assert [
            (one.due, one.principal_fen, one.interest_fen) for one in agreed.instalments
        ] == list(
            zip(map(season.day_of, plan.due[mine].tolist()), plan.principal_fen[mine],
                plan.interest_fen[mine], strict=True)
        )  # fmt: skip
        happened = np.flatnonzero(accounts.events[:, c.EVENT_LOAN] == loan)
        events = [event_of(int(place), accounts.events[place]) for place in happened]
        kinds |= {event.kind for event in events}
        state = accounts.states[loan]
        lost = int(state[b.WRITTEN_OFF])
        end = END - 1 if lost < 0 else int(season.midnight(np.array([lost]))[0])
        kept = replay(
            Contract(schedule=agreed, daily_rate=lent.daily_rate), events,
            terms.records[terms.record[loan]], until=end,
        )  # fmt: skip
        assert entries_of(accounts, loan) == [
            (season.day_number(one.day), one.code, one.fen, one.number, one.bucket, one.event)
            for one in kept.entries
        ]
        assert (kept.unallocated_fen, kept.failures, kept.forborne) == (
            state[b.WAITING], state[b.FAILED], bool(state[b.FORBORNE])
        )  # fmt: skip
        lines = accounts.lines[accounts.line_start[loan] :][: state[b.COUNT]]
        assert lines[:, b.OWES].tolist() == [one.owed_fen for one in kept.instalments]
    assert kinds == {"paid", "debit_failed", "settled", "deferred"}


def test_schedules_equal_the_exact_ones_also_where_they_end_in_half_a_fen() -> None:
    count, rates = 200, (Fraction(0), Fraction(1, 3_000), Fraction(5, 10_000))
    draw = np.random.default_rng(5)
    contracts = Contracts(
        line=np.arange(count),
        drawn_at=season.midnight(season.day_number(OPTIONS.start) + draw.integers(0, 700, count)),
        principal_fen=draw.integers(1, 3_000, count), months=draw.integers(1, 25, count),
        rate=draw.integers(0, 3, count), rates=rates,
    )  # fmt: skip
    plan = schedules(contracts)
    for loan in range(count):
        lent = Loan(
            principal_fen=int(contracts.principal_fen[loan]),
            drawn_on=season.day_of(int(season.local_day(contracts.drawn_at[loan]))),
            months=int(contracts.months[loan]), daily_rate=rates[contracts.rate[loan]],
        )  # fmt: skip
        mine = slice(plan.start[loan], plan.start[loan + 1])
        exact = [one.total_fen for one in schedule(lent).instalments]
        assert plan.due_fen[mine].tolist() == exact


def test_amounts_that_do_not_fit_are_refused() -> None:
    one = np.zeros(1, np.int64)
    fine = Fraction(12_347, 10**8)
    contracts = Contracts(
        line=one, drawn_at=one, principal_fen=one + 10**10, months=one + 12, rate=one, rates=RATES
    )
    with pytest.raises(DataError, match="do not fit into 64 bits"):
        schedules(contracts)
    with pytest.raises(DataError, match="numerator is above"):
        schedules(replace(contracts, principal_fen=one + 100, rates=(fine,)))
    terms = account_terms("weilidai")
    late = replace(terms.late, fee=fine)
    with pytest.raises(PolicyError, match="coarser steps"):
        row(replace(terms, late=late), RATES[0])


def account_terms(name: str) -> AccountTerms:
    return AccountTerms.of(policy.load(name).at(OPTIONS.start))


def test_a_loan_drawn_before_its_product_has_terms_is_refused() -> None:
    one = np.zeros(1, np.int64)
    contracts = Contracts(
        line=one, drawn_at=one, principal_fen=one + 100, months=one + 12, rate=one, rates=RATES
    )
    with pytest.raises(PolicyError, match="no key"):
        terms_of(("weilidai",), one, contracts)


# -- the served world


class Book:
    """A block, served: tables as frames, and who is bad."""

    def __init__(self) -> None:
        numbers = figures(OPTIONS.start)
        served, self.bad = [], {}
        for people, lines, bad in world(OPTIONS):
            served.append(serve(people, lines, bad, numbers, END, growing(lines)))
            drawn = zip(people.customer_id.tolist(), bad.tolist(), strict=True)
            self.bad |= dict(drawn)
        self.served = served
        self.tables = {
            name: pa.concat_tables([build(name, one.tables[name]) for one in served])
            for name in served[0].tables
        }
        frames = {name: rows.to_pandas() for name, rows in self.tables.items()}
        self.loans, self.instalments = frames["loans"], frames["instalments"]
        self.repayments, self.months = frames["repayments"], frames["loan_months"]


@pytest.fixture(scope="module")
def book() -> Book:
    return Book()


def applications(book: Book) -> pa.Table:
    first = book.loans.dropna(subset="application_id")
    return pa.table(
        {
            "application_id": first["application_id"].astype("int64"),
            "customer_id": first["customer_id"],
            "event_time": first["event_time"],
            "available_at": first["event_time"],
        }
    )


def test_a_first_loan_is_bad_exactly_where_the_truth_says_so(book: Book) -> None:
    with Engine() as engine:
        engine.add("applications", applications(book))
        for name in ("loans", "instalments", "repayments", "loan_months"):
            engine.add(name, book.tables[name])
        assert engine.check().sentences == ()
        found = outcomes(engine, DaysPastDue(), observed_until=END)
    found = found[found["status"] != "immature"]
    truth = found["application_id"].map(book.bad)
    assert len(found) > 500
    assert truth.sum() > 20
    assert ((found["status"] == "bad") == truth).all()


def test_months_are_what_lateness_makes_of_instalments_and_repayments(book: Book) -> None:
    local = book.loans["event_time"].dt.tz_localize("UTC").dt.tz_convert(ZONE)
    month = local.dt.tz_localize(None).dt.to_period("M").dt.to_timestamp().dt.tz_localize(ZONE)
    panel = lateness(
        book.loans.assign(event_time=month.dt.tz_convert("UTC").dt.tz_localize(None)),
        book.instalments, book.repayments, observed_until=END, zone=ZONE, months=36,
    )  # fmt: skip
    panel["month_on_book"] -= 1
    # What arrives late is not known when observation ends: the last days cannot agree.
    known = book.months["event_time"] < pd.Timestamp(END - 12 * DAY, unit="us")
    both = book.months[known].merge(
        panel, on=["loan_id", "month_on_book"], how="left", validate="1:1", suffixes=("", "_again")
    )
    assert len(both) > 10_000
    assert (both["days_past_due"] > 0).sum() > 400
    assert (both["days_past_due"] == both["days_past_due_again"].fillna(0)).all()
    buckets = np.searchsorted([1, 30, 60, 90], both["days_past_due"], side="right")
    assert (both["bucket"] == buckets).all()
    assert set(both["forborne"]) == set(both["written_off"]) == {0, 1}


def test_money_in_is_money_out(book: Book) -> None:
    for served in book.served:
        assert served.balance.gaps == {"received": 0, "owed": 0, "principal": 0}
    whole = book.served[0].balance
    assert whole.disbursed == book.loans["principal_fen"].sum()
    assert whole.scheduled == book.instalments["due_fen"].sum()
    assert min(getattr(whole, one.name) for one in fields(Balance) if one.name != "cancelled") > 0
    for one in fields(Balance):
        more = replace(whole, **{one.name: getattr(whole, one.name) + 1})
        assert any(more.gaps.values()), one.name


def test_a_repayment_says_whom_it_pays(book: Book) -> None:
    rows = book.repayments
    cash = rows["amount_fen"] + rows["charges_fen"] - rows["waived_fen"]
    assert (cash == rows["principal_fen"] + rows["interest_fen"] + rows["fee_fen"]).all()
    balance = book.served[0].balance
    assert 0 <= balance.received - cash.sum() < 0.003 * balance.received  # not known yet
    paid = rows.groupby(["loan_id", "number"])["amount_fen"].sum()
    due = book.instalments.set_index(["loan_id", "number"])["due_fen"]
    assert (paid <= due[paid.index]).all()
    assert (rows["charges_fen"] > 0).any()
    assert (rows["waived_fen"] > 0).any()
    assert rows["attempt"].dropna().between(1, 4).all()
    assert rows["receipt_id"].nunique() < len(rows)


def test_vintages_rise_and_flatten_and_roll_rates_sum_to_one(book: Book) -> None:
    first = book.loans.dropna(subset="application_id")
    mine = book.instalments["loan_id"].isin(first["loan_id"])
    panel = lateness(
        first.assign(event_time=first["event_time"].min()), book.instalments[mine],
        book.repayments, observed_until=END, zone=ZONE, months=12,
    )  # fmt: skip
    assert len(vintage_table(panel)) == 12
    ends = book.months[book.months["loan_id"].isin(first["loan_id"])].copy()
    ends["worst"] = ends.groupby("loan_id")["days_past_due"].cummax()
    bad = ends[ends["worst"] >= 90].groupby("loan_id")["month_on_book"].min()
    old = first[first["event_time"] < pd.Timestamp("2024-04-01")]
    at = bad.reindex(old["loan_id"])
    early, middle, late = ((at <= k).mean() for k in (3, 12, 18))
    assert early < 0.3 * middle
    assert middle <= late < 1.25 * middle
    closed = (book.months["outstanding_fen"] == 0) & (book.months["written_off"] == 0)
    moves = roll_rates(
        book.months.assign(days_past_due=book.months["days_past_due"].where(~closed))
    )
    shares = moves.pivot_table(index="origin", columns="target", values="share")
    assert shares.sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert shares.loc["current", "1-29"] < 0.1 < shares.loc["1-29", "30-59"]
    assert shares.loc["30-59", "60-89"] < shares.loc["60-89", "90+"]


def test_published_figures_hold_for_the_published_limits(book: Book) -> None:
    numbers = figures(OPTIONS.start)
    yuan = book.loans["principal_fen"] / 100
    # A block is little: the benchmark holds a large world to 2 per cent.
    spread = 3 * yuan.groupby(book.loans["customer_id"]).sum().std() / len(yuan) ** 0.5
    assert yuan.mean() == pytest.approx(numbers["sim.serve.mean_loan"], abs=spread)
    receipts = book.repayments.drop_duplicates("receipt_id")["channel"]
    share = numbers["sim.serve.channel"]["balance"]
    assert (receipts == "balance").mean() == pytest.approx(
        share, abs=3 * (share * (1 - share) / len(receipts)) ** 0.5
    )
    again, of = repeat(book.loans)
    expected = numbers["sim.serve.repeat_share"]
    assert again == pytest.approx(expected, abs=3 * (expected * (1 - expected) / of) ** 0.5)


def repeat(loans: pd.DataFrame) -> tuple[float, int]:
    """Return the share of borrowers who borrow again within 12 months, and of how many."""
    drawn = loans.sort_values("event_time").groupby("customer_id")["event_time"]
    first, second = drawn.nth(0), drawn.nth(1)
    person = loans["customer_id"]
    ends = pd.Series(first.to_numpy(), person[first.index]) + pd.DateOffset(months=12)
    ends = ends[ends <= pd.Timestamp(END, unit="us")]
    then = pd.Series(second.to_numpy(), person[second.index]).reindex(ends.index)
    return float((then < ends).mean()), len(ends)


def test_further_loans_name_the_application_of_their_line(book: Book) -> None:
    first = book.loans["application_id"].notna()
    assert first.groupby(book.loans["customer_id"]).sum().eq(1).all()
    assert (book.loans["line_application_id"] == book.loans["customer_id"]).all()
    assert (
        book.loans.loc[first, "event_time"]
        .groupby(book.loans["customer_id"])
        .first()
        .eq(book.loans.groupby("customer_id")["event_time"].min())
        .all()
    )


def test_the_same_seed_gives_the_same_rows(book: Book) -> None:
    people, lines, bad = next(iter(world(OPTIONS)))
    again = serve(people, lines, bad, figures(OPTIONS.start), END, growing(lines))
    for name, columns in again.tables.items():
        assert build(name, columns).equals(build(name, book.served[0].tables[name]))
    assert again.balance == book.served[0].balance


# -- what a caller may get wrong


def serve_few(**wrong: object) -> Served:
    people, lines, bad = next(iter(world(replace(OPTIONS, people=200))))
    lines = replace(lines, **{name: value for name, value in wrong.items() if name != "bad"})
    return serve(
        people, lines, wrong.get("bad", bad), figures(OPTIONS.start), END, growing(lines)
    )  # fmt: skip


def test_nobody_granted_anything_gives_empty_tables() -> None:
    none = np.zeros(0, np.int64)
    served = serve_few(
        person=none, granted_at=none, product=none, limit_fen=none, usable_fen=none, rate=none
    )
    assert {build(name, rows).num_rows for name, rows in served.tables.items()} == {0}
    assert served.balance == Balance()


def test_bad_input_is_refused() -> None:
    people, lines, bad = next(iter(world(replace(OPTIONS, people=200))))
    assert isinstance(lines, Lines)
    with pytest.raises(DataError, match="the block has 200 people"):
        serve_few(bad=bad[:-1])
    with pytest.raises(DataError, match="Give positions in the block"):
        serve_few(person=lines.person + people.size)
    with pytest.raises(DataError, match="one repeats"):
        serve_few(person=np.where(lines.person == lines.person[1], lines.person[0], lines.person))
    with pytest.raises(DataError, match=r"lines\.rate reaches"):
        serve_few(rate=lines.rate + 5)
