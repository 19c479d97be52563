"""Granted lines of credit, served: do the published figures hold, and what does it cost.

    python -m benchmarks.served_lines [--people 100000] [--seed 1001]

Lines are made up: seven in ten people are granted what they ask for, at the published mean limits,
so what is measured is serving alone. Standard errors draw borrowers (the mean loan, who borrows
again) and receipts (the channel) anew. That accounts equal the replay to the fen is held by
tests/test_world_serve.py.
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import dataclass, field

import numpy as np

from benchmarks.run import machine
from credit.world import WorldOptions, season
from credit.world.figures import figures
from credit.world.lender.balance import Balance
from credit.world.lender.serve import Served, serve
from credit.world.options import Flags, Ints
from credit.world.rows import Text
from tests.world_lines import growing, until, world

MONTHS = 12


@dataclass(slots=True, kw_only=True)
class Seen:
    """What a world's blocks add up to."""

    balance: Balance = field(default_factory=Balance)
    lines: int = 0
    seconds: float = 0.0
    rows: dict[str, int] = field(default_factory=dict)
    customer: list[Ints] = field(default_factory=list)
    drawn_at: list[Ints] = field(default_factory=list)
    principal_fen: list[Ints] = field(default_factory=list)
    balance_paid: list[Flags] = field(default_factory=list)

    def add(self, served: Served) -> None:
        """Take in one block."""
        self.balance += served.balance
        for name, columns in served.tables.items():
            count = np.asarray(columns["loan_id"]).size
            self.rows[name] = self.rows.get(name, 0) + count
        loans, repayments = served.tables["loans"], served.tables["repayments"]
        self.customer.append(np.asarray(loans["customer_id"]))
        self.drawn_at.append(np.asarray(loans["event_time"]))
        self.principal_fen.append(np.asarray(loans["principal_fen"]))
        _, first = np.unique(np.asarray(repayments["receipt_id"]), return_index=True)
        channel = repayments["channel"]
        if isinstance(channel, Text):
            self.balance_paid.append(channel.codes[first] == channel.names.index("balance"))


def seen(options: WorldOptions) -> Seen:
    """Serve a world of made-up lines, block by block."""
    total, numbers, end = Seen(), figures(options.start), until(options)
    for people, lines, bad in world(options):
        began = time.process_time()
        served = serve(people, lines, bad, numbers, end, growing(lines))
        total.seconds += time.process_time() - began
        total.lines += lines.person.size
        total.add(served)
    return total


def mean_loan(customer: Ints, principal_fen: Ints) -> tuple[float, float]:
    """Return the mean loan in yuan and its standard error, loans of a borrower together."""
    _, place = np.unique(customer, return_inverse=True)
    mean = principal_fen.mean()
    off = np.bincount(place, weights=principal_fen - mean)
    return float(mean) / 100, float(np.sqrt((off**2).sum()) / customer.size) / 100


def borrow_again(customer: Ints, drawn_at: Ints, end: int) -> tuple[float, int]:
    """Return the share that draws a second loan within 12 months of the first, and of how many."""
    order = np.lexsort((drawn_at, customer))
    customer, drawn_at = customer[order], drawn_at[order]
    first = np.flatnonzero(np.r_[True, customer[1:] != customer[:-1]])
    count = np.diff(np.r_[first, customer.size])
    day = season.add_months(season.local_day(drawn_at[first]), np.full(first.size, MONTHS))
    mature = season.midnight(day) <= end
    second = drawn_at[np.minimum(first + 1, customer.size - 1)]
    again = (count > 1) & (season.local_day(second) < day)
    return float(again[mature].mean()), int(mature.sum())


def main() -> None:
    """Print what a world of made-up lines shows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1_001)
    asked = parser.parse_args()
    options = WorldOptions(people=asked.people, seed=asked.seed)
    numbers, total = figures(options.start), seen(options)
    customer, drawn_at, principal, paid = (
        np.concatenate(part)
        for part in (total.customer, total.drawn_at, total.principal_fen, total.balance_paid)
    )
    again, borrowers = borrow_again(customer, drawn_at, until(options))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(machine())
    print(
        f"seed {asked.seed}, {asked.people:,} people, {total.lines:,} lines, rows {total.rows}: "
        f"{total.seconds:.1f} s of CPU, {peak:.0f} MB at most"
    )
    _say("mean loan, yuan", *mean_loan(customer, principal), numbers["sim.serve.mean_loan"])
    share = numbers["sim.serve.channel"]["balance"]
    _say("receipts from the balance", paid.mean(), _error(share, paid.size), share)
    share = numbers["sim.serve.repeat_share"]
    _say("borrow again within 12 months", again, _error(share, borrowers), share)
    print(f"balance {total.balance.gaps}\n{total.balance}")


def _error(share: float, count: int) -> float:
    return float(np.sqrt(share * (1 - share) / count))


def _say(what: str, value: float, error: float, published: float) -> None:
    print(
        f"{what}: {value:.5g}, published {published:.5g}, {value / published - 1:+.2%}, "
        f"{(value - published) / error:+.2f} standard errors"
    )


if __name__ == "__main__":
    main()
