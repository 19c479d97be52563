"""What each source of data is worth, how many decisions it changes, and what consent costs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from credit.consent import Consent, Guard, Rows, fit_consent, hiding_table
from credit.errors import CreditError
from credit.evaluate import (
    decision_influence,
    ece,
    every_subset,
    named,
    shapley,
    source_values,
    without_each,
)
from credit.explain import sub_scores
from credit.feature import DIMENSIONS
from credit.pipeline.findings import Findings
from credit.pipeline.fit import CALIBRATION_BADS, Fitted
from credit.pipeline.influences import decisions_of, economics_of, influences_of
from credit.pipeline.words import records

Floats = npt.NDArray[np.float64]

RESAMPLES = 200
"""Draws of people behind an interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What the sources of data are worth, on rows that no model has seen.

    Attributes
    ----------
    label : str
        The model whose parts are weighed: the scorecard.
    bads, rows : int
        Of the rows measured on.
    shapley : DataFrame
        From `credit.evaluate.source_values`, with ``exact`` and ``distance`` (in standard errors),
        AUC only, where the world's ceilings are known.
    without : DataFrame
        From there too; below it the same card told nothing of a source (not ``refitted``).
    decisions : DataFrame
        ``source`` and the columns of `credit.evaluate.decision_influence`.
    consent : Consent
    subsets : DataFrame
        What each consent costs: ``sources, count, auc, ks, log_loss, ece`` (profit), the guard's
        ``penalty_points`` and the ``guarded_ece`` of everybody under it, and ``ceiling``.
    hiding : DataFrame
        ``hidden, share, gain, standard_error, most, honest`` and ``guard`` (whether there is).
    """

    label: str
    bads: int
    rows: int
    shapley: pd.DataFrame
    without: pd.DataFrame
    decisions: pd.DataFrame
    consent: Consent
    subsets: pd.DataFrame
    hiding: pd.DataFrame


class Weighed(NamedTuple):
    """What sources are worth, and what declared groups decide (see `influences_of`)."""

    worth: Worth | None
    influences: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables to write, by the names of their files."""
        found = {"influence": self.influences}
        if self.worth is not None:
            found |= {
                "source-shapley": self.worth.shapley,
                "source-without": self.worth.without,
                "source-decisions": self.worth.decisions,
                "consent-subsets": self.worth.subsets,
                "consent-hiding": self.worth.hiding,
            }
        return {name: table for name, table in found.items() if len(table)}

    def metrics(self) -> dict[str, float]:
        """Return the figures to track, by name."""
        found: dict[str, float] = {}
        if self.worth is not None:
            found = _metrics(self.worth)
        for row in records(self.influences):
            group = re.sub(r"[^A-Za-z0-9]+", "_", row.group)
            found[f"influence_{group}_{row.decision}_{row.unit}"] = row.share
        return {name: float(value) for name, value in found.items() if np.isfinite(value)}


def weigh(findings: Findings) -> Weighed:
    """Return what sources are worth and what declared groups decide, as far as it can be said."""
    return Weighed(worth_of(findings), influences_of(findings))


def worth_of(findings: Findings) -> Worth | None:
    """Return what each source is worth; None, with a note, where it cannot be said.

    Two sources at least must have features, and there must be a scorecard: the parts of its
    margin are weighed anew for each subset of the sources, which takes a second for 32 of them.
    """
    fitted = next((one for one in findings.fitted if one.name == "scorecard"), None)
    if fitted is None:
        findings.notes.append(
            "no value of single sources: the parts of a scorecard are weighed, and there is none."
        )
        return None
    here = set(findings.shared.knowledge.dimensions.values())
    if len(here & set(DIMENSIONS)) < 2:
        return None
    try:
        return _worth(findings, fitted)
    except CreditError as error:
        findings.notes.append(f"no value of single sources: {error}")
        return None


def _worth(findings: Findings, fitted: Fitted) -> Worth:
    data, fold, config = findings.data, findings.fold, findings.config
    parts = sub_scores(fitted.model, data.X, findings.shared.knowledge.dimensions)
    y = data.y.to_numpy(dtype=np.int64)
    consent = _consent(findings, parts, y)
    plain, test = consent.unguarded(), parts.iloc[fold.test]
    settings: dict[str, Any] = {
        "economics": economics_of(config),
        "person": data.person.iloc[fold.test].to_numpy(),
        "seed": config.seed,
        "resamples": RESAMPLES,
    }
    scores = {given: plain.probability(test, given) for given in every_subset(plain.sources)}
    values = source_values(y[fold.test], scores, **settings)
    told_nothing = {
        name: fitted.calibration.apply(
            fitted.margin(data.X.iloc[fold.test]) - (test[name] - plain.reference[name]).to_numpy()
        )
        for name in plain.sources
    }
    same = without_each(
        y[fold.test],
        fitted.probability(data.X.iloc[fold.test]),
        told_nothing,
        refitted=False,
        **settings,
    )
    ceilings = _ceilings(findings, plain)
    return Worth(
        label=fitted.label,
        bads=int(y[fold.test].sum()),
        rows=len(fold.test),
        shapley=_beside_truth(values.shapley, ceilings),
        without=pd.concat([values.without, same], ignore_index=True),
        decisions=_changed(findings, scores, plain.sources),
        consent=consent,
        subsets=_costs(values.subsets, consent, test, y[fold.test], ceilings),
        hiding=_hiding(findings, consent, test),
    )


