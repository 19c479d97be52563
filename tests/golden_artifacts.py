"""Golden artifacts: written once a format, loaded by every version after.

    python tests/golden_artifacts.py

writes ``tests/golden/artifacts/<format>-<kind>`` for the format this version writes, an artifact
and beside it ``cases.json``: rows, and what they scored on the day. What is there is never
written again: a new format adds folders, and a fixture that no longer loads is a broken promise.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from credit import artifact, runtime
from credit.blend import BlendedModel
from credit.boost import BoostedModel, BoostOptions
from credit.calibrate import Calibration, default_master_scale
from credit.feature import Catalogue, Reason, Stated
from credit.policy import Policy
from credit.runtime.load import FORMAT
from credit.scorecard import Scale, Scorecard

FOLDER = Path(__file__).resolve().parent / "golden" / "artifacts"
KINDS = ("scorecard", "boosted", "blended")
ROWS = 1_500
REASONS = 4

NAMES = ("sme", "it's", "中文", "back\\slash", "${x}", "n/a")
"""Names that have broken somebody's quotes; the last is a special code."""


@dataclass(frozen=True, kw_only=True)
class Golden:
    """One golden artifact: where it is, and what its rows scored when it was written."""

    name: str
    folder: Path
    columns: dict[str, list[Any]]
    expected: dict[str, Any]


