"""From tables to one row an application: its features, and whether it turned out bad.

An application is a person and an instant; what became of it is settled at the end of a
performance window (`outcomes`), and `dataset` puts the two beside each other.
"""

from credit.dataset.outcome import NOT_LENT, STATUSES, DaysPastDue, Given, observed_until, outcomes
from credit.dataset.table import Dataset, dataset, observations

__all__ = [
    "NOT_LENT",
    "STATUSES",
    "Dataset",
    "DaysPastDue",
    "Given",
    "dataset",
    "observations",
    "observed_until",
    "outcomes",
]
