"""A batch of live rows against the artifact that scores them, and against the batches before it."""

from credit.monitor.batch import Batch, Watched, watch
from credit.monitor.checks import AREAS, Check, Limits, judged
from credit.monitor.flow import impact_ratios

__all__ = ["AREAS", "Batch", "Check", "Limits", "Watched", "impact_ratios", "judged", "watch"]
