"""How good, how sure, how stable: tables of numbers about scores. Nothing here draws.

A higher score is a higher risk and y = 1 is bad, throughout.
"""

from credit.attainable import expected_auc
from credit.evaluate.calibration import (
    CalibrationLine,
    CalibrationTest,
    brier,
    calibration_line,
    calibration_table,
    calibration_tests,
    cox_test,
    ece,
    ece_floor,
    hosmer_lemeshow,
    log_loss,
    spiegelhalter,
)
from credit.evaluate.ceiling import LeakAlarm, leak_alarm, share_of_attainable
from credit.evaluate.comparison import ResampledTest, holm, nadeau_bengio, paired_table
from credit.evaluate.decisions import (
    Economics,
    SwapSets,
    cutoff_table,
    decisions_by_segment,
    swap_sets,
)
from credit.evaluate.detection import days_to_flag, recall_at, recall_uplift, threshold_at
from credit.evaluate.discrimination import (
    auc,
    cap_table,
    gini,
    h_measure,
    ks,
    lift_table,
    roc_table,
)
from credit.evaluate.fairness import (
    adverse_impact,
    calibration_by_group,
    equal_opportunity,
    price_gap,
)
from credit.evaluate.features import (
    correlated_pairs,
    feature_report,
    information_values,
    iv_by_month,
    spearman,
)
from credit.evaluate.grades import grade_bounds, grade_table, traffic_lights
from credit.evaluate.influence import Neutral, decision_influence
from credit.evaluate.intervals import (
    AucDifference,
    AucInterval,
    bootstrap,
    delong,
    delong_difference,
    jeffreys,
)
from credit.evaluate.leaks import LeakFacts, leaks
from credit.evaluate.proxies import ProxyTest, less_discriminatory, proxy_test
from credit.evaluate.rates import yearly_rates
from credit.evaluate.stability import (
    Stability,
    auc_by_month,
    csi_table,
    psi,
    psi_by_period,
    psi_critical,
    score_psi,
)
from credit.evaluate.summary import by_segment, metrics
from credit.evaluate.validation import (
    Concentration,
    CountTest,
    alarm_counts,
    auc_fall,
    concentration,
    count_test,
    migration_matrix,
)
from credit.evaluate.vintages import lateness, roll_rates, vintage_table
from credit.evaluate.worth import (
    Sources,
    SourceValues,
    every_subset,
    named,
    shapley,
    source_values,
    without_each,
)

__all__ = [
    "AucDifference",
    "AucInterval",
    "CalibrationLine",
    "CalibrationTest",
    "Concentration",
    "CountTest",
    "Economics",
    "LeakAlarm",
    "LeakFacts",
    "Neutral",
    "ProxyTest",
    "ResampledTest",
    "SourceValues",
    "Sources",
    "Stability",
    "SwapSets",
    "adverse_impact",
    "alarm_counts",
    "auc",
    "auc_by_month",
    "auc_fall",
    "bootstrap",
    "brier",
    "by_segment",
    "calibration_by_group",
    "calibration_line",
    "calibration_table",
    "calibration_tests",
    "cap_table",
    "concentration",
    "correlated_pairs",
    "count_test",
    "cox_test",
    "csi_table",
    "cutoff_table",
    "days_to_flag",
    "decision_influence",
    "decisions_by_segment",
    "delong",
    "delong_difference",
    "ece",
    "ece_floor",
    "equal_opportunity",
    "every_subset",
    "expected_auc",
    "feature_report",
    "gini",
    "grade_bounds",
    "grade_table",
    "h_measure",
    "holm",
    "hosmer_lemeshow",
    "information_values",
    "iv_by_month",
    "jeffreys",
    "ks",
    "lateness",
    "leak_alarm",
    "leaks",
    "less_discriminatory",
    "lift_table",
    "log_loss",
    "metrics",
    "migration_matrix",
    "nadeau_bengio",
    "named",
    "paired_table",
    "price_gap",
    "proxy_test",
    "psi",
    "psi_by_period",
    "psi_critical",
    "recall_at",
    "recall_uplift",
    "roc_table",
    "roll_rates",
    "score_psi",
    "shapley",
    "share_of_attainable",
    "source_values",
    "spearman",
    "spiegelhalter",
    "swap_sets",
    "threshold_at",
    "traffic_lights",
    "vintage_table",
    "without_each",
    "yearly_rates",
]
