"""Which features a card of evidence may hold: frozen records of the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import chi2

from credit.binning import BinLimits
from credit.errors import ModelError

Direction = Literal["forward", "backward", "both"]
Criterion = Literal["aic", "bic", "p_value"]
Compared = Literal["ends", "each"]

DIRECTIONS: tuple[Direction, ...] = ("forward", "backward", "both")
CRITERIA: tuple[Criterion, ...] = ("aic", "bic", "p_value")
COMPARED: tuple[Compared, ...] = ("ends", "each")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepwise:
    """Features enter or leave one at a time, by what they change of the deviance.

    With D the penalised deviance ``2 f`` of :func:`credit.scorecard.fit_logistic`, coefficients
    held at or above zero, a feature enters when D falls by more than a limit and leaves when D
    rises by no more than one: 2 for ``aic``, ``log(weight of all rows)`` for ``bic``, and the
    chi-square(1) quantile of ``enter`` and ``leave`` for ``p_value`` (likelihood-ratio test).

    Attributes
    ----------
    direction : {"forward", "backward", "both"}
        ``forward`` starts from no feature and adds the one that lowers D most; ``backward``
        starts from all and takes away the one that raises D least; ``both`` goes forward, and
        after every entry backward as far as it can.
    criterion : {"aic", "bic", "p_value"}
    enter, leave : float
        Greatest p-values of a feature that enters and of one that stays; ``p_value`` alone
        reads them. ``leave`` is at least ``enter``, or a feature would come and go for ever.
    """

    direction: Direction = "both"
    criterion: Criterion = "aic"
    enter: float = 0.05
    leave: float = 0.1

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise ModelError(f"direction must be one of {DIRECTIONS}, got {self.direction!r}.")
        if self.criterion not in CRITERIA:
            raise ModelError(f"criterion must be one of {CRITERIA}, got {self.criterion!r}.")
        for name in ("enter", "leave"):
            if not 0 < getattr(self, name) < 1:
                raise ModelError(f"{name} must be in (0, 1), got {getattr(self, name)}.")
        if self.leave < self.enter:
            raise ModelError(
                f"leave must be at least enter, got {self.leave} and {self.enter}: a feature "
                "would leave by the p-value it has just entered with."
            )

    def limits(self, rows: float) -> tuple[float, float]:
        """Return the fall of D that is asked to enter and the rise that is asked to stay."""
        if self.criterion == "p_value":
            return float(chi2.isf(self.enter, 1)), float(chi2.isf(self.leave, 1))
        limit = 2.0 if self.criterion == "aic" else float(np.log(rows))
        return limit, limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Rules that leave features out, applied in this order after ``BinLimits.min_iv``.

    Attributes
    ----------
    max_psi : float
        Greatest stability index of a feature's bins between periods; fitting then needs
        ``period``.
    psi : {"ends", "each"}
        ``ends`` compares the last period with the first; ``each`` takes the greatest index of
        one period against all rows.
    max_correlation : float
        Of two features whose evidence is correlated more, by absolute value, the one with less
        information value goes; of equal ones the later column.
    max_vif : float
        While a variance inflation factor is greater, the feature with the greatest goes.
    stepwise : Stepwise, optional
        None takes no steps.
    """

    max_psi: float = np.inf
    psi: Compared = "ends"
    max_correlation: float = 1.0
    max_vif: float = np.inf
    stepwise: Stepwise | None = None

    def __post_init__(self) -> None:
        if not self.max_psi > 0:
            raise ModelError(f"max_psi must be above 0, got {self.max_psi}.")
        if self.psi not in COMPARED:
            raise ModelError(f"psi must be one of {COMPARED}, got {self.psi!r}.")
        if not 0 < self.max_correlation <= 1:
            raise ModelError(f"max_correlation must be in (0, 1], got {self.max_correlation}.")
        if not self.max_vif > 1:
            raise ModelError(
                f"max_vif must be above 1, got {self.max_vif}: 1 is the factor of a feature that "
                "is correlated with no other."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class WoeOptions(BinLimits):
    """Bins of each column by itself, and the rules that choose among the features.

    Given where BinLimits would be: ``Scorecard(binning=WoeOptions(selection=Selection(...)))``
    is a card of evidence as ``Scorecard(binning=BinLimits())`` is, with a choice of features.

    Attributes
    ----------
    selection : Selection
    """

    selection: Selection = Selection()
