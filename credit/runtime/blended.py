"""A points table and a forest added up: the weighted sum of their margins, and of their parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from credit.runtime.boosted import Boosted, read_boosted
from credit.runtime.card import Card, read_card
from credit.runtime.columns import Feature, Rows
from credit.runtime.plain import Floats, Plain


@dataclass(frozen=True, eq=False)
class Blended:
    """``margin = card_weight * card + forest_weight * forest``."""

    features: tuple[str, ...]
    card: Card
    forest: Boosted
    card_weight: float
    forest_weight: float

    @property
    def rounding(self) -> float:
        """The most by which rounded leaves move a margin of the model that was trained."""
        return self.forest_weight * self.forest.rounding

    def margin(self, rows: Rows, count: int) -> Floats:
        """Return the log-odds of bad of each row."""
        card, forest = self.card.margin(rows, count), self.forest.margin(rows, count)
        return self.card_weight * card + self.forest_weight * forest

    def contributions(self, rows: Rows, count: int) -> tuple[Floats, float]:
        """Return what each feature adds to the margin, shape (rows, features), and the rest."""
        of_card, card_base = self.card.contributions(rows, count)
        of_forest, forest_base = self.forest.contributions(rows, count)
        position = {name: i for i, name in enumerate(self.features)}
        result = np.zeros((count, len(self.features)))
        for i, term in enumerate(self.card.terms):
            result[:, position[term.feature]] += self.card_weight * of_card[:, i]
        for i, name in enumerate(self.forest.features):
            result[:, position[name]] += self.forest_weight * of_forest[:, i]
        return result, self.card_weight * card_base + self.forest_weight * forest_base


def read_blended(document: Plain, features: Sequence[Feature]) -> Blended:
    """Return the blend in ``document``, checked against the manifest's features.

    Raises
    ------
    ArtifactError
        As for a card and a forest; a weight that is not positive; two terms of one feature.
    """
    part = document.record(("card_weight", "forest_weight", "card", "forest"))
    by_name = {feature.name: feature for feature in features}
    return Blended(
        features=tuple(by_name),
        card=read_card(part["card"], _of_card(part["card"], by_name)),
        forest=read_boosted(part["forest"], features),
        card_weight=part["card_weight"].positive(),
        forest_weight=part["forest_weight"].positive(),
    )


def _of_card(document: Plain, features: Mapping[str, Feature]) -> tuple[Feature, ...]:
    """Return the features the card reads, with the names and codes that it knows of them."""
    found: dict[str, Feature] = {}
    for item in document.members()["terms"].items() if "terms" in document.members() else ():
        term = item.members()
        if "feature" not in term:
            item.refuse("an object with a feature")
        feature = features[term["feature"].text(features)]
        names = tuple(term["categories"].members()) if "categories" in term else ()
        if not set(names) <= set(feature.categories):
            term["categories"].refuse("an object with the manifest's categories")
        if feature.name in found:
            item.refuse("the only term of its feature")
        found[feature.name] = replace(feature, categories=names)
    return tuple(found.values())
