"""A case: all that a decision looks at, which is a person at an instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from credit.decide.document import plain, record, sha256
from credit.decide.eligibility import Applicant
from credit.decide.fraud import Event
from credit.decide.limit import LimitFacts
from credit.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a score is worse than the reference, strongest first; ``excess`` is in log-odds."""

    feature: str
    dimension: str
    en: str
    zh: str
    excess: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What a model says of the person, and which model: the SHA-256 of its manifest."""

    probability: float
    points: int
    grade: str
    artifact: str
    causes: tuple[Cause, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise DataError(f"probability must lie in [0, 1], got {self.probability}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An earlier event of the person, with the indicators as of its instant."""

    event: Event
    indicators: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a person who read the case rules, and why; rules of law and product still hold."""

    by: str
    outcome: Literal["approve", "refuse"]
    says: str

    def __post_init__(self) -> None:
        if not (self.by and self.says):
            raise DataError("review: by and says must not be empty: a person rules, with a reason.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that a decision looks at.

    Attributes
    ----------
    application_id : str
    instant : int
        UTC microseconds of the decision; nothing known later is looked at.
    applicant : Applicant
        What the rules of eligibility read.
    money : LimitFacts
        What the limit is computed from; its ``place`` follows from the grade of the price.
    score : Scored or None
        None where no model was asked: then a person has to read the case.
    events : tuple of Seen
        Earlier events, in order of time, that fraud rules may still join.
    indicators : mapping of str to float or None
        Of the application itself.
    dues_fen : tuple of int
        What is due each month on the person's other loans.
    review : Review or None
        What a person ruled who read the case; None where nobody did.
    """

    application_id: str
    instant: int
    applicant: Applicant
    money: LimitFacts
    score: Scored | None = None
    events: tuple[Seen, ...] = ()
    indicators: Mapping[str, float | None] = field(default_factory=dict)
    dues_fen: tuple[int, ...] = ()
    review: Review | None = None

    @property
    def sha256(self) -> str:
        """The SHA-256 of the case in canonical JSON: it names what was decided on."""
        return sha256(plain(self))


def read_case(document: Mapping[str, Any]) -> Case:
    """Return the case that a document holds, each name and type checked.

    Raises
    ------
    DataError
        The place, the value and the rule are named.
    """
    case = record(Case, document, "case")
    for place, seen in enumerate(case.events):
        if seen.event.at > case.instant:
            raise DataError(
                f"case.events[{place}]: at {seen.event.at} lies after the instant of the decision "
                f"{case.instant}. A decision looks at what was known before it."
            )
    return case


def patched(document: Mapping[str, Any], evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with new evidence laid over it (a merge patch, RFC 7386).

    Objects are joined name by name, null takes a name away, everything else replaces.

    >>> patched({"money": {"income_fen": 1, "assets": []}}, {"money": {"income_fen": 2}})
    {'money': {'income_fen': 2, 'assets': []}}
    """
    found = dict(document)
    for name, value in evidence.items():
        if value is None:
            found.pop(name, None)
        elif isinstance(value, Mapping):
            below = found.get(name)
            found[name] = patched(below if isinstance(below, Mapping) else {}, value)
        else:
            found[name] = value
    return found
