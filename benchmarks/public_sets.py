"""Cards (default, classic), boosted model, logistic regression on public flat files, 5 x 2 folds.

The folder of the published sets is the first argument or the environment's CREDIT_DATA.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pandas as pd

from benchmarks.card_sets import GERMAN
from credit.pipeline.compare import CompareOptions, compare
from credit.pipeline.flat import flat_table
from credit.pipeline.models import NAMES, Knowledge
from credit.pipeline.words import plain


def frames(root: Path):
    """Yield name, frame, target and bad value of each set that is there."""
    german = root / "german" / "german.data"
    if german.is_file():
        yield "german", pd.read_csv(german, sep=" ", header=None, names=GERMAN), "outcome", "2"
    taiwan = root / "taiwan" / "taiwan.csv"
    if taiwan.is_file():
        frame = pd.read_csv(taiwan).drop(columns="ID")
        yield "taiwan", frame, "default.payment.next.month", "1"


def main() -> int:
    root = Path(
        sys.argv[1] if len(sys.argv) > 1 else os.environ.get("CREDIT_DATA", "../shared/data")
    )
    found = False
    for name, frame, target, bad in frames(root):
        found = True
        options = CompareOptions(target=target, bad=bad, models=NAMES)
        start = time.process_time()
        result = compare(flat_table(frame, target=target, bad=bad), options, Knowledge())
        sys.stdout.write(f"{name}: {time.process_time() - start:.0f} s CPU\n")
        for table in result.tables:
            sys.stdout.write(plain(table) + "\n\n")
    if not found:
        sys.stdout.write(f"no published set in {root}; see `credit data list`\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
