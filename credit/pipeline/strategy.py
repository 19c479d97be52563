"""Strategies on the book of a finished run: what each approves, loses and earns."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from credit import policy
from credit.decide.money import exact
from credit.decide.sources import SourceTerms
from credit.errors import ConfigError
from credit.evaluate import bootstrap, jeffreys
from credit.pipeline.config import load as load_pipeline
from credit.pipeline.flat import written
from credit.pipeline.scored_book import BookSource, ScoredBook, scored_book
from credit.pipeline.tables import Progress
from credit.policy import Policy
from credit.strategy import (
    FIGURES,
    LIMITS,
    PRICES,
    Capped,
    Simulated,
    Strategy,
    by_segment,
    changes,
    cutoffs,
    decide_book,
    differences,
    prices,
    reckon,
    simulate,
    swaps,
    turned,
    under_cap,
    weighed,
)

RESAMPLES = 500
"""Draws of an interval."""

MULTIPLES = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""By which limits are turned up and down."""

SHIFTS = (0.8, 0.9, 1.0, 1.1, 1.2)
"""By which prices are."""

LAW = "cn-2026"
"""The law whose cap is asked about, and which is laid over a policy that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of a book.

    Attributes
    ----------
    pipeline : Path
    source : BookSource
    policy : str or None
        Of the champion; the pipeline's own where None.
    challenger : str or None
        Policy of the challenger; the champion's where None.
    changes : tuple of str
        ``leaf=value``, laid over the challenger.
    cap : float or None
        What if the law's cap fell to it; 4 x LPR where None.
    """

    pipeline: Path
    source: BookSource
    policy: str | None = None
    challenger: str | None = None
    changes: tuple[str, ...] = ()
    cap: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answered:
    """What strategies do to a book.

    Attributes
    ----------
    name : str
        The pipeline.
    scored : ScoredBook
    champion, challenger : Simulated
    segments : DataFrame
        `credit.strategy.by_segment` of both, with ``bad_rate_low, bad_rate_high`` (Jeffreys, 95 %).
    prices, frontier, limits, shifts : DataFrame
    compared : DataFrame
        A row a figure: ``champion, challenger, difference, low, high`` (95 %, people drawn again).
    swapped : DataFrame
    capped : Capped
    capped_law : str
        The policy under which the cap was asked about.
    sources : DataFrame
        A row a source and reading: `worth_of_sources`.
    """

    name: str
    scored: ScoredBook
    champion: Simulated
    challenger: Simulated
    segments: pd.DataFrame
    prices: pd.DataFrame
    frontier: pd.DataFrame
    limits: pd.DataFrame
    shifts: pd.DataFrame
    compared: pd.DataFrame
    swapped: pd.DataFrame
    capped: Capped
    capped_law: str
    sources: pd.DataFrame


def simulate_pipeline(asked: Asked, progress: Progress) -> Answered:
    """Simulate champion, challenger, sweeps, a lower cap and missing sources on a run's book.

    Without a challenger, the champion with the most profitable cut-off stands against it.

    Raises
    ------
    ConfigError, DataError, PolicyError
        A file, a table, a policy or a change is not what it must be.
    """
    config = load_pipeline(asked.pipeline)
    rules = _policy(asked.policy or config.policy)
    own = Strategy(name="champion", rules=rules)
    cap = _cap(asked.cap)
    challenger = Strategy(
        name="challenger", rules=_policy(asked.challenger) if asked.challenger else rules
    )
    changed = [_change(text) for text in asked.changes]
    scored = scored_book(config, own, asked.source, progress)
    book, on = scored.book, scored.book.days()[1]
    for path, value in changed:
        challenger = challenger.changed(path, value, on)
    progress("champion and every cut-off", 0.0)
    champion, frontier = simulate(book, own), cutoffs(book, own)
    progress("champion and every cut-off", 1.0)
    if asked.challenger is None and not changed:
        challenger = best_cutoff(own, frontier, on)
    progress("challenger", 0.0)
    second = simulate(book, challenger)
    compared = compare(champion, second, scored.person, config.seed)
    progress("challenger", 1.0)
    limits = turned(book, own, LIMITS, MULTIPLES, progress)
    shifts = turned(book, own, PRICES, SHIFTS, progress)
    progress("a lower cap", 0.0)
    lawful = own if "comply.apr_cap" in own.at(on) else _laid(own)
    capped = under_cap(book, lawful, cap)
    progress("a lower cap", 1.0)
    return Answered(
        name=config.name, scored=scored, champion=champion, challenger=second,
        segments=with_intervals(pd.concat([by_segment(one) for one in (champion, second)])),
        prices=prices(champion), frontier=frontier, limits=limits, shifts=shifts,
        compared=compared, swapped=swaps(champion, second), capped=capped,
        capped_law=lawful.rules.name, sources=worth_of_sources(scored, champion, progress),
    )  # fmt: skip


