"""From a policy's leaves to the figures of the fraud rules: every value is checked here."""

from __future__ import annotations

import re
from typing import Any

from credit.decide.fraud.figures import (
    ACTIONS,
    OWN,
    Coaching,
    Combo,
    Daily,
    FundFlow,
    Line,
    Payments,
)
from credit.decide.fraud.record import KINDS
from credit.decide.leaves import choice, named, table, whole
from credit.decide.money import YUAN, exact
from credit.errors import PolicyError
from credit.policy import InForce

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?)?")
_MINUTE = 60_000_000


def duration(text: str) -> int:
    """Return an ISO 8601 duration of days, hours and minutes in microseconds.

    >>> duration("PT2H") == 2 * duration("PT60M")
    True
    """
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    minutes = 0
    if found:
        days, hours, rest = (int(part or 0) for part in found.groups())
        minutes = (days * 24 + hours) * 60 + rest
    if not minutes:
        raise PolicyError("a time is written as P30D, PT2H or PT30M")
    return minutes * _MINUTE


class Reader:
    """Reads leaves one by one; an error names the leaf, the value and the rule."""

    def __init__(self, figures: InForce) -> None:
        self.figures = figures

    def wrong(self, key: str, rule: str, value: object) -> PolicyError:
        """Return an error that names the leaf."""
        return PolicyError(f"policy {self.figures.policy}: {key}: {rule}, got {value!r}.")

    def levels(self) -> dict[str, str]:
        """Return level -> action, the gravest first."""
        key = "fraud.levels"
        levels = dict(self.figures[key])
        if not levels:
            raise self.wrong(key, "there is at least one level", levels)
        return {
            level: choice(action, f"{key}.{level}", ACTIONS) for level, action in levels.items()
        }

    def level(self, key: str, level: Any) -> str:
        """Return a level that there is."""
        return choice(level, f"{key}: level", self.figures["fraud.levels"])

    def fen(self, key: str, yuan: Any) -> int:
        """Return an amount of yuan in fen."""
        amount = exact(yuan) * YUAN if isinstance(yuan, int | float) else None
        if amount is None or isinstance(yuan, bool) or amount < 0 or amount.denominator != 1:
            raise self.wrong(key, "an amount is yuan, 0 or more, with at most two decimals", yuan)
        return int(amount)

    def duration(self, key: str, text: Any) -> int:
        """Return a duration in microseconds."""
        try:
            return duration(text)
        except PolicyError as error:
            raise self.wrong(key, str(error), text) from error

    def known(self, key: str, names: Any, signals: tuple[str, ...]) -> tuple[str, ...]:
        """Return names of signals, each made by a rule."""
        return tuple(choice(name, f"{key}: signal", sorted(signals)) for name in names)

    def lines(self) -> tuple[Line, ...]:
        """Return the lines over indicators."""
        key, found = "fraud.lines", []
        for raw in self.figures[key]:
            bound = [name for name in ("above", "below") if name in raw]
            if len(bound) != 1:
                raise self.wrong(key, "a line is either above or below", raw)
            table(raw, key, ("signal", "on", "indicator", "level", bound[0]))
            for kind in raw["on"]:
                choice(kind, f"{key}: on", KINDS)
            self.level(key, raw["level"])
            found.append(Line(**{**raw, "on": tuple(raw["on"])}))
        names = [*OWN, *(line.signal for line in found)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise self.wrong(key, "a signal is made by one rule", twice[0])
        return tuple(found)

    def combos(self, signals: tuple[str, ...]) -> tuple[Combo, ...]:
        """Return the combinations."""
        key, found = "fraud.combos", []
        for raw in self.figures[key]:
            table(raw, key, ("all", "within", "level"))
            names = self.known(key, raw["all"], signals)
            if len(set(names)) < 2:
                raise self.wrong(key, "a combination is of at least two signals", list(names))
            level = self.level(key, raw["level"])
            within = self.duration(key, raw["within"])
            found.append(Combo(all=names, within=within, level=level))
        return tuple(found)

    def payments(self) -> Payments:
        """Return the figures of a single payment."""
        figures = self.figures
        night = named(figures, "fraud.night_large_transfer", ("above", "kinds", "level"))
        payee = named(figures, "fraud.new_payee", ("below_days", "above", "level"))
        hours = named(figures, "features.night", ("start_hour", "end_hour"))
        return Payments(
            large_fen=self.fen("fraud.review.single_txn", figures["fraud.review.single_txn"]),
            large_level=self.level("fraud.review.level", figures["fraud.review.level"]),
            night_fen=self.fen("fraud.night_large_transfer", night["above"]),
            night_kinds=tuple(night["kinds"]),
            night_level=self.level("fraud.night_large_transfer", night["level"]),
            night_hours=(hours["start_hour"], hours["end_hour"]),
            payee_days=whole(payee["below_days"], "fraud.new_payee.below_days", low=1),
            payee_fen=self.fen("fraud.new_payee", payee["above"]),
            payee_level=self.level("fraud.new_payee", payee["level"]),
        )

    def daily(self) -> dict[str, Daily]:
        """Return class of merchant -> what a day may hold."""
        key, found = "fraud.merchant", {}
        for name, raw in self.figures[key].items():
            table(raw, f"{key}.{name}", ("daily", "level"))
            level = self.level(f"{key}.{name}", raw["level"])
            found[name] = Daily(fen=self.fen(f"{key}.{name}", raw["daily"]), level=level)
        return found

    def flow(self) -> FundFlow:
        """Return where borrowed money may not go."""
        key = "fraud.fund_flow"
        raw = named(self.figures, key, ("within", "categories", "grades"))
        codes = {mcc: name for name, listed in raw["categories"].items() for mcc in listed}
        grades = tuple(
            (exact(one["above"]), self.level(key, one["level"])) for one in raw["grades"]
        )
        ascending = [share for share, _ in grades]
        if not grades or ascending != sorted(set(ascending)) or not 0 <= ascending[0] < 1:
            raise self.wrong(
                key, "grades are shares from 0 to 1, each above the last", raw["grades"]
            )
        return FundFlow(within=self.duration(key, raw["within"]), categories=codes, grades=grades)

    def coaching(self, signals: tuple[str, ...]) -> Coaching:
        """Return when the guide is shown."""
        key = "fraud.coach"
        raw = named(self.figures, key, ("points", "at", "within", "pause"))
        self.known(key, raw["points"], signals)
        points = {
            name: whole(value, f"{key}.points.{name}", low=1)
            for name, value in raw["points"].items()
        }
        return Coaching(
            points=points,
            at=whole(raw["at"], f"{key}.at", low=1),
            within=self.duration(key, raw["within"]),
            pause=self.duration(key, raw["pause"]),
        )

    def layers(self, signals: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        """Return the layers; every rule stands in exactly one, and none is empty."""
        key = "fraud.layers"
        found = {raw["name"]: self.known(key, raw["signals"], signals) for raw in self.figures[key]}
        placed = [name for names in found.values() for name in names]
        for name in signals:
            if placed.count(name) != 1:
                rule = f"every signal stands in exactly one layer, but {name!r} in"
                raise self.wrong(key, f"{rule} {placed.count(name)}", list(found))
        if not all(found.values()):
            raise self.wrong(key, "a layer has at least one signal", found)
        return found
