"""How much of an income goes into debt: the warning of over-indebtedness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from credit.decide.leaves import named, number
from credit.decide.record import Check, Fact
from credit.errors import DataError, PolicyError
from credit.feature import Reason
from credit.policy import InForce

KEY = "repay.debt_service"

WORDS: dict[str, Reason] = {
    "D_BURDEN": Reason(
        en="Your loans take {percent} of your income each month; more than {most_percent} is too "
        "much to lend on.",
        zh="您每月还款占收入的 {percent}，超过 {most_percent} 的上限，暂不能再借。",
    ),
    "D_BURDEN_WARNING": Reason(
        en="Your loans take {percent} of your income each month; above {warn_percent} it is hard "
        "to pay when something unexpected happens.",
        zh="您每月还款占收入的 {percent}，已高于 {warn_percent}，如遇意外支出可能难以按时还款。",
    ),
}
"""What a person is told."""


def debt_service_ratio(monthly_dues_fen: Sequence[int], monthly_income_fen: int) -> Fraction | None:
    """Return what is due each month over all loans as a share of the monthly income.

    None where there is no income and something is due: no ratio describes that.
    """
    if any(due < 0 for due in monthly_dues_fen) or monthly_income_fen < 0:
        raise DataError(
            f"dues and income must be 0 or more, got {list(monthly_dues_fen)} and "
            f"{monthly_income_fen}."
        )
    total = sum(monthly_dues_fen)
    if not total:
        return Fraction(0)
    return Fraction(total, monthly_income_fen) if monthly_income_fen else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BurdenTerms:
    """From which share on a person is warned, and above which nothing more is lent."""

    warn: Fraction
    most: Fraction

    @classmethod
    def of(cls, figures: InForce) -> BurdenTerms:
        """Read and check ``repay.debt_service``."""
        leaf = named(figures, KEY, ("warn", "most"))
        warn = number(leaf["warn"], f"{KEY}.warn", high=10)
        most = number(leaf["most"], f"{KEY}.most", high=10)
        if warn > most:
            raise PolicyError(f"{KEY}: warn {float(warn)} must not be above most {float(most)}.")
        return cls(warn=warn, most=most)

    def checks(
        self, monthly_dues_fen: Sequence[int], monthly_income_fen: int
    ) -> tuple[Check, Check]:
        """Return the limit and the warning, in this order; without income both are broken.

        Parameters
        ----------
        monthly_dues_fen : sequence of int
            What is due a month on each loan, those of other lenders and the new one among them.
        monthly_income_fen : int
        """
        ratio = debt_service_ratio(monthly_dues_fen, monthly_income_fen)
        facts: dict[str, Fact] = {
            "percent": "more than 100%" if ratio is None else f"{float(ratio):.1%}",
            "most_percent": f"{float(self.most):.1%}", "warn_percent": f"{float(self.warn):.1%}",
            "loans": sum(due > 0 for due in monthly_dues_fen),
        }  # fmt: skip
        return (
            Check(
                code="D_BURDEN", passed=ratio is not None and ratio <= self.most, key=KEY,
                facts=facts,
            ),
            Check(
                code="D_BURDEN_WARNING", passed=ratio is not None and ratio <= self.warn, key=KEY,
                facts=facts,
            ),
        )  # fmt: skip
