"""What a decided book is expected to earn: revenue less losses, funding and operating.

Of an application that is approved, with probability of default p and usable limit L::

    drawn D     the amount asked for, at most L; a share of L where none was stated (fen, half up)
    exposure E  owed D + conversion (L - D)
    loss        p LGD E
    revenue     (1 - p) I, with I the interest of the schedule of D over the term
    funding     f / 365 sum of balance times days
    operating   fixed + share D
    profit      own (revenue - loss - funding - operating)

Who defaults pays no interest, and is funded over the whole term: both are on the side of caution.
``own`` is the lender's share of ``funding.split``; the partner bears its share of everything, of
operating as a fee to whoever runs the loan. Amounts drawn and interest are whole fen; what is
expected of them is a float, in fen.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from credit.decide.cost import offered_months
from credit.decide.funding import FundingTerms
from credit.decide.money import YUAN, exact
from credit.errors import PolicyError
from credit.policy import InForce
from credit.policy.rules import sound
from credit.strategy.book import Book, Floats, Ints
from credit.strategy.decided import Decided, decide_book, groups
from credit.strategy.exact import Ratio
from credit.strategy.interest import borne
from credit.strategy.strategy import Strategy

YEAR = 365
"""Days of the year by which money is funded."""

PARTS = ("revenue", "loss", "funding", "operating", "profit")
"""What a profit is made of, and the profit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EconomicsTerms:
    """The leaves of ``economics``, and the lender's own share of a loan.

    ``loan_fen`` and ``share`` are what operating costs a loan, and of the amount.
    """

    loss_given_default: Fraction
    drawn: Fraction
    owed: Fraction
    conversion: Fraction
    funding: Fraction
    loan_fen: Fraction
    share: Fraction
    months: int
    own: Fraction

    @classmethod
    def of(cls, figures: InForce) -> EconomicsTerms:
        """Read and check the leaves.

        Raises
        ------
        PolicyError
            A leaf is missing or breaks its rule, or the product does not lend over the term.
        LawError
            The partner's share of a loan is below the law's floor.
        """
        exposure = sound(figures, "economics.exposure")
        operating = sound(figures, "economics.operating")
        months = sound(figures, "economics.term")
        if months not in offered_months(figures):
            raise PolicyError(
                f"economics.term: the product lends over {offered_months(figures)} months, not "
                f"over {months}."
            )
        return cls(
            loss_given_default=exact(sound(figures, "economics.loss_given_default")),
            drawn=exact(exposure["drawn"]),
            owed=exact(exposure["owed"]),
            conversion=exact(exposure["conversion"]),
            funding=exact(sound(figures, "economics.funding")),
            loan_fen=exact(operating["loan"]) * YUAN,
            share=exact(operating["share"]),
            months=months,
            own=FundingTerms.of(figures).own,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Earned:
    """What each row is expected to earn; 0 where it is not approved. Amounts in fen.

    Attributes
    ----------
    drawn_fen, own_fen, interest_fen : ndarray of int
        Drawn; the lender's own part of it; interest of the schedule, if paid as agreed.
    fen_days : ndarray of int
        Balance times days.
    exposure, revenue, loss, funding, operating : ndarray of float
        Of the whole loan.
    profit, balance : ndarray of float
        The lender's own; its part of ``fen_days``.
    """

    drawn_fen: Ints
    own_fen: Ints
    interest_fen: Ints
    fen_days: Ints
    exposure: Floats
    revenue: Floats
    loss: Floats
    funding: Floats
    operating: Floats
    profit: Floats
    balance: Floats

    @classmethod
    def nothing(cls, count: int) -> Earned:
        """Return so many rows that earn nothing."""
        none = np.zeros((4, count), dtype=np.int64)
        nil = np.zeros((7, count))
        return cls(
            drawn_fen=none[0], own_fen=none[1], interest_fen=none[2], fen_days=none[3],
            exposure=nil[0], revenue=nil[1], loss=nil[2], funding=nil[3], operating=nil[4],
            profit=nil[5], balance=nil[6],
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Simulated:
    """A strategy, what it decides about a book, and what that is expected to earn."""

    strategy: Strategy
    book: Book
    decided: Decided
    earned: Earned


def simulate(book: Book, strategy: Strategy) -> Simulated:
    """Decide every row of a book, and reckon what is expected of those approved.

    Raises
    ------
    PolicyError
        A leaf is missing on a day of the book, or is not what its rule needs.
    DataError
        A row contradicts itself.
    """
    return reckon(book, strategy, decide_book(book, strategy))


def reckon(book: Book, strategy: Strategy, decided: Decided) -> Simulated:
    """Reckon what decisions are expected to earn, by the probabilities of this book.

    Decisions may have been made on other probabilities of the same applications: on less
    information, say, and are valued by all of it here.
    """
    earned = Earned.nothing(len(book))
    for group in groups(book, strategy):
        rows = group.rows[decided.approved[group.rows]]
        if rows.size:
            _earn(earned, book, decided, rows, EconomicsTerms.of(group.figures))
    return Simulated(strategy=strategy, book=book, decided=decided, earned=earned)


def _earn(earned: Earned, book: Book, decided: Decided, rows: Ints, terms: EconomicsTerms) -> None:
    """Fill in rows that are approved under the same terms."""
    usable, asked = decided.usable_fen[rows], book.amount_fen[rows]
    drawn = np.where(asked > 0, np.minimum(asked, usable), _parts(usable, terms.drawn))
    paid = borne(drawn, decided.on[rows], decided.rate[rows], decided.rates, terms.months)
    own, default = float(terms.own), book.probability[rows]
    exposure = float(terms.owed) * drawn + float(terms.conversion) * (usable - drawn)
    loss = default * float(terms.loss_given_default) * exposure
    revenue = (1 - default) * paid.interest_fen.astype(np.float64)
    fen_days = paid.fen_days.astype(np.float64)
    funding = float(terms.funding) / YEAR * fen_days
    operating = float(terms.loan_fen) + float(terms.share) * drawn
    found = {
        "drawn_fen": drawn, "own_fen": _parts(drawn, terms.own), "interest_fen": paid.interest_fen,
        "fen_days": paid.fen_days, "exposure": exposure, "revenue": revenue, "loss": loss,
        "funding": funding, "operating": operating, "balance": own * fen_days,
        "profit": own * (revenue - loss - funding - operating),
    }  # fmt: skip
    for name, values in found.items():
        getattr(earned, name)[rows] = values


def _parts(amounts: Ints, share: Fraction) -> Ints:
    """Return a share of amounts, to the fen, half up."""
    one = np.zeros(len(amounts), dtype=np.int64)
    return Ratio(amounts, np.ones_like(amounts)).times(Ratio.of([share], one)).fen()
