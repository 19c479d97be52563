"""One experiment on a small generated world, run once and looked at by several tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from credit.pipeline import export as export_module
from credit.pipeline import refusals, shares, train, worth
from credit.pipeline.findings import Findings
from credit.pipeline.train import Result
from credit.pipeline.words import Printed

PIPELINE = """
name = "small"
seed = 3
[source]
kind = "world"
people = 1500
months = 36
[split]
kind = "out_of_time"
test_from = 2023-01-01
[economics]
loss_given_default = 0.6
margin = 0.065
cost = 0.015
[fairness]
column = "sex"
reference = "male"
approval_rate = 0.7
[consent]
tolerance_points = 5
[[influences]]
name = "marks of friends"
features = ["social_tagged_*"]
neutral = 0
unit = "touched"
[models.scorecard]
max_bins = 5
[models.xgboost]
trials = 2
"""

CARD_ONLY = PIPELINE.split("[models.xgboost]", maxsplit=1)[0]


@dataclass
class Caught:
    """What a run handed to its last step."""

    outcome: Findings | None = None
    tables: list[Printed] = field(default_factory=list)


@dataclass(kw_only=True)
class Finished:
    """A finished run: where it is, what it returned, what it found, what it reported."""

    home: Path
    result: Result
    outcome: Findings
    tables: list[Printed]
    stages: list[tuple[str, float]]

    @property
    def folder(self) -> Path:
        return self.home / "runs" / "small" / "latest"

    @property
    def world(self) -> Path:
        return self.home / "data" / "world-1500-202101-36-3"


def pipeline(folder: Path, text: str = PIPELINE) -> Path:
    """Write a pipeline file."""
    path = folder / "pipeline.toml"
    path.write_text(text, encoding="utf-8")
    return path


@contextmanager
def few_refits() -> Iterator[pytest.MonkeyPatch]:
    """Refit as seldom as can be for the shares, ask few of the refused: tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shares, "RESAMPLES", 2)
        patch.setattr(shares, "TREE_RESAMPLES", 2)
        patch.setattr(shares, "ROW_RESAMPLES", 5)
        patch.setattr(worth, "RESAMPLES", 20)
        patch.setattr(refusals, "TESTED", 40)
        patch.setattr(refusals, "SOUGHT", 15)
        yield patch


@contextmanager
def caught(*, export: bool) -> Iterator[Caught]:
    """Catch what a run hands to its last step; without ``export`` that step is left out."""
    found = Caught()

    def last_step(outcome, tables, progress):
        found.outcome, found.tables = outcome, list(tables)
        if export:
            return export_module.export(outcome, tables, progress)
        return {}, Printed("", [], [])

    with few_refits() as patch:
        patch.setattr(train, "export", last_step)
        yield found


def run_in(home: Path, **options: object) -> Finished:
    """Run the experiment of ``PIPELINE`` with a folder as the working directory."""
    stages: list[tuple[str, float]] = []
    with caught(export=True) as found, pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        result = train.run(
            pipeline(home), progress=lambda stage, share: stages.append((stage, share)), **options
        )
    assert found.outcome is not None
    return Finished(
        home=home, result=result, outcome=found.outcome, tables=found.tables, stages=stages
    )