def best_cutoff(strategy: Strategy, frontier: pd.DataFrame, on: date) -> Strategy:
    """Return the strategy that approves up to the most profitable cut-off; none is reviewed."""
    best = float(frontier.loc[frontier["best"], "threshold"].iloc[0])
    at = 0.0 if np.isnan(best) else best
    return strategy.changed(
        "decision.cutoff", {"approve": at, "review": at}, on, name="best cut-off"
    )


def compare(
    champion: Simulated, challenger: Simulated, person: np.ndarray, seed: int
) -> pd.DataFrame:
    """Return each figure of both, and the difference with its interval: people drawn again."""
    once = np.ones(len(champion.book))
    first, second = weighed(champion, once), weighed(challenger, once)
    drawn = bootstrap(
        lambda weight: differences(champion, challenger, weight), len(once), person=person,
        seed=seed, resamples=RESAMPLES,
    )  # fmt: skip
    return pd.DataFrame(
        {
            "figure": FIGURES,
            "champion": [first[name] for name in FIGURES],
            "challenger": [second[name] for name in FIGURES],
            "difference": drawn.loc[list(FIGURES), "value"].to_numpy(),
            "low": drawn.loc[list(FIGURES), "low"].to_numpy(),
            "high": drawn.loc[list(FIGURES), "high"].to_numpy(),
        }
    )


def with_intervals(table: pd.DataFrame) -> pd.DataFrame:
    """Return figures by segment with the Jeffreys interval of the bad rate of those approved."""
    low, high = jeffreys(table["bads"], table["known"] - table["bads"])
    known = table["known"].to_numpy() > 0
    found = table.reset_index(drop=True)
    return found.assign(
        bad_rate_low=np.where(known, low, np.nan), bad_rate_high=np.where(known, high, np.nan)
    )


def worth_of_sources(scored: ScoredBook, champion: Simulated, progress: Progress) -> pd.DataFrame:
    """Return how many decisions change without a source, in two readings.

    ``missing``: its features are missing to the artifact, as if nothing had happened there;
    ``withheld``: the person keeps it, and the run's consent map scores what is left. What the other
    decisions are expected to earn is reckoned by the full scores.
    """
    strategy = champion.strategy
    terms = SourceTerms.of(strategy.at(champion.book.days()[1]))
    held = [source for source in terms.product if source in terms.needed_by.values()]
    lines: list[dict[str, Any]] = []
    for place, source in enumerate(held):
        progress("without a source", place / len(held))
        dimensions = [name for name, needed in terms.needed_by.items() if needed == source]
        missing, emptied = scored.without(dimensions)
        for reading, book in (("missing", missing), ("withheld", scored.withheld(dimensions))):
            if book is None:
                continue
            less = decide_book(book, strategy)
            found = changes(champion, reckon(champion.book, strategy, less))
            said = {"source": source, "reading": reading, "dimensions": ", ".join(dimensions)}
            lines.append({**said, "features": emptied, **found})
    progress("without a source", 1.0)
    return pd.DataFrame(lines)


def write_table(path: Path, found: Answered) -> None:
    """Write the figures by segment of champion and challenger as CSV."""
    with written(path) as partial:
        found.segments.to_csv(partial, index=False)


def _policy(name: str) -> Policy:
    return policy.load(name, base="weilidai")


def _laid(strategy: Strategy) -> Strategy:
    return Strategy(name=strategy.name, rules=_policy(f"{strategy.rules.name}+{LAW}"))


def _cap(asked: float | None) -> Fraction:
    """Return the cap that is asked about: 4 x LPR as the law last known has it."""
    if asked is None:
        law = policy.load(LAW)
        [*_, multiple] = law.versions("comply.lpr_multiple")
        [*_, rate] = law.versions("comply.lpr")
        return exact(rate.value) * exact(max(multiple.value.values()))
    if not 0 < asked <= 1:
        raise ConfigError(f"--cap {asked}: a cap is a share a year above 0 and at most 1: 0.12.")
    return exact(asked)


def _change(text: str) -> tuple[str, Any]:
    """Return the leaf and the value of ``leaf=value``; a value is written as in a policy file."""
    path, equals, value = text.partition("=")
    if not equals or not path.strip() or not value.strip():
        raise ConfigError(f"--set {text!r}: write it as LEAF=VALUE: decision.cutoff.approve=0.05.")
    try:
        read = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError as error:
        if not re.fullmatch(r"[a-z_]+", value.strip()):
            raise ConfigError(
                f"--set {text!r}: {value!r} is no value of a policy file ({error}). Write a "
                "number, true, a word, a [list], or a { name = value } table."
            ) from error
        read = value.strip()
    return path.strip(), read
