"""One decision, and what a service needs of a log of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from credit.runtime.scorer import Language, Score

Role = Literal["champion", "challenger"]
"""Whether an artifact's answer was given, or only kept to be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One decision.

    Attributes
    ----------
    request_id : str
        What the caller can ask for it by. It stays in the chain: it must not name a person.
    at : int
        UTC microseconds.
    artifact : str
        SHA-256 of the artifact's manifest, in 64 lower-case hexadecimal digits.
    role : {"champion", "challenger"}
    subject : str or None
        Whose values they are, to be erased by; kept with the values, never in the chain.
    values : dict of str to float, str or None
        What was scored, as it was given. NaN is kept as null.
    answer : dict of str to JSON value
        What was answered: the keys of `answer_of`, which replay compares, and any others.
    """

    request_id: str
    at: int
    artifact: str
    role: Role
    subject: str | None
    values: Mapping[str, float | str | None]
    answer: Mapping[str, Any]


class Log(Protocol):
    """Where decisions go before they are answered."""

    def append(self, entries: Sequence[Entry]) -> Future[None]:
        """Take entries, all or none; the future is done once they are on the disk.

        Raises
        ------
        LogError
            By the future, never at once: they could not be written, so they must not be answered.
        """
        ...


def answer_of(score: Score, *, reasons: int, language: Language) -> dict[str, Any]:
    """Return a score as an entry's ``answer``.

    Parameters
    ----------
    score : Score
    reasons, language
        As they were given to `Scorer.score_one`.
    """
    return {
        "points": score.points,
        "probability": score.probability,
        "grade": score.grade,
        "reasons_asked": reasons,
        "language": language,
        "reasons": [
            {"feature": one.feature, "text": one.text, "excess": one.excess}
            for one in score.reasons
        ],
    }
