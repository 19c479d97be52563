"""Reminders before a due day, as records and as a calendar file that phones read (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from credit.decide.clock import EPOCH, MICROSECOND, at
from credit.decide.leaves import items, named, whole
from credit.decide.money import yuan
from credit.decide.repay.retry import clock_time
from credit.decide.repay.schedule import Instalment
from credit.errors import DataError, PolicyError
from credit.feature import Reason
from credit.policy import InForce

LANGUAGES = ("zh", "en")

WORDS: dict[str, Reason] = {
    "R_DUE_SOON": Reason(
        en="{amount} yuan is due on {due} (instalment {number}). Keep that much in the account "
        "that is debited, and nothing needs to be done on the day.",
        zh="第 {number} 期应还 {amount} 元，还款日为 {due}。"
        "请提前在扣款账户备足余额，到期将自动扣款。",
    ),
    "R_DUE_TODAY": Reason(
        en="{amount} yuan is due today (instalment {number}). It is debited automatically; until "
        "{last} it may also be paid without any charge.",
        zh="第 {number} 期应还 {amount} 元，今日到期，将自动扣款；最迟 {last} 还清不产生费用。",
    ),
}
"""What a reminder says, and that an automatic debit does it by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One reminder: its instant in UTC microseconds, and what it is about."""

    at: int
    number: int
    due: date
    amount_fen: int
    en: str
    zh: str

    def plain(self) -> dict[str, str | int]:
        """Return the reminder as JSON has it."""
        return {
            "at": (EPOCH + self.at * MICROSECOND).isoformat(),
            "number": self.number, "due": self.due.isoformat(), "amount_fen": self.amount_fen,
            "en": self.en, "zh": self.zh,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderTerms:
    """How many days before a due day, and at what time of day."""

    days_before: tuple[int, ...]
    hour: int
    minute: int
    grace_days: int
    zone: str

    @classmethod
    def of(cls, figures: InForce) -> ReminderTerms:
        """Read and check ``repay.reminder``."""
        leaf = named(figures, "repay.reminder", ("days_before", "at"))
        where = "repay.reminder.days_before"
        days = tuple(whole(item, where) for item in items(leaf["days_before"], where))
        if sorted(set(days), reverse=True) != list(days):
            raise PolicyError(f"{where}: {list(days)} must fall from item to item.")
        hour, minute = clock_time(leaf["at"], "repay.reminder.at")
        return cls(
            days_before=days, hour=hour, minute=minute,
            grace_days=whole(figures["repay.grace"]["days"], "repay.grace.days"),
            zone=str(figures["calendar.zone"]),
        )  # fmt: skip


def reminders(
    instalments: Iterable[Instalment], terms: ReminderTerms, *, after: int
) -> tuple[Reminder, ...]:
    """Return the reminders of instalments, in time order; none up to the instant ``after``."""
    found = []
    for line in instalments:
        for days in terms.days_before:
            moment = at(
                line.due - timedelta(days=days), terms.zone, hour=terms.hour, minute=terms.minute
            )
            if moment <= after or not line.total_fen:
                continue
            words = WORDS["R_DUE_SOON" if days else "R_DUE_TODAY"]
            facts = {
                "amount": yuan(line.total_fen), "due": line.due.isoformat(),
                "number": line.number,
                "last": (line.due + timedelta(days=terms.grace_days)).isoformat(),
            }  # fmt: skip
            found.append(
                Reminder(
                    at=moment,
                    number=line.number,
                    due=line.due,
                    amount_fen=line.total_fen,
                    en=words.en.format(**facts),
                    zh=words.zh.format(**facts),
                )
            )
    return tuple(sorted(found, key=lambda one: (one.at, one.number)))


def calendar(
    reminders: Iterable[Reminder], *, loan: str, stamped_at: int, language: str = "zh"
) -> str:
    """Return an iCalendar file with one event a reminder.

    Parameters
    ----------
    reminders : iterable of Reminder
    loan : str
        Names the loan; with instalment and instant it makes an event's id, so that a file read
        twice adds nothing.
    stamped_at : int
        When the file was made, UTC microseconds.
    language : {"zh", "en"}

    Returns
    -------
    str
        Lines end with CR LF, and none is longer than 75 octets.
    """
    if language not in LANGUAGES:
        raise DataError(f"language must be one of {LANGUAGES}, got {language!r}.")
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//credit//repayment//EN"]
    for one in reminders:
        text = one.zh if language == "zh" else one.en
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_text(loan)}-{one.number}-{one.at}@credit",
            f"DTSTAMP:{_instant(stamped_at)}",
            f"DTSTART:{_instant(one.at)}",
            "DURATION:PT15M",
            f"SUMMARY:{_text(text)}",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            f"DESCRIPTION:{_text(text)}",
            "TRIGGER:PT0S",
            "END:VALARM",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _instant(microseconds: int) -> str:
    return f"{EPOCH + microseconds * MICROSECOND:%Y%m%dT%H%M%SZ}"


def _text(words: str) -> str:
    for sign in ("\\", ";", ","):
        words = words.replace(sign, f"\\{sign}")
    return words.replace("\r\n", "\\n").replace("\n", "\\n")


def _folded(line: str) -> str:
    """Break a line into pieces of at most 75 octets, never inside a character."""
    pieces, piece, size = [], "", 0
    for sign in line:
        width = len(sign.encode())
        if size + width > 75:
            pieces.append(piece)
            piece, size = " ", 1
        piece, size = piece + sign, size + width
    return "\r\n".join([*pieces, piece])
