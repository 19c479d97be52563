"""An appeal replayed: the old decision proven, then decided with new evidence, then compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from credit import policy
from credit.decide.case import patched
from credit.decide.decision import Decision
from credit.decide.money import yuan
from credit.errors import DataError
from credit.pipeline.case_file import check_language, read_document
from credit.pipeline.decide import Decided, Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One thing that new evidence changed."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Appealed:
    """The decision as it was and as it is with the evidence, and what differs."""

    before: Decided
    after: Decided
    changes: tuple[Changed, ...]


def appeal_file(
    decision: Path, evidence: Path, *, artifact: Path | None, language: str = "en"
) -> Appealed:
    """Decide again with new evidence.

    Parameters
    ----------
    decision : Path
        What `credit decide -o` wrote: the case and its decision.
    evidence : Path
        A JSON object laid over the case (a merge patch, RFC 7386): corrected facts, new documents,
        a later ``instant``.
    artifact : Path or None
        The one that scored.
    language : {"en", "zh"}

    Raises
    ------
    DataError
        The old decision does not come out again: the policy or the artifact is another one.
    """
    check_language(language)
    document = read_document(decision)
    if not isinstance(document.get("case"), dict) or not isinstance(document.get("decision"), dict):
        raise DataError(
            f"{decision}: holds no case with its decision. Give the file that credit decide wrote."
        )
    said = document["decision"]
    desk = Desk(artifact, policy.load(str(said.get("policy"))))
    before = desk.decide(document["case"])
    _prove(decision, said, before.decision)
    after = desk.decide(patched(document["case"], read_document(evidence)))
    return Appealed(
        before=before, after=after, changes=differences(before.decision, after.decision)
    )


def _prove(path: Path, said: Mapping[str, Any], again: Decision) -> None:
    """Refuse to go on where the decision on file is not what comes out today."""
    found = again.plain()
    wrong = [name for name in found if found[name] != said.get(name)]
    if wrong:
        name = wrong[0]
        raise DataError(
            f"{path}: decided again, {name} is {found[name]!r:.80} and was {said.get(name)!r:.80}. "
            "An appeal is decided under the rules of the decision: give its policy and artifact."
        )


def differences(before: Decision, after: Decision) -> tuple[Changed, ...]:
    """Return what differs between two decisions, in the order in which a person reads them."""
    pairs = [
        ("outcome", before.outcome, after.outcome),
        ("against you", ", ".join(before.grounds), ", ".join(after.grounds)),
        *_checks(before, after),
        ("points", _points(before), _points(after)),
        ("grade of the price", _grade(before), _grade(after)),
        ("rate a year", _rate(before), _rate(after)),
        ("limit, yuan", yuan(before.limit.limit_fen), yuan(after.limit.limit_fen)),
        ("usable, yuan", yuan(before.shown.usable_fen), yuan(after.shown.usable_fen)),
    ]
    return tuple(
        Changed(what=what, before=old or "-", after=new or "-")
        for what, old, new in pairs
        if old != new
    )


def _checks(before: Decision, after: Decision) -> list[tuple[str, str, str]]:
    words = {True: "kept", False: "broken"}
    old, new = ({check.key: words[check.passed] for check in one.checks} for one in (before, after))
    return [(f"rule {key}", old.get(key, "-"), new.get(key, "-")) for key in {**old, **new}]


def _points(one: Decision) -> str:
    return "" if one.score is None else f"{one.score.points}"


def _grade(one: Decision) -> str:
    return "" if one.price is None else one.price.grade


def _rate(one: Decision) -> str:
    return "" if one.price is None else f"{float(one.price.annual_rate):.2%}"
