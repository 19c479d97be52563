"""Who asks the world's lender, for what, and what each of them can show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.decide.stated import OCCUPATIONS, Stated
from credit.world import season
from credit.world.figures import Figures
from credit.world.lender.products import Products
from credit.world.lending import Loans
from credit.world.options import Flags, Ints, Stage
from credit.world.people import CONSUMPTION, PAYMENT, WEALTH, People, correlation
from credit.world.rows import NULL, Columns, Text

ASSETS = ("none", "housing", "vehicle", "housing, vehicle")
"""Proven assets as ``applications`` has them: the place is 1 for a home plus 2 for a vehicle."""

EVIDENCE = ("none", "statement")

SCOPES = frozenset({"basic_id", "payments", "friend_chain", "wealth", "credit_record"})
"""Everybody authorises whatever the products ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicants:
    """What a block's people ask for and can show; every array has one entry a person.

    Attributes
    ----------
    product : ndarray
        Position in `Products`.
    assets : ndarray
        Position in `ASSETS`.
    proven : ndarray of bool
        Whether bank statements prove the income.
    wechat_pay : ndarray
        Payment score (微信支付分).
    """

    product: Ints
    assets: Ints
    proven: Flags
    wechat_pay: Ints


def applicants(people: People, figures: Figures) -> Applicants:
    """Draw what a block's people ask for and can show.

    The payment score of who is riskier in payment and consumption is lower:

        score = mean - sd (loading z + sqrt(1 - loading^2) noise)

    with z the mean of both traits, standardised, whole and held within the range.
    """
    draw = people.block.stream(Stage.APPLICANTS)
    n = people.size
    products = Products.of(figures)
    product = draw.choice(len(products.names), n, p=products.shares)
    held = [
        draw.random(n) < figures.behaviour(key).draw(draw, people.traits[:, WEALTH])
        for key in ("sim.lender.housing", "sim.lender.vehicle")
    ]
    proven = draw.random(n) < figures.number("sim.lender.income_evidence")
    score = figures["sim.lender.wechat_pay"]
    both = people.traits[:, PAYMENT] + people.traits[:, CONSUMPTION]
    z = both / np.sqrt(2 + 2 * correlation(figures)[PAYMENT, CONSUMPTION])
    mixed = score["loading"] * z + np.sqrt(1 - score["loading"] ** 2) * draw.standard_normal(n)
    points = np.clip(np.rint(score["mean"] - score["sd"] * mixed), score["least"], score["most"])
    return Applicants(
        product=product.astype(np.int64),
        assets=held[0].astype(np.int64) + 2 * held[1],
        proven=proven,
        wechat_pay=points.astype(np.int64),
    )


def application_rows(people: People, asked: Applicants, figures: Figures) -> Columns:
    """Return what ``applications`` says in a world with a lender, beside keys and times."""
    return {
        "product": Text(asked.product, Products.of(figures).names),
        "income_evidence": Text(asked.proven.astype(np.int64), EVIDENCE),
        "verified_income_fen": np.where(asked.proven, people.income_fen, NULL),
        "assets": Text(asked.assets, ASSETS),
        "wechat_pay": asked.wechat_pay,
    }


def running_dues(people: People, loans: Loans) -> list[tuple[int, ...]]:
    """Return what is due a month on each loan of a person with an instalment still to come."""
    term = np.bincount(loans.loan, minlength=loans.owner.size)
    last = np.cumsum(term) - 1
    running = loans.due_at[last] > people.as_of[loans.owner]
    dues: list[list[int]] = [[] for _ in range(people.size)]
    for owner, due in zip(loans.owner[running], loans.due_fen[last][running], strict=True):
        dues[int(owner)].append(int(due))
    return [tuple(due) for due in dues]


def stated(people: People, customers: Columns, asked: Applicants, loans: Loans) -> list[Stated]:
    """Return what the tables state of each application of a block, in their order.

    ``customers`` are the block's rows of that table, and ``loans`` the loans before the
    application.
    """
    occupation = customers["occupation"]
    if not isinstance(occupation, Text):
        raise TypeError("occupation must be a text column")
    trades = [OCCUPATIONS.get(name, name) for name in occupation.names]
    born = season.local_day(np.asarray(customers["birth_date"]))
    dues = running_dues(people, loans)
    kinds = [tuple(kinds.split(", ")) if kinds != "none" else () for kinds in ASSETS]
    return [
        Stated(
            application_id=str(people.customer_id[k]),
            instant=int(people.as_of[k]),
            birth_date=season.day_of(int(born[k])),
            registered_at=int(people.registered_at[k]),
            income_fen=int(people.income_fen[k]),
            occupation=trades[int(occupation.codes[k])],
            assets=kinds[int(asked.assets[k])],
            income_evidence=(EVIDENCE[1],) if asked.proven[k] else (),
            scores={"wechat_pay": int(asked.wechat_pay[k])},
            scopes=SCOPES,
            dues_fen=dues[k],
        )
        for k in range(people.size)
    ]
