"""What a service counts, in the form of Prometheus: sums only, nothing of any one person."""

from __future__ import annotations

import os

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""Where workers keep their counts, so that each can tell the sum; set before they start."""

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0)
_POINTS = (0, 1, 2, 5, 10, 20, 50, 100)


class Metrics:
    """Counters of one process; `text` sums them over all workers where there are several."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "credit_requests", "Requests by way and status.", ["route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "credit_request_seconds",
            "Seconds to an answer.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._of_grade: dict[str, Counter] = {}
        self._grades = Counter(
            "credit_scored_rows", "Rows scored, by grade.", ["grade"], registry=registry
        )
        self.warnings = Counter(
            "credit_warnings",
            "Values unlike any in training, by feature.",
            ["feature"],
            registry=registry,
        )
        self.shadow = Counter(
            "credit_shadow_rows",
            "Rows the challenger scored, could not score, or had no time for.",
            ["outcome"],
            registry=registry,
        )
        self.shadow_points = Histogram(
            "credit_shadow_points_apart",
            "Points between champion and challenger.",
            buckets=_POINTS,
            registry=registry,
        )
        self.log_failures = Counter(
            "credit_log_failures", "Requests that could not be logged.", registry=registry
        )
        self.reloads = Counter("credit_reloads", "Tries to reload.", ["outcome"], registry=registry)
        self.artifact = Gauge(
            "credit_artifact",
            "1 for each artifact in use.",
            ["role", "sha256"],
            multiprocess_mode="livemax",
            registry=registry,
        )

    def scored(self, grade: str) -> None:
        """Count a row that was given ``grade``."""
        counter = self._of_grade.get(grade)
        if counter is None:
            counter = self._of_grade[grade] = self._grades.labels(grade)
        counter.inc()

    def text(self) -> bytes:
        """Return everything counted."""
        if SHARED in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return generate_latest(registry)
        return generate_latest(self._registry)