def applicants(rows: int, seed: int) -> pd.DataFrame:
    """Numbers with missing values, signed zeros and a code; names with a missing one."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "income": random.normal(size=rows).round(3),
            "night": random.integers(0, 6, size=rows).astype(np.float64),
            "share": random.choice([-0.0, 0.0, 0.1, 1 / 3, 0.7, 1.0], size=rows),
            "segment": random.choice(np.array(NAMES, dtype=object), size=rows),
        }
    )
    frame.loc[random.random(rows) < 0.1, "income"] = np.nan
    frame.loc[random.random(rows) < 0.05, "night"] = -9.0
    frame.loc[random.random(rows) < 0.05, "share"] = np.nan
    frame.loc[random.random(rows) < 0.05, "segment"] = None
    return frame


def outcome(frame: pd.DataFrame) -> np.ndarray:
    """Draw who turned bad under a known law."""
    risk = frame["segment"].map({name: i / 3 for i, name in enumerate(NAMES)}).astype(float)
    margin = (
        -2.5 - frame["income"].fillna(0) + 0.4 * frame["night"].replace(-9, 3)
        + 1.5 * frame["share"].fillna(0.5) + risk.fillna(0) - 1
    )  # fmt: skip
    return (np.random.default_rng(4).random(len(frame)) < 1 / (1 + np.exp(-margin))).astype(int)


def fitted(kind: str) -> Any:
    """Fit a small model of a kind."""
    frame = applicants(ROWS, 3)
    common: dict[str, Any] = {
        "signs": {"income": -1},
        "special_codes": {"night": [-9], "segment": ["n/a"]},
        "random_state": 1,
    }
    card = Scorecard(**common)
    grown = BoostOptions(rounds=30, eta=0.25, seeds=1, refit=False, threads=1)
    trees = BoostedModel(options=grown, **common)
    if kind != "blended":
        return {"scorecard": card, "boosted": trees}[kind].fit(frame, outcome(frame))
    model = BlendedModel(card=card, trees=trees).fit(frame, outcome(frame))
    # Which of the two wins is no matter here: both are in the artifact.
    model.card_ = card.fit(frame, outcome(frame))
    model.trees_ = trees.fit(frame, outcome(frame))
    model.weights_ = (0.375, 0.625)
    return model


def specification() -> artifact.ArtifactSpec:
    """Return what the golden artifacts say beside the model."""
    night = Stated(
        name="night", dimension="payment", label="Nights", unit="count",
        null_means="no payment", risk=1,
        reason=Reason(en="Payments at night", zh="夜间支付"), expression="night",
    )  # fmt: skip
    return artifact.ArtifactSpec(
        sample=applicants(ROWS, 3),
        scale=Scale(),
        calibration=Calibration(slope=0.9, intercept=-0.05),
        grades=default_master_scale(),
        provenance=artifact.Provenance(
            data_sha256="ab" * 32,
            policy=Policy("weilidai", "a policy", (), "cd" * 32),
            metrics={"auc": {"value": 0.7, "low": 0.65, "high": None}},
            code_version="0.1.0",
        ),
        catalogue=Catalogue((night,)),
        hard_ranges={"share": (0.0, 1.0)},
    )


def hard_columns(scorer: runtime.Scorer, rows: int, seed: int) -> dict[str, list[Any]]:
    """Return rows whose numbers are often a bound of the model, or one of its float32 neighbours.

    Missing values are None; a tenth of the names was never seen.
    """
    frame = applicants(rows, seed)
    random = np.random.default_rng(seed + 1)
    for feature in scorer.features:
        if feature.type == "category":
            frame.loc[random.random(rows) < 0.1, feature.name] = "never seen"
            continue
        at = np.array([*bounds_of(scorer, feature.name), 0.0, -0.0], dtype=np.float64)
        single = at.astype(np.float32)
        up, down = (np.nextafter(single, np.float32(end)) for end in (np.inf, -np.inf))
        near = np.concatenate([at, np.nextafter(at, np.inf), single, up, down])
        low, high = feature.hard_range or (None, None)
        near = near[(near >= (-np.inf if low is None else low))]
        near = near[(near <= (np.inf if high is None else high))]
        chosen = random.random(rows) < 0.4
        frame.loc[chosen, feature.name] = random.choice(near, int(chosen.sum()))
    return {
        str(name): [None if pd.isna(value) else value for value in frame[name].tolist()]
        for name in frame.columns
        if name in {feature.name for feature in scorer.features}
    }


def bounds_of(scorer: runtime.Scorer, feature: str) -> list[float]:
    """Return the numbers at which a model divides a feature."""
    found: list[float] = []
    if scorer.card is not None:
        found += [e for t in scorer.card.terms if t.feature == feature for e in t.edges.tolist()]
    if scorer.boosted is not None:
        boosted, forest = scorer.boosted, scorer.boosted.forest
        columns = [
            i for i, source in enumerate(boosted.inputs)
            if source.feature == feature and source.equals is None
        ]  # fmt: skip
        inner = (forest.left >= 0) & np.isin(forest.feature, columns)
        found += np.unique(forest.threshold[inner].astype(np.float64)).tolist()
    return found


def answers(scorer: runtime.Scorer, columns: dict[str, list[Any]]) -> dict[str, Any]:
    """Return what a scorer says of rows, as plain data."""
    scores = scorer.score(columns, reasons=REASONS)
    return {
        "margin": scores.margin.tolist(),
        "probability": scores.probability.tolist(),
        "points": scores.points.tolist(),
        "grade": scores.grade.tolist(),
        "reasons": [[r.feature for r in row] for row in scores.reasons],
        "excess": [[r.excess for r in row] for row in scores.reasons],
    }


def golden() -> list[Golden]:
    """Return every golden artifact that was ever written."""
    found = []
    for folder in sorted(path.parent for path in FOLDER.glob("*/cases.json")):
        cases = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
        found.append(Golden(name=folder.name, folder=folder / "artifact", **cases))
    return found


def main() -> int:
    for kind in KINDS:
        folder = FOLDER / f"{FORMAT}-{kind}"
        if folder.exists():
            sys.stdout.write(f"{folder.name}: is there already and is never written again\n")
            continue
        artifact.write(folder / "artifact", fitted(kind), specification())
        scorer = runtime.load(folder / "artifact")
        columns = hard_columns(scorer, 80, 21)
        cases = {"columns": columns, "expected": answers(scorer, columns)}
        text = json.dumps(cases, ensure_ascii=False, indent=None, separators=(",", ":"))
        (folder / "cases.json").write_text(text + "\n", encoding="utf-8")
        sys.stdout.write(f"{folder.name}: written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
