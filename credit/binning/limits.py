"""What bins may look like: frozen records of limits, and the numbers the search reads of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from credit.errors import ModelError

Trend = Literal["ascending", "descending", "peak", "valley", "none", "auto"]
Divergence = Literal["iv", "js", "hellinger"]
Missing = Literal["own", "nearest"]

ORDERS: dict[str, tuple[int, ...]] = {
    "ascending": (1,),
    "descending": (-1,),
    "valley": (-1, 1),
    "peak": (1, -1),
    "none": (0,),
}
"""Trend -> order of the bad rate in each phase: +1 rising, -1 falling, 0 any."""

MISSING: tuple[Missing, ...] = ("own", "nearest")
"""Where missing values may go."""

DIVERGENCES: tuple[Divergence, ...] = ("iv", "js", "hellinger")
"""What a binning may maximise: each is a sum over bins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BinSizes:
    """How large an ordinary bin may be, beside ``BinLimits.min_share``.

    Rows are rows whatever they weigh: a weight of 50 does not make one row fifty witnesses.

    Attributes
    ----------
    max_share : float
        Greatest share of all weight in an ordinary bin.
    min_rows, max_rows : int
        Fewest and most rows in an ordinary bin; ``max_rows`` None is no bound.
    min_goods, min_bads : int
        Fewest rows of each class in an ordinary bin.
    """

    max_share: float = 1.0
    min_rows: int = 0
    max_rows: int | None = None
    min_goods: int = 0
    min_bads: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.max_share <= 1:
            raise ModelError(f"max_share must be in (0, 1], got {self.max_share}.")
        for name in ("min_rows", "min_goods", "min_bads"):
            if getattr(self, name) < 0:
                raise ModelError(f"{name} must be 0 or more rows, got {getattr(self, name)}.")
        if self.max_rows is not None and self.max_rows < max(1, self.min_rows):
            raise ModelError(
                f"max_rows must be at least min_rows and 1, got {self.max_rows} with min_rows "
                f"{self.min_rows}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """What must tell one ordinary bin from the next.

    Attributes
    ----------
    min_difference : float
        Least difference of the bad rates of two neighbours, in the direction of the trend.
    max_p_value : float
        Greatest p-value of the two-sided z-test that two neighbours have one bad rate (pooled
        variance, a weight counts as rows). 1 asks nothing.
    same_order : bool
        Neighbours stand in the same order in every period, and every bin holds weight in every
        period in which the column holds any. Needs the rows' periods when fitting.
    """

    min_difference: float = 0.0
    max_p_value: float = 1.0
    same_order: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.min_difference < 1:
            raise ModelError(f"min_difference must be in [0, 1), got {self.min_difference}.")
        if not 0 < self.max_p_value <= 1:
            raise ModelError(f"max_p_value must be in (0, 1], got {self.max_p_value}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class BinLimits:
    """What bins may look like; one record for every column.

    Attributes
    ----------
    max_bins, min_bins : int
        Most and fewest ordinary bins of a column, special codes and missing values not counted.
    min_share : float
        Least share of all weight in an ordinary bin.
    rare_share : float
        A category below this share of all weight is pooled with the other rare ones; a special
        code or the missing values below it join the bin with the nearest bad rate.
    missing : str
        ``own``: missing values have a bin of their own unless they are rare; ``nearest``: they
        join the ordinary bin with the nearest bad rate, however many they are. The bin's
        evidence stays that of its own rows.
    max_candidates : int
        Most quantile cut points a column of numbers is searched over. A column with no more
        distinct values than this is searched over all of them.
    smoothing : float
        Pseudo-rows of the population's bad rate in every bin: draws small bins to evidence 0.
    trend : str
        Trend of a column with no declared sign: ``ascending``, ``descending``, ``peak``,
        ``valley``, ``none``, or ``auto``, the best of all of them out of fold.
    min_iv : float
        A column with less information value is left out of a scorecard.
    edges : dict of str to tuple of float
        Cut points that mean something (a published threshold), offered beside the quantiles.
    fixed : dict of str to tuple of float
        Cut points that must be there, whatever they cost.
    divergence : str
        What the bins maximise: ``iv`` (Jeffreys), ``js`` (Jensen-Shannon) or ``hellinger``.
    sizes : BinSizes
        Other bounds on the size of a bin.
    neighbours : Neighbours
        What must tell one bin from the next.
    """

    max_bins: int = 8
    min_share: float = 0.02
    rare_share: float = 0.01
    max_candidates: int = 32
    smoothing: float = 20.0
    trend: Trend = "auto"
    min_iv: float = 0.005
    edges: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    min_bins: int = 1
    fixed: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    divergence: Divergence = "iv"
    sizes: BinSizes = BinSizes()
    neighbours: Neighbours = Neighbours()
    missing: Missing = "own"

    def __post_init__(self) -> None:
        for name, least in (("max_bins", 1), ("min_bins", 1), ("max_candidates", 1)):
            if getattr(self, name) < least:
                raise ModelError(f"{name} must be at least {least}, got {getattr(self, name)}.")
        if self.min_bins > self.max_bins:
            raise ModelError(
                f"min_bins must be at most max_bins, got {self.min_bins} and {self.max_bins}."
            )
        for name in ("min_share", "rare_share"):
            if not 0 <= getattr(self, name) < 1:
                raise ModelError(f"{name} must be in [0, 1), got {getattr(self, name)}.")
        if self.min_share > self.sizes.max_share:
            raise ModelError(
                f"min_share must be at most max_share, got {self.min_share} and "
                f"{self.sizes.max_share}."
            )
        if self.smoothing <= 0:
            raise ModelError(
                f"smoothing must be positive, got {self.smoothing}: a bin of good rows alone would "
                "have infinite evidence."
            )
        if self.trend != "auto" and self.trend not in ORDERS:
            raise ModelError(f"trend must be 'auto' or one of {list(ORDERS)}, got {self.trend!r}.")
        _one_of("divergence", self.divergence, DIVERGENCES)
        _one_of("missing", self.missing, MISSING)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Build the record from plain data; lists, as JSON gives them, become tuples."""
        records = {"sizes": BinSizes, "neighbours": Neighbours}
        values: dict[str, Any] = {}
        for name, value in plain.items():
            if name in records:
                values[name] = records[name](**value)
            elif isinstance(value, Mapping):
                values[name] = {feature: tuple(cuts) for feature, cuts in value.items()}
            else:
                values[name] = value
        return cls(**values)


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ModelError(f"{name} must be one of {list(known)}, got {value!r}.")
