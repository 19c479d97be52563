"""Whether a payment password is what the policy asks for; nothing of it is kept or told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from credit.decide.clock import add_months
from credit.decide.leaves import flag, named, whole
from credit.decide.record import Check, Fact
from credit.feature import Reason
from credit.policy import InForce

KEY = "security.password"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordTerms:
    """What a password holds, and after how many months it is changed; 0 is never."""

    mixed_case: bool
    digit: bool
    max_age_months: int

    @classmethod
    def of(cls, figures: InForce) -> PasswordTerms:
        """Read ``security.password``."""
        table = named(figures, KEY, ("mixed_case", "digit", "max_age_months"))
        return cls(
            mixed_case=flag(table["mixed_case"], f"{KEY}.mixed_case"),
            digit=flag(table["digit"], f"{KEY}.digit"),
            max_age_months=whole(table["max_age_months"], f"{KEY}.max_age_months"),
        )


def password_checks(
    password: str, changed_on: date, day: date, terms: PasswordTerms
) -> tuple[Check, ...]:
    """Look at a password and its age on a day.

    Returns
    -------
    tuple of Check
        ``S_CASE``, ``S_DIGIT``, ``S_AGE``; their facts hold nothing of the password.
    """
    cases = any(c.islower() for c in password) and any(c.isupper() for c in password)
    digits = any(c.isdigit() for c in password)
    months = terms.max_age_months
    young = months == 0 or day < add_months(changed_on, months)
    age: dict[str, Fact] = {"months": months}
    return (
        Check(code="S_CASE", passed=cases or not terms.mixed_case, key=KEY),
        Check(code="S_DIGIT", passed=digits or not terms.digit, key=KEY),
        Check(code="S_AGE", passed=young, key=KEY, facts=age),
    )


WORDS: dict[str, Reason] = {
    "S_CASE": Reason(
        en="The payment password holds capital and small letters.",
        zh="支付密码须同时包含大小写字母。",
    ),
    "S_DIGIT": Reason(en="The payment password holds a digit.", zh="支付密码须包含数字。"),
    "S_AGE": Reason(
        en="The payment password is changed every {months} months.",
        zh="支付密码须每{months}个月更换。",
    ),
}
