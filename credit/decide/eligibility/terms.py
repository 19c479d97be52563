"""The figures of eligibility, read once from the policy in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from credit.decide.leaves import choice, flag, items, named, whole
from credit.errors import PolicyError
from credit.policy import InForce

CLASSES = ("I", "II", "III")
EVIDENCE = ("optional", "none", "required")
IF_MISSING = ("refuse", "pass")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastScore:
    """The score of somebody else that a product asks for.

    ``name`` is None where it asks for none; ``if_missing`` says what becomes of a person who has
    no such score: ``refuse``, or ``pass``.
    """

    name: str | None
    least: int = 0
    if_missing: str = "refuse"

    @classmethod
    def of(cls, figures: InForce) -> LeastScore:
        """Read ``product.min_score``: a table of name, least and if_missing."""
        key = "product.min_score"
        table = named(figures, key, ("name", "least", "if_missing"))
        least = whole(table["least"], f"{key}.least")
        if (table["name"] == "none") != (least == 0):
            raise PolicyError(
                f"{key}: name {table['name']!r} with least {least}: a product that asks for no "
                "score says name = 'none' and least = 0, any other names the score and its least."
            )
        return cls(
            name=None if table["name"] == "none" else str(table["name"]),
            least=least,
            if_missing=choice(table["if_missing"], f"{key}.if_missing", IF_MISSING),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityTerms:
    """What eligibility asks for; `of` reads and checks each leaf.

    Attributes
    ----------
    age : tuple of int
        Least and most full years, both included.
    real_name, account_classes, scopes : tuple of str
    owner_match : bool
        Whether the bank must confirm the owner.
    max_accounts, cooling_days, tenure_months : int
    bureau, lenders : mapping of str to int
        The tables of ``eligibility.bureau`` and ``eligibility.multi_lender``.
    score : LeastScore
    income_evidence : str
    zone : str
    """

    age: tuple[int, int]
    real_name: tuple[str, ...]
    account_classes: tuple[str, ...]
    owner_match: bool
    max_accounts: int
    cooling_days: int
    tenure_months: int
    bureau: Mapping[str, int]
    lenders: Mapping[str, int]
    scopes: tuple[str, ...]
    score: LeastScore
    income_evidence: str
    zone: str

    @classmethod
    def of(cls, figures: InForce) -> EligibilityTerms:
        """Read the leaves in force.

        Raises
        ------
        PolicyError
            A leaf is missing, or not what its rule needs; the sentence begins with the leaf.
        """
        account = named(figures, "eligibility.account", ("class", "owner_match"))
        classes = tuple(items(account["class"], "eligibility.account.class"))
        return cls(
            age=_ages(figures),
            real_name=tuple(items(figures["eligibility.realname"], "eligibility.realname")),
            account_classes=tuple(
                choice(one, "eligibility.account.class", CLASSES) for one in classes
            ),
            owner_match=flag(account["owner_match"], "eligibility.account.owner_match"),
            max_accounts=_count(figures, "eligibility.max_accounts_per_id", low=1),
            cooling_days=_count(figures, "eligibility.cooling_days"),
            tenure_months=_count(figures, "eligibility.min_tenure_months"),
            bureau=_counts(figures, "eligibility.bureau", ("lookback_months", "max_days_past_due")),
            lenders=_counts(
                figures, "eligibility.multi_lender", ("window_days", "lenders", "inquiries"), low=0
            ),
            scopes=tuple(items(figures["eligibility.scopes"], "eligibility.scopes")),
            score=LeastScore.of(figures),
            income_evidence=choice(
                figures["product.income_evidence"], "product.income_evidence", EVIDENCE
            ),
            zone=figures["calendar.zone"],
        )


def _ages(figures: InForce) -> tuple[int, int]:
    table = _counts(figures, "eligibility.age", ("min", "max"))
    if table["min"] > table["max"]:
        raise PolicyError(
            f"eligibility.age: min {table['min']} must not be above max {table['max']}."
        )
    return table["min"], table["max"]


def _count(figures: InForce, key: str, *, low: int = 0) -> int:
    return whole(figures[key], key, low=low)


def _counts(
    figures: InForce, key: str, names: tuple[str, ...], *, low: int = 1
) -> Mapping[str, int]:
    table = named(figures, key, names)
    return {name: whole(table[name], f"{key}.{name}", low=low) for name in names}
