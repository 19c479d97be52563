"""The decision log: what was decided, on which values, by which artifact.

Format and guarantees are in docs/decision_log.md.

>>> from credit.service.log import DecisionLog, verify
>>> with DecisionLog("decisions") as log:                     # doctest: +SKIP
...     log.append([entry]).result()  # on the disk: it may be answered
>>> verify("decisions").fault is None                         # doctest: +SKIP
True
"""

from credit.service.log.chain import Cut
from credit.service.log.entry import Entry, Log, answer_of
from credit.service.log.erase import Erasure, erase
from credit.service.log.fault import BrokenLogError, Fault
from credit.service.log.group import DecisionLog, LogOptions, LogState
from credit.service.log.replay import Difference, Replay, replay
from credit.service.log.verify import Verification, verify

__all__ = [
    "BrokenLogError",
    "Cut",
    "DecisionLog",
    "Difference",
    "Entry",
    "Erasure",
    "Fault",
    "Log",
    "LogOptions",
    "LogState",
    "Replay",
    "Verification",
    "answer_of",
    "erase",
    "replay",
    "verify",
]
