"""Refused applicants in an experiment: an inference beside the models, and its measured error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from credit import reject, world
from credit.dataset import Dataset
from credit.engine import Engine
from credit.errors import ConfigError
from credit.evaluate import auc, jeffreys
from credit.pipeline.comparisons import rows_where
from credit.pipeline.config import Pipeline, microseconds
from credit.pipeline.fit import Fitted
from credit.pipeline.sections import RejectSection
from credit.reject.scores import bad_probability, default_model, fit_weighted
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
        Refused applicants without a loan, of the time the models learn from.
    compared : DataFrame or None
        ``model`` (``accepted alone``, then the method), ``refused_rate`` (mean P(bad) given to
        the refused), ``door_rate`` (to accepted and refused together), ``auc`` (of accepted rows
        held out). None where the tables name no refused applicant.
    granted : tuple of int
        Applicants marked as refused who have a known outcome all the same, and the bad among
        them.
    measured : DataFrame or None
        `credit.reject.measured_error` of every method, where the truth is known.
    """

    method: str
    rows: int
    compared: pd.DataFrame | None
    granted: tuple[int, int] = (0, 0)
    measured: pd.DataFrame | None = None

    @property
    def granted_rate(self) -> tuple[float, float, float]:
        """Bad rate of the refused who were granted all the same, with its Jeffreys interval."""
        count, bads = self.granted
        low, high = jeffreys([bads], [count - bads])
        return bads / count, float(low[0]), float(high[0])


def population_of(truth: world.Truth) -> reject.Population:
    """Return a world's applicants: five indices and the segment are what the lender records."""
    frame = truth.frame
    etas = [name for name in frame.columns if name.startswith("eta_")]
    segments = pd.get_dummies(frame["segment"].astype(str), dtype=float).iloc[:, 1:]
    start = frame["segment"].astype(str).map(truth.facts["intercepts"])
    return reject.Population(
        X=pd.concat([frame[etas], segments], axis=1),
        linear=(start + frame["linear"]).to_numpy(dtype=float),
        sigma=float(truth.facts["frailty_sd"]),
    )


def marked_refused(config: Pipeline, whole: Dataset, engine: Engine) -> Dataset | None:
    """Return the applications that the pipeline marks as refused; None where it names no mark.

    Raises
    ------
    ConfigError
        There is no such column, no application has 1 in it without a loan, or none is named
        though the source is no generated world.
    """
    section = config.reject
    if section is None:
        return None
    if section.refused is None:
        if config.source.kind == "world":
            return None
        raise ConfigError(
            "reject.refused: name the column of the applications that holds 1 for a refused "
            "applicant, such as refused = 'declined'. Refused applications stand in the table of "
            "applications, with their events in the others, and have no loan."
        )
    marked = rows_where(whole, section.refused, engine, key="reject.refused")
    if not (marked.status == "no_loan").any():
        raise ConfigError(
            f"reject.refused = {section.refused!r}: {len(marked)} application(s) hold 1 there and "
            "none of them is without a loan, so nobody's outcome has to be inferred. Bring the "
            "refused applications into the tables, or leave [reject] out."
        )
    return marked


def infer_refused(
    config: Pipeline,
    marked: Dataset | None,
    data: Dataset,
    fold: Fold,
    champion: Fitted,
    truth: world.Truth | None,
) -> Refused | None:
    """Return what the pipeline's inference says of refused applicants; None without ``[reject]``.

    A logistic regression on the champion's contributions, which are numbers without gaps, is
    fitted on accepted rows alone and again with the method; the champion stays what it was.
    """
    section = config.reject
    if section is None:
        return None
    measured = None if truth is None else _measured(truth, config.seed)
    if marked is None:
        return Refused(method=section.method, rows=0, compared=None, measured=measured)
    known = marked.y.notna().to_numpy(dtype=bool)
    waiting = (marked.status == "no_loan").to_numpy(dtype=bool) & _in_time(config, marked)
    if not waiting.any():
        raise ConfigError(
            f"reject.refused = {section.refused!r}: every refused application is later than the "
            "test begins, so none can teach. Test later, or leave [reject] out."
        )
    turned_away = marked.take(waiting)
    compared = _compared(section, turned_away, data, fold, champion, config.seed)
    granted = (int(known.sum()), int(marked.y[known].sum()))
    return Refused(
        method=section.method,
        rows=len(turned_away),
        compared=compared,
        granted=granted,
        measured=measured,
    )


def _in_time(config: Pipeline, marked: Dataset) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which applications were made before the test begins."""
    if config.split.test_from is None:
        return np.ones(len(marked), dtype=bool)
    return (marked.as_of < microseconds(config.split.test_from)).to_numpy(dtype=bool)


def _compared(
    section: RejectSection,
    turned_away: Dataset,
    data: Dataset,
    fold: Fold,
    champion: Fitted,
    seed: int,
) -> pd.DataFrame:
    def design(X: pd.DataFrame) -> pd.DataFrame:
        return champion.model.contributions(X[list(data.X.columns)]).reset_index(drop=True)

    accepted, held_out = (design(data.X.iloc[rows]) for rows in (fold.train, fold.test))
    moving = [name for name, spread in accepted.std(ddof=0).items() if spread > 0]
    refused = design(turned_away.X)[moving]
    y = data.y.to_numpy(dtype=np.int64)
    applications = reject.Applications(accepted=accepted[moving], y=y[fold.train], refused=refused)
    rows = []
    for name, method in (("accepted alone", reject.Nothing()), (section.method, _method(section))):
        found = reject.infer(applications, method, seed=seed)
        model: Any = fit_weighted(default_model(), found.X, found.y, found.weight)
        door = pd.concat([accepted[moving], refused], ignore_index=True)
        rows.append(
            {
                "model": name,
                "refused_rate": found.refused_bad_rate,
                "door_rate": float(bad_probability(model, door).mean()),
                "auc": auc(y[fold.test], bad_probability(model, held_out[moving])),
            }
        )
    return pd.DataFrame(rows)


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
