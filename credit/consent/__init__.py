"""Scores of people who authorise some sources of data and keep others to themselves.

A model whose margin is a sum of one part for each source is a sum of fewer parts for a person
who gives fewer; what the parts given then mean is found anew for each subset of the sources.

Two things that look alike are not. A feature that is null says that nothing happened (no loan,
no contact); the model has evidence for that. A source that is not authorised says nothing about
what happened: its features are not looked at, whatever they hold.
"""

from credit.consent.fit import Rows, fit_consent, hiding_table
from credit.consent.maps import Authorised, Consent, ConsentMap, Guard
from credit.consent.model import ConsentedModel

__all__ = [
    "Authorised",
    "Consent",
    "ConsentMap",
    "ConsentedModel",
    "Guard",
    "Rows",
    "fit_consent",
    "hiding_table",
]
