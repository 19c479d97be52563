"""Run every benchmark; say on which machine, versions and commit."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys

MODULES = (
    "stages", "public_sets", "policy_price", "world_recovery", "streaming_card",
    "streaming_boost", "tuning", "tracking", "graph", "bitcoin_otc", "reject", "leak_cells",
    "social_value", "source_worth", "true_cost", "fraud_world", "watching", "book",
)  # fmt: skip
PACKAGES = ("credit", "duckdb", "numpy", "pandas", "scikit-learn", "xgboost", "numba")


def machine() -> str:
    """Return one line on the machine, the versions and the commit."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"commit {commit or 'unknown'}; {versions}"
    )


def main() -> int:
    sys.stdout.write(machine() + "\n")
    sys.stdout.flush()
    for module in MODULES:
        sys.stdout.write(f"\n== {module}\n")
        sys.stdout.flush()
        subprocess.run([sys.executable, "-m", f"benchmarks.{module}"], check=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
