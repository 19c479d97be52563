"""What a policy would do to a book: who is approved, at which limit and price, and what it earns.

Pure functions of a scored book (`Book`) and of strategies (`Strategy`, a policy with leaves
changed). Nothing here reads a file, a clock or a model.
"""

from credit.strategy.book import Book
from credit.strategy.decided import GROUNDS, OUTCOMES, Decided, decide_book
from credit.strategy.economics import Simulated, simulate
from credit.strategy.figures import by_segment, prices
from credit.strategy.strategy import Strategy

__all__ = [
    "GROUNDS", "OUTCOMES", "Book", "Decided", "Simulated", "Strategy", "by_segment", "decide_book",
    "prices", "simulate",
]  # fmt: skip
