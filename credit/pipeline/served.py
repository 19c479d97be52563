"""The model MLflow serves: our artifact behind MLflow's pyfunc interface, logged as code.

MLflow runs this file when it loads the model; it needs `credit.runtime` and pandas, no
training library, and unpickles nothing.
"""

from __future__ import annotations

from typing import Any

import mlflow
import pandas as pd

from credit.runtime import load


class ServedModel(mlflow.pyfunc.PythonModel):
    """Score a frame of features by column name: probability of bad, points and grade."""

    def load_context(self, context: Any) -> None:
        """Load the artifact that was logged beside this file."""
        self.scorer = load(context.artifacts["artifact"])

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return one row of scores for each row of the input."""
        del context, params
        columns = {
            str(name): [None if pd.isna(value) else value for value in model_input[name]]
            for name in model_input.columns
        }
        scores = self.scorer.score(columns)
        return pd.DataFrame(
            {
                "probability": scores.probability,
                "points": scores.points,
                "grade": list(scores.grade),
            }
        )


mlflow.models.set_model(ServedModel())
