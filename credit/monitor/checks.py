"""What one comparison found, and when it is an alarm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Literal

import pandas as pd

from credit.errors import ConfigError

Area = Literal["score", "features", "gaps", "volume", "reasons", "groups", "outcomes"]

AREAS: tuple[Area, ...] = (
    "score", "features", "gaps", "volume", "reasons", "groups", "outcomes",
)  # fmt: skip
"""What is watched, in the order of every table."""

Measure = Literal["psi", "share", "rows", "ratio", "rate", "brier", "auc"]
"""What ``before`` and ``now`` of a check are."""


FAMILY = 0.01
"""One batch in a hundred of which nothing has changed may raise an alarm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far something must have moved to raise an alarm, and how sure that must be.

    Attributes
    ----------
    family : float
        Probability that a batch of which nothing has changed raises an alarm: see `judged`.
    psi : float
        Of points, grades, a feature or the reasons: the customary line of a small shift.
    missing, unseen : float
        Change of a feature's share of missing values; share of names never seen before.
    volume : float
        Relative change of the rows a day.
    approved : float
        Change of the share approved at the cut-off.
    impact : float
        Change of a group's adverse impact ratio.
    calibration : float
        Relative distance of the bad rate from the probability stated, and of the Brier score
        from the one that true probabilities would have.
    auc : float
        Fall of the AUC.
    """

    family: float = FAMILY
    psi: float = 0.1
    missing: float = 0.05
    unseen: float = 0.01
    volume: float = 0.25
    approved: float = 0.05
    impact: float = 0.1
    calibration: float = 0.25
    auc: float = 0.03

    def __post_init__(self) -> None:
        if not 0 < self.family < 1:
            raise ConfigError(f"family must lie between 0 and 1, got {self.family}.")
        for field in fields(self):
            if not getattr(self, field.name) >= 0:
                raise ConfigError(
                    f"{field.name} must be 0 or more, got {getattr(self, field.name)}: with 0 "
                    "whatever is beyond chance is an alarm."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One comparison.

    Attributes
    ----------
    area : str
        Of `AREAS`.
    name : str
        What is compared: points, grades, a feature, rows, approved, a group, a grade.
    measure : str
        What ``before`` and ``now`` are: of ``psi`` there is no before, ``now`` is the index.
    before, now : float
    effect, least : float
        How far it moved, and from which distance on it matters.
    p_value : float
        How often chance alone moves it as far.
    """

    area: Area
    name: str
    measure: Measure
    before: float
    now: float
    effect: float
    least: float
    p_value: float


def judged(checks: Sequence[Check], *, family: float = FAMILY) -> pd.DataFrame:
    """Return the checks of one batch as a table that says which of them are alarms.

    Where nothing has changed, the probability of any alarm in the whole table is at most
    ``family`` (Bonferroni, in whatever way the checks depend on each other): it is divided evenly
    among the areas that were compared, and within an area evenly among its checks. So two hundred
    features do not make the few checks of outcomes blind. A check is ``beyond_chance`` below its
    ``level``, and an ``alarm`` where it also moved by ``least`` or more: in a large batch every
    shift is beyond chance.

    Returns
    -------
    DataFrame
        The members of `Check`, then ``level``, ``beyond_chance``, ``alarm``; areas in the order of
        `AREAS`, checks in the order given.
    """
    counts = Counter(check.area for check in checks)
    rows = []
    for check in sorted(checks, key=lambda check: AREAS.index(check.area)):
        level = family / len(counts) / counts[check.area]
        beyond = check.p_value < level
        rows.append(
            asdict(check)
            | {
                "level": level,
                "beyond_chance": beyond,
                "alarm": beyond and check.effect >= check.least,
            }
        )
    columns = [field.name for field in fields(Check)] + ["level", "beyond_chance", "alarm"]
    return pd.DataFrame(rows, columns=columns)
