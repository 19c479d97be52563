"""The checks of an audit for leakage, each on the same rows, split and model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.dataset import Dataset
from credit.engine import Engine
from credit.errors import ConfigError, DataError
from credit.evaluate import auc, bootstrap
from credit.evaluate.intervals import Z
from credit.features.proof.own_data import Looked, as_served
from credit.features.proof.placebo import placebo
from credit.features.window.calendar import fixed_offset, month_start
from credit.pipeline.config import Pipeline
from credit.pipeline.fit import knowledge_of
from credit.pipeline.models import bad_probability, make
from credit.pipeline.tables import Prepared, Progress, open_engine, silent
from credit.pipeline.words import number
from credit.split import Fold

MOST_FALL = 0.005
"""How much AUC may fall when features are as of the time of serving."""

PERMUTATIONS = 3
"""How many times everybody is put at somebody else's place."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOptions:
    """How much an audit looks at: observations drawn at random, and the seed of it all."""

    observations: int = 1_000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.observations < 1:
            raise ConfigError(f"--observations must be at least 1, got {self.observations}.")


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the audit."""

    what: str
    looked_at: str
    found: str
    leaks: bool

    @property
    def row(self) -> list[str]:
        """The line in words, with its verdict."""
        return [self.what, self.looked_at, self.found, "LEAKS" if self.leaks else "holds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What every check looks at."""

    config: Pipeline
    prepared: Prepared
    data: Dataset
    fold: Fold
    options: AuditOptions
    progress: Progress

    @property
    def engine(self) -> Engine:
        """The engine that holds the pipeline's tables."""
        return self.prepared.engine

    def opened(self) -> Engine:
        """Open another engine of the pipeline's kind; its steps are not worth reporting."""
        return open_engine(self.config, silent)

    def spine(self, rows: Ints) -> pd.DataFrame:
        """Return the observations of some rows, numbered as the rows are."""
        return pd.DataFrame(
            {
                "observation_id": rows,
                "customer_id": self.data.person.iloc[rows].to_numpy(),
                "as_of": self.data.as_of.iloc[rows].to_numpy(np.int64),
                "application_id": self.data.application_id.iloc[rows].to_numpy(),
            }
        )

    def fitted(self, X: pd.DataFrame) -> Any:
        """Return the default card, which learns from few rows too, fitted on all columns of X."""
        y = self.data.y.to_numpy(dtype=np.int64)
        shown = replace(self.data, X=X)
        knowledge = knowledge_of(shown, self.prepared.special_codes)
        model = make("card", X, knowledge=knowledge, seed=self.options.seed)
        return model.fit(X.iloc[self.fold.train], y[self.fold.train])

    def outcomes(self, rows: Ints) -> Ints:
        """Return 1 for bad and 0 for good."""
        return self.data.y.iloc[rows].to_numpy(dtype=np.int64)


def drawn(case: Case, rows: Ints) -> Ints:
    """Return some of the rows, in order: as many as an audit looks at."""
    random = np.random.default_rng(case.options.seed)
    return np.sort(random.permutation(rows)[: case.options.observations])


def of_cells(what: str, looked: Looked) -> Check:
    """Say how many cells were looked at, and how many moved."""
    cells, moved = sum(looked.cells.values()), sum(m.count for m in looked.moved.values())
    return Check(
        what,
        f"{cells:,} cells of {len(looked.cells)} features",
        f"{moved:,} moved, {len(looked.moved)} feature(s)" if moved else "0 moved",
        bool(moved),
    )


def of_placebo(case: Case, tied: list[str], model: Any) -> Check:
    """Compare the uplift by the network with that by networks of somebody else.

    Uplift is over columns that know nothing for certain: the same ones, shuffled among the
    applications of a month. Without any such columns a model differs by how strictly it was
    fitted, which alone moved AUC by .004 on a generated world. Several permutations are
    averaged, and their spread widens the interval: people drawn again say nothing of it.
    """
    stage, test, X = "putting people at others' places", case.fold.test, case.data.X
    everybody = case.spine(np.arange(len(X)))
    month = month_start(everybody["as_of"].to_numpy(np.int64), fixed_offset(case.engine.zone))
    scores = {"real": bad_probability(model, X.iloc[test])}
    for turn in range(PERMUTATIONS):
        case.progress(stage, turn / PERMUTATIONS)
        seed = PERMUTATIONS * case.options.seed + turn
        others = placebo(
            case.engine, everybody, case.data.catalogue, case.opened, seed=seed
        )  # fmt: skip
        row = np.random.default_rng(seed).permutation(len(X))
        shuffled = np.empty(len(X), dtype=np.int64)
        shuffled[np.argsort(month, kind="stable")] = row[np.argsort(month[row], kind="stable")]
        for name, columns in (("placebo", others), ("shuffled", X.iloc[shuffled])):
            moved = X.assign(**{one: columns[one].to_numpy() for one in tied})
            scores[f"{name} {turn}"] = bad_probability(case.fitted(moved), moved.iloc[test])
    y, person = case.outcomes(test), case.data.person.iloc[test].to_numpy()

    def uplift(weight: Floats) -> dict[str, float]:
        by = {name: auc(y, score, weight=weight) for name, score in scores.items()}
        plain = np.array([by[f"shuffled {turn}"] for turn in range(PERMUTATIONS)])
        gain = np.array([by[f"placebo {turn}"] for turn in range(PERMUTATIONS)]) - plain
        return {
            "real": by["real"] - plain.mean(),
            "placebo": gain.mean(),
            "between": gain.std(ddof=1) / np.sqrt(PERMUTATIONS),
        }

    found = bootstrap(uplift, len(test), person=person, seed=case.options.seed)
    case.progress(stage, 1.0)
    value, error = found["value"].to_dict(), found["standard_error"].to_dict()
    reach = {
        "real": Z * error["real"],
        "placebo": Z * float(np.hypot(error["placebo"], value["between"])),
    }
    return Check(
        "everybody at somebody else's place",
        f"{len(tied)} features of ties",
        "; ".join(
            f"{word} {value[name]:+.4f} "
            f"[{value[name] - reach[name]:+.4f}, {value[name] + reach[name]:+.4f}]"
            for word, name in (("uplift", "placebo"), ("in place", "real"))
        ),
        value["placebo"] - reach["placebo"] > 0,
    )


def on_the_day(case: Case, model: Any) -> Check:
    """Score some of the test again with features as they could have been on the day."""
    rows = drawn(case, case.fold.test)
    y = case.outcomes(rows)
    if len(np.unique(y)) < 2:
        raise DataError(
            f"--observations {case.options.observations}: those drawn to be scored again are all "
            "good or all bad. Draw more."
        )

    def progress(_stage: str, share: float) -> None:
        case.progress("building as of serving", share)

    told = as_served(
        case.engine, case.spine(rows), case.data.catalogue, case.opened, progress=progress
    )
    tested = case.data.X.iloc[rows]
    served = told[list(tested)].set_axis(tested.index).astype(tested.dtypes)
    before, after = (auc(y, bad_probability(model, X)) for X in (tested, served))
    return Check(
        "scored with features as of serving",
        f"{len(rows):,} applications",
        f"AUC {number(before)} -> {number(after)}",
        before - after > MOST_FALL,
    )
