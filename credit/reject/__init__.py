"""Reject inference: what refused applicants hide, under named assumptions; off by default.

An outcome is known only of people who were accepted. Each method turns accepted and refused
rows into rows to fit a model on (:func:`infer`), and :func:`measured_error` says how wrong each
of them is where the outcomes of the refused are known. Nothing replaces a small share of
applications approved at random: :func:`measured_odds` reads from it what no method can.
"""

from credit.reject.applications import Applications, Inferred
from credit.reject.bench import (
    Population,
    Selection,
    Underwriter,
    measured_error,
    underwrite,
)
from credit.reject.infer import infer
from credit.reject.methods import (
    BivariateProbit,
    FuzzyAugmentation,
    Method,
    Nothing,
    Parcelling,
    Reweighting,
    SelfLearning,
)
from credit.reject.probit import SelectedProbit
from credit.reject.scores import measured_odds

__all__ = [
    "Applications",
    "BivariateProbit",
    "FuzzyAugmentation",
    "Inferred",
    "Method",
    "Nothing",
    "Parcelling",
    "Population",
    "Reweighting",
    "SelectedProbit",
    "Selection",
    "SelfLearning",
    "Underwriter",
    "infer",
    "measured_error",
    "measured_odds",
    "underwrite",
]
