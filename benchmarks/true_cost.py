"""True cost and accounts: XIRR against a reference solver, and CPU of what a decision calls.

    python -m benchmarks.true_cost [SCHEDULES]

10,000 random schedules by default, each solved by `credit.decide.cost.xirr` and by
scipy.optimize.brentq on the present value itself; the largest difference is printed, absolute for
rates up to 1 and relative above. Then milliseconds of CPU of a price, a schedule, a breakdown, the
judgement of a product, and an account paid on time and 240 days overdue.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction

import numpy as np
from scipy.optimize import brentq

from credit import policy
from credit.decide.clock import at
from credit.decide.cost import CostTerms, Offer, admit, cost_breakdown, xirr
from credit.decide.price import PriceTerms
from credit.decide.repay import AccountTerms, Contract, Loan, Paid, replay, schedule

SEED = 20_261_126
Flows = list[tuple[date, float]]


def random_flows(generator: np.random.Generator) -> Flows:
    """Return a loan paid back on 1 to 36 random days, 0.5 to 3 times its amount in all."""
    count = int(generator.integers(1, 37))
    days = np.cumsum(generator.integers(1, 60, size=count))
    parts = generator.dirichlet(np.ones(count)) * generator.uniform(0.5, 3.0)
    principal = int(generator.integers(50_000, 30_000_000))
    start = date(2024, 1, 1) + timedelta(days=int(generator.integers(0, 1000)))
    paid = [
        (start + timedelta(days=int(day)), -float(max(1, round(principal * part))))
        for day, part in zip(days, parts, strict=True)
    ]
    return [(start, float(principal)), *paid]


def reference(flows: Flows) -> float:
    """Return SciPy's root of the present value in ln(1 + rate), as a rate."""
    first = flows[0][0]
    times = np.array([(day - first).days / 365 for day, _ in flows])
    amounts = np.array([amount for _, amount in flows])
    root = brentq(
        lambda x: float(amounts @ np.exp(-x * times)), -200.0 / times[-1], 200.0 / times[-1],
        xtol=1e-15, rtol=1e-14, maxiter=500,
    )  # fmt: skip
    return float(np.expm1(root))


def rates(count: int) -> None:
    """Print how far the two solvers are apart, and what each takes."""
    generator = np.random.default_rng(SEED)
    samples = [random_flows(generator) for _ in range(count)]
    start = time.process_time()
    ours = np.array([xirr(flows) for flows in samples])
    middle = time.process_time()
    theirs = np.array([reference(flows) for flows in samples])
    end = time.process_time()
    apart = np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs))
    print(f"schedules {count:,}; rates {ours.min():.3g} to {ours.max():.3g}")
    print(f"largest difference {apart.max():.2e}; beyond 1e-8: {int((apart > 1e-8).sum())}")
    each = 1e6 / count
    print(f"xirr {each * (middle - start):.1f} us, brentq {each * (end - middle):.1f} us")


def cpu(name: str, call: Callable[[], object], times: int) -> None:
    """Print milliseconds of CPU of a call."""
    call()
    start = time.process_time()
    for _ in range(times):
        call()
    print(f"{name:<44} {1e3 * (time.process_time() - start) / times:8.4f} ms")


def decisions() -> None:
    """Print what the rooms take of a decision."""
    figures = policy.load("weilidai").at(date(2026, 9, 1))
    prices, costs, terms = PriceTerms.of(figures), CostTerms.of(figures), AccountTerms.of(figures)
    loan = Loan(
        principal_fen=1_200_000, drawn_on=date(2026, 1, 15), months=12,
        daily_rate=Fraction(5, 10_000),
    )  # fmt: skip
    made = schedule(loan)
    contract = Contract(schedule=made, daily_rate=loan.daily_rate)
    zone = terms.retry.zone
    on_time = [
        Paid(id=str(line.number), at=at(line.due, zone, hour=9), amount_fen=line.total_fen,
             channel="balance", debit=True)
        for line in made.instalments
    ]  # fmt: skip
    end = at(made.instalments[-1].due, zone, hour=12)
    late = at(made.instalments[0].due + timedelta(days=240), zone)
    cpu("price", lambda: prices.price(0.03), 5_000)
    cpu("schedule, 12 equal instalments", lambda: schedule(loan), 500)
    offer = Offer(name="loan", schedule=made, daily_rate=loan.daily_rate)
    cpu("breakdown", lambda: cost_breakdown(offer, costs), 500)
    cpu("product judged", lambda: admit(figures), 20)
    cpu("account, 12 paid on time", lambda: replay(contract, on_time, terms, until=end), 200)
    cpu("account, 240 days overdue", lambda: replay(contract, [], terms, until=late), 20)


if __name__ == "__main__":
    rates(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
    decisions()
