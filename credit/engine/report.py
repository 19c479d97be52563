"""What a check found, as records: one violation a rule and column, and the whole report."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import pandas as pd

from credit.errors import SchemaError


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One rule of the data contract that a table breaks.

    Attributes
    ----------
    table, column : str
        Where; ``column`` joins several with a comma and is ``*`` for a whole table.
    rule : str
        What must hold.
    count : int
        Rows that break it; 0 where the fault is the table's, not a row's.
    examples : tuple of str
        Up to three offending rows, in the order of the source.
    sentence : str
        The whole message, as an error says it.
    apart : bool
        Whether the offending rows were set apart, so that the engine no longer sees them.
    """

    table: str
    column: str
    rule: str
    count: int = 0
    examples: tuple[str, ...] = ()
    sentence: str
    apart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """Everything a check found, over all tables.

    Attributes
    ----------
    violations : tuple of Violation
        In the order of the contract's tables; those set apart included.
    rows : dict of str to int
        Rows of each readable table as the check found it.
    quarantined : dict of str to int
        Rows of each table that were written to the quarantine and taken out of the engine.
    """

    violations: tuple[Violation, ...] = ()
    rows: dict[str, int] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)

    @property
    def standing(self) -> tuple[Violation, ...]:
        """The violations that still stand: those no quarantine took care of."""
        return tuple(violation for violation in self.violations if not violation.apart)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What every violation says, those set apart included."""
        return tuple(violation.sentence for violation in self.violations)

    def count(self, table: str) -> int:
        """Return how many rules ``table`` breaks."""
        return sum(violation.table == table for violation in self.violations)

    def raise_if_any(self) -> None:
        """Raise one `SchemaError` that lists every violation that still stands."""
        standing = self.standing
        if standing:
            raise SchemaError(say(standing))

    def frame(self) -> pd.DataFrame:
        """Return one row a violation: table, column, rule, count, examples, sentence, apart."""
        names = [item.name for item in fields(Violation)]
        return pd.DataFrame(
            [[getattr(violation, name) for name in names] for violation in self.violations],
            columns=names,
        )


def say(violations: tuple[Violation, ...]) -> str:
    """Put the sentences of several violations under one heading."""
    if len(violations) == 1:
        return violations[0].sentence
    lines = "\n".join(f"- {violation.sentence}" for violation in violations)
    return f"The data contract is broken in {len(violations)} places:\n{lines}"
