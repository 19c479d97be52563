"""What `credit audit prices` does: hold the prices of a book to what was offered first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pandas as pd

from credit import policy
from credit.decide.clock import local_day
from credit.decide.price import PriceTerms
from credit.decide.treatment import Baited, Quoted, baited
from credit.engine import Engine
from credit.errors import DataError
from credit.pipeline.flat import require_folder, written
from credit.pipeline.tables import Progress, named_steps, silent
from credit.pipeline.words import Printed, percent
from credit.schema import DAY

MOST_SHOWN = 20
"""People in the table that is printed; the file has them all."""

_DECIDED = """
    select cast(customer_id as varchar) as person, event_time as given_at, 0 as number,
        grade, daily_rate, concat('application ', application_id) as place
    from decisions where outcome = 'approve' and daily_rate is not null
"""

# What is owed before an instalment is its principal and that of all after it. Instalments fall
# due at the end of a day, so a loan's first period is cut down to whole days.
_CHARGED = f"""
    select cast(customer_id as varchar) as person, drawn_at as given_at, number, '' as grade,
        interest_fen / (owed_fen * floor((due_at - since) / {DAY})) as daily_rate,
        concat('loan ', loan_id, ', instalment ', number) as place
    from (
        select i.customer_id, i.loan_id, i.number, i.interest_fen, i.due_at,
            l.event_time as drawn_at,
            sum(i.principal_fen) over (
                partition by i.loan_id order by i.number
                rows between current row and unbounded following
            ) as owed_fen,
            lag(i.due_at, 1, l.event_time) over (
                partition by i.loan_id order by i.number
            ) as since
        from instalments i join loans l on l.loan_id = i.loan_id
    ) as periods
    where interest_fen > 0
"""  # noqa: S608  a constant


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceAudit:
    """What an audit of prices found.

    Attributes
    ----------
    people, prices : int
        Looked at.
    policy : str
        By which a first price is a teaser.
    found : tuple of Baited
    """

    people: int
    prices: int
    policy: str
    found: tuple[Baited, ...]

    def frame(self) -> pd.DataFrame:
        """Return a row a person who was baited: rates as shares a day."""
        return pd.DataFrame(
            {
                "person": [one.first.person for one in self.found],
                "first": [one.first.place for one in self.found],
                "first_rate": [float(one.jump.first_rate) for one in self.found],
                "later": [one.later.place for one in self.found],
                "later_rate": [float(one.jump.rate) for one in self.found],
                "ratio": [float(one.jump.ratio) for one in self.found],
            }
        )

    def table(self) -> Printed:
        """Return the first people who were baited, in words."""
        shown = self.found[:MOST_SHOWN]
        title = (
            f"{len(self.found):,} of {self.people:,} people were given a teaser "
            f"({self.prices:,} prices, by {self.policy})"
        )
        rows = [
            [
                one.first.person,
                f"{percent(float(one.jump.first_rate), 4)} ({one.first.place})",
                f"{percent(float(one.jump.rate), 4)} ({one.later.place})",
                f"{float(one.jump.ratio):.2f}",
            ]
            for one in shown
        ]
        return Printed(title, ["person", "first price a day", "later price", "times"], rows)


def audit_prices(
    folder: Path,
    *,
    rules: str = "weilidai+cn-2026",
    output: Path | None = None,
    progress: Progress = silent,
) -> PriceAudit:
    """Look for first prices that were teasers (L14) in a folder of tables.

    The prices of a person, in order of time, are those at which applications were approved
    (``decisions``) and those that instalments bear: the interest of each over what was owed
    before it and the days of its period.

    Parameters
    ----------
    folder : Path
    rules : str
        The policy that says what a teaser is, on the day of the last price.
    output : Path, optional
        Everybody who was baited, as CSV.
    progress : callable

    Raises
    ------
    DataError
        No table states a price.
    PolicyError
        There is no such policy.
    """
    if output is not None:
        require_folder(output)
    held = policy.load(rules, base="weilidai")
    with Engine(progress=named_steps(progress)) as engine:
        engine.add_directory(folder)
        quotes = _quotes(engine, folder)
        engine.temporary("quotes", quotes)
        [(people, prices, last)] = engine.rows(
            "select count(distinct person), count(*), max(given_at) from quotes"
        )
        zone = held.at(datetime.fromtimestamp(int(str(last)) / 1e6, UTC).date())["calendar.zone"]
        terms = PriceTerms.of(held.at(local_day(int(str(last)), zone)))
        suspects = engine.rows(_suspects(terms.teaser_jump))
    given = [
        Quoted(person=str(who), grade=str(grade), scenario=None, daily_rate=rate, place=str(place))
        for who, grade, rate, place in suspects
        if isinstance(rate, float)
    ]
    audit = PriceAudit(
        people=int(str(people)), prices=int(str(prices)), policy=held.name,
        found=baited(given, terms),
    )  # fmt: skip
    if output is not None:
        with written(output) as partial:
            audit.frame().to_csv(partial, index=False)
    return audit


def _quotes(engine: Engine, folder: Path) -> str:
    """Return the query of all prices that the tables state."""
    parts = []
    if "decisions" in engine.tables and {"grade", "daily_rate"} <= set(engine.columns("decisions")):
        parts.append(_DECIDED)
    both = {"loans", "instalments"} <= set(engine.tables)
    if both and {"principal_fen", "interest_fen"} <= set(engine.columns("instalments")):
        parts.append(_CHARGED)
    if not parts:
        raise DataError(
            f"{folder}: no table states a price. It takes decisions, or loans and instalments "
            "with principal_fen and interest_fen; of decisions, grade and daily_rate."
        )
    return " union all ".join(parts)


def _suspects(jump: Fraction) -> str:
    """Return the query of all prices of people whose prices may reach so many times the first."""
    # A hair below: whether it is reached is for exact numbers to say.
    least = 0.999 * float(jump)
    return f"""
        select person, grade, daily_rate, place from (
            select compared.*, max(times) over (partition by person) as most from (
                select quotes.*, daily_rate / first_value(daily_rate) over (
                    partition by person order by given_at, number, place
                ) as times
                from quotes
            ) as compared
        ) as most_compared where most >= {least} order by person, given_at, number, place
    """  # noqa: S608  a number
