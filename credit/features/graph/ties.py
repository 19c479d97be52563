"""Ties of a person at an instant, and what was known then about the people at their ends.

A tie never leads from a person to themselves, so nothing about the applicant comes back
through the graph. Every fact about a peer is looked up at the applicant's own instant q.
"""

from __future__ import annotations

from credit.features.window import rows, rule
from credit.features.window.value import Value
from credit.schema import DAY

PEER_FACTS: dict[str, tuple[str, ...]] = {
    "peer_tagged": ("tags",),
    "peer_borrower": ("loans",),
    "peer_overdue": ("instalments", "repayments"),
}
"""Fact about a peer -> the tables that tell it."""

TIE_COLUMNS: dict[str, Value] = {
    "count": Value("t.tie_count", "int"),
    "amount_fen": Value("t.amount_fen", "int"),
    "sent_fen": Value("t.sent_fen", "int"),
    "received_fen": Value("t.received_fen", "int"),
    "age_days": Value("(t.as_of - t.first_time)", "int", divisor=DAY),
    "recency_days": Value("(t.as_of - t.last_time)", "int", divisor=DAY),
    **{name: Value(f"coalesce({name}.yes, 0)", "int") for name in PEER_FACTS},
}
"""What an expression over ties may name."""


def ties(kind: str, spine: str, days: int | None) -> str:
    """Return one row an (observation, peer): the ties of the last ``days``, or of all time."""
    seen = rule.visible("e", "s.as_of", days)
    if kind == "contacts":
        each = (
            "select s.observation_id, s.as_of, e.contact_id as peer, e.event_time, "
            "cast(null as bigint) as sent, cast(null as bigint) as received "
            f"from {spine} s join contacts e on e.customer_id = s.customer_id "
            f"and e.contact_id <> s.customer_id and {seen}"
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


def peer_facts(facts: tuple[str, ...], relations: tuple[str, ...]) -> dict[str, str]:
    """Return the relations that say, of every peer in ``relations``, what q knew.

    Each fact has a row (observation_id, peer, yes = 1) for the peers of whom it is true.
    """
    union = " union ".join(
        f"select observation_id, as_of, peer from {relation}" for relation in relations
    )
    made = {"peers": union}
    for fact in facts:
        if fact == "peer_overdue":
            made["doubtful"] = rows.doubtful_instalments()
            made |= rows.instalments("peer", "peers", "peer", "doubtful")
            late = rows.instalment_columns()["days_past_due"].sql
            made[fact] = (
                "select r.observation_id, r.person as peer, 1 as yes from peer_state r "
                f"where {late} >= 1 group by r.observation_id, r.person"
            )
        else:
            made[fact] = (
                "select p.observation_id, p.peer, 1 as yes from peers p "
                f"join {PEER_FACTS[fact][0]} e on e.customer_id = p.peer "
                f"and {rule.visible('e', 'p.as_of')} group by p.observation_id, p.peer"
            )
    return made
