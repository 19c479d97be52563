"""Every shipped product for one person: offered or not, limit, price, true cost, time, data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from credit import policy
from credit.decide.case import Case, Cause, Scored
from credit.decide.money import YUAN
from credit.decide.product import ProductTerms
from credit.decide.products import WORDS, Compared, Wish, compare
from credit.pipeline.case_file import check_language, read_document, read_parts
from credit.pipeline.cost import fen_of
from credit.pipeline.decide import day_of, scored_by
from credit.pipeline.flat import written
from credit.pipeline.stated import FromTables, read_person
from credit.pipeline.tables import Progress, silent
from credit.policy import Policy
from credit.runtime import Scorer
from credit.runtime import load as load_artifact

BASE = "weilidai"
"""The product that the others are laid over; it is compared with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Products side by side.

    Attributes
    ----------
    application_id : str
    on : date
        Local day of the case, on which policies and law are read.
    law : str
        What is laid over every product.
    wish : Wish
    lines : tuple of Compared
        The cheapest first, illegal ones last.
    unseen : dict of str to tuple of str
        Product -> dimensions of the case's features that its model was not given, because the
        product does not use the source or the person did not authorise it.
    scored : bool
        Whether there is a score; without one each price is that of the worst grade.
    """

    application_id: str
    on: date
    law: str
    wish: Wish
    lines: tuple[Compared, ...]
    unseen: Mapping[str, tuple[str, ...]]
    scored: bool

    def frame(self) -> pd.DataFrame:
        """Return a row a product: money in yuan, rates as shares."""
        return pd.DataFrame([_row(line) for line in self.lines])


def products() -> tuple[str, ...]:
    """Return the shipped products: those whose policy file says what the product lends."""
    return tuple(name for name in policy.shipped() if "product.limit" in policy.load(name).keys)


def compare_file(
    path: Path,
    *,
    artifact: Path | None = None,
    law: str = "cn-2026",
    amount: str | None = None,
    language: str = "en",
) -> Comparison:
    """Compare the shipped products for the case of a file.

    Parameters
    ----------
    path : Path
        A case (docs/decide.md).
    artifact : Path or None
        Scores the case's features; each product sees those of its own sources only, the others
        as missing.
    law : str
        Overlays laid over every product, joined by ``+``; empty for none.
    amount : str or None
        What is wanted, in yuan; as `Wish` has it where None.
    language : {"en", "zh"}
        In which it will be told; checked before anything is read.

    Raises
    ------
    ConfigError
        The amount is none, or the language nobody's.
    DataError
        The file holds no sound case.
    PolicyError
        A policy is not sound. What the law refuses is no error: it is among the lines.
    """
    check_language(language)
    wish = _wish(amount)
    scorer = None if artifact is None else load_artifact(artifact)
    return compare_products(read_document(path), scorer=scorer, law=law, wish=wish)


def compare_person(
    asked: FromTables,
    *,
    artifact: Path | None = None,
    law: str = "cn-2026",
    amount: str | None = None,
    language: str = "en",
    progress: Progress = silent,
) -> Comparison:
    """Compare the shipped products for a person's application in a folder of tables.

    Parameters
    ----------
    asked : FromTables
    artifact : Path or None
        Scores the features as of the application; without one each price is that of the worst
        grade, and a person has to read the case.
    law, amount, language
        See `compare_file`.
    progress : callable

    Raises
    ------
    ConfigError
        The amount is none, or the language nobody's.
    DataError, ArtifactError
        See `read_person`.
    """
    check_language(language)
    wish = _wish(amount)
    scorer = None if artifact is None else load_artifact(artifact)
    case, features = read_person(asked, scorer, progress)
    return _compared(case, features, scorer, law=law, wish=wish)


def compare_products(
    document: Mapping[str, Any], *, scorer: Scorer | None, law: str, wish: Wish
) -> Comparison:
    """Compare the shipped products for the case of a document."""
    case, features, scorer = read_parts(document, scorer)
    return _compared(case, features, scorer, law=law, wish=wish)


def _compared(
    case: Case, features: Mapping[str, Any], scorer: Scorer | None, *, law: str, wish: Wish
) -> Comparison:
    rules = {name: _policy(name, law) for name in products()}
    day = day_of(rules[BASE], case.instant)
    asked, unseen = [], {}
    for name, one in rules.items():
        terms = replace(ProductTerms.of(one.at(day)), name=name)
        if scorer is None:
            asked.append((terms, case))
            continue
        score, unseen[name] = _scored(features, scorer, terms, case)
        asked.append((terms, replace(case, score=score)))
    return Comparison(
        application_id=case.application_id, on=day, law=law, wish=wish,
        lines=compare(asked, wish), unseen=unseen,
        scored=scorer is not None or case.score is not None,
    )  # fmt: skip


def write_table(path: Path, found: Comparison) -> None:
    """Write a comparison as CSV."""
    with written(path) as partial:
        found.frame().to_csv(partial, index=False)


def _wish(amount: str | None) -> Wish:
    return Wish() if amount is None else Wish(amount_fen=fen_of(amount, "--amount"))


def _policy(name: str, law: str) -> Policy:
    parts = [BASE, *([] if name == BASE else [name]), *([law] if law else [])]
    return policy.load("+".join(parts))


def _most(terms: ProductTerms) -> int:
    """Return how many reasons a refusal has; none where the law refuses the product."""
    return getattr(terms.decision, "most_reasons", 0)


def _scored(
    features: Mapping[str, Any], scorer: Scorer, terms: ProductTerms, case: Case
) -> tuple[Scored, tuple[str, ...]]:
    """Return the score on what a product's model may be served, and the dimensions left out.

    A feature left out scores as missing, and what missing means does not hold of this person: it
    is never told as a reason.
    """
    closed = set(terms.sources.needed_by) - set(terms.sources.allowed(case.applicant.scopes))
    of = {feature.name: feature.dimension for feature in scorer.features}
    shut = {name for name in features if of.get(name) in closed}
    left_out = dict.fromkeys(of[name] for name in features if name in shut)
    served = {name: None if name in shut else value for name, value in features.items()}
    most = _most(terms)
    score = scored_by(scorer, served, len(of) if most else 0)
    causes = tuple(cause for cause in score.causes if cause.feature not in shut)[:most]
    if score.causes and not causes:
        said = WORDS["M_UNSEEN"]
        causes = (Cause(feature="", dimension="", en=said.en, zh=said.zh, excess=0.0),)
    return replace(score, causes=causes), tuple(left_out)


def _row(line: Compared) -> dict[str, object]:
    grades = {
        f"{what}_{priced.grade}": float(getattr(priced, what))
        for what in ("daily_rate", "annual_rate", "cost")
        for priced in line.prices
    }
    return {
        "product": line.product,
        "outcome": line.outcome,
        "against": ", ".join(line.against),
        "mark": line.mark.en if line.mark else "",
        "may_apply": line.eligible,
        "limit": line.limit_fen / YUAN,
        "usable": line.usable_fen / YUAN,
        "amount": line.amount_fen / YUAN,
        "grade": line.own.grade,
        "daily_rate": float(line.own.daily_rate),
        "annual_rate": float(line.own.annual_rate),
        "cost": line.own.cost,
        "cost_low": line.prices[0].cost,
        "cost_high": line.prices[-1].cost,
        "cap": None if line.cap is None else float(line.cap),
        "minutes": line.minutes,
        "income_evidence": line.income_evidence,
        "data_sources": ", ".join(line.data_sources),
        "partner_share": None if line.partner is None else float(line.partner),
        "funded_own": line.own_fen / YUAN,
        "funded_partner": line.partner_fen / YUAN,
        **grades,
        "why": " ".join(reason.en for reason in line.says),
    }
