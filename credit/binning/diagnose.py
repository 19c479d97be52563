"""Why a column has one bin: the limit that forbids every cut, and how far to relax it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, floor, log10

import numpy as np
from scipy.stats import norm

from credit.binning.counts import Counts
from credit.binning.rules import Material, Rules, critical
from credit.binning.solve import solve

_HALVINGS = 100
"""Most steps of a bisection; it ends sooner, when four digits are sure."""


@dataclass(frozen=True, slots=True)
class _Case:
    """A search that may or may not have a solution."""

    material: Material
    trend: str
    rules: Rules

    def solved(self) -> bool:
        _, totals = solve(self.material, self.trend, self.rules)
        return bool(np.isfinite(totals[max(2, self.rules.min_bins) - 1 :]).any())

    def ruled(self, **changes: float) -> _Case:
        return replace(self, rules=replace(self.rules, **changes))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """One limit in force: how to set it to another value, the value asked, the one that is free.

    A limit without a value (``asked`` None) can only be dropped, by ``set`` of anything.
    """

    name: str
    set: Callable[[_Case, float], _Case]
    asked: float | None = None
    free: float = 0.0
    whole: bool = False

    def __str__(self) -> str:
        return self.name if self.asked is None else f"{self.name} {self.asked:g}"

    def dropped(self, case: _Case) -> _Case:
        return self.set(case, self.free)

    def nearest(self, case: _Case) -> float:
        """Return the value nearest to the one asked that has a solution, by bisection."""
        strict, loose = float(self.asked or 0.0), float(self.free)
        for _ in range(_HALVINGS):
            if abs(strict - loose) <= (1.0 if self.whole else 1e-4 * abs(loose)):
                break
            middle = (strict + loose) / 2
            middle = float(floor(middle)) if self.whole else middle
            if self.set(case, middle).solved():
                loose = middle
            else:
                strict = middle
        if self.whole:
            return loose
        shortest = float(f"{loose:.3g}")
        if self.set(case, shortest).solved():
            return shortest
        return _rounded(loose, up=loose > strict)


def _rounded(value: float, *, up: bool) -> float:
    """Round to three digits, to the side that relaxes."""
    if value == 0:
        return 0.0
    digits = 2 - floor(log10(abs(value)))
    scaled = value * 10.0**digits
    return float(f"{(ceil(scaled) if up else floor(scaled)) / 10.0**digits:.12g}")


def diagnose(material: Material, rules: Rules, trend: str, counts: Counts) -> str:
    """Say which limit leaves one bin, and how far to relax it.

    Each limit in force is lifted by itself. Where one alone is enough it is named with the
    nearest value that allows a cut; else the smallest set that was found is named.
    """
    case = _Case(material, trend, rules)
    what = "no cut" if rules.min_bins <= 2 else f"no {rules.min_bins} bins"
    limits = _in_force(case, counts)
    alone = [limit for limit in limits if limit.dropped(case).solved()]
    if alone:
        return "; or ".join(f"{m} allows {what}; {_way(m, m.nearest(case))} would" for m in alone)
    if replace(case, trend="none").solved():
        return f"no cut leaves the bad rate {trend}"
    return _together(case, limits, what)


def _way(limit: _Limit, value: float) -> str:
    return "leaving it out" if limit.asked is None else f"{value:g}"


def _in_force(case: _Case, counts: Counts) -> list[_Limit]:
    """Return the limits that ask for something."""
    rules, total = case.rules, float(case.material.prior.sum())
    infinite, most = float("inf"), float(case.material.size)
    shares = [("min_share", "min_weight", 0.0), ("max_share", "max_weight", 1.0)]
    limits = [
        _Limit(
            name=name,
            set=lambda c, v, field=field: c.ruled(**{field: v * total}),  # type: ignore[misc]
            asked=getattr(rules, field) / total,
            free=free,
        )
        for name, field, free in shares
        if 0 < getattr(rules, field) < infinite
    ]
    rows = case.material.counts if case.material.rows is None else case.material.rows
    numbers = [(name, 0.0) for name in ("min_rows", "min_goods", "min_bads")]
    numbers += [("max_rows", float(ceil(rows.sum())))]
    numbers += [("min_bins", 2.0)] * (rules.min_bins > 2) + [("max_bins", most)]
    for name, free in numbers:
        asked = float(getattr(rules, name))
        if 0 < asked < infinite and (name != "max_bins" or asked < most):
            limits.append(_Limit(name=name, set=_setter(name), asked=asked, free=free, whole=True))
    if rules.min_difference > 0:
        name, asked = "min_difference", rules.min_difference
        limits.append(_Limit(name=name, set=_setter(name), asked=asked))
    if rules.min_z > 0:
        asked = float(2 * norm.sf(rules.min_z))
        setter = _tested
        limits.append(_Limit(name="max_p_value", set=setter, asked=asked, free=1.0))
    return limits + _cuts_in_force(case, counts) + _periods_in_force(case, counts)


def _setter(name: str) -> Callable[[_Case, float], _Case]:
    whole = name.endswith("bins")
    return lambda case, value: case.ruled(**{name: int(value) if whole else value})


def _tested(case: _Case, value: float) -> _Case:
    return case.ruled(min_z=critical(value))


def _cuts_in_force(case: _Case, counts: Counts) -> list[_Limit]:
    def without(case: _Case, cut: int) -> _Case:
        left = tuple(c for c in case.material.cuts if c != cut)
        return replace(case, material=replace(case.material, cuts=left))

    return [
        _Limit(name=f"fixed cut {counts.edges[cut]:g}", set=lambda c, _, cut=cut: without(c, cut))  # type: ignore[misc]
        for cut in case.material.cuts
    ]


def _periods_in_force(case: _Case, counts: Counts) -> list[_Limit]:
    """Return same_order in each period that alone is in the way, or as a whole."""
    if not case.rules.same_order:
        return []

    def without(case: _Case, period: int) -> _Case:
        held = case.material.periods.copy()
        held[period] = 0.0  # a period without the column asks nothing
        return replace(case, material=replace(case.material, periods=held))

    single = [
        _Limit(name=f"same_order in period {name}", set=lambda c, _, t=t: without(c, t))  # type: ignore[misc]
        for t, name in enumerate(counts.period_names)
    ]
    found = [limit for limit in single if limit.dropped(case).solved()]
    whole = _Limit(name="same_order", set=lambda c, _: c.ruled(same_order=False))
    return found or [whole]


def _together(case: _Case, limits: list[_Limit], what: str) -> str:
    """Name limits that only together leave a cut when they are relaxed."""
    free = case
    for limit in limits:
        free = limit.dropped(free)
    ending = ""
    if not free.solved():
        free = replace(free, trend="none")
        ending = f" with a bad rate {case.trend}"
    if not free.solved():
        return f"the candidates allow {what}"
    needed: list[_Limit] = []
    kept = replace(case, trend=free.trend)
    for i, limit in enumerate(limits):
        trial = kept
        for later in limits[i + 1 :]:
            trial = later.dropped(trial)
        if not trial.solved():
            needed.append(limit)
            kept = limit.dropped(kept)
    values: list[float] = []
    for i, limit in enumerate(needed):
        open_case = replace(case, trend=free.trend)
        for other, value in zip(needed[:i], values, strict=True):
            open_case = other.set(open_case, value)
        for other in needed[i + 1 :]:
            open_case = other.dropped(open_case)
        values.append(limit.nearest(open_case) if limit.asked is not None else limit.free)
    names = " and ".join(str(limit) for limit in needed)
    way = " with ".join(
        f"{limit.name} {value:g}" if limit.asked is not None else f"no {limit.name}"
        for limit, value in zip(needed, values, strict=True)
    )
    return f"{names} together allow {what}{ending}; {way} would"
