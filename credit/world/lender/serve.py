"""What becomes of granted lines of credit: loans, months, late payments, exact accounts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.errors import DataError
from credit.world import season
from credit.world.figures import Figures
from credit.world.lender.account import keep
from credit.world.lender.balance import Balance, balance
from credit.world.lender.draws import Drawn, first_loans, further_loans
from credit.world.lender.paths import Borrowers, spells
from credit.world.lender.plans import intents
from credit.world.lender.record import Lines, Review
from credit.world.lender.rows import tables
from credit.world.lender.schedules import schedules
from credit.world.lender.terms import Agreed, terms_of
from credit.world.options import Flags, Stage
from credit.world.people import REPAYMENT, People
from credit.world.rows import Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What became of the lines of one block.

    Attributes
    ----------
    tables : dict of str to Columns
        Rows of loans, instalments, repayments and loan_months that a lender could know when
        observation ends.
    balance : Balance
        What became of every fen, whether it is known by then or not.
    """

    tables: dict[str, Columns]
    balance: Balance


def serve(
    people: People, lines: Lines, bad: Flags, figures: Figures, observed_until: int, review: Review
) -> Served:
    """Draw loans on granted lines of credit and keep their accounts until observation ends.

    A first loan carries the application of its line; further ones carry none, and name it as
    ``line_application_id``. Who is ``bad`` is 90 days past due on the first loan within 12 months
    of its payout, and nobody else is. Accounts go by the terms of each line's product on the day
    of the payout, and equal `credit.decide.repay.replay` of what happened to the fen.

    Parameters
    ----------
    people : People
        A block.
    lines : Lines
        Of the same block.
    bad : ndarray of bool
        The truth's outcome; one entry a person of the block.
    figures : Figures
        Leaves ``sim.serve.*``.
    observed_until : int
        The midnight (UTC microseconds) at which observation ends.
    review : callable
        What lines allow after so many good and overdue months; see `Review`.

    Raises
    ------
    DataError
        ``bad`` does not have one entry a person, or a line is of nobody in the block, repeats a
        person, or has a product or rate that is not listed.
    """
    _refuse_wrong(people, lines, bad)
    who = _borrowers(people, lines, bad, figures)
    draw, paying = people.block.stream(Stage.DRAWS), people.block.stream(Stage.PAYING)
    last = int(season.local_day(np.array([observed_until - 1]))[0])
    contracts = first_loans(draw, lines, figures, observed_until)
    plan = schedules(contracts)
    hard = spells(people.block.stream(Stage.SPELLS), who, contracts, plan, figures, last)
    drawn: list[Drawn] = []
    while contracts.size or not drawn:
        terms = terms_of(lines.products, lines.product[contracts.line], contracts)
        agreed = Agreed(contracts=contracts, plan=plan, terms=terms)
        meant = intents(paying, agreed, who, hard, figures)
        accounts = keep(
            contracts, plan, terms, meant, observed_until, int(figures["sim.serve.write_off"])
        )
        drawn.append(Drawn(contracts=contracts, plan=plan, terms=terms, accounts=accounts))
        contracts = further_loans(draw, lines, drawn, figures, observed_until, review)
        plan = schedules(contracts)
    return Served(
        tables=tables(people, lines, drawn, figures, observed_until), balance=balance(drawn)
    )


def _borrowers(people: People, lines: Lines, bad: Flags, figures: Figures) -> Borrowers:
    draw = people.block.stream(Stage.BORROWERS)
    trait = people.traits[lines.person, REPAYMENT]
    early, slip = (
        figures.behaviour(f"sim.serve.{name}").draw(draw, trait) for name in ("early", "slip")
    )
    return Borrowers(bad=bad[lines.person], trait=trait, early=early, slip=slip)


def _refuse_wrong(people: People, lines: Lines, bad: Flags) -> None:
    if bad.shape != (people.size,) or bad.dtype != np.bool_:
        raise DataError(
            f"bad has shape {bad.shape} of {bad.dtype}, but the block has {people.size} people. "
            "Give one True or False for each of them."
        )
    person = lines.person
    if person.size and not 0 <= person.min() <= person.max() < people.size:
        raise DataError(
            f"lines.person reaches from {person.min()} to {person.max()}, but the block has "
            f"{people.size} people. Give positions in the block."
        )
    if np.unique(person).size != person.size:
        raise DataError("lines.person: a person has one line of credit at most; one repeats.")
    for name, value, known in (
        ("product", lines.product, len(lines.products)), ("rate", lines.rate, len(lines.rates)),
    ):  # fmt: skip
        if value.size and not 0 <= value.min() <= value.max() < known:
            raise DataError(
                f"lines.{name} reaches from {value.min()} to {value.max()}, but {known} are "
                "listed. Give positions in the list."
            )
