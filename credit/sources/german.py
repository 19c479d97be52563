"""German: 1,000 credits of a German bank with 20 attributes and no dates (Statlog)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from credit.errors import DataError
from credit.feature import Catalogue, Stated
from credit.sources.declare import NEVER_NULL, stated
from credit.sources.tables import SourceTables, choices, hundredths, instant, integers

AS_OF = "1975-01-01"
"""Made up: the set gives no dates, and every credit shares this instant."""

OUTCOME_KNOWN = "1976-01-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One of the twenty columns: its name, and the meaning of its codes if it has codes."""

    name: str
    label: str
    zh: str
    unit: str = "category"
    codes: tuple[tuple[str, str], ...] = ()


def _coded(name: str, label: str, zh: str, first: str, meanings: Sequence[str]) -> Attribute:
    """Build an attribute whose codes are numbered from 1 (``A11``, ``A12``, ...)."""
    codes = tuple((f"{first}{number}", meaning) for number, meaning in enumerate(meanings, 1))
    return Attribute(name=name, label=label, zh=zh, codes=codes)


ATTRIBUTES: tuple[Attribute, ...] = (
    _coded(
        "checking_account",
        "checking account",
        "支票账户状况",
        "A1",
        ("below_0", "0_to_200", "from_200_or_salary", "none"),
    ),
    Attribute(name="duration_months", label="months of the credit", zh="贷款期限", unit="months"),
    Attribute(
        name="credit_history",
        label="credit history",
        zh="信用历史",
        codes=(
            ("A30", "none_or_all_paid"),
            ("A31", "all_paid_here"),
            ("A32", "paid_till_now"),
            ("A33", "delayed_in_the_past"),
            ("A34", "critical_or_elsewhere"),
        ),
    ),
    Attribute(
        name="purpose",
        label="purpose",
        zh="贷款用途",
        codes=(
            ("A40", "new_car"),
            ("A41", "used_car"),
            ("A42", "furniture"),
            ("A43", "radio_television"),
            ("A44", "appliances"),
            ("A45", "repairs"),
            ("A46", "education"),
            ("A47", "vacation"),
            ("A48", "retraining"),
            ("A49", "business"),
            ("A410", "others"),
        ),
    ),
    Attribute(name="credit_amount_fen", label="amount of the credit", zh="贷款金额", unit="fen"),
    _coded(
        "savings",
        "savings",
        "储蓄状况",
        "A6",
        ("below_100", "100_to_500", "500_to_1000", "from_1000", "unknown_or_none"),
    ),
    _coded(
        "employment",
        "years in the present employment",
        "现职年限",
        "A7",
        ("unemployed", "below_1", "1_to_4", "4_to_7", "from_7"),
    ),
    Attribute(
        name="instalment_percent",
        label="instalment in percent of income (class)",
        zh="还款额占收入比例",
        unit="class",
    ),
    _coded(
        "status_and_sex",
        "personal status and sex",
        "婚姻状况及性别",
        "A9",
        (
            "male_divorced_or_separated",
            "female_not_single",
            "male_single",
            "male_married_or_widowed",
            "female_single",
        ),
    ),
    _coded(
        "other_debtors",
        "other debtors or guarantors",
        "共同借款人或担保人",
        "A10",
        ("none", "co_applicant", "guarantor"),
    ),
    Attribute(
        name="residence_years",
        label="years at the present address (class)",
        zh="现住址居住年限",
        unit="class",
    ),
    _coded(
        "property",
        "property",
        "财产状况",
        "A12",
        ("real_estate", "building_society_or_insurance", "car_or_other", "unknown_or_none"),
    ),
    Attribute(name="age_years", label="age", zh="年龄", unit="years"),
    _coded(
        "other_plans", "other instalment plans", "其他分期计划", "A14", ("bank", "stores", "none")
    ),
    _coded("housing", "housing", "住房状况", "A15", ("rent", "own", "for_free")),
    Attribute(
        name="credits_here", label="credits at this bank (class)", zh="在本行的贷款数", unit="class"
    ),
    _coded(
        "job",
        "job",
        "职业",
        "A17",
        ("unskilled_non_resident", "unskilled_resident", "skilled", "highly_qualified"),
    ),
    Attribute(name="dependants", label="people to maintain (class)", zh="需赡养人数", unit="class"),
    _coded("telephone", "telephone", "电话登记", "A19", ("none", "registered")),
    _coded("foreign_worker", "foreign worker", "是否外籍工人", "A20", ("yes", "no")),
)
"""The columns of the file, in its order; the last column, the outcome, is not among them."""

COLUMNS = (*(each.name for each in ATTRIBUTES), "outcome")
"""All of the file's columns."""

AUDIT = ("application_status_and_sex", "application_age_years", "application_foreign_worker")


