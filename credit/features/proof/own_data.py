"""The proof on tables of one's own: which features move, at which observation, and to what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from credit.engine import Engine
from credit.feature import Catalogue, Expression, Propagation
from credit.features import build, chosen
from credit.features.proof.copies import Copies, Ints, copies, fill, whole
from credit.features.proof.moves import same
from credit.features.proof.scramble import scrambled, served
from credit.features.window import needs
from credit.features.window.calendar import fixed_offset, month_start
from credit.features.window.layers import named
from credit.schema import TABLES

CHUNK = 500
"""Observations whose copies stand in one engine: more of them, more memory."""

SNAPSHOTS = 12
"""Months at which features of the whole network are looked at, spread over all."""

MIXED = 12
"""Observations at which expressions over such features are looked at, each by itself."""

Open = Callable[[], Engine]
Progress = Callable[[str, float], None]
Change = Callable[[Copies, int], Copies]
Part = tuple[pd.DataFrame, Catalogue, pd.DataFrame]


def silent(_stage: str, _share: float) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A feature that moved: at how many observations, and the first of them."""

    count: int
    observation_id: int
    before: object
    after: object


@dataclass(kw_only=True)
class Looked:
    """What became of features when what their observations could not know was rewritten.

    Attributes
    ----------
    cells : dict of str to int
        Feature -> observations it was looked at.
    moved : dict of str to Moved
        Features that moved. Whoever is in it leaks.
    varied : set of str
        Features with more than one value: of the others nothing is proven.
    """

    cells: dict[str, int] = field(default_factory=dict)
    moved: dict[str, Moved] = field(default_factory=dict)
    varied: set[str] = field(default_factory=set)

    def compare(self, before: pd.DataFrame, after: pd.DataFrame) -> None:
        """Count every feature in ``after`` as looked at, and note which moved."""
        for name in after.columns.drop("observation_id"):
            self.cells[name] = self.cells.get(name, 0) + len(after)
            if len(pd.concat([before[name], after[name]]).unique()) > 1:
                self.varied.add(name)
            places = np.flatnonzero(~same(before[name], after[name]))
            if places.size:
                first = int(places[0])
                known = self.moved.get(name) or Moved(
                    count=0, observation_id=int(before["observation_id"].iloc[first]),
                    before=before[name].iloc[first], after=after[name].iloc[first],
                )  # fmt: skip
                self.moved[name] = replace(known, count=known.count + places.size)


def look(
    engine: Engine,
    spine: pd.DataFrame,
    features: Catalogue,
    opened: Open,
    *,
    seed: int = 0,
    progress: Progress = silent,
) -> Looked:
    """Rewrite what each observation could not know, build its features again, and compare.

    Parameters
    ----------
    engine : Engine
        Holds the tables.
    spine : DataFrame
        The observations to look at: observation_id, customer_id, as_of, and application_id
        where applications are told apart.
    features : Catalogue
        What is to be looked at.
    opened : callable
        Opens an empty engine of the same kind and zone; it is closed here.
    seed : int
        Of the rewriting; the same seed, the same answer.
    progress : callable
        Told a stage and the share of it that is done.

    Returns
    -------
    Looked

    Notes
    -----
    Features of a person's own rows and ties get a copy of the tables an observation, with its
    own instant as the boundary. Features of the whole network get whole tables, held in memory,
    rewritten at the snapshot they are declared to see; all observations of its month are
    compared. A comparison is equality of nulls and texts, and 1e-12 for numbers.
    """
    looked = Looked()

    def rewriting(made: Copies, number: int) -> Copies:
        return scrambled(made, (seed, number))

    again = _Again(engine=engine, features=features, opened=opened, change=rewriting,
                   progress=progress, sampled=True)  # fmt: skip
    for asked, some, after in again.parts(spine):
        looked.compare(build(engine, asked, some), after)
    return looked


