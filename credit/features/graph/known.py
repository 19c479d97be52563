"""What was known of people at an instant: bad, good, or nothing.

bad
    a visible negative mark, or a visible instalment that was, or still is, 90 days late as far
    as the repayments visible then tell;
good
    a visible instalment fell due, none was or is a whole day late, and there is no mark.

A repayment learnt of late can show that somebody was in time after all, so this is a state of
an instant and not a date after which a person stays bad. An instalment that a register has
suppressed by then (credit repair) says nothing, of the person themselves or of others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from credit.errors import DataError
from credit.features.graph.edges import PEOPLE
from credit.features.graph.snapshots import Floats, Graph
from credit.features.window import rows, rule
from credit.features.window.tables import REPAIRED

if TYPE_CHECKING:
    from credit.engine import Engine

Flags = NDArray[np.bool_]

LATE_DAYS = 90
"""Days past due from which a person is bad, as in the outcome."""

PRIOR = 4.0
"""People of the common bad rate that are added to a rate among few."""

MOMENTS = "graph_moments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Who was known to be bad or good at ``as_of``, by node; nobody is both.

    Attributes
    ----------
    bad, good : ndarray of bool, shape (n,)
    """

    as_of: int
    bad: Flags
    good: Flags

    def __post_init__(self) -> None:
        if self.bad.shape != self.good.shape or self.bad.ndim != 1:
            raise DataError(
                f"bad and good must be one flag a node, got shapes {self.bad.shape} and "
                f"{self.good.shape}."
            )
        both = int((self.bad & self.good).sum())
        if both:
            raise DataError(f"{both} node(s) are bad and good at once; nobody may be both.")

    def check(self, graph: Graph) -> None:
        """Refuse to be used on a graph of an earlier instant, or of other people."""
        self.check_instant(graph.as_of)
        if self.bad.size != graph.size:
            raise DataError(f"labels are of {self.bad.size} nodes, the graph has {graph.size}.")

    def check_instant(self, as_of: int) -> None:
        """Refuse to be used at an earlier instant."""
        if self.as_of > as_of:
            raise DataError(
                f"labels known at {self.as_of} may not be used at {as_of}: a label that is known "
                "later than the graph's instant is the future. Ask for labels as of it."
            )

    @property
    def others_rate(self) -> Floats:
        """Bad rate among all labelled people other than each node; NaN where there is none."""
        labelled = self.bad | self.good
        return ratio(self.bad.sum() - self.bad, labelled.sum() - labelled)


def ratio(top: NDArray[Any], below: NDArray[Any]) -> Floats:
    """Return top / below, NaN where below is 0."""
    quotient = np.full(below.shape, np.nan)
    np.divide(top, below, out=quotient, where=below != 0)
    return quotient


def shrunk(bad: NDArray[Any], labelled: NDArray[Any], prior: Floats) -> Floats:
    """Return (bad + m prior) / (labelled + m), NaN where nobody is labelled."""
    return np.where(labelled > 0, (bad + PRIOR * prior) / (labelled + PRIOR), np.nan)


def known_at(engine: Engine, instants: Sequence[int], people: int) -> Iterator[Known]:
    """Yield what was known at each of some ascending instants; see ``number_people``."""
    sql = f"{labels_sql(engine, instants)} order by k.observation_id, p.node"
    frame = engine.frame(sql, step="labels of the graph")
    moment, node = frame["observation_id"].to_numpy(np.int64), frame["node"].to_numpy(np.int64)
    is_bad = frame["bad"].to_numpy(np.int64) == 1
    cuts = np.searchsorted(moment, np.arange(len(instants) + 1))
    for instant, first, last in zip(instants, cuts[:-1], cuts[1:], strict=True):
        bad, good = np.zeros(people, dtype=bool), np.zeros(people, dtype=bool)
        part = slice(first, last)
        bad[node[part][is_bad[part]]] = True
        good[node[part][~is_bad[part]]] = True
        yield Known(as_of=int(instant), bad=bad, good=good)


def labels_sql(engine: Engine, instants: Sequence[int]) -> str:
    """Return SQL (observation_id, node, bad): who was bad or good, by the instant's place."""
    moments = pd.DataFrame({"observation_id": range(len(instants)), "as_of": instants})
    engine.temporary(MOMENTS, moments.astype("int64"))
    repairs = REPAIRED in engine.columns("instalments")
    seen = rule.visible("e", "m.as_of")
    relations = {
        "doubtful": rows.doubtful_instalments(),
        "doubted": (
            "select distinct m.observation_id, m.as_of, e.customer_id as peer "
            f"from {MOMENTS} m join doubtful e on {seen}"
        ),
        **rows.instalments("peer", "doubted", "peer", "doubtful", repairs=repairs),
        "late": (
            "select r.observation_id, r.person, "
            f"max({rows.instalment_columns()['days_past_due'].sql}) as days "
            "from peer_state r group by r.observation_id, r.person"
        ),
        "marked": _since("tags", rule.known_from("e"), "cast(null as bigint)"),
        "billed": _since(
            "instalments",
            rule.fallen_due_from("e"),
            f"e.{REPAIRED}" if repairs else "cast(null as bigint)",
        ),
    }
    ctes = ", ".join(f"{name} as ({sql})" for name, sql in relations.items())
    is_bad = f"(k.marked = 1 or k.days >= {LATE_DAYS})"
    return (
        f"with {ctes}, told as ("
        "select observation_id, person, 1 as marked, 0 as billed, 0 as days from marked "
        "union all select observation_id, person, 0, 1, 0 from billed "
        "union all select observation_id, person, 0, 0, days from late), "
        "k as (select observation_id, person, max(marked) as marked, max(billed) as billed, "
        "max(days) as days from told group by observation_id, person) "
        f"select k.observation_id, p.node, case when {is_bad} then 1 else 0 end as bad "
        f"from k join {PEOPLE} p on p.person = k.person "
        f"where {is_bad} or (k.billed = 1 and k.days = 0)"
    )


def _since(table: str, first: str, until: str) -> str:
    """Return SQL: the moments at which each person has a row that counts, suppressed ``until``."""
    return (
        "select distinct m.observation_id, f.person from "
        f"(select e.customer_id as person, {until} as until, min({first}) as known_from "
        f"from {table} e group by e.customer_id, {until}) f "
        f"join {MOMENTS} m on {rule.known('f.known_from', 'm.as_of')} "
        f"and {rule.unrepaired('f.until', 'm.as_of')}"
    )
