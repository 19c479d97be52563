"""The only place where an event's time meets an as-of instant.

An event e counts for a feature of window W at the instant q when

    q - W <= e.event_time < q   and   e.available_at <= q

in integer microseconds, half-open: what happens in the instant of the application is not yet
evidence, and what the lender learns later never was. ``rule`` holds the comparison;
``compile_features`` turns declarations into SQL that contains it and no other.
"""

from credit.features.window.compiler import compile_features, swept_features, written
from credit.features.window.terms import needs, require

__all__ = ["compile_features", "needs", "require", "swept_features", "written"]
