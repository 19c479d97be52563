"""The parties of a federated run: who belongs to which, and each one's own tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from credit.dataset import observations
from credit.engine import Engine
from credit.errors import ConfigError, nearest
from credit.federated.reduce import MOST_PARTIES
from credit.pipeline.tables import columns_of

UNKNOWN = "(unknown)"
"""The party of those without a value in the column parties are divided by."""

PERSON, APPLICATION = "customer_id", "application_id"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parties:
    """Who belongs to which party.

    Attributes
    ----------
    divided_by : str
        In words.
    people : dict of str to array
        Party -> its people; nobody is in two.
    """

    divided_by: str
    people: Mapping[str, pd.Index]

    @property
    def names(self) -> tuple[str, ...]:
        """The parties in the order of ranks."""
        return tuple(self.people)


def divide_people(engine: Engine, by: str, seed: int) -> Parties:
    """Divide the people who applied among parties.

    Parameters
    ----------
    engine : Engine
    by : str
        A number of parties, each about twice as large as the one before it; or a column of the
        applications (of a person's first) or of the customers, a party each value.
    seed : int
        Of who goes where, where a number is given.

    Raises
    ------
    ConfigError
        There is no such column, or not 2 to 64 parties would come of it.
    """
    facts = observations(engine)
    people = pd.Index(facts[PERSON].drop_duplicates(), name=PERSON)
    refuse_number(by)
    if by.isdecimal():
        return _shares(people, int(by), seed)
    values = _values(engine, facts, by).reindex(people)
    named = values.astype("object").where(values.notna(), UNKNOWN).astype(str)
    names = sorted(named.unique())
    _refuse_number(len(names), f"column {by!r} has {len(names)} value(s)")
    return Parties(
        divided_by=f"column {by}",
        people={name: people[(named == name).to_numpy()] for name in names},
    )


def refuse_number(by: str) -> None:
    """Refuse a number of parties that there cannot be; a column has to be looked at first.

    Raises
    ------
    ConfigError
        ``by`` is a number, and not 2 to 64.
    """
    if by.isdecimal():
        _refuse_number(int(by), f"{by} asked for")


def _shares(people: pd.Index, count: int, seed: int) -> Parties:
    if len(people) < 2**count:
        raise ConfigError(
            f"--parties {count}: {len(people)} people cannot be divided into {count} parties, each "
            "twice as large as the one before it. Ask for fewer."
        )
    mixed = people[np.random.default_rng(seed).permutation(len(people))]
    ends = np.floor(len(mixed) * np.cumsum(2.0 ** np.arange(count)) / (2.0**count - 1)).astype(int)
    starts = [0, *ends[:-1]]
    return Parties(
        divided_by=f"{count} uneven shares",
        people={
            f"party {number}": mixed[start:end].sort_values()
            for number, (start, end) in enumerate(zip(starts, ends, strict=True), start=1)
        },
    )


def _refuse_number(count: int, what: str) -> None:
    if not 2 <= count <= MOST_PARTIES:
        raise ConfigError(f"--parties: {what}, but there must be 2 to {MOST_PARTIES} parties.")


def _values(engine: Engine, facts: pd.DataFrame, by: str) -> pd.Series:
    columns = columns_of(engine)
    persons = columns.get("customers", [])
    if by in facts.columns and by != PERSON:
        return facts.drop_duplicates(PERSON).set_index(PERSON)[by]
    if by in persons:
        quoted = '"' + by.replace('"', '""') + '"'
        found = engine.frame(f"SELECT {PERSON}, {quoted} AS party FROM customers")
        return found.set_index(PERSON)["party"]
    known = sorted({*map(str, facts.columns), *persons})
    raise ConfigError(
        f"--parties {by!r}: neither a number nor a column of applications or customers."
        f"{nearest(by, known)} They have {known}."
    )


def write_tables_of(engine: Engine, people: pd.Index, folder: Path) -> None:
    """Write the rows about some people, a Parquet file a table of the contract.

    A row is about the person in its column `customer_id`; an outcome about the one who applied. A
    table that is about nobody (merchants, products) is everybody's.
    """
    folder.mkdir(parents=True)
    engine.temporary("federated_people", pd.DataFrame({PERSON: people}))
    for table, columns in columns_of(engine).items():
        source = table
        if PERSON in columns:
            source = f"{table} SEMI JOIN federated_people USING ({PERSON})"
        elif APPLICATION in columns:
            source = (
                f"{table} SEMI JOIN (SELECT a.{APPLICATION} FROM applications a "
                f"SEMI JOIN federated_people USING ({PERSON})) USING ({APPLICATION})"
            )
        engine.write(f"SELECT * FROM {source}", folder / f"{table}.parquet")
