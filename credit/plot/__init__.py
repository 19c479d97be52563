"""Every picture, drawn from tables that other rooms return.

Each function takes plain tables and returns a `matplotlib.figure.Figure` made without pyplot:
``write_picture(figure, "roc.svg")`` saves one, ``svg_markup`` puts one into a page.
"""

from credit.plot.bins import bin_edit, column_bins
from credit.plot.bins_across import bins_by_period, information
from credit.plot.card import waterfall, whole_card
from credit.plot.decisions import cutoffs, reject_error, vintages
from credit.plot.dependence import dependence, dimension_swarm
from credit.plot.explain import beeswarm, dimension_shares, points_table
from credit.plot.features import feature_through_time, iv_by_month
from credit.plot.federated import federated
from credit.plot.models import (
    calibration,
    cap,
    grades,
    model_comparison,
    roc,
    score_distribution,
)
from credit.plot.months import auc_by_month, cohorts
from credit.plot.policy import price_of_policy
from credit.plot.presets import presets
from credit.plot.products import products
from credit.plot.recourse import recourse
from credit.plot.stability import roll_rates, stability
from credit.plot.strategy import frontier, law, profit_waterfall, rivals, without_sources
from credit.plot.style import (
    model_label,
    month_label,
    png_bytes,
    svg_bytes,
    svg_markup,
    write_picture,
)
from credit.plot.watched import (
    drift_by_period,
    features_by_period,
    flow_by_period,
    impact_by_period,
    rates_by_period,
)
from credit.plot.worth import consent_cost, source_worth

__all__ = [
    "auc_by_month",
    "beeswarm",
    "bin_edit",
    "bins_by_period",
    "calibration",
    "cap",
    "cohorts",
    "column_bins",
    "consent_cost",
    "cutoffs",
    "dependence",
    "dimension_shares",
    "dimension_swarm",
    "drift_by_period",
    "feature_through_time",
    "features_by_period",
    "federated",
    "flow_by_period",
    "frontier",
    "grades",
    "impact_by_period",
    "information",
    "iv_by_month",
    "law",
    "model_comparison",
    "model_label",
    "month_label",
    "png_bytes",
    "points_table",
    "presets",
    "price_of_policy",
    "products",
    "profit_waterfall",
    "rates_by_period",
    "recourse",
    "reject_error",
    "rivals",
    "roc",
    "roll_rates",
    "score_distribution",
    "source_worth",
    "stability",
    "svg_bytes",
    "svg_markup",
    "vintages",
    "waterfall",
    "whole_card",
    "without_sources",
    "write_picture",
]