def _consent(findings: Findings, parts: pd.DataFrame, y: npt.NDArray[np.int64]) -> Consent:
    """Fit the maps on the rows the card learnt from, and their lines on the validation part.

    Where that has few bad rows, or is what is measured on, the lines come from the former too.
    """
    fold, section = findings.fold, findings.config.consent
    held = None
    apart = not np.isin(fold.validation, fold.test).any()
    if apart and y[fold.validation].sum() >= CALIBRATION_BADS:
        held = Rows(parts.iloc[fold.validation], y[fold.validation])
    guard = None
    if section is not None:
        guard = Guard(tolerance=section.tolerance_points, scale=findings.shared.scale)
    return fit_consent(Rows(parts.iloc[fold.train], y[fold.train]), calibrate=held, guard=guard)


def _ceilings(findings: Findings, consent: Consent) -> dict[str, float]:
    """Return subset -> the AUC that the truth allows; empty where that is not known."""
    known = findings.true_ceilings or {}
    wanted = [named(given) for given in consent.maps]
    return known if set(wanted) == set(known) else {}


def _beside_truth(table: pd.DataFrame, ceilings: dict[str, float]) -> pd.DataFrame:
    """Add the exact values, and how far off in standard errors the learnt ones are.

    The error is that of the rows. Fitting the card again to resampled people added 1 to 4 % to
    it (20,000 people, 600 bad loans to learn from), for twice the time of all else here.
    """
    exact: dict[str, float] = {}
    if ceilings:
        exact = shapley({tuple(filter(None, n.split("+"))): v for n, v in ceilings.items()})
    truth = table["source"].map(exact).where(table["metric"] == "auc").astype("float64")
    return table.assign(exact=truth, distance=(table["value"] - truth) / table["standard_error"])


def _changed(
    findings: Findings, scores: dict[tuple[str, ...], Floats], sources: tuple[str, ...]
) -> pd.DataFrame:
    """Return the share of decisions that differ with and without each source."""
    person = findings.data.person.iloc[findings.fold.test].to_numpy()
    tables = []
    for source in sources:
        rest = scores[tuple(name for name in sources if name != source)]
        table = decision_influence(
            scores[sources], rest, np.ones(len(rest), dtype=bool), decisions_of(findings.config),
            unit="all", person=person, seed=findings.config.seed,
        )  # fmt: skip
        tables.append(table[table["unit"] == "all"].assign(source=source))
    found = pd.concat(tables, ignore_index=True)
    return found[["source", *[name for name in found.columns if name != "source"]]]


def _costs(
    subsets: pd.DataFrame,
    consent: Consent,
    test: pd.DataFrame,
    y: npt.NDArray[np.int64],
    ceilings: dict[str, float],
) -> pd.DataFrame:
    wide = subsets.pivot_table(
        index=["sources", "count"], columns="metric", values="value", sort=False
    ).reset_index()
    factor = 0.0 if consent.guard is None else consent.guard.scale.factor
    guarded = {named(given): ece(y, expit(one.margin(test))) for given, one in consent.maps.items()}
    penalty = {named(given): factor * one.penalty for given, one in consent.maps.items()}
    return wide.assign(
        penalty_points=wide["sources"].map(penalty),
        guarded_ece=wide["sources"].map(guarded),
        ceiling=wide["sources"].map(ceilings).astype("float64"),
    ).rename_axis(columns=None)


def _hiding(findings: Findings, consent: Consent, test: pd.DataFrame) -> pd.DataFrame:
    """Return what hiding gains who authorised everything before, with the guard and without."""
    scale = findings.shared.scale
    kinds = {False: consent.unguarded()} | ({True: consent} if consent.guard else {})
    tables = [hiding_table(one, test, scale).assign(guard=guard) for guard, one in kinds.items()]
    found = pd.concat(tables, ignore_index=True)
    return found[found["given"] == named(consent.sources)].drop(columns="given")


def _metrics(worth: Worth) -> dict[str, float]:
    found: dict[str, float] = {}
    for row in records(worth.shapley):
        found[f"source_{row.source}_shapley_{row.metric}"] = row.value
        found[f"source_{row.source}_{row.metric}_errors_from_truth"] = row.distance
    for row in records(worth.without):
        how = "weighed_anew" if row.refitted else "same_card"
        found[f"source_{row.source}_{row.metric}_added_{how}"] = row.difference
    for row in records(worth.decisions):
        found[f"source_{row.source}_{row.decision}_changed"] = row.share
    for row in records(worth.subsets):
        given = row.sources.replace("+", "-") or "none"
        for name in ("auc", "ks", "log_loss", "ece", "penalty_points"):
            found[f"consent_{given}_{name}"] = getattr(row, name)
    for row in records(worth.hiding):
        hidden = row.hidden.replace("+", "-")
        found[f"hiding_{hidden}_{'guarded' if row.guard else 'unguarded'}_gain"] = row.gain
    return found
