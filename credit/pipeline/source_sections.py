"""Sections of a pipeline file about what is read: tables, their use, and the engine asked."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from credit.pipeline.sections import Section
from credit.schema import TableSource


class SourceSection(Section):
    """Where the tables come from.

    ``world`` generates a population; ``tables`` reads the user's own under ``[tables]``; any
    other kind is a published data set read from ``directory``. ``fraud`` and ``lender`` are those
    of `credit.world.WorldOptions`: a world with frauds, and one whose lender decides who is lent
    to, so that only those it approves have loans and outcomes.
    """

    kind: Literal["world", "tables", "berka", "credit_card_approval", "taiwan", "german"]
    directory: str | None = None
    people: int = Field(default=20_000, ge=500)
    start: date = date(2021, 1, 1)
    months: int = Field(default=48, ge=3)
    world_seed: int | None = None
    fraud: bool = False
    lender: bool = False

    @model_validator(mode="after")
    def _of_a_world(self) -> SourceSection:
        for name in ("fraud", "lender"):
            if getattr(self, name) and self.kind != "world":
                raise ValueError(
                    f"{name} = true: only a generated world can be made with it, and the kind is "
                    f"{self.kind!r}. Leave it out"
                )
        return self


class TableSection(Section):
    """One of the user's tables: see `credit.schema.TableSource`."""

    path: str
    columns: dict[str, str] = Field(default_factory=dict)
    units: dict[str, str] = Field(default_factory=dict)
    lag: str | None = None

    def source(self) -> TableSource:
        """Return the record the engine reads."""
        return TableSource(
            path=self.path, columns=dict(self.columns), units=dict(self.units), lag=self.lag
        )


class UseSection(Section):
    """What a table or column is held for, and for how long: see `credit.use.Use`."""

    purposes: list[str] = Field(min_length=1)
    until: date | None = None
    keep_days: int | None = Field(default=None, ge=1)


class EngineSection(Section):
    """Where the tables are asked, and the limits of it: see `credit.engine`.

    Read where the kind is Spark: ``master`` says where a session is started if none runs, such as
    ``local-cluster[2,1,1024]`` (this machine by default), and ``scratch`` is a folder that every
    worker reaches.
    """

    kind: Literal["duckdb", "spark"] = "duckdb"
    memory_limit: str = "4GB"
    threads: int | None = Field(default=None, ge=1)
    master: str | None = None
    scratch: str | None = None

    @property
    def folder(self) -> Path | None:
        """The folder that every worker reaches."""
        return None if self.scratch is None else Path(self.scratch)
