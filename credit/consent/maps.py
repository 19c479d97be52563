"""From the parts of a margin that a person gives to the log-odds of bad: plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit

from credit.columns import Floats
from credit.errors import ModelError
from credit.evaluate import Sources
from credit.scorecard import Scale

Authorised = Sequence[str] | pd.DataFrame
"""The sources given: of all rows, or a column of truth values a source and a row a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What hiding may gain: at most ``tolerance`` points, on average among those it would serve.

    Those are the people about whom the hidden sources hold bad news: the sum of these sources'
    parts is above its mean. A scorer cannot see who they are once the sources are hidden, so
    everybody who hides them pays the same penalty, and no guarantee for each person exists
    short of reading whatever is hidden as the worst there is (see decision 0010).
    """

    tolerance: float
    scale: Scale

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance < np.inf:
            raise ModelError(
                f"tolerance must be 0 points or more, got {self.tolerance}: it is the most that "
                "hiding may gain. For no guard at all, give no Guard."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentMap:
    """The log-odds of bad of people who authorise the same sources.

    ::

        margin = intercept + sum of weight_d part_d + penalty

    over the sources given and what is always known. No weight is below 0, so that a sign
    declared for a feature is kept. ``penalty`` is the guard's.
    """

    weights: Mapping[str, float]
    intercept: float
    penalty: float = 0.0

    def margin(self, parts: pd.DataFrame) -> Floats:
        """Return the log-odds of bad of each row; columns without a weight are not read."""
        missing = [name for name in self.weights if name not in parts.columns]
        if missing:
            raise ModelError(f"parts: no column {missing}. They have {list(parts.columns)}.")
        values = parts[list(self.weights)].to_numpy(dtype=np.float64, na_value=np.nan)
        if not np.isfinite(values).all():
            fine = np.isfinite(values).all(axis=0)
            wrong = [name for name, good in zip(self.weights, fine, strict=True) if not good]
            raise ModelError(
                f"parts: {wrong} are authorised or always known, but null in some rows. A source "
                "in which nothing happened has a part of its own; one that is not there was not "
                "authorised: leave it out of what the person authorises."
            )
        return values @ np.array([*self.weights.values()]) + self.intercept + self.penalty


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The maps of every subset of the sources, as plain data.

    Attributes
    ----------
    sources : tuple of str
        What a person may keep.
    maps : mapping
        Subset, in the order of ``sources`` -> its map.
    reference : mapping of str to float
        Mean part of each source on the rows of the fit: above it are bad news.
    guard : Guard or None
    """

    sources: Sources
    maps: Mapping[Sources, ConsentMap]
    reference: Mapping[str, float]
    guard: Guard | None = None

    def margin(
        self, parts: pd.DataFrame, authorised: Authorised, *, before: ArrayLike | None = None
    ) -> Floats:
        """Return the log-odds of bad from the parts of the sources given.

        Parameters
        ----------
        parts : DataFrame (rows x sources and what is always known)
            Parts of sources that a row does not authorise are not read.
        authorised : sequence of str, or DataFrame of bool
        before : array, optional
            The last log-odds of each row under wider consent, where the lender may keep it, NaN
            elsewhere. The margin is then held within the guard's tolerance of it: for a known
            score, hiding gains no row more than that.
        """
        granted, margin = self.granted(authorised, len(parts)), np.empty(len(parts))
        kind = granted @ (1 << np.arange(len(self.sources)))
        for number in np.unique(kind):
            rows = np.flatnonzero(kind == number)
            seen = granted[rows[0]]
            given = tuple(n for n, yes in zip(self.sources, seen, strict=True) if yes)
            margin[rows] = self.maps[given].margin(parts.iloc[rows])
        if before is None:
            return margin
        if self.guard is None:
            raise ModelError("before: without a Guard there is no tolerance to hold it to.")
        last = np.asarray(before, dtype=np.float64)
        least = last - self.guard.tolerance / self.guard.scale.factor
        return np.fmax(margin, least)

    def probability(
        self, parts: pd.DataFrame, authorised: Authorised, *, before: ArrayLike | None = None
    ) -> Floats:
        """Return the probability of bad; see :meth:`margin`."""
        return np.asarray(expit(self.margin(parts, authorised, before=before)))

    def unguarded(self) -> Consent:
        """Return the maps without penalties: true of people who hide for reasons of their own."""
        maps = {given: replace(one, penalty=0.0) for given, one in self.maps.items()}
        return replace(self, maps=maps, guard=None)

    def granted(self, authorised: Authorised, rows: int) -> npt.NDArray[np.bool_]:
        """Return what each row authorises, shape (rows, sources).

        Raises
        ------
        ModelError
            A name that is no source, a source about which nothing is said, or a cell that is
            neither true nor false.
        """
        if isinstance(authorised, str) or not isinstance(authorised, pd.DataFrame | Sequence):
            raise ModelError(
                f"authorised: {authorised!r} must be a sequence of sources, or a table with a "
                "column of truth values for each."
            )
        names = [str(name) for name in authorised]  # a table's columns
        odd = [name for name in names if name not in self.sources]
        if odd or len(set(names)) < len(names):
            raise ModelError(
                f"authorised: {names} must name some of the sources {list(self.sources)}, each "
                "once."
            )
        if not isinstance(authorised, pd.DataFrame):
            given = np.array([source in names for source in self.sources])
            return np.broadcast_to(given, (rows, len(self.sources)))
        if len(authorised) != rows or len(names) < len(self.sources):
            raise ModelError(
                f"authorised: {len(authorised)} rows of {names}, but {rows} rows of "
                f"{list(self.sources)} are needed: whoever was not asked has not authorised."
            )
        certain = [pd.api.types.is_bool_dtype(kind) for kind in authorised.dtypes]
        if not all(certain) or authorised.isna().any(axis=None):
            raise ModelError(
                "authorised: each cell must be true or false, in columns of truth values. A "
                "consent that is not known was not given: write false."
            )
        return authorised[list(self.sources)].to_numpy(dtype=np.bool_)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that :meth:`from_dict` reads back."""
        guard = self.guard and {
            "tolerance": self.guard.tolerance, "scale": self.guard.scale.to_dict(),
        }  # fmt: skip
        maps = [
            {"sources": list(given), **asdict(one), "weights": dict(one.weights)}
            for given, one in self.maps.items()
        ]
        return {
            "sources": list(self.sources),
            "reference": dict(self.reference),
            "guard": guard,
            "maps": maps,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Consent:
        """Build the record from plain data."""
        guard = plain["guard"]
        return cls(
            sources=tuple(plain["sources"]),
            maps={
                tuple(one["sources"]): ConsentMap(
                    weights=one["weights"], intercept=one["intercept"], penalty=one["penalty"]
                )
                for one in plain["maps"]
            },
            reference=plain["reference"],
            guard=guard
            and Guard(tolerance=guard["tolerance"], scale=Scale.from_dict(guard["scale"])),
        )
