"""What a payment says of its payee: the merchant's class, and for how long they are known."""

from __future__ import annotations

import numpy as np

from credit.schema import DAY
from credit.world.figures import Figures
from credit.world.options import Flags, Floats, Ints
from credit.world.rows import NULL

CLASSES = ("A", "B", "C")
_C = CLASSES.index("C")

_SPAN = 10_000
"""Merchants of one category are numbered below this many; see `credit.world.payments`."""


def classes(merchant_id: Ints, figures: Figures) -> Ints:
    """Return the class of merchants as a position in `CLASSES`, -1 where there is no merchant.

    A merchant is of one class for good, by a hash of its number; most of the category
    high_risk are of class C.
    """
    settings = figures["sim.merchant_class"]
    risky = merchant_id // _SPAN == figures.names("consumption.amount").index("high_risk")
    u = (merchant_id * 2_654_435_761 & 0xFFFF_FFFF) / 2**32
    a = np.where(risky, settings["high_risk_a_share"], settings["a_share"])
    b = a + np.where(risky, settings["high_risk_b_share"], settings["b_share"])
    return np.where(merchant_id == NULL, -1, (u >= a).astype(np.int64) + (u >= b))


def merchants_for(
    draw: np.random.Generator, risky: Flags, codes: Ints, figures: Figures
) -> tuple[Ints, Ints]:
    """Return a merchant for each payment, of class C where ``risky``, and its category code.

    ``codes`` has shape (categories, merchants).
    """
    category, number = np.divmod(np.arange(codes.size), codes.shape[1])
    known = category * _SPAN + number + 1
    of_class_c = classes(known, figures) == _C
    chosen = np.where(
        risky,
        draw.choice(np.flatnonzero(of_class_c), risky.size),
        draw.choice(np.flatnonzero(~of_class_c), risky.size),
    )
    return known[chosen], codes.ravel()[chosen]


def known_days(
    draw: np.random.Generator,
    payer: tuple[Ints, Ints, Ints],
    new: Floats,
    registered_at: Ints,
    figures: Figures,
) -> Ints:
    """Return for how many days each payee was known to the payer, `NULL` without a payee.

    Parameters
    ----------
    draw : Generator
    payer : tuple of ndarray
        Owner, merchant and instant of each payment.
    new : ndarray
        Chance that the payee was new, if the payment is the first to it in these rows.
    registered_at : ndarray
        One entry a person: nobody is known from before.
    figures : Figures
    """
    owner, merchant, at = payer
    rows = np.flatnonzero(merchant != NULL)
    order = rows[np.lexsort((at[rows], merchant[rows], owner[rows]))]
    who, whom, when = owner[order], merchant[order], at[order]
    begins = np.ones(order.size, dtype=bool)
    begins[1:] = (who[1:] != who[:-1]) | (whom[1:] != whom[:-1])
    first = np.flatnonzero(begins)
    days = draw.exponential(figures["sim.payee"]["known_days"], first.size)
    days[draw.random(first.size) < new[order[first]]] = 0.0
    since = when[first] - (days * DAY).astype(np.int64)
    since = np.maximum(since, np.minimum(registered_at[who[first]], when[first]))
    age = np.full(owner.size, NULL)
    age[order] = (when - since[np.cumsum(begins) - 1]) // DAY
    return age
