"""What is known of an applicant at the instant of the decision."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from credit.decide.onboarding import Verified


class Verifier(Protocol):
    """A link to whoever checks an identity; the link itself is outside this package."""

    def verify(self, kind: str, subject: str, instant: int) -> Verified:
        """Return the result of one check (``id_card``, ``face``) of a person at an instant."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAccount:
    """A bank account the person bound.

    Attributes
    ----------
    account_class : str
        ``I``, ``II`` or ``III``.
    owner_match : bool or None
        Whether the name and number the bank holds are the person's; None where it did not answer.
    bound_at, closed_at : int
        Instants; ``closed_at`` is None while it is open.
    """

    account_class: str
    owner_match: bool | None
    bound_at: int
    closed_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Accounts linked by devices, counted from what was known at the instant.

    ``per_identity`` are accounts of this person, the one that applies among them (the feature
    ``social_account_count``); ``per_device`` are those on the device that has most
    (``social_device_accounts``). None where no device is known.
    """

    per_identity: int | None
    per_device: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDue:
    """The greatest days past due of a trade line in a month.

    Attributes
    ----------
    day : date
        The day of the record.
    days_past_due : int
    known_at : int
        When the register showed it.
    repaired_at : int or None
        When the register suppressed it (credit repair); it is not looked at from then on.
    """

    day: date
    days_past_due: int
    known_at: int
    repaired_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeLine:
    """A loan or card of the person in the register, month by month."""

    lender: str
    months: tuple[PastDue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """Another lender that asked the register about the person."""

    lender: str
    at: int
    known_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report of the credit register; one with nothing in it says that there is nothing."""

    trade_lines: tuple[TradeLine, ...] = ()
    inquiries: tuple[Inquiry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """What is known of a person; None is what is not known, and never counts as kept.

    Attributes
    ----------
    birth_date : date or None
        Of the identity card.
    registered_at : int or None
        The instant the account was opened.
    verifications : tuple of Verified
        Checks of the identity; the last result of each kind counts.
    bank_accounts : tuple of BankAccount
    accounts : Accounts
    report : Report or None
        None where no report was obtained.
    scores : mapping of str to int
        Scores that others give (``wechat_pay``, ``zhima``), by name.
    income_evidence : tuple of str or None
        Documents that prove income; none were shown where it is empty.
    scopes : set of str
        Sources authorised (`credit.decide.sources.in_force`).
    """

    birth_date: date | None
    registered_at: int | None
    verifications: tuple[Verified, ...] = ()
    bank_accounts: tuple[BankAccount, ...] = ()
    accounts: Accounts = field(default_factory=lambda: Accounts(per_identity=None))
    report: Report | None = None
    scores: Mapping[str, int] = field(default_factory=dict)
    income_evidence: tuple[str, ...] | None = None
    scopes: Set[str] = frozenset()
