"""Boosted trees grown by Spark: the same configuration, the rows on its workers."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xgboost as xgb

from credit.boost import BoostedModel, BoostOptions
from credit.boost.parts import Rows
from credit.engine.spark import local_session
from credit.errors import ModelError

MATRIX, LABEL, WEIGHT, HELD = "matrix", "bad", "weight", "held"

_RENAMED = {"eta": "learning_rate", "seed": "random_state"}
"""XGBoost's parameters that Spark's estimator calls otherwise."""

_OF_SPARK = ("objective", "nthread")
"""Parameters that Spark sets itself."""


def fit_on_spark(
    model: BoostedModel,
    X: Any,
    y: Any,
    *,
    clues: Mapping[str, Any] | None = None,
    scratch: Path | None = None,
) -> BoostedModel:
    """Fit a boosted model, its boosters grown in the Spark session that runs.

    Encoding, the parts that decide when to stop, averaging and explanations are the model's
    own; the result is an ordinary model that needs Spark no more. Quantiles are sketched by
    the workers, so trees differ a little from those grown in one process.

    Parameters
    ----------
    model : BoostedModel
        Not fitted.
    X, y
        As :meth:`BoostedModel.fit` takes them.
    clues : dict, optional
        Its further arguments: order, groups, weights.
    scratch : Path, optional
        A folder that every worker can reach; the system's temporary one does on one machine.

    Raises
    ------
    ConfigError
        PySpark or Java is missing.
    ModelError
        Spark could not grow the trees.
    """
    grown = _SparkGrown(**model.get_params(deep=False))
    grown.scratch = scratch
    grown.fit(X, y, **(clues or {}))
    fitted = BoostedModel(**model.get_params(deep=False))
    fitted.__dict__.update({k: v for k, v in grown.__dict__.items() if k != "scratch"})
    return fitted


class _SparkGrown(BoostedModel):
    """A boosted model that hands its rows to Spark where it would train."""

    scratch: Path | None = None

    def train_one(
        self, params: dict[str, Any], rows: Rows, rounds: int, judge: Rows | None = None
    ) -> xgb.Booster:
        """Grow one booster on Spark's workers; with ``judge``, cut after its best round there."""
        folder = Path(tempfile.mkdtemp(prefix="credit-boost-", dir=self.scratch))
        patience = (self.options or BoostOptions()).early_stopping
        try:
            _written(folder, rows, judge)
            booster = _grown(
                folder, params | {"n_estimators": rounds}, None if judge is None else patience
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        booster.feature_names = list(self.encoder_.outputs)
        if judge is None:
            return booster
        best, score = booster.best_iteration, booster.best_score
        cut = booster[: best + 1]
        cut.set_attr(best_iteration=str(best), best_score=str(score))
        return cut


def _written(folder: Path, rows: Rows, judge: Rows | None) -> None:
    """Write rows as Parquet, one file a piece, the matrix's rows as lists."""
    for held, part in ((False, rows), (True, judge)):
        for number, piece in enumerate(() if part is None else part.pieces()):
            count, width = piece.matrix.shape
            starts = np.arange(count + 1, dtype=np.int32) * width
            columns = {
                MATRIX: pa.ListArray.from_arrays(starts, piece.matrix.ravel()),
                LABEL: piece.bad,
                WEIGHT: piece.weight,
                HELD: np.full(count, held),
            }
            pq.write_table(pa.table(columns), folder / f"{held}-{number:05d}.parquet")


def _grown(folder: Path, params: dict[str, Any], patience: int | None) -> xgb.Booster:
    """Grow one booster from the rows in a folder; with ``patience`` some of them are held."""
    from pyspark.errors import PySparkException
    from xgboost.spark import SparkXGBClassifier

    given = {_RENAMED.get(k, k): v for k, v in params.items() if k not in _OF_SPARK}
    session = local_session()
    with warnings.catch_warnings():  # Spark warns of pandas 3, through which only numbers go
        warnings.simplefilter("ignore", FutureWarning)
        rows = session.read.parquet(str(folder))
        estimator = SparkXGBClassifier(
            features_col=MATRIX,
            label_col=LABEL,
            weight_col=WEIGHT,
            num_workers=session.sparkContext.defaultParallelism,
            validation_indicator_col=None if patience is None else HELD,
            early_stopping_rounds=patience,
            # Files are in the order of rows: a worker must not be left with one kind of them.
            force_repartition=True,
            repartition_random_shuffle=True,
            **given,
        )
        try:
            return estimator.fit(rows).get_booster()
        except PySparkException as error:
            said = str(error).splitlines()[0]
            raise ModelError(f"engine 'spark': the trees could not be grown: {said}") from error
