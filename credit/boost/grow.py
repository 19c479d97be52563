"""How many trees, then the trees: stop on parts held back, grow again on all rows, average."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
import xgboost as xgb

from credit.boost.forest import average
from credit.boost.options import BoostOptions
from credit.boost.parts import Part, Rows
from credit.calibrate import Calibration, fit_platt
from credit.columns import Floats
from credit.errors import ModelError
from credit.whole import Whole

GROWTH = 1.1
"""Rounds of the refit for each round found: it sees the validation rows too."""

UNGUIDED = 50
"""Rounds where a class has fewer than two rows, so that no validation part can be made."""

Watch = Callable[[int, float], None]
"""Told a part's number and its validation log-loss; what it raises ends the fit."""


class Trainer(Protocol):
    """Grow one booster; with ``judge``, stop where its log-loss no longer falls."""

    def __call__(
        self, params: dict[str, Any], rows: Rows, rounds: int, judge: Rows | None = None
    ) -> xgb.Booster:
        """Return a booster of ``rounds`` trees, or cut after its best one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """A booster, the trees of each seed in it, and what each part said of when to stop."""

    booster: xgb.Booster
    rounds: int
    stopping: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Grower:
    """What every booster of a model shares.

    Attributes
    ----------
    train : Trainer
        Grows one booster, here or elsewhere.
    options : BoostOptions
    constraints : dict
        XGBoost's parameters for signs and dimensions.
    seed : int
    whole : Whole
        Whose rows they are grown from.
    """

    train: Trainer
    options: BoostOptions
    constraints: dict[str, str]
    seed: int
    whole: Whole

    def grow(self, rows: Rows, parts: Sequence[Part], watch: Watch | None = None) -> Grown:
        """Find the number of rounds on the parts, then grow and average a booster a seed.

        Raises
        ------
        ModelError
            Where a recalibration is asked for: no part could be held back, or the held rows
            contradict the margins.
        """
        options = self.options
        stops, held = [], []
        for number, (learn, judge) in enumerate(parts):
            booster = self._stopped(rows.take(learn), rows.take(judge))
            stops.append((booster.num_boosted_rounds(), float(booster.best_score)))
            if options.recalibrate:
                held.append((booster.predict(rows.take(judge).data(), output_margin=True), judge))
            if watch is not None:
                watch(number, stops[-1][1])
        stopping = pd.DataFrame(stops, columns=["rounds", "log_loss"])
        best = int(np.median(stopping["rounds"])) if stops else min(UNGUIDED, options.rounds)
        rounds = max(1, round(best * GROWTH)) if options.refit and parts else best
        learn_all = rows if options.refit or not parts else rows.take(parts[0][0])
        grown = [
            self.train(self._params(learn_all, self.seed + i), self._weighted(learn_all), rounds)
            for i in range(options.seeds)
        ]
        line = _line(held, rows) if options.recalibrate else Calibration()
        return Grown(booster=average(grown, line), rounds=rounds, stopping=stopping)

    def _stopped(self, learn: Rows, judge: Rows) -> xgb.Booster:
        """Return the booster up to its best round on rows held back."""
        return self.train(
            self._params(learn, self.seed),
            self._weighted(learn),
            self.options.rounds,
            self._weighted(judge),
        )

    def _params(self, rows: Rows, seed: int) -> dict[str, Any]:
        weighted = self._weighted(rows)
        mine = [len(rows.bad), weighted.weight @ rows.bad, weighted.weight.sum()]
        count, bad, weight = self.whole.sum(np.array(mine, dtype=np.float64))
        made = self.options.params(rows=int(count), seed=seed, rate=float(bad / weight))
        return made | self.constraints

    def _weighted(self, rows: Rows) -> Rows:
        heavier = self.options.bad_weight
        return rows if heavier == 1 else rows.weighing(np.where(rows.bad == 1, heavier, 1.0))


def _line(held: Sequence[tuple[Floats, Any]], rows: Rows) -> Calibration:
    """Return Platt's line through margins of rows that were held back, in their own weights."""
    if not held:
        raise ModelError(
            "recalibrate: a class has fewer than two rows, so none can be held back to calibrate "
            "on. Leave bad_weight at 1."
        )
    at = np.concatenate([positions for _, positions in held])
    margin = np.concatenate([found for found, _ in held]).astype(np.float64)
    line = fit_platt(margin, rows.bad[at], rows.weight[at])
    if line.slope <= 0:
        raise ModelError(
            f"recalibrate: on the {len(at)} rows held back the margin runs against the outcome "
            f"(slope {line.slope:.3g}), so there is nothing to calibrate. Bring more rows, or "
            "leave bad_weight at 1."
        )
    return line
