"""How wrong each method is, measured where the outcomes of the refused are known.

An underwriter sees the visible risk and part of a frailty that no column holds, and refuses the
worst. The better that sight, the more the refused differ from accepted people of the same X.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import t as student
from sklearn.base import clone

from credit.attainable import expected_auc
from credit.errors import DataError
from credit.reject.applications import Applications, Inferred
from credit.reject.infer import infer
from credit.reject.methods import FuzzyAugmentation, Method, Nothing
from credit.reject.scores import bad_probability, default_model, fit_weighted, measured_odds

Floats = NDArray[np.float64]

LENIENCY = "officer_leniency"
"""Column with the leniency of the officer who decided: it moves decisions and no outcome."""

BY_CHANCE, AT_MEASURED_ODDS = "random approvals", "fuzzy at measured odds"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population:
    """Applicants whose law is known: ``P(bad) = expit(linear + sigma * frailty)``.

    Attributes
    ----------
    X : DataFrame
        What the lender has recorded; numbers without gaps.
    linear : ndarray
        Visible part of the log-odds.
    sigma : float
        Standard deviation of the frailty, which is normal and in no column.
    """

    X: pd.DataFrame
    linear: Floats
    sigma: float

    def __post_init__(self) -> None:
        if len(self.X) != len(self.linear) or not np.isfinite(self.linear).all():
            raise DataError(
                f"linear must hold a finite log-odds for each of the {len(self.X)} rows of X, got "
                f"{len(self.linear)} values."
            )
        if LENIENCY in self.X.columns:
            raise DataError(f"X has a column {LENIENCY!r}, which the bench adds. Rename it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Underwriter:
    """Who decides, and by what.

    Attributes
    ----------
    sight : float
        Share of the frailty that is seen, from 0 (decisions depend on what is recorded) to 1.
    refused : float
        Share of applicants refused.
    noise, leniency : float
        Spread of whim and of the officers' leniency, in standard deviations of the visible
        log-odds.
    by_chance : float
        Share of the refused who are approved at random.
    """

    sight: float
    refused: float = 0.4
    noise: float = 0.5
    leniency: float = 0.5
    by_chance: float = 0.01

    def __post_init__(self) -> None:
        if not 0 <= self.sight <= 1:
            raise DataError(f"sight must lie between 0 and 1, got {self.sight}.")
        if not (0 < self.refused < 1 and 0 <= self.by_chance < 1):
            raise DataError(
                f"refused must lie strictly between 0 and 1 and by_chance in [0, 1), got "
                f"{self.refused} and {self.by_chance}."
            )
        if self.noise < 0 or self.leniency < 0:
            raise DataError(
                f"noise and leniency must be 0 or more, got {self.noise} and {self.leniency}."
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Selection:
    """Decisions on a population, one entry an applicant.

    Attributes
    ----------
    X : DataFrame
        The population's columns and that of `LENIENCY`.
    probability : ndarray
        P(bad) given the frailty drawn.
    y : ndarray of int
        What becomes, or would have become, of the loan.
    accepted, by_chance : ndarray of bool
        Accepted on merit; refused on merit but approved at random.
    """

    X: pd.DataFrame
    probability: Floats
    y: NDArray[np.int64]
    accepted: NDArray[np.bool_]
    by_chance: NDArray[np.bool_]

    @property
    def applications(self) -> Applications:
        """What the lender knows of it, random approvals counted as refused."""
        return Applications(
            accepted=self.X[self.accepted],
            y=self.y[self.accepted],
            refused=self.X[~self.accepted],
            selection_only=(LENIENCY,),
        )


def underwrite(population: Population, underwriter: Underwriter, *, seed: int) -> Selection:
    """Draw frailty, decisions and outcomes.

    An applicant is refused when ``linear + sight * sigma * frailty + spread * (noise * e -
    leniency * officer)`` is among the highest ``refused`` of all, spread the standard deviation
    of ``linear``, and e and officer standard normal.
    """
    random = np.random.default_rng(seed)
    rows = len(population.linear)
    frailty, whim, officer = random.standard_normal((3, rows))
    hidden = population.sigma * frailty
    spread = float(population.linear.std())
    judged = population.linear + underwriter.sight * hidden
    judged = judged + spread * (underwriter.noise * whim - underwriter.leniency * officer)
    accepted = judged <= np.quantile(judged, 1 - underwriter.refused)
    probability = np.asarray(expit(population.linear + hidden))
    return Selection(
        X=population.X.reset_index(drop=True).assign(**{LENIENCY: officer}),
        probability=probability,
        y=(random.random(rows) < probability).astype(np.int64),
        accepted=accepted,
        by_chance=~accepted & (random.random(rows) < underwriter.by_chance),
    )


def measured_error(
    population: Population,
    underwriters: Mapping[str, Underwriter],
    methods: Mapping[str, Method],
    *,
    draws: int = 20,
    seed: int = 0,
    model: Any = None,
) -> pd.DataFrame:
    """Return each method's error under each underwriter, with 95 % intervals over draws.

    Frailty, decisions and outcomes are drawn anew each time; ``model`` (a logistic regression
    by default) is then fitted on what the method returns and scores everybody who applied.

    Returns
    -------
    DataFrame
        ``underwriter, method``, ``true_rate`` (mean P(bad) of the refused), ``inferred_rate``,
        ``bias`` with ``bias_low, bias_high`` (inferred less true), ``door_bias`` with its
        bounds (mean P(bad) of all applicants by the new model, less the truth), ``auc``
        (expected, of all applicants) and ``auc_gain`` with its bounds (over no inference, on the
        same draws), ``draws``. Two rows are added for each underwriter: the bad rate of the
        random approvals, and fuzzy augmentation at the odds measured on them; draws in which
        these ended alike, or there were none, are left out there.
    """
    if draws < 2:
        raise DataError(f"draws must be at least 2 for an interval, got {draws}.")
    chosen = default_model() if model is None else model
    rows = []
    for name, underwriter in underwriters.items():
        figures = pd.DataFrame(
            [
                {"method": method, "draw": number} | found
                for number in range(draws)
                for method, found in _errors(
                    underwrite(population, underwriter, seed=seed + number),
                    {"": Nothing(), **methods},
                    chosen,
                )
            ]
        )
        base = figures[figures["method"] == ""].set_index("draw")["auc"]
        figures["auc_gain"] = figures["auc"] - base.reindex(figures["draw"]).to_numpy()
        rows += [
            {"underwriter": name, "method": method} | _means(part)
            for method, part in figures.groupby("method", sort=False)
            if method
        ]
    return pd.DataFrame(rows)


def _errors(
    drawn: Selection, methods: Mapping[str, Method], model: Any
) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield each method's figures on one draw."""
    applications = drawn.applications
    truth = float(drawn.probability[~drawn.accepted].mean())

    def inferred(method: Method) -> Inferred:
        return infer(applications, method, model=model)

    def figures(found: Inferred) -> dict[str, float]:
        fitted = fit_weighted(clone(model), found.X, found.y, found.weight)
        everybody = bad_probability(fitted, drawn.X[list(found.X.columns)])
        return {
            "true_rate": truth,
            "inferred_rate": found.refused_bad_rate,
            "bias": found.refused_bad_rate - truth,
            "door_bias": float(everybody.mean() - drawn.probability.mean()),
            "auc": expected_auc(drawn.probability, everybody),
        }

    for name, method in methods.items():
        yield name, figures(inferred(method))
    seen = drawn.y[drawn.by_chance]
    if not len(seen):
        return
    rate = float(seen.mean())
    yield BY_CHANCE, {"true_rate": truth, "inferred_rate": rate, "bias": rate - truth}
    if 0 < rate < 1:
        plain = inferred(Nothing()).refused_probability
        odds, _, _ = measured_odds(seen, plain[drawn.by_chance[~drawn.accepted]])
        yield AT_MEASURED_ODDS, figures(inferred(FuzzyAugmentation(odds=odds)))


def _means(part: pd.DataFrame) -> dict[str, float]:
    """Return means over draws, with Student's interval where they are differences."""
    count = len(part)
    found: dict[str, float] = {}
    for name in ("true_rate", "inferred_rate", "bias", "door_bias", "auc", "auc_gain"):
        mean = float(part[name].mean())
        found[name] = mean
        if name in {"bias", "door_bias", "auc_gain"}:
            error = float(part[name].std(ddof=1)) / np.sqrt(count)
            reach = float(student.ppf(0.975, max(count - 1, 1))) * error
            found |= {f"{name}_low": mean - reach, f"{name}_high": mean + reach}
    return found | {"draws": count}
