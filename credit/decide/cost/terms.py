"""What the cost of a loan is read from: fees, who is paid, and how a year of it is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from credit.decide.leaves import choice, number, table, whole
from credit.decide.repay.early import EarlyTerms
from credit.decide.repay.late import LateTerms
from credit.errors import PolicyError
from credit.policy import InForce

PARTIES = ("lender", "platform", "guarantor", "insurer")
KINDS = (
    "interest", "plan_fee", "service", "guarantee", "insurance", "channel", "late", "early",
)  # fmt: skip
"""What a loan can cost; every kind has a party that is paid."""
WAYS = ("at_start", "monthly", "at_end")
MEASURES = ("xirr", "irr_12")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """A fee beside interest: a share of the original principal, and when it is charged."""

    code: str
    share: Fraction
    way: str

    @classmethod
    def of(cls, row: Any, where: str) -> Fee:
        """Read and check a fee."""
        table(row, where, ("code", "share", "way"))
        return cls(
            code=choice(row["code"], f"{where}.code", KINDS),
            share=number(row["share"], f"{where}.share"),
            way=choice(row["way"], f"{where}.way", WAYS),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CostTerms:
    """How the cost of a loan is taken apart.

    Attributes
    ----------
    day_count : int
        Days of a year of interest: nominal rate = daily rate * day_count.
    measure : {"xirr", "irr_12"}
        The yearly cost that is held to a cap.
    parties : dict of str to str
        Kind of cost -> who is paid.
    fees : tuple of Fee
        Of every loan of the product.
    late : LateTerms
    early : EarlyTerms
        What is charged only if something happens.
    """

    day_count: int
    measure: str
    parties: Mapping[str, str]
    fees: tuple[Fee, ...]
    late: LateTerms
    early: EarlyTerms

    @classmethod
    def of(cls, figures: InForce) -> CostTerms:
        """Read and check the leaves that a cost is made of."""
        key = "cost.parties"
        parties = {
            kind: choice(party, f"{key}.{kind}", PARTIES)
            for kind, party in table(figures[key], key, KINDS).items()
        }
        fees = figures["pricing.fees"]
        if not isinstance(fees, list):
            raise PolicyError(f"pricing.fees: {fees!r} is not a list; [] where there are none.")
        return cls(
            day_count=whole(figures["pricing.day_count"], "pricing.day_count", low=1),
            measure=choice(figures["comply.apr_measure"], "comply.apr_measure", MEASURES),
            parties=parties,
            fees=tuple(
                Fee.of(row, f"pricing.fees[{place}]") for place, row in enumerate(fees, start=1)
            ),
            late=LateTerms.of(figures),
            early=EarlyTerms.of(figures),
        )
