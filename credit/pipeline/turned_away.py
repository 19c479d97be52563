"""Who was refused, by the lender's decisions or by a column of the applications that marks them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.dataset import NOT_LENT, Dataset
from credit.engine import Engine
from credit.errors import ConfigError, DataError
from credit.pipeline.comparisons import rows_where
from credit.pipeline.config import Pipeline, microseconds

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TurnedAway:
    """Who was refused among those who applied; every array has one entry an application.

    Attributes
    ----------
    source : str
        Where the tables say so, in words.
    everybody : Dataset
        The applications that the pipeline is about.
    refused : ndarray of bool
        Refused, and without a loan.
    granted : ndarray of bool
        Granted all the same, with a known outcome.
    alike : ndarray of bool
        The refused whom the granted stand for: all of them where a column marks them; by
        decisions, those whose grounds chance overruled in others.
    by_chance : bool
        Whether the tables say that the granted were drawn at random.
    known_at : Series of Int64
        When the refusal was known, microseconds UTC.
    undecided : int
        Applications without a decision, or in review.
    """

    source: str
    everybody: Dataset
    refused: Flags
    granted: Flags
    alike: Flags
    by_chance: bool
    known_at: pd.Series
    undecided: int = 0

    def before(self, config: Pipeline) -> Flags:
        """Return whose refusal was known before the test begins.

        Raises
        ------
        ConfigError
            There is nobody.
        """
        found = self.refused
        if config.split.test_from is not None:
            begins = microseconds(config.split.test_from)
            found = found & (self.known_at < begins).to_numpy(dtype=bool, na_value=False)
        if not found.any():
            raise ConfigError(
                f"reject, by {self.source}: every refused application is later than the test "
                "begins, so none can teach. Test later, or leave [reject] out."
            )
        return found

    def later(self, config: Pipeline) -> Flags:
        """Return who applied while the test lasted; nobody where the split is not in time."""
        split, as_of = config.split, self.everybody.as_of
        if split.test_from is None:
            return np.zeros(len(as_of), dtype=bool)
        found = as_of >= microseconds(split.test_from)
        if split.test_until is not None:
            found &= as_of < microseconds(split.test_until)
        return found.to_numpy(dtype=bool)


def turned_away(config: Pipeline, whole: Dataset, engine: Engine) -> TurnedAway | None:
    """Return who was refused; None without ``[reject]``, and where a generated world lends to all.

    A column that ``[reject] refused`` names says it; without one, the table of decisions.

    Raises
    ------
    ConfigError
        There is no such column, nobody is refused, or neither a column nor decisions are there
        though the source is no generated world.
    DataError
        A decision approves by chance and refuses.
    """
    section = config.reject
    if section is None:
        return None
    if section.refused is not None:
        return _marked(section.refused, whole, engine)
    if "decisions" in engine.tables:
        return _decided(whole, engine)
    if config.source.kind == "world":
        return None
    raise ConfigError(
        "reject.refused: name the column of the applications that holds 1 for a refused "
        "applicant, such as refused = 'declined', or bring a table of decisions. Refused "
        "applications stand in the table of applications, with their events in the others, and "
        "have no loan."
    )


def _marked(column: str, whole: Dataset, engine: Engine) -> TurnedAway:
    marked = rows_where(whole, column, engine, key="reject.refused").application_id
    mark = whole.application_id.isin(marked).to_numpy(dtype=bool)
    refused = mark & (whole.status == "no_loan").to_numpy(dtype=bool)
    if not refused.any():
        raise ConfigError(
            f"reject.refused = {column!r}: {len(marked)} application(s) hold 1 there and "
            "none of them is without a loan, so nobody's outcome has to be inferred. Bring the "
            "refused applications into the tables, or leave [reject] out."
        )
    return TurnedAway(
        source=f"the column {column!r} of the applications",
        everybody=whole,
        refused=refused,
        granted=mark & whole.y.notna().to_numpy(dtype=bool),
        alike=refused,
        by_chance=False,
        known_at=whole.as_of,
    )


def _decided(whole: Dataset, engine: Engine) -> TurnedAway:
    """Read the table of decisions, which has one row an application: the decision that held."""
    said = _decisions(engine).reindex(pd.Index(whole.application_id))
    outcome = said["outcome"].fillna("").to_numpy(dtype=str)
    refused = np.isin(outcome, NOT_LENT)
    if not refused.any():
        raise ConfigError(
            f"reject: of {int((outcome != '').sum())} decisions none is {' or '.join(NOT_LENT)}, "
            "so nobody's outcome has to be inferred. Bring the refused applications and their "
            "decisions into the tables, or leave [reject] out."
        )
    by_chance = said["random_approval"].to_numpy(dtype=np.float64, na_value=np.nan) == 1
    _refuse_both(by_chance & (outcome != "approve"), said)
    grounds = said["grounds"].fillna("").to_numpy(dtype=str)
    overruled = set(grounds[by_chance]) - {""}
    return TurnedAway(
        source="the table of decisions",
        everybody=whole,
        refused=refused,
        granted=by_chance & whole.y.notna().to_numpy(dtype=bool),
        alike=refused & np.isin(grounds, sorted(overruled)) if overruled else refused,
        by_chance=True,
        known_at=said["known_at"].astype("Int64").reset_index(drop=True),
        undecided=int(np.isin(outcome, ("", "review")).sum()),
    )


def _decisions(engine: Engine) -> pd.DataFrame:
    """Return the decisions by application; what the table does not state is null."""
    present = engine.columns("decisions")
    stated = ", ".join(
        name if name in present else f"CAST(NULL AS {kind}) AS {name}"
        for name, kind in (("grounds", "VARCHAR"), ("random_approval", "BIGINT"))
    )
    sql = f"SELECT application_id, outcome, available_at AS known_at, {stated} FROM decisions"  # noqa: S608  names of columns
    return engine.frame(sql).set_index("application_id")


def _refuse_both(both: Flags, said: pd.DataFrame) -> None:
    if both.any():
        raise DataError(
            f"decisions: {int(both.sum())} application(s) hold random_approval = 1, and an outcome "
            f"other than approve, such as application_id {said.index[both][0]}. Who is approved by "
            "chance is approved: mend one of the two."
        )
