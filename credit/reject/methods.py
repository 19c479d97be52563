"""How outcomes of refused applicants may be inferred: one frozen record a method."""

from __future__ import annotations

from dataclasses import dataclass

from credit.errors import ModelError


@dataclass(frozen=True, slots=True)
class Nothing:
    """Leave refused applicants out. The default: every other method rests on an assumption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reweighting:
    """Weigh each accepted row by ``1 / P(accepted | X)``.

    Right where selection depends on X alone and everybody had a chance (inverse probability
    weighting: Horvitz and Thompson 1952; for credit, Banasik and Crook 2005).

    Attributes
    ----------
    floor : float
        Least probability of acceptance a weight is made of.
    """

    floor: float = 0.02

    def __post_init__(self) -> None:
        if not 0 < self.floor < 1:
            raise ModelError(f"floor must lie strictly between 0 and 1, got {self.floor}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzyAugmentation:
    """Add each refused row twice, as bad with weight p and as good with weight 1 - p.

    p comes from the model of the accepted (Siddiqi 2006, Credit Risk Scorecards, ch. 6).

    Attributes
    ----------
    odds : float or tuple of float
        How many times the odds of bad are higher for a refused applicant than for an accepted
        one of the same X; or so many times for each of the refused. 1 assumes nothing hidden;
        :func:`credit.reject.measured_odds` reads it off random approvals.
    """

    odds: float | tuple[float, ...] = 1.0

    def __post_init__(self) -> None:
        for odds in self.odds if isinstance(self.odds, tuple) else (self.odds,):
            _positive("odds", odds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcelling:
    """Deal outcomes at random in each band of the score, at the band's bad rate.

    Bands hold equal numbers of accepted rows; the bad rate of a band is that of its accepted
    rows, its odds multiplied by ``odds`` (Siddiqi 2006, ch. 6).

    Attributes
    ----------
    bands : int
    odds : float
        As in :class:`FuzzyAugmentation`, of all alike.
    """

    bands: int = 10
    odds: float = 1.0

    def __post_init__(self) -> None:
        _positive("odds", self.odds)
        if self.bands < 2:
            raise ModelError(f"bands must be at least 2, got {self.bands}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class BivariateProbit:
    """Fit outcome and acceptance together, their disturbances correlated.

    ::

        accepted = [z gamma + v > 0],   bad = [x beta + u > 0],   corr(u, v) = rho

    by maximum likelihood (Van de Ven and Van Praag 1981; for credit, Boyes, Hoffman and Low
    1989). Refused rows are then added as in :class:`FuzzyAugmentation` with ``P(bad | x,
    refused)``. Without a column in ``selection_only`` rho rests on the shape of the normal
    distribution alone, and is fragile.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfLearning:
    """Label the refused that are surest, fit again, repeat; leave the strangest out.

    Refused rows that an isolation forest of the accepted finds most unlike or most like them are
    left out. In each round a random part of the rest is scored; the safest ``step`` of it become
    good, the riskiest ``step * imbalance`` bad. Both score limits are set in the first round
    (Kozodoi et al. 2019, Shallow self-learning for reject inference, ECML PKDD).

    Attributes
    ----------
    rounds : int
        Most rounds.
    part : float
        Share of the unlabelled rows looked at in a round.
    step : float
        Share of these that become good.
    imbalance : float
        How many become bad for one that becomes good.
    unlike, like : float
        Shares of the refused left out as most unlike and most like the accepted.
    """

    rounds: int = 5
    part: float = 0.5
    step: float = 0.15
    imbalance: float = 0.5
    unlike: float = 0.02
    like: float = 0.05

    def __post_init__(self) -> None:
        _positive("imbalance", self.imbalance)
        if self.rounds < 1:
            raise ModelError(f"rounds must be at least 1, got {self.rounds}.")
        if not (0 < self.part <= 1 and self.step > 0 and self.step * (1 + self.imbalance) <= 1):
            raise ModelError(
                f"part must lie in (0, 1] and step * (1 + imbalance) in (0, 1], got "
                f"{self.part=}, {self.step=}, {self.imbalance=}."
            )
        if min(self.unlike, self.like) < 0 or self.unlike + self.like >= 1:
            raise ModelError(
                f"unlike and like must be 0 or more and sum to less than 1, got {self.unlike} "
                f"and {self.like}."
            )


Method = Nothing | Reweighting | FuzzyAugmentation | Parcelling | BivariateProbit | SelfLearning
"""Any of the records above."""


def _positive(name: str, value: float) -> None:
    if not 0 < value < float("inf"):
        raise ModelError(f"{name} must be positive and finite, got {value}.")
