"""Where the rows of a measure come from: events, the latest row of a key, instalments.

Each function returns SQL that joins rows to a spine; which rows count is said by ``rule``.
"""

from __future__ import annotations

from collections.abc import Iterable

from credit import schema
from credit.feature import Days
from credit.features.window import rule
from credit.features.window.tables import REPAIRED, Tables
from credit.features.window.value import Value, quoted
from credit.schema import DAY

TIMES = ("event_time", "available_at")


def events(tables: Tables, table: str, spine: str, days: Days | None, extra: str) -> str:
    """Return the visible events of the last ``days``, with their age at q."""
    on = f"e.customer_id = s.customer_id and {tables.counts(table, 'e', 's.as_of', days)}"
    return (
        f"select s.observation_id, s.as_of - e.event_time as age{extra} "
        f"from {spine} s {tables.source(table, 'e', on)}"
    )


def latest(
    tables: Tables, table: str, spine: str, latest_by: Iterable[str], days: Days | None
) -> str:
    """Return, for each ``latest_by``, its last visible row.

    Two rows of one instant are told apart by the later ``available_at``, then by the key.
    """
    columns = {name: value.sql for name, value in tables.columns(table, "e").items()}
    contract = schema.TABLES.get(table)
    key = contract.key if contract else ()
    order = [f"e.{name} desc" for name in TIMES]
    order += [f"e.{quoted(name)} desc" for name in key if name in columns and name not in TIMES]
    by = ", ".join(f"e.{quoted(name)}" for name in latest_by)
    on = f"e.customer_id = s.customer_id and {tables.counts(table, 'e', 's.as_of', days)}"
    selected = ", ".join(f"{sql} as {quoted(name)}" for name, sql in columns.items())
    ranked = (
        f"select s.observation_id, s.as_of - e.event_time as age, {selected}, "
        f"row_number() over (partition by s.observation_id, {by} order by {', '.join(order)}) "
        f"as place from {spine} s {tables.source(table, 'e', on)}"
    )
    return f"select * from ({ranked}) as ranked where place = 1"


def of_relation(relation: str, extra: str) -> str:
    """Return the rows of a relation that has ``age`` already."""
    return f"select r.observation_id, r.age{extra} from {relation} r"


def instalments(
    name: str,
    people: str,
    person: str,
    schedule: str = "instalments",
    *,
    repairs: bool = False,
) -> dict[str, str]:
    """Return the relations that say how each visible instalment stands at q.

    ``people`` offers observation_id, as_of and ``person``, whose instalments are looked at;
    ``name``_state has one row an (observation, person, instalment). An instalment is paid in
    full at the event time of the first repayment that brings the visible sum to its due
    amount: late knowledge moves that moment, it never reveals what q could not know. Where
    nothing is due, it is paid when it falls due. With ``repairs`` an instalment that a register
    suppressed by q is not looked at.
    """
    own = f"e.customer_id = s.{person} and {rule.visible('e', 's.as_of')}"
    if repairs:
        own += f" and {rule.unrepaired(f'e.{REPAIRED}', 's.as_of')}"
    due = (
        f"select s.observation_id, s.{person} as person, s.as_of, e.loan_id, e.number, "
        f"e.due_at, e.due_fen from {people} s join {schedule} e on {own}"
    )
    key = "observation_id, person, loan_id, number"
    paying = f"r.loan_id = i.loan_id and r.number = i.number and {rule.visible('r', 'i.as_of')}"
    running = (
        "select i.observation_id, i.person, i.loan_id, i.number, i.due_fen, r.event_time, "
        "r.amount_fen, sum(r.amount_fen) over (partition by i.observation_id, i.person, "
        "i.loan_id, i.number order by r.event_time range between unbounded preceding and "
        f"current row) as so_far from {name}_due i join repayments r on {paying}"
    )
    settled = (
        f"select {key}, cast(sum(amount_fen) as bigint) as paid_fen, "
        "min(case when so_far >= due_fen then event_time end) as paid_at "
        f"from {name}_paid group by {key}"
    )
    same = " and ".join(f"p.{column} = i.{column}" for column in key.split(", "))
    state = (
        "select i.observation_id, i.person, i.as_of, i.loan_id, i.number, i.due_at, i.due_fen, "
        "coalesce(p.paid_fen, 0) as paid_fen, "
        "case when coalesce(p.paid_fen, 0) < i.due_fen then 1 else 0 end as is_open, "
        "case when coalesce(p.paid_fen, 0) < i.due_fen then i.as_of "
        "when i.due_fen = 0 then i.due_at else p.paid_at end as until "
        f"from {name}_due i left join {name}_settled p on {same}"
    )
    return {
        f"{name}_due": due,
        f"{name}_paid": running,
        f"{name}_settled": settled,
        f"{name}_state": state,
    }


def instalment_columns() -> dict[str, Value]:
    """Return what an expression over instalments may name.

    ``until`` is the moment of payment in full, or q while the instalment is open.
    """
    due_before = rule.before("r.due_at", "r.as_of")
    late = f"(case when r.until > r.due_at then (r.until - r.due_at) // {DAY} else 0 end)"
    early = (
        "(case when r.until < r.due_at and r.is_open = 0 "
        f"then (r.due_at - r.until) // {DAY} else 0 end)"
    )
    since = "(case when r.is_open = 0 then r.as_of - r.until end)"
    return {
        "loan_id": Value("r.loan_id", "any"),
        "number": Value("r.number", "int"),
        "due_fen": Value("r.due_fen", "int"),
        "paid_fen": Value("r.paid_fen", "int"),
        "is_open": Value("r.is_open", "int"),
        "is_due": Value(f"(case when {due_before} then 1 else 0 end)", "int"),
        "days_past_due": Value(late, "int"),
        "days_early": Value(early, "int"),
        "days_since_paid": Value(since, "int", divisor=DAY),
    }


def standing(name: str, days: Days | None, extra: str) -> str:
    """Return the instalments that fell due in the last ``days``, or all visible ones."""
    where = "" if days is None else f" where {rule.fell_due('r.due_at', 'r.as_of', days)}"
    return f"select r.observation_id, r.as_of - r.due_at as age{extra} from {name}_state r{where}"


def doubtful_instalments() -> str:
    """Return the instalments that could be a whole day late at some instant.

    One that was paid in full, and known to be, when its first late day ended is late at no
    instant at all. Few remain, which is what makes looking at every peer cheap.
    """
    in_time = rule.visible("r", f"(i.due_at + {DAY})")
    return (
        "select i.* from instalments i left join (select i.loan_id, i.number, "
        "sum(r.amount_fen) as paid_fen from instalments i join repayments r "
        f"on r.loan_id = i.loan_id and r.number = i.number and {in_time} "
        "group by i.loan_id, i.number) p on p.loan_id = i.loan_id and p.number = i.number "
        "where coalesce(p.paid_fen, 0) < i.due_fen"
    )
