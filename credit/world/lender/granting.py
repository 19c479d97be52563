"""The lender: what it knows of everybody, whom it lends to, and what becomes of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from credit.world.figures import Figures
from credit.world.lender.applicants import applicants, stated
from credit.world.lender.deciding import Decided, decided
from credit.world.lender.products import Products
from credit.world.lender.reviewing import Reviews
from credit.world.lender.serve import Served, serve
from credit.world.lending import earlier_loans
from credit.world.options import Flags, Floats
from credit.world.people import People
from credit.world.rows import NULL, Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Lender:
    """A lender of a whole world; every array has one entry a person.

    Attributes
    ----------
    figures : Figures
    probability : ndarray
        What the lender's score says (`credit.world.lender.legacy`).
    by_chance : ndarray of bool
        Whose refusal by the score is overruled.
    """

    figures: Figures
    probability: Floats
    by_chance: Flags
    reviews: Reviews = field(default_factory=Reviews)

    def decided(self, people: People, customers: Columns) -> Decided:
        """Decide a block's applications; ``customers`` are its rows of that table."""
        asked, here = applicants(people, self.figures), people.block.places
        loans, _ = earlier_loans(people, self.figures)
        return decided(
            stated(people, customers, asked, loans),
            asked.product,
            self.probability[here],
            self.by_chance[here],
            Products.of(self.figures),
        )

    def lent(self, people: People, customers: Columns, bad: Flags, observed_until: int) -> Served:
        """Return a block's rows of ``decisions``, what becomes of its lines, and their balance.

        ``bad`` says who goes bad within 12 months if anything is lent.
        """
        found = self.decided(people, customers)
        granted = [found.decisions[k] for k in np.flatnonzero(found.approved)]
        served = serve(
            people, found.lines(), bad, self.figures, observed_until, self.reviews.of(granted)
        )
        return Served(
            tables={"decisions": found.rows(people.customer_id), **served.tables},
            balance=served.balance,
        )


def as_served(tables: Mapping[str, Columns]) -> dict[str, Columns]:
    """Return tables of a block in which those of loans have the columns that serving adds.

    Of loans before the application nobody kept such accounts: they are null.
    """

    def wider(name: str, rows: Columns) -> Columns:
        count = np.asarray(rows["loan_id"]).size
        return {**rows, **{more: np.full(count, NULL) for more in _SERVED[name]}}

    return {name: wider(name, rows) if name in _SERVED else rows for name, rows in tables.items()}


_SERVED = {
    "loans": ("line_application_id",),
    "instalments": ("principal_fen", "interest_fen", "fee_fen"),
    "repayments": (
        "principal_fen", "interest_fen", "fee_fen", "charges_fen", "waived_fen", "attempt",
        "receipt_id",
    ),
}  # fmt: skip
