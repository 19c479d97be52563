"""Ties of a person at an instant, and what was known then about the people at their ends.

A tie never leads from a person to themselves, so nothing about the applicant comes back
through the graph. Every fact about a peer is looked up at the applicant's own instant q.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from credit.features.graph.edges import HUB, KINDS
from credit.features.window import rows, rule
from credit.features.window.value import Value
from credit.schema import DAY

PEER_FACTS: dict[str, dict[str, tuple[str, ...]]] = {
    "peer_tagged": {"tags": ()},
    "peer_borrower": {"loans": ()},
    "peer_overdue": {"instalments": (), "repayments": ()},
}
"""Fact about a peer -> the tables that tell it, and columns that no other fact reads."""

DEVICE_FACTS: dict[str, dict[str, tuple[str, ...]]] = {
    "people": {"device_use": ()},
    "accounts": {"device_use": ("account_id",)},
}
"""Fact about a device, counted up to one more than ``HUB``; as ``PEER_FACTS``."""

FACTS = PEER_FACTS | DEVICE_FACTS

_TIE: dict[str, Value] = {
    "count": Value("t.tie_count", "int"),
    "amount_fen": Value("t.amount_fen", "int"),
    "sent_fen": Value("t.sent_fen", "int"),
    "received_fen": Value("t.received_fen", "int"),
    # Money of this month whole, of last month half, of the month before a third: whole numbers,
    # whose sums are the same in any order.
    "weight_fen": Value(f"(t.amount_fen // (1 + (t.as_of - t.last_time) // {30 * DAY}))", "int"),
    "age_days": Value("(t.as_of - t.first_time)", "int", divisor=DAY),
    "recency_days": Value("(t.as_of - t.last_time)", "int", divisor=DAY),
}


def columns(kind: str) -> dict[str, Value]:
    """Return what an expression over ties of a kind may name."""
    told = DEVICE_FACTS if kind == "devices" else PEER_FACTS
    return _TIE | {name: Value(f"coalesce({name}.told, 0)", "int") for name in told}


def ties(kind: str, spine: str, days: int | None) -> str:
    """Return one row an (observation, peer): the ties of the last ``days``, or of all time."""
    seen = rule.visible("e", "s.as_of", days)
    if kind != "transfers":
        other = KINDS[kind].other
        # A person may be their own contact; that a device has a person's number says nothing.
        apart = "" if kind == "devices" else f"and e.{other} <> s.customer_id "
        each = (
            f"select s.observation_id, s.as_of, e.{other} as peer, e.event_time, "
            "cast(null as bigint) as sent, cast(null as bigint) as received "
            f"from {spine} s join {KINDS[kind].table} e on e.customer_id = s.customer_id "
            f"{apart}and {seen}"
        )
    else:
        each = (
            "select s.observation_id, s.as_of, e.counterparty_id as peer, e.event_time, "
            "e.amount_fen as sent, cast(0 as bigint) as received "
            f"from {spine} s join transfers e on e.customer_id = s.customer_id "
            f"and e.counterparty_id <> s.customer_id and {seen} "
            "union all select s.observation_id, s.as_of, e.customer_id as peer, e.event_time, "
            "cast(0 as bigint) as sent, e.amount_fen as received "
            f"from {spine} s join transfers e on e.counterparty_id = s.customer_id "
            f"and e.customer_id <> s.customer_id and {seen}"
        )
    return (
        "select observation_id, as_of, peer, count(*) as tie_count, "
        "min(event_time) as first_time, max(event_time) as last_time, "
        "cast(sum(sent) as bigint) as sent_fen, cast(sum(received) as bigint) as received_fen, "
        "cast(sum(sent + received) as bigint) as amount_fen "
        f"from ({each}) as each_tie group by observation_id, as_of, peer"
    )


def tied(relation: str, facts: tuple[str, ...], extra: str) -> str:
    """Return the ties as rows of a measure; their age is the time since the last event."""
    joined = "".join(
        f" left join {fact} on {fact}.observation_id = t.observation_id and {fact}.peer = t.peer"
        for fact in facts
    )
    return f"select t.observation_id, t.as_of - t.last_time as age{extra} from {relation} t{joined}"


def facts(asked: Mapping[str, Sequence[str]], *, repairs: bool) -> dict[str, str]:
    """Return the relations that say, of everybody and everything tied, what q knew.

    Each fact has a row (observation_id, peer, told) for the peers of whom it is true: 1, or
    a count.

    Parameters
    ----------
    asked : mapping of str to sequence of str
        Fact -> the relations of ties whose peers it is asked about.
    repairs : bool
        Whether a register may have suppressed instalments: one that was by q tells nothing.
    """
    made: dict[str, str] = {}
    for name, family in (("peers", PEER_FACTS), ("machines", DEVICE_FACTS)):
        here = [fact for fact in asked if fact in family]
        relations = dict.fromkeys(relation for fact in here for relation in asked[fact])
        if here:
            made[name] = " union ".join(
                f"select observation_id, as_of, peer from {relation}" for relation in relations
            )
        for fact in here:
            made |= _counted(fact) if family is DEVICE_FACTS else _known(fact, repairs=repairs)
    return made


def _known(fact: str, *, repairs: bool) -> dict[str, str]:
    """Return the relations of one fact about people."""
    if fact == "peer_overdue":
        late = rows.instalment_columns()["days_past_due"].sql
        return {
            "doubtful": rows.doubtful_instalments(),
            **rows.instalments("peer", "peers", "peer", "doubtful", repairs=repairs),
            fact: (
                "select r.observation_id, r.person as peer, 1 as told from peer_state r "
                f"where {late} >= 1 group by r.observation_id, r.person"
            ),
        }
    (table,) = PEER_FACTS[fact]
    return {
        fact: (
            "select p.observation_id, p.peer, 1 as told from peers p "
            f"join {table} e on e.customer_id = p.peer "
            f"and {rule.visible('e', 'p.as_of')} group by p.observation_id, p.peer"
        )
    }


def _counted(fact: str) -> dict[str, str]:
    """Return the relations of one fact about devices: how many were ever seen on each.

    Only the first of each device are joined: a machine that everybody used costs no more than
    a phone, and what is counted at q is the same.
    """
    holder = "account_id" if fact == "accounts" else "customer_id"
    first = (
        f"select e.device_id, e.{holder} as holder, min({rule.known_from('e')}) as known_from "
        f"from device_use e where e.{holder} is not null group by e.device_id, e.{holder}"
    )
    return {
        f"{fact}_in_order": (
            "select u.device_id, u.known_from, row_number() over (partition by u.device_id "
            f"order by u.known_from, u.holder) as place from ({first}) u"
        ),
        fact: (
            "select m.observation_id, m.peer, count(*) as told from machines m "
            f"join {fact}_in_order u on u.device_id = m.peer and u.place <= {HUB + 1} "
            f"and {rule.known('u.known_from', 'm.as_of')} group by m.observation_id, m.peer"
        ),
    }
