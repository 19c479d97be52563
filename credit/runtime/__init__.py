"""Load an artifact and score with it: standard library and NumPy, nothing else.

>>> from credit import runtime
>>> scorer = runtime.load("runs/latest/artifact")              # doctest: +SKIP
>>> scorer.score({"payment_night_share_90d": [0.07]}).points   # doctest: +SKIP
array([596])
>>> scorer.score_one({"payment_night_share_90d": 0.07}).points # doctest: +SKIP
596
"""

from credit.runtime.columns import Feature
from credit.runtime.load import load
from credit.runtime.scorer import Contributions, Reason, Score, Scorer, Scores
from credit.runtime.signature import PublicKey

__all__ = ["Contributions", "Feature", "PublicKey", "Reason", "Score", "Scorer", "Scores", "load"]
