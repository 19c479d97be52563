"""The decision log: what was decided, on which values, by which artifact; see docs/decision_log.md."""

from credit.service.log.entry import Entry, Log, answer_of

__all__ = ["Entry", "Log", "answer_of"]
