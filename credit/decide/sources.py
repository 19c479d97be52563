"""Which sources of data a product and a person allow, and what a model may therefore be served.

What comes out is what `credit.consent` takes as ``authorised``: dimensions of features. What a
person or a product leaves out is emptied there, as a source that was not authorised.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from credit.decide.leaves import flag, items, named
from credit.errors import PolicyError, UseError, nearest
from credit.policy import InForce
from credit.use import SCORING, Use

ALWAYS = "application"
"""Facts stated on the application itself: whoever applies states them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTerms:
    """The sources of data that a product uses.

    Attributes
    ----------
    product : tuple of str
        Sources the product asks for, without sensitive ones that the policy keeps shut.
    needed_by : mapping of str to str
        Dimension of features -> the source whose authorisation it needs.
    identity : str
        The source of who a person is; features of no dimension come from it.
    """

    product: tuple[str, ...]
    needed_by: Mapping[str, str]
    identity: str

    @classmethod
    def of(cls, figures: InForce) -> SourceTerms:
        """Read the leaves; a source that no dimension needs is refused."""
        key = "onboarding.sources"
        table = named(figures, key, ("needed_by", "identity"))
        needed_by, identity = table["needed_by"], table["identity"]
        if not isinstance(needed_by, Mapping) or ALWAYS in needed_by:
            raise PolicyError(
                f"{key}.needed_by: {needed_by!r} must be a table from dimension to source, "
                f"without {ALWAYS!r}, which is always known."
            )
        sensitive = named(figures, "onboarding.sensitive", ("sources", "allowed"))
        allowed = flag(sensitive["allowed"], "onboarding.sensitive.allowed")
        shut = () if allowed else tuple(sensitive["sources"])
        terms = cls(product=(), needed_by=dict(needed_by), identity=identity)
        asked = items(figures["product.data_sources"], "product.data_sources")
        for source in asked:
            terms.refuse_unknown(source, "product.data_sources")
        product = tuple(source for source in asked if source not in shut)
        return cls(product=product, needed_by=dict(needed_by), identity=identity)

    @property
    def known(self) -> tuple[str, ...]:
        """Every source there is."""
        return (self.identity, *dict.fromkeys(self.needed_by.values()))

    def refuse_unknown(self, source: str, where: str) -> None:
        """Refuse a name that is no source."""
        if source not in self.known:
            raise PolicyError(
                f"{where}: {source!r} is no source of data.{nearest(source, self.known)} "
                f"There are {list(self.known)}."
            )

    def authorised(self, scopes: Mapping[str, Use], day: date) -> tuple[str, ...]:
        """Return the dimensions that product and person allow on a day, in the policy's order."""
        return self.allowed(in_force(scopes, day))

    def allowed(self, given: Collection[str]) -> tuple[str, ...]:
        """Return the dimensions of sources that the product asks for and that are authorised."""
        return tuple(
            dimension
            for dimension, source in self.needed_by.items()
            if source in self.product and source in given
        )


def in_force(scopes: Mapping[str, Use], day: date, purpose: str = SCORING) -> frozenset[str]:
    """Return the scopes granted for a purpose that have not ended by a day."""
    return frozenset(
        scope
        for scope, use in scopes.items()
        if purpose in use.purposes and (use.until is None or day <= use.until)
    )


def refuse_outside(features: Mapping[str, str], authorised: Collection[str]) -> None:
    """Refuse to serve features of sources that are not authorised.

    Parameters
    ----------
    features : mapping of str to str
        Feature -> its dimension, of all that a model reads, empty or not: a null would say that
        nothing happened, not that nothing may be known.
    authorised : collection of str
        From `SourceTerms.authorised`.

    Raises
    ------
    UseError
        The features outside, by dimension, and the way out.
    """
    outside: dict[str, list[str]] = {}
    for name, dimension in features.items():
        if dimension != ALWAYS and dimension not in authorised:
            outside.setdefault(dimension, []).append(name)
    if outside:
        said = "; ".join(f"{dimension}: {sorted(names)}" for dimension, names in outside.items())
        raise UseError(
            f"features outside what product and person allow: {said}. Allowed: {ALWAYS} and "
            f"{sorted(authorised)}. Take a model without them (credit.consent), or ask the person."
        )
