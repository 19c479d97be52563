"""Answers: points, probability, grade and reasons of the rows asked for, logged before they go."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from credit.errors import ArtifactError, LogError
from credit.runtime import Score, Scorer
from credit.service.asked import Asked, Row, read_asked
from credit.service.fields import Fields, Warned
from credit.service.gate import Call, encode
from credit.service.live import Live, Loaded
from credit.service.log import Entry, Log, answer_of
from credit.service.metrics import Metrics
from credit.service.options import ServiceOptions
from credit.service.refusal import RequestError, unprocessable
from credit.service.shadow import Answered, Shadow
from credit.service.strict import parse

logger = logging.getLogger("credit.service")

_BY_COLUMN = 16
"""Rows from which on they are scored column by column; the scores are the same."""


class Scoring:
    """Scores requests with what is in use.

    Parameters
    ----------
    live : Live
    options : ServiceOptions
    metrics : Metrics
    log : Log or None
    shadow : Shadow or None
    """

    def __init__(
        self,
        live: Live,
        options: ServiceOptions,
        metrics: Metrics,
        log: Log | None,
        shadow: Shadow | None,
    ) -> None:
        self._live, self._options, self._metrics = live, options, metrics
        self._log, self._shadow = log, shadow

    async def score(self, call: Call) -> str:
        """Answer ``/v1/score``."""
        loaded = self._live.now
        asked = read_asked(parse(call.body), loaded.fields, self._options.max_rows)
        scores = await self.answered(loaded, asked, call.request_id)
        results = [result(s, row.warned) for s, row in zip(scores, asked.rows, strict=True)]
        head = head_of(call.request_id, loaded.champion)
        return encode({**head, "results": results} if asked.many else {**head, **results[0]})

    async def explain(self, call: Call) -> str:
        """Answer ``/v1/explain``: the score of one row, and what every feature adds to it."""
        loaded = self._live.now
        asked = read_asked(parse(call.body), loaded.fields, self._options.max_rows)
        if asked.many:
            raise unprocessable("rows", "unknown_field", "One row is explained.", "Send features.")
        scores = await self.answered(loaded, asked, call.request_id)
        row = asked.rows[0]
        found = loaded.champion.contributions(
            {name: [value] for name, value in row.features.items()}, ignore=loaded.fields.extras
        )
        parts = dict(zip(found.features, found.values[0].tolist(), strict=True))
        reference = loaded.champion.reference_contributions.tolist()
        return encode(
            {
                **head_of(call.request_id, loaded.champion),
                **result(scores[0], row.warned),
                "margin": scores[0].margin,
                "base": found.base,
                "contributions": parts,
                "reference_contributions": dict(zip(found.features, reference, strict=True)),
            }
        )

    async def answered(self, loaded: Loaded, asked: Asked, request_id: str) -> list[Score]:
        """Return the scores of checked rows, once they are in the log.

        Raises
        ------
        RequestError
            422: a row has no points on the artifact's scale. 503: it could not be logged.
        """
        try:
            scores = scored(loaded, asked)
        except ArtifactError as error:
            raise unprocessable(
                "rows" if asked.many else "features", "no_score",
                "The model has no whole points for it.", "Check the values.",
            ) from error  # fmt: skip
        if self._log is not None:
            await self._keep(self._log, entries_of(loaded, asked, scores, request_id))
        for score, row in zip(scores, asked.rows, strict=True):
            self._metrics.scored(score.grade)
            for warned in row.warned:
                self._metrics.warnings.labels(warned.feature).inc()
        if self._shadow is not None and loaded.challenger is not None:
            self._shadow.offer(Answered(request_id, asked, scores, loaded.challenger))
        return scores

    async def _keep(self, log: Log, entries: list[Entry]) -> None:
        try:
            await asyncio.wrap_future(log.append(entries))
        except LogError as error:
            self._metrics.log_failures.inc()
            if not self._options.answer_unlogged:
                raise RequestError(
                    503, "log_unavailable", "What cannot be logged is not answered.",
                    "Ask again later; the service's keeper has to look at the log.",
                ) from error  # fmt: skip


def scored(loaded: Loaded, asked: Asked) -> list[Score]:
    """Return the champion's score of every row."""
    scorer, extras = loaded.champion, loaded.fields.extras
    if len(asked.rows) < _BY_COLUMN:
        return [
            scorer.score_one(
                row.features, reasons=asked.reasons, language=asked.language, ignore=extras
            )
            for row in asked.rows
        ]
    names = [feature.name for feature in scorer.features]
    many = scorer.score(
        {name: [row.features[name] for row in asked.rows] for name in names},
        reasons=asked.reasons,
        language=asked.language,
    )
    columns = (many.margin.tolist(), many.probability.tolist(), many.points.tolist())
    return [Score(*one) for one in zip(*columns, many.grade.tolist(), many.reasons, strict=True)]


def entries_of(loaded: Loaded, asked: Asked, scores: list[Score], request_id: str) -> list[Entry]:
    """Return what the log keeps of a request: one entry a row."""
    at = time.time_ns() // 1_000
    return [
        Entry(
            request_id=request_id,
            at=at,
            artifact=loaded.champion.sha256,
            role="champion",
            subject=row.subject,
            values=read_values(loaded.fields, row),
            answer=answer_of(score, reasons=asked.reasons, language=asked.language),
        )
        for row, score in zip(asked.rows, scores, strict=True)
    ]


def read_values(fields: Fields, row: Row) -> dict[str, Any]:
    """Return the values of a row that the champion reads."""
    features = row.features
    if len(features) == fields.needed:
        return features
    return {f.feature.name: features[f.feature.name] for f in fields.fields if f.required}


def head_of(request_id: str, scorer: Scorer) -> dict[str, str]:
    """Return what every answer begins with."""
    return {"request_id": request_id, "artifact": scorer.sha256, "engine": "numpy"}


def result(score: Score, warned: list[Warned]) -> dict[str, Any]:
    """Return what is said of one row."""
    return {
        "probability": score.probability,
        "points": score.points,
        "grade": score.grade,
        "reasons": [
            {"feature": r.feature, "dimension": r.dimension, "text": r.text, "excess": r.excess}
            for r in score.reasons
        ],
        "warnings": [{"field": one.field, "rule": one.rule} for one in warned],
    }
