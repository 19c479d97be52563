"""BoostOptions: how the trees are grown and when to stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from credit.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class BoostOptions:
    """Options of XGBoost that matter here, under their plain names.

    Attributes
    ----------
    rounds : int
        Most trees in one run.
    early_stopping : int
        Rounds without a better validation log-loss before a run ends.
    eta, max_depth, subsample, colsample, reg_lambda, gamma, max_bin
        As in XGBoost (colsample: by tree).
    min_child_weight : float or None
        Least curvature in a leaf. ``None`` follows the rows: rows / 250, between 1 and 20,
        because 20 starves a sample below about 2,000 rows.
    validation_share : float
        Share of the rows that decides when to stop.
    refit : bool
        Fit again on all rows, with 1.1 times the rounds found, for these rows teach too.
    seeds : int
        Boosters fitted with different seeds and averaged in margin space.
    by_dimension : bool
        No tree splits on features of two dimensions, so that the margin is exactly a sum of one
        sub-score a dimension. Every feature then needs a dimension.
    memory_rows : int
        Rows above which a frame is read in batches, and kept as quantiles on disk.
    batch_rows : int
        Rows of such a batch, and of those scored at a time.
    threads : int
        Threads of XGBoost, for fitting and scoring; 0 takes all. One is the default, because
        more make a small fit slower, and many times slower on a machine that is busy.
    bad_weight : float
        How many good rows a bad one counts for while trees grow. Other than 1 it moves every
        probability, so it is refused without ``recalibrate``.
    recalibrate : bool
        Set the margin right again by Platt's line, fitted on the rows that decided when to stop
        and in the weights that were given; the line is in the trees, which stay a forest.
    """

    rounds: int = 1000
    early_stopping: int = 30
    eta: float = 0.05
    max_depth: int = 3
    min_child_weight: float | None = None
    subsample: float = 0.8
    colsample: float = 0.5
    reg_lambda: float = 5.0
    gamma: float = 0.0
    max_bin: int = 128
    validation_share: float = 0.2
    refit: bool = True
    seeds: int = 3
    by_dimension: bool = False
    memory_rows: int = 500_000
    batch_rows: int = 50_000
    threads: int = 1
    bad_weight: float = 1.0
    recalibrate: bool = False

    def __post_init__(self) -> None:
        for name in ("rounds", "early_stopping", "seeds", "max_depth", "memory_rows", "batch_rows"):
            if getattr(self, name) < 1:
                raise ModelError(f"{name} must be at least 1, got {getattr(self, name)}.")
        for name in ("eta", "subsample", "colsample"):
            if not 0 < getattr(self, name) <= 1:
                raise ModelError(f"{name} must be in (0, 1], got {getattr(self, name)}.")
        if not 0 < self.validation_share < 1:
            raise ModelError(f"validation_share must be in (0, 1), got {self.validation_share}.")
        if not self.bad_weight > 0:
            raise ModelError(f"bad_weight must be above 0, got {self.bad_weight}.")
        if self.bad_weight != 1 and not self.recalibrate:
            raise ModelError(
                f"bad_weight: {self.bad_weight:g} multiplies the odds of bad by about as much, so "
                "probabilities and grades would be wrong; it does not make a better ranking. Leave "
                "it at 1, or ask for recalibrate=True."
            )

    def params(self, *, rows: int, seed: int, rate: float) -> dict[str, Any]:
        """Return XGBoost's parameters for a sample of ``rows`` with a bad rate.

        The bad rate is the starting point (``base_score``), stated rather than estimated, so
        that boosters of several seeds start alike and average exactly.
        """
        floor = self.min_child_weight
        return {
            "objective": "binary:logistic",
            "eval_metric": "logloss",
            "tree_method": "hist",
            "base_score": rate,
            "eta": self.eta,
            "max_depth": self.max_depth,
            "min_child_weight": min(20.0, max(1.0, rows / 250)) if floor is None else floor,
            "subsample": self.subsample,
            "colsample_bytree": self.colsample,
            "reg_lambda": self.reg_lambda,
            "gamma": self.gamma,
            "max_bin": self.max_bin,
            "nthread": self.threads,
            "seed": seed,
            "verbosity": 0,
        }
