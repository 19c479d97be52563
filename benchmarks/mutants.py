"""What becomes of damaged and hostile artifacts: `python -m benchmarks.mutants [COUNT [SEED]]`.

Each mutant of the golden artifacts (`tests/artifact_mutants.py`) is loaded and scored in a child
process with a limit of CPU time and of memory. Stale hashes must be refused; with hashes made
right a mutant is refused or scored (finite margins, contributions that add up, one row alone as
among many), and one whose files are those of the artifact scores what it did. Anything else, a
crash, a hang, a warning, an error that is no refusal, is a fault; with one the status is 1.
"""

from __future__ import annotations

import os
import resource
import sys
from collections import Counter
from pathlib import Path

from benchmarks.run import machine

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
from golden_artifacts import golden
from mutant_workers import FINE, REFUSED, REFUSED_SCORING, SCORED, Seen, run

COUNT, SEED = 100_000, 1


def table(seen: Counter[tuple[str, str, str]]) -> str:
    """Return the outcomes by kind of change and hashes, a line each."""
    outcomes = (REFUSED, REFUSED_SCORING, SCORED)
    lines = ["| changed | hashes | mutants | " + " | ".join(outcomes) + " | faults |"]
    lines.append("|---" * 7 + "|")
    for kind, hashes in sorted({key[:2] for key in seen}):
        counts = [seen[kind, hashes, outcome] for outcome in outcomes]
        total = sum(n for key, n in seen.items() if key[:2] == (kind, hashes))
        numbers = " | ".join(f"{n:,}" for n in (total, *counts, total - sum(counts)))
        lines.append(f"| {kind} | {hashes} | {numbers} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    count = int(arguments[0]) if arguments else COUNT
    seed = int(arguments[1]) if len(arguments) > 1 else SEED
    sys.stdout.write(f"{machine()}; load {os.getloadavg()[0]:.1f}; seed {seed}\n\n")
    counted: Counter[tuple[str, str, str]] = Counter()
    faults: list[Seen] = []
    for one in run([one.folder.parent for one in golden()], seed, count):
        counted[one.change.partition(":")[0], one.hashes, one.outcome] += 1
        if one.outcome not in FINE:
            faults.append(one)
    sys.stdout.write(table(counted))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    sys.stdout.write(
        f"\n{len(faults)} faults; {used.ru_utime + used.ru_stime:.0f} s of CPU; "
        f"most memory {used.ru_maxrss / 1024:.0f} MB\n"
    )
    for one in faults:
        sys.stdout.write(f"{one}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
