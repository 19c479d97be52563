"""Who stood at the door, accepted and refused, and how models of both rank them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from credit import reject, world
from credit.dataset import Dataset
from credit.evaluate import auc, delong, ks
from credit.pipeline.fit import Fitted
from credit.pipeline.turned_away import Flags, TurnedAway
from credit.reject.scores import bad_probability, default_model, fit_weighted
from credit.split import Fold

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ALONE, AT_MEASURED_ODDS = "accepted alone", "fuzzy augmentation at measured odds"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Door:
    """Who stood at the door, as the champion's contributions tell of them.

    Attributes
    ----------
    data : Dataset
        Labelled rows.
    away : TurnedAway
    champion : Fitted
    accepted, held_out : ndarray
        Rows of ``data``: learnt from, and of the test. Nobody approved by chance is in them.
    by_chance, by_chance_later : ndarray
        Rows of ``data`` approved by chance: before the test, and in it.
    refused : ndarray
        Positions among everybody who applied: refused before the test.
    """

    data: Dataset
    away: TurnedAway
    champion: Fitted
    accepted: Ints
    held_out: Ints
    by_chance: Ints
    by_chance_later: Ints
    refused: Ints

    @classmethod
    def of(
        cls, away: TurnedAway, before: Flags, data: Dataset, fold: Fold, champion: Fitted
    ) -> Door:
        """Divide those who applied; ``before`` says whose refusal was known before the test."""
        drawn = away.everybody.application_id[away.granted & away.by_chance]
        by_chance = np.flatnonzero(data.application_id.isin(drawn))
        learnt = np.concatenate([fold.train, fold.validation])
        return cls(
            data=data, away=away, champion=champion,
            accepted=np.setdiff1d(fold.train, by_chance),
            held_out=np.setdiff1d(fold.test, by_chance),
            by_chance=np.intersect1d(learnt, by_chance),
            by_chance_later=np.intersect1d(fold.test, by_chance),
            refused=np.flatnonzero(before),
        )  # fmt: skip

    @property
    def alike(self) -> Flags:
        """Which of the refused those granted all the same stand for."""
        return self.away.alike[self.refused]

    @property
    def y(self) -> Ints:
        """Outcomes of ``data``."""
        return self.data.y.to_numpy(dtype=np.int64)

    def design(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the champion's contributions, which are numbers without gaps."""
        X = X[list(self.data.X.columns)]
        return self.champion.model.contributions(X).reset_index(drop=True)

    def labelled(self, rows: Ints) -> pd.DataFrame:
        """Return the contributions of rows of ``data``."""
        return self.design(self.data.X.iloc[rows])

    def applied(self, places: Ints) -> pd.DataFrame:
        """Return the contributions of some of everybody who applied."""
        return self.design(self.away.everybody.X.iloc[places])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """A logistic regression on what an inference made of accepted and refused.

    ``refused`` is P(bad) of each refused applicant under the inference.
    """

    name: str
    model: Any
    columns: list[str]
    refused: Floats

    def score(self, design: pd.DataFrame) -> Floats:
        """Return P(bad) of rows of contributions."""
        return np.asarray(bad_probability(self.model, design[self.columns]))


def fits(door: Door, methods: Mapping[str, reject.Method], seed: int) -> list[Fit]:
    """Fit on what each method makes of accepted and refused.

    After ``ALONE`` comes fuzzy augmentation at the odds that those approved by chance before the
    test show against it (`credit.reject.measured_odds`), where some were bad and some good. They
    are the odds of the refused they stand for; of others nothing is known, and nothing assumed.
    """
    accepted = door.labelled(door.accepted)
    columns = [str(name) for name, spread in accepted.std(ddof=0).items() if spread > 0]
    applications = reject.Applications(
        accepted=accepted[columns],
        y=door.y[door.accepted],
        refused=door.applied(door.refused)[columns],
    )

    def fitted(name: str, method: reject.Method) -> Fit:
        found = reject.infer(applications, method, seed=seed)
        return Fit(
            name=name,
            model=fit_weighted(default_model(), found.X, found.y, found.weight),
            columns=columns,
            refused=found.refused_probability,
        )

    made, y = [], door.y[door.by_chance]
    for name, method in methods.items():
        made.append(fitted(name, method))
        if name == ALONE and 0 < y.sum() < len(y):
            stated = made[-1].score(door.labelled(door.by_chance))
            odds, _, _ = reject.measured_odds(y, stated)
            each = tuple(np.where(door.alike, odds, 1.0).tolist())
            made.append(fitted(AT_MEASURED_ODDS, reject.FuzzyAugmentation(odds=each)))
    return made


