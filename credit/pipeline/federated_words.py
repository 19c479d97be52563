"""What a federated run found, as tables of words."""

from __future__ import annotations

from credit.federated.record import FederatedResult, Interval, PartyRow, Quality
from credit.pipeline.words import Printed, interval, number


def tables_of(found: FederatedResult) -> list[Printed]:
    """Return the tables `credit federated train` prints."""
    return [_qualities(found), _costs(found), _leaving(found), _unprotected(found)]


def _qualities(found: FederatedResult) -> Printed:
    return Printed(
        f"AUC on each party's own test rows, {found.divided_by}; KS below",
        ["party", "learnt from", "tested on", "alone", "federated", "central", "gain", "short"],
        [line for row in found.rows for line in _lines(row)],
    )


def _lines(row: PartyRow) -> list[list[str]]:
    counts = [f"{row.train_rows:,} ({row.train_bads:,} bad)"]
    counts.append(f"{row.test_rows:,} ({row.test_bads:,} bad)")
    ways = (row.alone, row.federated, row.central)
    return [
        [row.party, *counts, *(_auc(way) for way in ways), _shown(row.gain), _shown(row.short)],
        ["", "", "", *(_ks(way) for way in ways), "", ""],
    ]


def _auc(way: Quality | None) -> str:
    return "-" if way is None else _shown(way.auc)


def _ks(way: Quality | None) -> str:
    return "-" if way is None else _shown(way.ks, 3)


def _shown(found: Interval | None, digits: int = 4) -> str:
    return "-" if found is None else interval(found.value, found.low, found.high, digits)


def _costs(found: FederatedResult) -> Printed:
    rows = [
        [model, number(cost.central, 2), number(cost.federated, 2), number(cost.ratio, 2)]
        for model, cost in found.costs.items()
    ]
    return Printed("CPU seconds", ["model", "in one place", "together", "ratio"], rows)


def _leaving(found: FederatedResult) -> Printed:
    rows = [[one.what, one.when, one.seen_by] for one in found.leaving]
    return Printed("what leaves a party", ["what", "when", "seen by"], rows)


def _unprotected(found: FederatedResult) -> Printed:
    rows = [[sentence] for sentence in found.unprotected]
    return Printed("what the protocol does not protect", [""], rows)
