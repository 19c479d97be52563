"""What it takes to settle a loan today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from credit.decide.leaves import number, table
from credit.decide.money import YUAN, fen
from credit.decide.repay.schedule import Instalment
from credit.errors import DataError, nearest
from credit.policy import InForce

LOCKED = "locked"
"""In place of a fee: all interest of the schedule stays due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What settling costs beyond what is due already, in fen; ``waived_fen`` is saved."""

    principal_fen: int
    interest_fen: int
    fee_fen: int
    waived_fen: int

    @property
    def total_fen(self) -> int:
        """What is to be paid."""
        return self.principal_fen + self.interest_fen + self.fee_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyTerms:
    """The fee by way of paying: a share of the remaining principal, or ``"locked"``."""

    fees: Mapping[str, Fraction | str]
    min_fee_fen: int

    @classmethod
    def of(cls, figures: InForce) -> EarlyTerms:
        """Read and check ``pricing.early_settlement``: a fee by channel, and ``min_fee`` (yuan)."""
        key = "pricing.early_settlement"
        leaf = figures[key]
        table(leaf, key, {*leaf, "min_fee"})
        fees = {
            name: LOCKED if value == LOCKED else number(value, f"{key}.{name}")
            for name, value in leaf.items()
            if name != "min_fee"
        }
        least = number(leaf["min_fee"], f"{key}.min_fee", high=1_000)
        return cls(fees=fees, min_fee_fen=fen(least * YUAN))

    def fee(self, channel: str) -> Fraction | str:
        """Return the fee of a channel, or name the channels that there are."""
        if channel not in self.fees:
            raise DataError(
                f"channel {channel!r} is not one of {tuple(self.fees)}."
                f"{nearest(channel, self.fees)}"
            )
        return self.fees[channel]

    def fee_fen(self, remaining_fen: int, channel: str) -> int:
        """Return the fee for a remaining principal; a channel that is free has no least fee."""
        share = self.fee(channel)
        if isinstance(share, str) or share == 0 or remaining_fen == 0:
            return 0
        return max(fen(remaining_fen * share), self.min_fee_fen)

    def settlement(
        self, coming: list[Instalment], since: date, on: date, daily_rate: Fraction, channel: str
    ) -> Settlement:
        """Return what settles the instalments that are not due yet.

        Interest runs on the remaining principal from the last due day to the day itself, and is
        never more than that of the period; locked, it is all that the schedule has. A plan's fees
        of periods to come fall away, unless they are locked.

        Parameters
        ----------
        coming : list of Instalment
            Those due after ``on``, the next one first.
        since : date
            The last due day up to ``on``, or the day of payout.
        on : date
        daily_rate : Fraction
        channel : str
        """
        principal = sum(line.principal_fen for line in coming)
        interest = sum(line.interest_fen for line in coming)
        fees = sum(line.fee_fen for line in coming)
        if self.fee(channel) == LOCKED or not coming:
            return Settlement(
                principal_fen=principal, interest_fen=interest, fee_fen=fees, waived_fen=0
            )
        accrued = fen(principal * daily_rate * (on - since).days)
        due = min(accrued, coming[0].interest_fen)
        return Settlement(
            principal_fen=principal, interest_fen=due, fee_fen=self.fee_fen(principal, channel),
            waived_fen=interest - due + fees,
        )  # fmt: skip