def as_served(
    engine: Engine,
    spine: pd.DataFrame,
    features: Catalogue,
    opened: Open,
    *,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Build features from nothing but what existed at each observation's instant.

    Parameters as for `look`. Every observation gets tables of its own in which nothing later
    is there yet, as a service would have had on the day; features of the whole network get the
    tables as they stood at their snapshot.

    Returns
    -------
    DataFrame
        ``observation_id`` and one column a feature, rows in the spine's order.
    """

    def standing(made: Copies, _number: int) -> Copies:
        return served(made)

    columns: dict[str, list[pd.Series]] = {}
    again = _Again(engine=engine, features=features, opened=opened, change=standing,
                   progress=progress, sampled=False)  # fmt: skip
    for asked, some, after in again.parts(spine):
        for name in some.names:
            column = after[name].set_axis(asked["observation_id"])
            columns.setdefault(name, []).append(column)
    frame = pd.DataFrame({name: pd.concat(parts) for name, parts in columns.items()})
    frame = frame.loc[spine["observation_id"], list(features.names)]
    return frame.rename_axis("observation_id").reset_index()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Again:
    """Features built again from tables that ``change`` made of copies.

    With ``sampled``, whole tables are changed at some instants only.
    """

    engine: Engine
    features: Catalogue
    opened: Open
    change: Change
    progress: Progress
    sampled: bool

    def parts(self, spine: pd.DataFrame) -> Iterator[Part]:
        """Yield (observations, features, what they are now): kind by kind, part by part."""
        everything = Catalogue(self.features.everything)
        network = {f.name for f in everything if isinstance(f, Propagation)}
        mixed = {f.name for f in everything if _names(f.name, everything) & network} - network
        own = self._of({*self.features.names} - network - mixed)
        starts = range(0, len(spine), CHUNK) if len(own) else ()
        for number, start in enumerate(starts):
            self.progress("rewriting each observation's future", number / len(starts))
            asked = spine.iloc[start : start + CHUNK]
            made, renumbered = copies(self.engine, asked)
            yield asked, own, self._built(self.change(made, number), renumbered, own)
            self.progress("rewriting each observation's future", (number + 1) / len(starts))
        as_of = spine["as_of"].to_numpy(np.int64)
        yield from self._shared(
            spine, month_start(as_of, fixed_offset(self.engine.zone)), self._of(network), SNAPSHOTS
        )
        yield from self._shared(spine, as_of, self._of(mixed), MIXED)

    def _shared(
        self, spine: pd.DataFrame, instants: Ints, features: Catalogue, most: int
    ) -> Iterator[Part]:
        """Yield parts whose observations share an instant, at which whole tables are changed."""
        if not len(features):
            return
        present = {name: self.engine.columns(name) for name in self.engine.tables}
        read = {table for f in features.everything for table in needs(f, present)}
        tables = [name for name in self.engine.tables if name in read and TABLES[name].event]
        made = whole(self.engine, tables, 0)
        moments = np.unique(instants)
        if self.sampled and len(moments) > most:
            moments = moments[np.linspace(0, len(moments) - 1, most).round().astype(int)]
        for number, at in enumerate(moments):
            self.progress("rewriting the network's future", number / len(moments))
            asked = spine[instants == at]
            changed = self.change(replace(made, as_of=np.array([at])), number)
            yield asked, features, self._built(changed, asked, features)
            self.progress("rewriting the network's future", (number + 1) / len(moments))

    def _of(self, names: set[str]) -> Catalogue:
        """Return the features asked for that are among the names, with what they need."""
        return chosen(
            Catalogue(self.features.everything), [n for n in self.features.names if n in names]
        )

    def _built(self, made: Copies, spine: pd.DataFrame, features: Catalogue) -> pd.DataFrame:
        with self.opened() as other:
            fill(other, made.tables, self.engine)
            return build(other, spine, features)


def _names(name: str, features: Catalogue) -> set[str]:
    """Return the features below one, itself included."""
    feature = features[name]
    below = named(feature) if isinstance(feature, Expression) else frozenset()
    return {name}.union(*(_names(one, features) for one in below))
