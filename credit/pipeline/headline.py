"""The table everybody asks for first: one row a model, then the ceiling."""

from __future__ import annotations

from collections.abc import Sequence

from credit.pipeline import words
from credit.pipeline.assess import CEILING, Assessment
from credit.pipeline.fit import Fitted
from credit.pipeline.words import Printed


def headline(assessment: Assessment, fitted: Sequence[Fitted], *, full: bool = False) -> Printed:
    """Return every model's figures with intervals; ``full`` adds Gini, Brier and the ECE's floor.

    The column ``attainable`` is the model's Gini over that of the true probability on the same
    outcomes, where the truth is known.
    """
    labels = {one.name: one.label for one in fitted}
    wide = assessment.metrics.set_index(["model", "metric"])
    rows = []
    for model in dict.fromkeys(assessment.metrics["model"]):
        row = wide.loc[model]
        cells = {
            "model": labels.get(model, model),
            "AUC [95 %]": words.interval(*row.loc["auc", ["value", "low", "high"]]),
            "KS": words.number(row.loc["ks", "value"], 3),
            "log-loss": words.number(row.loc["log_loss", "value"]),
            "ECE": words.number(row.loc["ece", "value"]),
        }
        if full:
            cells |= {
                "ECE floor": words.number(row.loc["ece_floor", "value"]),
                "Gini": words.number(row.loc["gini", "value"]),
                "Brier": words.number(row.loc["brier", "value"]),
            }
        if assessment.ceiling:
            cells["attainable"] = _attainable(assessment, model)
        rows.append(cells)
    title = f"out of sample, {len(assessment.rows):,} applications"
    return Printed(title, list(rows[0]), [list(cells.values()) for cells in rows])


def _attainable(assessment: Assessment, model: str) -> str:
    if model == CEILING:
        return words.percent(1.0)
    alarm = assessment.ceiling[model]
    return words.percent(alarm.share_of_attainable) + (" LEAK?" if alarm.alarm else "")
