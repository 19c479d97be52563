"""Feature: one row of the data dictionary, in six kinds.

A feature is a record, not a function. From the one record come its SQL, its line in the
dictionary, the sign a model must keep, and the text of its reason code. The two halves of
the package (data, model) meet here and in a data frame, nowhere else.

Expressions are SQL in a small portable subset: columns of the feature's table, literals,
``+ - * /``, comparisons, ``and or not``, ``case``, ``coalesce``, ``nullif``, ``abs``,
``greatest``, ``least``, ``ln``, ``sqrt``, and three calendar functions of this package:
``local_hour(t)``, ``local_weekday(t)`` (0 is Monday), ``local_day(t)`` (days since 1970). Of
events in a window they may also ask ``previous(column)``, ``times_seen(column)`` and
``distance_km(latitude, longitude, latitude, longitude)``; see `WindowAggregate`.
No expression may name the as-of instant: comparing times is the compiler's business alone.
"""

from credit.feature.catalogue import EACH, WINDOWS, Catalogue, over
from credit.feature.kinds import (
    Expression,
    GraphStatistic,
    Part,
    StateAsOf,
    Stated,
    StatePart,
    TiesPart,
    WindowAggregate,
    WindowPart,
)
from credit.feature.network import Propagation, Statistic, Tie
from credit.feature.record import (
    DIMENSIONS,
    KEYED,
    Action,
    Aggregate,
    Days,
    Dimension,
    Feature,
    Measure,
    Reason,
)

__all__ = [
    "DIMENSIONS", "EACH", "KEYED", "WINDOWS", "Action", "Aggregate", "Catalogue", "Days",
    "Dimension", "Expression", "Feature", "GraphStatistic", "Measure", "Part", "Propagation",
    "Reason", "StateAsOf", "StatePart", "Stated", "Statistic", "Tie", "TiesPart", "WindowAggregate",
    "WindowPart", "over",
]  # fmt: skip
