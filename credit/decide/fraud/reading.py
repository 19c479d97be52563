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
from credit.decide.money import YUAN, exact
from credit.errors import PolicyError, nearest
from credit.policy import InForce

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?)?")
_MINUTE = 60_000_000


class Reader:
    """Reads leaves one by one; an error names the leaf, the value and the rule."""

    def __init__(self, figures: InForce) -> None:
        self.figures = figures

    def wrong(self, key: str, rule: str, value: object) -> PolicyError:
        """Return an error that names the leaf."""
        return PolicyError(f"policy {self.figures.policy}: {key}: {rule}, got {value!r}.")

    def table(self, key: str, value: Any, needed: tuple[str, ...]) -> dict[str, Any]:
        """Return a table that has exactly these entries."""
        if not isinstance(value, dict) or set(value) != set(needed):
            raise self.wrong(key, f"it is a table of {list(needed)}", value)
        return value

    def levels(self) -> dict[str, str]:
        """Return level -> action, the gravest first."""
        levels = dict(self.figures["fraud.levels"])
        for action in levels.values():
            if action not in ACTIONS:
                raise self.wrong("fraud.levels", f"an action is one of {list(ACTIONS)}", action)
        if not levels:
            raise self.wrong("fraud.levels", "there is at least one level", levels)
        return levels

    def level(self, key: str, level: Any) -> str:
        """Return a level that there is."""
        levels = self.figures["fraud.levels"]
        if level not in levels:
            raise self.wrong(key, f"a level is one of {list(levels)} (fraud.levels)", level)
        return str(level)

    def fen(self, key: str, yuan: Any) -> int:
        """Return an amount of yuan in fen."""
        amount = exact(yuan) * YUAN if isinstance(yuan, int | float) else None
        if amount is None or isinstance(yuan, bool) or amount < 0 or amount.denominator != 1:
            raise self.wrong(key, "an amount is yuan, 0 or more, with at most two decimals", yuan)
        return int(amount)

    def whole(self, key: str, value: Any) -> int:
        """Return a whole number, at least 1."""
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self.wrong(key, "it is a whole number, at least 1", value)
        return value

    def duration(self, key: str, text: Any) -> int:
        """Return an ISO 8601 duration of days, hours and minutes in microseconds."""
        found = _DURATION.fullmatch(text) if isinstance(text, str) else None
        minutes = 0
        if found:
            days, hours, rest = (int(part or 0) for part in found.groups())
            minutes = (days * 24 + hours) * 60 + rest
        if not minutes:
            raise self.wrong(key, "a time is written as P30D, PT2H or PT30M", text)
        return minutes * _MINUTE

    def known(self, key: str, names: Any, signals: tuple[str, ...]) -> tuple[str, ...]:
        """Return names of signals, each made by a rule."""
        for name in names:
            if name not in signals:
                raise PolicyError(
                    f"policy {self.figures.policy}: {key}: no rule makes the signal {name!r}."
                    f"{nearest(name, signals)} There are {sorted(signals)}."
                )
        return tuple(names)

    def lines(self) -> tuple[Line, ...]:
        """Return the lines over indicators."""
        key, found = "fraud.lines", []
        for raw in self.figures[key]:
            bound = [name for name in ("above", "below") if name in raw]
            if len(bound) != 1:
                raise self.wrong(key, "a line is either above or below", raw)
            self.table(key, raw, ("signal", "on", "indicator", "level", bound[0]))
            strange = [kind for kind in raw["on"] if kind not in KINDS]
            if strange:
                raise self.wrong(key, f"a line is on some of {list(KINDS)}", strange[0])
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
            self.table(key, raw, ("all", "within", "level"))
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
        night = self.table(
            "fraud.night_large_transfer",
            figures["fraud.night_large_transfer"],
            ("above", "kinds", "level"),
        )
        payee = self.table(
            "fraud.new_payee", figures["fraud.new_payee"], ("below_days", "above", "level")
        )
        hours = self.table("features.night", figures["features.night"], ("start_hour", "end_hour"))
        return Payments(
            large_fen=self.fen("fraud.review.single_txn", figures["fraud.review.single_txn"]),
            large_level=self.level("fraud.review.level", figures["fraud.review.level"]),
            night_fen=self.fen("fraud.night_large_transfer", night["above"]),
            night_kinds=tuple(night["kinds"]),
            night_level=self.level("fraud.night_large_transfer", night["level"]),
            night_hours=(hours["start_hour"], hours["end_hour"]),
            payee_days=self.whole("fraud.new_payee", payee["below_days"]),
            payee_fen=self.fen("fraud.new_payee", payee["above"]),
            payee_level=self.level("fraud.new_payee", payee["level"]),
        )

    def daily(self) -> dict[str, Daily]:
        """Return class of merchant -> what a day may hold."""
        key, found = "fraud.merchant", {}
        for name, raw in self.figures[key].items():
            self.table(f"{key}.{name}", raw, ("daily", "level"))
            level = self.level(f"{key}.{name}", raw["level"])
            found[name] = Daily(fen=self.fen(f"{key}.{name}", raw["daily"]), level=level)
        return found

    def flow(self) -> FundFlow:
        """Return where borrowed money may not go."""
        key = "fraud.fund_flow"
        raw = self.table(key, self.figures[key], ("within", "categories", "grades"))
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
        raw = self.table(key, self.figures[key], ("points", "at", "within", "pause"))
        self.known(key, raw["points"], signals)
        points = {name: self.whole(key, value) for name, value in raw["points"].items()}
        return Coaching(
            points=points,
            at=self.whole(key, raw["at"]),
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