def _feature(attribute: Attribute) -> Stated:
    reason = f"{attribute.label[0].upper()}{attribute.label[1:]}."
    words = (attribute.label, reason, f"{attribute.zh}。")
    name = f"application_{attribute.name}"
    return stated(name, attribute.name, attribute.unit, 0, NEVER_NULL, words)


STATED = Catalogue(tuple(_feature(attribute) for attribute in ATTRIBUTES))
"""The twenty attributes; several codes are known to be mislabelled, so no sign is declared."""


def read(directory: Path | str) -> SourceTables:
    """Read the folder of the German credit data set into the data contract.

    ``applications``: 1,000 credits with the twenty attributes, codes written out in words,
    the amount (German marks) in hundredths; all as of one made-up instant.

    Raises
    ------
    DataError, SchemaError
        If a line does not hold 21 cells, or a cell holds an unknown code.
    """
    path = Path(directory) / "german.data"
    cells = [line.split() for line in path.read_text("ascii").splitlines()]
    width = len(COLUMNS)
    for number, line in enumerate(cells, 1):
        if len(line) != width:
            raise DataError(
                f"{path.name}: line {number} holds {len(line)} cells, {width} are required. "
                "Replace it by the published file."
            )
    return _tables(pd.DataFrame(cells, columns=COLUMNS, dtype=str), path.name, _NOTES)


def imitation(rows: int = 1_000, *, seed: int = 0) -> SourceTables:
    """Return made-up credits in the columns and codes of the set, where the set is not at hand.

    Attributes are drawn independently of each other; the log-odds of bad are linear in the
    place of a few codes and in the duration. Nothing in it was measured, as its notes say.
    """
    draw = np.random.default_rng(seed)
    raw, odds = {}, np.full(rows, -0.9)
    for each in ATTRIBUTES:
        if each.codes:
            place = draw.integers(len(each.codes), size=rows)
            raw[each.name] = np.array([code for code, _ in each.codes])[place]
            odds -= _SLOPES.get(each.name, 0.0) * (place - (len(each.codes) - 1) / 2)
        else:
            value = draw.integers(*_RANGES.get(each.name, (1, 5)), size=rows)
            raw[each.name] = value.astype(str)
            if each.name == "duration_months":
                odds += 0.03 * (value - 30)
    bad = draw.random(rows) < 1 / (1 + np.exp(-odds))
    raw["outcome"] = np.where(bad, "2", "1")
    return _tables(pd.DataFrame(raw, dtype=str), "imitation", (_MADE_UP,))


def _tables(raw: pd.DataFrame, file: str, notes: tuple[str, ...]) -> SourceTables:
    """Return the data contract's tables of the set's cells, all of them text."""
    number_of = pd.Series(range(1, len(raw) + 1), dtype="int64")
    applications = pd.DataFrame(
        {
            "application_id": number_of,
            "customer_id": number_of,
            "event_time": instant(AS_OF),
            "available_at": instant(AS_OF),
            **{each.name: _column(raw[each.name], each, file) for each in ATTRIBUTES},
        }
    )
    bad = choices(raw["outcome"], {"1": "0", "2": "1"}, table=file).astype("Int64")
    outcomes = pd.DataFrame(
        {"application_id": number_of, "bad": bad, "known_at": instant(OUTCOME_KNOWN)}
    )
    return SourceTables(
        name="german",
        tables={"applications": applications, "outcomes": outcomes},
        stated=STATED,
        features=Catalogue(()),
        audit=AUDIT,
        notes=notes,
    )


def _column(cells: pd.Series, attribute: Attribute, table: str) -> pd.Series:
    """Return one attribute in its unit."""
    if attribute.codes:
        return choices(cells, dict(attribute.codes), table=table)
    if attribute.unit == "fen":
        return hundredths(cells, table=table)
    return integers(cells, table=table)


_SLOPES = {"checking_account": 0.6, "credit_history": 0.4, "savings": 0.3, "employment": 0.2}
_RANGES = {"duration_months": (4, 61), "credit_amount_fen": (250, 15_000), "age_years": (19, 75)}
_MADE_UP = "Made up: 'german' is imitated in its columns and codes; no figure from it is a finding."

_NOTES = (
    f"The set gives no dates: every credit is as of {AS_OF}, with its outcome known on "
    f"{OUTCOME_KNOWN}, both made up. There is no out-of-time test in it.",
    "300 of 1,000 credits are bad by selection; the bank's own rate was far lower, so predicted "
    "probabilities hold for this sample only.",
    "Several codes are known to be mislabelled in the published documentation (Groemping, U. "
    "(2019), South German Credit Data): no sign of risk is declared, and the words for codes "
    "are those of the documentation.",
    "Personal status with sex, age and foreign worker are for audits; they enter a model only if "
    "asked for (comparison with the literature, which uses all twenty attributes).",
)
