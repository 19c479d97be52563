"""The challenger scores what the champion has answered: later, apart, and without any say."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from concurrent.futures import Future
from typing import NamedTuple

from credit.errors import ArtifactError
from credit.runtime import Score, Scorer
from credit.service.asked import Asked
from credit.service.log import Entry, Log, answer_of
from credit.service.metrics import Metrics

MOST_WAITING = 10_000
"""Rows that may wait for the challenger; beyond them rows are counted, and not scored."""

_TURN_SECONDS = 0.001
"""How long the challenger may score before the service's requests have their turn again."""


class Answered(NamedTuple):
    """A request that the champion has answered."""

    request_id: str
    asked: Asked
    scores: list[Score]
    challenger: Scorer


class Shadow:
    """Scores by the challenger between requests.

    Parameters
    ----------
    metrics : Metrics
    log : Log or None
        Where its scores go, beside the metrics.
    """

    def __init__(self, metrics: Metrics, log: Log | None) -> None:
        self._waiting: deque[Answered] = deque()
        self._rows = 0
        self._is_waiting = asyncio.Event()
        self._metrics, self._log = metrics, log
        self._scored, self._unscorable, self._dropped = (
            metrics.shadow.labels(outcome) for outcome in ("scored", "unscorable", "dropped")
        )

    def offer(self, answered: Answered) -> None:
        """Take a request that was answered; never waits, never fails."""
        if self._rows + len(answered.scores) > MOST_WAITING:
            self._dropped.inc(len(answered.scores))
            return
        self._rows += len(answered.scores)
        self._waiting.append(answered)
        self._is_waiting.set()

    async def run(self) -> None:
        """Score what waits, a little at a time, and let requests pass in between."""
        while True:
            await self._is_waiting.wait()
            self._is_waiting.clear()
            while self._waiting:
                self.score_waiting(_TURN_SECONDS)
                await asyncio.sleep(0)

    def score_waiting(self, seconds: float = math.inf) -> None:
        """Score what waits, all of it or for so long: a request at least."""
        end = time.perf_counter() + seconds
        while self._waiting:
            answered = self._waiting.popleft()
            self._rows -= len(answered.scores)
            self._score(answered)
            if time.perf_counter() > end:
                return

    def _score(self, answered: Answered) -> None:
        names = [feature.name for feature in answered.challenger.features]
        asked, entries = answered.asked, []
        for row, champion in zip(asked.rows, answered.scores, strict=True):
            try:
                values = {name: row.features[name] for name in names}
                score = answered.challenger.score_one(
                    values, reasons=asked.reasons, language=asked.language
                )
            except (KeyError, ArtifactError):
                self._unscorable.inc()
                continue
            self._scored.inc()
            self._metrics.shadow_points.observe(abs(score.points - champion.points))
            entries.append(
                Entry(
                    request_id=answered.request_id,
                    at=time.time_ns() // 1_000,
                    artifact=answered.challenger.sha256,
                    role="challenger",
                    subject=row.subject,
                    values=values,
                    answer=answer_of(score, reasons=asked.reasons, language=asked.language),
                )
            )
        if self._log is not None and entries:
            self._log.append(entries).add_done_callback(self._note)

    def _note(self, done: Future[None]) -> None:
        if done.exception() is not None:
            self._metrics.log_failures.inc()
