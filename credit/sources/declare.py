"""Short forms in which the data sets declare their features.

A feature's dimension is the first word of its name; what a null means follows from its
measure: counts and sums are never null, everything else is null where nothing was seen.
"""

from __future__ import annotations

from dataclasses import dataclass

from credit.feature import (
    Dimension,
    Expression,
    Measure,
    Reason,
    StateAsOf,
    Stated,
    WindowAggregate,
)

EVER = 3_650
"""Days that reach back before the first event of every set here."""

NEVER_NULL = "never null"

Words = tuple[str, str, str]
"""Label, reason in English, reason in Chinese."""


def dimension_of(name: str) -> Dimension:
    """Return the dimension that a feature's name begins with."""
    return name.split("_", 1)[0]  # type: ignore[return-value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """One event table of a data set, and what it means that none of its rows was seen."""

    table: str
    nothing: str
    latest_by: tuple[str, ...] = ("customer_id",)

    def window(
        self, name: str, days: int, measure: Measure, unit: str, risk: int, words: Words
    ) -> WindowAggregate:
        """Declare ``<name>_<days>d`` (``<name>_ever`` for `EVER`) over the last ``days``."""
        label, en, zh = words
        span = "ever" if days == EVER else f"{days}d"
        return WindowAggregate(
            name=f"{name}_{span}",
            dimension=dimension_of(name),
            label=f"{label}, {'ever' if days == EVER else f'{days} days'}",
            unit=unit,
            null_means=self._null_means(measure),
            risk=risk,
            reason=Reason(en=en, zh=zh),
            table=self.table,
            days=days,
            measure=measure,
        )

    def latest(self, name: str, measure: Measure, unit: str, risk: int, words: Words) -> StateAsOf:
        """Declare a measure over the latest visible row of each ``latest_by``."""
        label, en, zh = words
        return StateAsOf(
            name=name,
            dimension=dimension_of(name),
            label=label,
            unit=unit,
            null_means=self._null_means(measure),
            risk=risk,
            reason=Reason(en=en, zh=zh),
            table=self.table,
            measure=measure,
            latest_by=self.latest_by,
        )

    def _null_means(self, measure: Measure) -> str:
        total = measure.per is None and measure.aggregate in ("count", "sum", "distinct")
        return NEVER_NULL if total else self.nothing


def stated(
    name: str, expression: str, unit: str, risk: int, null_means: str, words: Words
) -> Stated:
    """Declare a fact stated on the application, or an expression over such facts."""
    label, en, zh = words
    return Stated(
        name=name,
        dimension=dimension_of(name),
        label=label,
        unit=unit,
        null_means=null_means,
        risk=risk,
        reason=Reason(en=en, zh=zh),
        expression=expression,
    )


def ratio(name: str, expression: str, risk: int, null_means: str, words: Words) -> Expression:
    """Declare a ratio of other features."""
    label, en, zh = words
    return Expression(
        name=name,
        dimension=dimension_of(name),
        label=label,
        unit="ratio",
        null_means=null_means,
        risk=risk,
        reason=Reason(en=en, zh=zh),
        expression=expression,
    )
