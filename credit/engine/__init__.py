"""Where tables live: DuckDB, behind one class. The only room that opens an engine."""

from credit.engine.connection import Progress
from credit.engine.duck import Engine
from credit.engine.report import CheckReport, Violation

__all__ = ["CheckReport", "Engine", "Progress", "Violation"]