def compared(door: Door, made: Sequence[Fit]) -> pd.DataFrame:
    """Return what each fit says; see `credit.pipeline.refused.Refused`."""
    learnt = door.labelled(np.concatenate([door.accepted, door.by_chance]))
    everybody = pd.concat([learnt, door.applied(door.refused)], ignore_index=True)
    held_out, y = door.labelled(door.held_out), door.y[door.held_out]
    later = door.y[door.by_chance_later]
    enough = 2 <= later.sum() <= len(later) - 2
    drawn = door.labelled(door.by_chance_later) if enough else None
    return pd.DataFrame(
        {
            "model": fit.name,
            "refused_rate": float(fit.refused.mean()),
            "alike_rate": _mean(fit.refused[door.alike]),
            "door_rate": float(fit.score(everybody).mean()),
            "auc": auc(y, fit.score(held_out)),
        }
        | _by_chance(later, None if drawn is None else fit.score(drawn))
        for fit in made
    )


def _by_chance(y: Ints, score: Floats | None) -> dict[str, float]:
    """Return the AUC among those approved by chance, with its interval; NaN of too few."""
    if score is None:
        return dict.fromkeys(("auc_by_chance", "auc_by_chance_low", "auc_by_chance_high"), np.nan)
    found = delong(y, score)
    return {
        "auc_by_chance": found.value,
        "auc_by_chance_low": found.low,
        "auc_by_chance_high": found.high,
    }


def known(door: Door, made: Sequence[Fit], truth: world.Truth, later: Flags) -> pd.DataFrame:
    """Return how wrong each fit is of the refused, and how it ranks everybody who applied.

    Parameters
    ----------
    door : Door
    made : sequence of Fit
    truth : Truth
        Of the generated world.
    later : ndarray of bool
        Who applied while the test lasted, among everybody.

    Returns
    -------
    DataFrame
        ``model``; ``true_rate`` (mean P(bad) of the refused, frailty known), ``bias`` (what the
        fit says less that), ``alike_true_rate, alike_bias`` (the same of those whom the granted
        stand for); and over those who applied while the test lasted ``auc, ks`` (everybody, the
        refused too) and ``auc_accepted, ks_accepted`` (those whose outcome a lender sees), as
        expected over outcomes.
    """
    everybody = door.away.everybody
    p, places = _true(truth, everybody.application_id), np.flatnonzero(later)
    seen = door.data.application_id.iloc[door.held_out]
    accepted = everybody.application_id.iloc[places].isin(seen).to_numpy(dtype=bool)
    design, true, alike = door.applied(places), p[door.refused], door.alike
    rows = []
    for fit in made:
        score = fit.score(design)
        row = {
            "model": fit.name,
            "true_rate": float(true.mean()),
            "bias": float((fit.refused - true).mean()),
            "alike_true_rate": _mean(true[alike]),
            "alike_bias": _mean((fit.refused - true)[alike]),
        }
        row["auc"], row["ks"] = _ranked(p[places], score)
        row["auc_accepted"], row["ks_accepted"] = _ranked(p[places][accepted], score[accepted])
        rows.append(row)
    return pd.DataFrame(rows)


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else np.nan


def _ranked(p: Floats, score: Floats) -> tuple[float, float]:
    """Return AUC and KS of a score where each row is bad with weight p and good with 1 - p."""
    y = np.repeat([1, 0], len(p))
    both, weight = np.concatenate([score, score]), np.concatenate([p, 1 - p])
    return auc(y, both, weight=weight), ks(y, both, weight=weight)


def _true(truth: world.Truth, application_id: pd.Series) -> Floats:
    """Return P(bad) of applications given their frailty."""
    frame = truth.of(application_id)
    law = population_of(world.Truth(frame=frame, facts=truth.facts))
    return np.asarray(expit(law.linear + law.sigma * frame["frailty"].to_numpy(dtype=float)))


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
