"""Templates of indicators: an entity's events, a mark that they may bear, an aggregate, windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from credit.feature import Days, Expression, Feature, Measure, Reason, WindowAggregate

User = Literal["rule", "model", "report"]
"""Who looks at an indicator: a line of the policy, the fraud model, the report's activity."""

WINDOWS: dict[str, Days] = {
    "1h": Fraction(1, 24), "6h": Fraction(6, 24), "1d": 1, "7d": 7, "30d": 30, "90d": 90,
}  # fmt: skip
"""The windows of indicators, in days."""

_EN = {
    "1h": "1 hour", "6h": "6 hours", "1d": "1 day", "7d": "7 days", "30d": "30 days",
    "90d": "90 days",
}  # fmt: skip
_ZH = {"1h": "1小时", "6h": "6小时", "1d": "1天", "7d": "7天", "30d": "30天", "90d": "90天"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Whose events: a table, and which of its rows."""

    name: str
    table: str
    en: str
    zh: str
    base: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What an event may be: a condition, and how it is called."""

    name: str
    where: str | None
    en: str
    zh: str
    risk: int = +1


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A measure over windows: one indicator each (``windows`` empty: one over all time)."""

    what: str
    measure: Measure
    windows: tuple[str, ...]
    unit: str
    en: str
    zh: str
    null: str | None = None
    risk: int = +1
    used_by: tuple[User, ...] = ("model",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A feature of the fraud catalogue, and who looks at it besides the policy's lines."""

    feature: Feature
    used_by: tuple[User, ...]


def expand(entity: Entity, templates: Iterable[Template]) -> Iterator[Indicator]:
    """Yield the indicators of some templates."""
    for one in templates:
        measure = replace(one.measure, base=entity.base)
        for window in one.windows or (None,):
            feature = WindowAggregate(
                name="_".join(filter(None, ("fraud", entity.name, one.what, window))),
                dimension="fraud",
                label=_capital(f"{one.en}{_last(window)}"),
                unit=one.unit,
                null_means=f"{one.null}{_last(window)}" if one.null else "never null: none is 0",
                risk=one.risk,
                reason=Reason(
                    en=f"Unusual: {one.en}{_last(window)}",
                    zh=f"{_near(window)}{one.zh}异常",
                ),
                table=entity.table,
                days=None if window is None else WINDOWS[window],
                measure=measure,
            )
            yield Indicator(feature=feature, used_by=one.used_by)


def counts(entity: Entity, marks: Iterable[Mark], *windows: str) -> Iterator[Template]:
    """Yield how many events bear each mark."""
    for mark in marks:
        yield Template(
            what=f"{mark.name}_count", measure=Measure(aggregate="count", where=mark.where),
            windows=windows, unit="count", en=f"{entity.en} {mark.en}",
            zh=f"{entity.zh}{mark.zh}次数", risk=mark.risk,
        )  # fmt: skip


def shares(entity: Entity, marks: Iterable[Mark], *windows: str) -> Iterator[Template]:
    """Yield the share of events that bear each mark."""
    for mark in marks:
        yield Template(
            what=f"{mark.name}_share",
            measure=Measure(aggregate="count", where=mark.where, per="1"),
            windows=windows, unit="share", en=f"share of {entity.en} {mark.en}",
            zh=f"{entity.zh}{mark.zh}占比", null=f"no {entity.en}", risk=mark.risk,
        )  # fmt: skip


def sums(entity: Entity, marks: Iterable[Mark], *windows: str) -> Iterator[Template]:
    """Yield the amount of the events that bear each mark."""
    for mark in marks:
        yield Template(
            what=f"{mark.name}_amount",
            measure=Measure(aggregate="sum", value="amount_fen", where=mark.where),
            windows=windows, unit="fen", en=f"amount of {entity.en} {mark.en}".rstrip(),
            zh=f"{entity.zh}{mark.zh}金额", risk=mark.risk,
        )  # fmt: skip


def since(entity: Entity, marks: Iterable[Mark]) -> Iterator[Template]:
    """Yield the days since an event last bore each mark."""
    for mark in marks:
        yield Template(
            what=f"{mark.name}_days_since",
            measure=Measure(aggregate="days_since_last", where=mark.where), windows=(),
            unit="days", en=f"days since {entity.en} {mark.en}", zh=f"距{entity.zh}{mark.zh}天数",
            null=f"no {entity.en} {mark.en} ever", risk=-mark.risk,
        )  # fmt: skip


def distinct(
    entity: Entity, keys: Iterable[tuple[str, str, str, str]], *windows: str
) -> Iterator[Template]:
    """Yield how many different values columns take: (name, column, English, Chinese)."""
    for name, column, en, zh in keys:
        yield Template(
            what=name, measure=Measure(aggregate="distinct", value=column), windows=windows,
            unit="count", en=f"{en} of {entity.en}", zh=f"{entity.zh}{zh}数",
        )  # fmt: skip


def bursts(entity: Entity, whats: Iterable[tuple[str, str, str]]) -> Iterator[Indicator]:
    """Yield how a day compares with a day of the last 30: (indicator, English, Chinese).

    The first word of the entity's name and the indicator make the names of what is compared.
    """
    for what, en, zh in whats:
        stem = f"fraud_{entity.name}_{what}"
        feature = Expression(
            name=f"{stem}_burst_1d_30d",
            dimension="fraud",
            label=_capital(f"{en} of the last day / of a day of the last 30"),
            unit="ratio",
            null_means=f"no {entity.en} of the kind in the last 30 days",
            risk=+1,
            reason=Reason(en=f"Sudden: {en}", zh=f"近1天{zh}较近30天突增"),
            expression=f"{stem}_1d * 30 / {stem}_30d",
        )
        yield Indicator(feature=feature, used_by=("model",))


def _last(window: str | None) -> str:
    return "" if window is None else f", last {_EN[window]}"


def _near(window: str | None) -> str:
    return "" if window is None else f"近{_ZH[window]}"


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
