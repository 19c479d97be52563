"""Point-in-time features in five dimensions, from declarations to a data frame."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from credit.feature import Catalogue, Expression, Feature
from credit.features import window
from credit.features.application import application
from credit.features.consumption import consumption
from credit.features.frame import build, merchant_categories
from credit.features.payment import PAYMENT_INDICATORS, payment
from credit.features.repayment import repayment
from credit.features.social import SOCIAL
from credit.features.social_graph import SOCIAL_GRAPH
from credit.features.wealth import wealth
from credit.features.window.layers import named
from credit.features.window.tables import LOOKUP
from credit.policy import Policy, load

__all__ = ["PAYMENT_INDICATORS", "available", "build", "catalogue", "chosen", "merchant_categories"]


def catalogue(policy: Policy | None = None, on: date = date.max) -> Catalogue:
    """Return all built-in features: five dimensions, then facts of the application.

    Parameters
    ----------
    policy : Policy, optional
        Where thresholds, hours and buckets stand; the policy shipped as ``weilidai`` otherwise.
    on : date
        The day whose values hold; by default those without an end.
    """
    figures = load("weilidai") if policy is None else policy
    return Catalogue(
        payment(figures, on)
        + SOCIAL
        + SOCIAL_GRAPH
        + wealth(figures, on)
        + consumption(figures, on)
        + repayment(figures, on)
        + application(figures, on)
    )


def available(features: Catalogue, tables: Mapping[str, Collection[str]]) -> Catalogue:
    """Return the features that can be built from these tables, in order.

    Parameters
    ----------
    features : Catalogue
        What one would like to build.
    tables : mapping of str to collection of str
        Table -> its columns. The built-in merchant categories count as present.

    Notes
    -----
    An expression stays when its parts can be built and the features that it names stay.
    """
    present = {LOOKUP: ("mcc", "category"), **tables}
    kept = {feature.name for feature in features if _buildable(feature, present)}
    while lost := {
        feature.name
        for feature in features
        if isinstance(feature, Expression) and feature.name in kept
        if not named(feature) <= kept
    }:
        kept -= lost
    return Catalogue(tuple(feature for feature in features if feature.name in kept))


def chosen(everything: Catalogue, names: Collection[str]) -> Catalogue:
    """Return the features of these names, in order, with those that their expressions name.

    What is named by an expression only stands in ``support``: computed, but no column.
    """
    waiting, needed = list(names), set(names)
    while waiting:
        feature = everything[waiting.pop()]
        if isinstance(feature, Expression):
            more = {name for name in named(feature) if name in everything} - needed
            needed |= more
            waiting += sorted(more)
    return Catalogue(
        tuple(feature for feature in everything if feature.name in names),
        support=tuple(
            feature
            for feature in everything
            if feature.name in needed and feature.name not in names
        ),
    )


def _buildable(feature: Feature, tables: Mapping[str, Collection[str]]) -> bool:
    return all(
        table in tables and columns <= set(tables[table])
        for table, columns in window.needs(feature, tables).items()
    )
