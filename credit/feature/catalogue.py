"""Families of features over windows, and sets of features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, TypeVar

from credit.errors import FeatureError
from credit.feature.record import NAME, Action, Feature, Measure, Reason

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

WINDOWS: tuple[int, ...] = (7, 30, 90, 180, 365)
"""The windows in days that families of built-in features run over."""

EACH = -1
"""In place of ``days``: the window of each member of a family (`over`)."""


F = TypeVar("F", bound=Feature)


def over(windows: Iterable[int], *families: F) -> tuple[F, ...]:
    """Return each family once a window, its windows together.

    ``{days}`` in any text of a family becomes the window, and so does `EACH` where a number of
    days is meant, in the feature itself and in the parts of its expression.

    >>> more = over((30, 90), WindowAggregate(
    ...     name="payment_count_{days}d", dimension="payment", label="Payments, {days} days",
    ...     unit="count", null_means="never null: none is 0", risk=0,
    ...     reason=Reason(en="Few payments, {days} days", zh="近{days}天支付较少"),
    ...     table="payments", days=EACH, measure=Measure(aggregate="count"),
    ... ))
    >>> [(one.name, one.days, one.reason.zh) for one in more]
    [('payment_count_30d', 30, '近30天支付较少'), ('payment_count_90d', 90, '近90天支付较少')]
    """
    lengths = tuple(windows)
    return tuple(_member(family, days) for family in families for days in lengths)


D = TypeVar("D", bound="DataclassInstance")


def _member(record: D, days: int) -> D:
    """Return a record with a window in place of ``{days}`` and `EACH`, all the way down."""
    filled: dict[str, object] = {}
    for item in fields(record):
        value = getattr(record, item.name)
        if isinstance(value, str):
            filled[item.name] = value.replace("{days}", str(days))
        elif item.name == "days":
            filled[item.name] = days if value == EACH else value
        elif item.name == "parts":
            filled[item.name] = tuple(_member(part, days) for part in value)
        elif isinstance(value, Reason | Measure | Action):
            filled[item.name] = _member(value, days)
    return replace(record, **filled)


@dataclass(frozen=True)
class Catalogue:
    """An ordered set of features with unique names.

    ``support`` are further features that expressions of the set name; they are computed on the
    way and are no column of the result.
    """

    features: tuple[Feature, ...]
    support: tuple[Feature, ...] = ()
    _index: dict[str, Feature] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index: dict[str, Feature] = {}
        for feature in self.everything:
            if not NAME.fullmatch(feature.name):
                raise FeatureError(f"{feature.name!r} is a family: give it windows with `over`.")
            if feature.name in index:
                raise FeatureError(f"two features are called {feature.name!r}.")
            index[feature.name] = feature
        object.__setattr__(self, "_index", index)

    def __iter__(self) -> Iterator[Feature]:
        return iter(self.features)

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, name: str) -> Feature:
        return self._index[name]

    def __contains__(self, name: object) -> bool:
        return name in self._index

    @property
    def everything(self) -> tuple[Feature, ...]:
        """The features, and those in support of them."""
        return self.features + self.support

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, in order."""
        return tuple(feature.name for feature in self.features)

    @property
    def risk(self) -> dict[str, int]:
        """Feature name -> sign of risk, for those that declare one."""
        return {feature.name: feature.risk for feature in self.features if feature.risk}

    @property
    def dimension(self) -> dict[str, str]:
        """Feature name -> dimension."""
        return {feature.name: feature.dimension for feature in self.features}
