"""Refused applicants in an experiment: inferences beside the models, and how wrong they are."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from credit import reject, world
from credit.dataset import Dataset
from credit.evaluate import jeffreys
from credit.pipeline.config import Pipeline
from credit.pipeline.door import ALONE, Door, compared, fits, known, population_of
from credit.pipeline.fit import Fitted
from credit.pipeline.sections import RejectSection
from credit.pipeline.turned_away import TurnedAway
from credit.split import Fold

METHODS: dict[str, reject.Method] = {
    "none": reject.Nothing(),
    "reweighting": reject.Reweighting(),
    "fuzzy augmentation": reject.FuzzyAugmentation(),
    "parcelling": reject.Parcelling(),
    "bivariate probit": reject.BivariateProbit(),
    "self-learning": reject.SelfLearning(),
}
"""Every method, with its own defaults."""

UNDERWRITERS = {
    "sees none": reject.Underwriter(sight=0.0),
    "sees half": reject.Underwriter(sight=0.5),
    "sees all": reject.Underwriter(sight=1.0),
}
"""Three strengths of selection: how much of what no column holds the underwriter sees."""

MEASURED_PEOPLE = 4_000
"""Applicants of a world on which errors are measured; they are drawn anew each time."""

DRAWS = 8
"""Draws of frailty, decisions and outcomes that errors are measured over."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Refused:
    """What was found of refused applicants.

    Attributes
    ----------
    method : str
    rows : int
        Refused applicants of the time the models learn from.
    source : str
        Where the tables say who was refused; empty where nobody was.
    compared : DataFrame or None
        ``model`` (``accepted alone``, the method, and what chance measured, see
        `credit.pipeline.door.fits`), ``refused_rate`` (mean P(bad) given to the refused),
        ``alike_rate`` (to those of them whom the granted stand for), ``door_rate`` (to everybody
        who applied before the test), ``auc`` (of accepted rows held out), ``auc_by_chance``
        (of those approved by chance, held out, with ``_low`` and ``_high``; NaN where they are
        fewer than two bad and two good). None where nobody was refused.
    granted : tuple of int
        Applicants who would have been refused and have a known outcome all the same, and the bad
        among them.
    alike : int
        How many of ``rows`` they stand for.
    by_chance : bool
        Whether the tables say that chance granted them.
    undecided : int
        Applications without a decision, or in review.
    known : DataFrame or None
        The same refusals against the truth, where it is known: see `credit.pipeline.door.known`.
    measured : DataFrame or None
        `credit.reject.measured_error` of every method, where the truth is known and nobody was
        refused.
    """

    method: str
    rows: int
    source: str = ""
    compared: pd.DataFrame | None = None
    granted: tuple[int, int] = (0, 0)
    alike: int = 0
    by_chance: bool = False
    undecided: int = 0
    known: pd.DataFrame | None = None
    measured: pd.DataFrame | None = None

    @property
    def granted_rate(self) -> tuple[float, float, float]:
        """Bad rate of those granted all the same, with its Jeffreys interval."""
        count, bads = self.granted
        low, high = jeffreys([bads], [count - bads])
        return bads / count, float(low[0]), float(high[0])


def infer_refused(
    config: Pipeline,
    away: TurnedAway | None,
    data: Dataset,
    fold: Fold,
    champion: Fitted,
    truth: world.Truth | None,
) -> Refused | None:
    """Return what the pipeline's inference says of refused applicants; None without ``[reject]``.

    A logistic regression on the champion's contributions, which are numbers without gaps, is
    fitted on accepted rows alone and again with the method; the champion stays what it was. Who
    was approved by chance is not among the accepted: what became of them says how many times the
    odds of bad are higher for the refused (`credit.reject.measured_odds`). Where the truth is
    known, every method is held to it.
    """
    section = config.reject
    if section is None:
        return None
    if away is None:
        measured = None if truth is None else _measured(truth, config.seed)
        return Refused(method=section.method, rows=0, compared=None, measured=measured)
    before = away.before(config)
    door = Door.of(away, before, data, fold, champion)
    asked: dict[str, reject.Method] = {ALONE: METHODS["none"]}
    if section.method != "none":
        asked[section.method] = _method(section)
    later = away.later(config)
    told = truth if later.any() else None
    others = {} if told is None else {
        name: method for name, method in METHODS.items() if name not in ("none", *asked)
    }  # fmt: skip
    made = fits(door, asked | others, config.seed)
    shown = made[: len(made) - len(others)]
    return Refused(
        method=section.method,
        rows=len(door.refused),
        source=away.source,
        compared=compared(door, shown),
        granted=(int(away.granted.sum()), int(away.everybody.y[away.granted].sum())),
        alike=int((away.alike & before).sum()),
        by_chance=away.by_chance,
        undecided=away.undecided,
        known=None if told is None else known(door, made, told, later),
    )


def _method(section: RejectSection) -> reject.Method:
    """Return the section's method, with its odds where the method takes any."""
    if section.method == "fuzzy augmentation":
        return reject.FuzzyAugmentation(odds=section.odds)
    if section.method == "parcelling":
        return reject.Parcelling(odds=section.odds)
    return METHODS[section.method]


def _measured(truth: world.Truth, seed: int) -> pd.DataFrame:
    """Return every method's error on applicants drawn from the world's own."""
    people = truth.frame.sample(MEASURED_PEOPLE, replace=True, random_state=seed, ignore_index=True)
    population = population_of(world.Truth(frame=people, facts=truth.facts))
    return reject.measured_error(population, UNDERWRITERS, METHODS, draws=DRAWS, seed=seed)
