"""What parties agree on before they train: who they are, the columns, the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from credit.errors import FederatedError
from credit.whole import Whole, exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a party brings to the table.

    Attributes
    ----------
    party : str
    columns : dict of str to str
        Kind ("number" or "category") of each column, in order.
    settings : dict of str to str
        Everything else that must be equal: options, seed, versions.
    lacking : str
        Why it cannot take part, or nothing.
    """

    party: str
    columns: Mapping[str, str]
    settings: Mapping[str, str]
    lacking: str = ""


def agree(reducer: Whole, mine: Terms) -> tuple[str, ...]:
    """Return the names of the parties, or refuse with one sentence at all of them.

    Raises
    ------
    FederatedError
        Two parties differ in a column, its kind, its place or a setting, or one cannot take part.
        The sentence names the party and the column; the first party's terms are the measure.
    """
    plain = [mine.party, list(mine.columns.items()), dict(mine.settings), mine.lacking]
    found = [
        Terms(party=party, columns=dict(columns), settings=settings, lacking=lacking)
        for party, columns, settings, lacking in exchange(reducer, plain)
    ]
    for terms in found:
        if terms.lacking:
            raise FederatedError(f"party {terms.party!r} cannot take part: {terms.lacking}")
    for terms in found[1:]:
        _refuse_other_columns(found[0], terms)
        for key, value in found[0].settings.items():
            if terms.settings.get(key) != value:
                raise FederatedError(
                    f"party {terms.party!r} has {key} {terms.settings.get(key)!r}, party "
                    f"{found[0].party!r} has {value!r}. All must train with the same."
                )
    return tuple(terms.party for terms in found)


def _refuse_other_columns(first: Terms, other: Terms) -> None:
    missing = [name for name in first.columns if name not in other.columns]
    more = [name for name in other.columns if name not in first.columns]
    if missing or more:
        lacks = f"lacks column {missing[0]!r}" if missing else f"has a column {more[0]!r} more"
        raise FederatedError(
            f"party {other.party!r} {lacks}, compared to party {first.party!r}. All must bring "
            "the same features; name them in the pipeline file."
        )
    for name, kind in first.columns.items():
        if other.columns[name] != kind:
            raise FederatedError(
                f"party {other.party!r} holds column {name!r} as {other.columns[name]}, party "
                f"{first.party!r} as {kind}. All must hold one kind."
            )
    for name, here in zip(first.columns, other.columns, strict=True):
        if name != here:
            raise FederatedError(
                f"party {other.party!r} has column {here!r} where party {first.party!r} has "
                f"{name!r}. All must bring the columns in one order."
            )
