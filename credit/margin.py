"""From a margin, the log-odds of bad, to probabilities and labels: what every model shares."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import ClassifierMixin

from credit.columns import Floats


class MarginClassifier(ClassifierMixin):
    """A binary classifier that defines ``decision_function``, the log-odds of ``classes_[1]``."""

    classes_: NDArray[Any]

    def decision_function(self, X: Any) -> Floats:
        """Return the log-odds of bad, one a row."""
        raise NotImplementedError

    def predict_proba(self, X: Any) -> Floats:
        """Return the probabilities of good and of bad, (rows, 2)."""
        bad = expit(self.decision_function(X))
        return np.column_stack([1 - bad, bad])

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likelier label; at even odds, the good one."""
        likelier_bad = self.decision_function(X) > 0
        return self.classes_[likelier_bad.astype(np.int64)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags
