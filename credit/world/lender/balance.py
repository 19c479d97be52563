"""Money in = money out: what became of every fen, over a whole book."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

from credit.decide.repay.late import MICRO
from credit.world.lender import book as b
from credit.world.lender.draws import Drawn
from credit.world.options import Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Sums of a book in fen.

    ``scheduled`` to ``settlement`` are what people came to owe (``cancelled`` is negative), by the
    codes of `credit.decide.repay.Entry`; ``received`` is what they paid, ``paid`` what of it was
    allocated and ``waiting`` the rest. ``owed`` is open, ``written_off`` lost, and of both
    ``*_principal`` is the principal.
    """

    disbursed: int = 0
    scheduled: int = 0
    deferral_interest: int = 0
    late_interest: int = 0
    penalty: int = 0
    late_fee: int = 0
    cancelled: int = 0
    settlement: int = 0
    received: int = 0
    paid: int = 0
    waiting: int = 0
    owed: int = 0
    written_off: int = 0
    paid_principal: int = 0
    owed_principal: int = 0
    written_off_principal: int = 0

    def __add__(self, other: Balance) -> Balance:
        """Return the sums of two books together."""
        both = {
            one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)
        }
        return Balance(**both)

    @property
    def gaps(self) -> dict[str, int]:
        """What does not balance, in fen; 0 each where every fen is accounted for."""
        charged = self.deferral_interest + self.late_interest + self.penalty + self.late_fee
        due = self.scheduled + charged + self.cancelled + self.settlement
        return {
            "received": self.received - self.paid - self.waiting,
            "owed": due - self.paid - self.owed - self.written_off,
            "principal": self.disbursed
            - self.paid_principal - self.owed_principal - self.written_off_principal,
        }  # fmt: skip


def balance(drawn: Iterable[Drawn]) -> Balance:
    """Return the sums of the accounts of many loans."""
    return sum((_of(one) for one in drawn), Balance())


def _of(one: Drawn) -> Balance:
    accounts = one.accounts
    codes = np.bincount(accounts.entries[:, 2], minlength=len(b.CODES))
    sums = dict.fromkeys(b.CODES, 0)
    for code in np.flatnonzero(codes):
        sums[b.CODES[code]] = int(accounts.entries[accounts.entries[:, 2] == code, 3].sum())
    lost = np.repeat(accounts.states[:, b.WRITTEN_OFF] >= 0, np.diff(accounts.line_start))
    owed = [_owed(accounts.lines, bucket) for bucket in range(3)]
    every = owed[0] + owed[1] + owed[2]
    paid = accounts.parts[accounts.parts[:, 4] == b.PRINCIPAL, 5]
    return Balance(
        disbursed=sums["disbursed"], scheduled=sums["scheduled"],
        deferral_interest=sums["deferral_interest"], late_interest=sums["late_interest"],
        penalty=sums["penalty"], late_fee=sums["late_fee"], cancelled=sums["cancelled"],
        settlement=sums["settlement"], received=sums["received"], paid=-sums["paid"],
        waiting=int(accounts.states[:, b.WAITING].sum()),
        owed=int(every[~lost].sum()), written_off=int(every[lost].sum()),
        paid_principal=int(paid.sum()), owed_principal=int(owed[b.PRINCIPAL][~lost].sum()),
        written_off_principal=int(owed[b.PRINCIPAL][lost].sum()),
    )  # fmt: skip


def _owed(lines: Ints, bucket: int) -> Ints:
    micro = 2 * lines[:, b.LATE + bucket] + MICRO
    owed: Ints = lines[:, b.AGREED + bucket] - lines[:, b.PAID + bucket] + micro // (2 * MICRO)
    return owed
