"""What a policy would do to a book: who is approved, at which limit and price, and what it earns.

Pure functions of a scored book (`Book`) and of strategies (`Strategy`, a policy with leaves
changed). Nothing here reads a table, a clock or a model.
"""

from credit.strategy.book import Book
from credit.strategy.challenge import FIGURES, changes, differences, swaps, weighed
from credit.strategy.decided import GROUNDS, OUTCOMES, Decided, decide_book
from credit.strategy.economics import PARTS, Simulated, reckon, simulate
from credit.strategy.figures import ALL, by_segment, prices
from credit.strategy.law import READINGS, Capped, under_cap
from credit.strategy.leaves import LEAVES, Moved
from credit.strategy.strategy import Strategy
from credit.strategy.sweep import LIMITS, PRICES, cutoffs, thinned, times, turned

__all__ = [
    "ALL", "FIGURES", "GROUNDS", "LEAVES", "LIMITS", "OUTCOMES", "PARTS", "PRICES", "READINGS",
    "Book", "Capped", "Decided", "Moved", "Simulated", "Strategy", "by_segment", "changes",
    "cutoffs", "decide_book", "differences", "prices", "reckon", "simulate", "swaps", "thinned",
    "times", "turned", "under_cap", "weighed",
]  # fmt: skip
