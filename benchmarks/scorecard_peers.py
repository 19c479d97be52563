"""Cards and bins of this package and its peers: `python -m benchmarks.scorecard_peers [small]`.

Every measurement runs in a new process on one thread. Letters among the arguments choose parts:
`small a d`. At full size a part replaces its section of `benchmarks/results/scorecard.md`.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.peers import frames, solvers
from benchmarks.peers.measure import LONGEST
from benchmarks.run import machine

REPOSITORY = Path(__file__).resolve().parent.parent
RESULTS = REPOSITORY / "benchmarks" / "results" / "scorecard.md"
PEERS = Path(os.environ.get("PEERS_PYTHON", REPOSITORY / ".venv-bench" / "bin" / "python"))
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)
PEER_PACKAGES = ("optbinning", "toad", "hscredit", "ortools", "numpy", "pandas", "scikit-learn")
CARDS = (
    "OptBinning",
    "toad tree",
    "toad chi",
    "hscredit",
    "ours woe",
    "ours fused",
    "ours default",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    card: tuple[int, int] = (200_000, 50)
    fresh: int = 100_000
    rows: int = 1_000_000
    repeats: int = 3
    tables: int = 324
    small: bool = False


SMALL = Sizes(card=(5_000, 9), fresh=5_000, rows=10_000, repeats=1, tables=36, small=True)


def once(part: str, name: str, folder: Path, frame: str) -> dict | str:
    """Return the figures of one new process, or the last line of its error."""
    python = Path(sys.executable) if name.startswith("ours") else PEERS
    if not python.is_file():
        return "no environment of peers: make .venv-bench/installed"
    command = [str(python), "-m", "benchmarks.peers.measure", part, name, str(folder), frame]
    done = subprocess.run(
        command, env={**os.environ, **ONE_THREAD, "PYTHONPATH": str(REPOSITORY)},
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == -signal.SIGXCPU:
        return f"not done within {LONGEST:,} s of CPU"
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        return lines[-1].replace("|", "/")[:160]
    return json.loads(done.stdout.strip().splitlines()[-1])


def medians(part: str, name: str, folder: Path, frame: str, repeats: int) -> dict | str:
    found = []
    for _ in range(repeats):
        one = once(part, name, folder, frame)
        if isinstance(one, str):
            return one
        found.append(one)
    return {key: statistics.median(one[key] for one in found) for key in found[0]}


def lines(title: str, head: str, rows: list[str]) -> list[str]:
    rule = "|---" * (head.count("|") - 1) + "|"
    return [f"## {title}", "", head, rule, *rows, ""]


def cards(folder: Path, sizes: Sizes) -> list[str]:
    frames.write_generated(folder, "card", *sizes.card, 1)
    frames.write_generated(folder, "fresh", sizes.fresh, sizes.card[1], 2)
    rows, base = [], np.nan
    for name in CARDS:
        got = medians("card", name, folder, "card", sizes.repeats)
        if isinstance(got, str):
            rows.append(f"| {name} | {got} | | | |")
            continue
        base = got["cpu"] if name == "OptBinning" else base
        rows.append(
            f"| {name} | {got['cpu']:.2f} | {base / got['cpu']:.1f} | {got['mb']:.0f} "
            f"| {got['auc']:.4f} |"
        )
    title = f"a. Whole card, {sizes.card[0]:,} x {sizes.card[1]}, AUC on {sizes.fresh:,} fresh rows"
    head = "| card | CPU s | times as fast as OptBinning | MB above the frame | test AUC |"
    return lines(title, head, rows)


def binnings(folder: Path, sizes: Sizes) -> list[str]:
    runs = [(name, 10) for name in ("OptBinning", "toad tree", "toad chi", "hscredit", "ours")] + [
        ("ours", 50)
    ]
    rows, base = [], np.nan
    for name, columns in runs:
        frame = f"binning{columns}"
        if not (folder / f"{frame}.npy").is_file():
            frames.write_generated(folder, frame, sizes.rows, columns, 6)
        got = medians("binning", name, folder, frame, sizes.repeats)
        shape = f"{sizes.rows:,} x {columns}"
        if isinstance(got, str):
            rows.append(f"| {name} | {shape} | {got} | | | |")
            continue
        each = got["cpu"] / columns
        base = each if name == "OptBinning" else base
        rows.append(
            f"| {name} | {shape} | {got['cpu']:.2f} | {each:.3f} | {base / each:.1f} "
            f"| {got['mb']:.0f} |"
        )
    head = (
        "| binning | rows x columns | CPU s | CPU s a column | times as fast as OptBinning "
        "| MB above the frame |"
    )
    return lines("b. Binning alone", head, rows)


def held_out(folder: Path, sizes: Sizes) -> list[str]:
    rows = []
    for frame in frames.write_facts(folder, small=sizes.small):
        got = {name: once("held_out", name, folder, frame) for name in ("OptBinning", "ours")}
        wrong = [f"{name}: {one}" for name, one in got.items() if isinstance(one, str)]
        if wrong:
            rows.append(f"| {frame} | {'; '.join(wrong)} | | | | |")
            continue
        theirs, ours = got["OptBinning"], got["ours"]
        pairs = [
            f"{np.mean(theirs[key]):.4f} / {np.mean(ours[key]):.4f}"
            for key in ("gain", "fitted", "plain")
        ]
        won = [
            str(int(np.sum(np.array(ours[key]) > np.array(theirs[key]))))
            for key in ("gain", "fitted", "plain")
        ]
        bins = f"{np.mean(theirs['bins']):.0f} / {np.mean(ours['bins']):.0f}"
        rows.append(
            f"| {frame} | {' | '.join(pairs)} | {', '.join(won)} of {len(ours['gain'])} | {bins} |"
        )
    head = (
        "| frame | log-likelihood gain | fitted evidence | held-out IV | halves where ours is "
        "higher | bins |"
    )
    said = [
        "OptBinning / ours; sums over columns, means of 5 x 2 halves (persons kept whole). Gain:",
        "held-out log-likelihood a 1,000 rows of the fitted rates above that of the base rate, the",
        "only one of the three that noise in the fitted rates lowers. Fitted evidence: sum of (bad",
        "share - good share) held out x evidence of the fitting half. Held-out IV: both from the",
        "held-out half, which rewards more bins. Empty cells count 0.5 in all.",
        "",
    ]
    return lines("c. Information value out of fold", head, rows) + said


def exact(folder: Path, sizes: Sizes) -> list[str]:
    given = frames.tables(sizes.tables, 7)
    (folder / "tables.json").write_text(json.dumps(given), encoding="utf-8")
    got = {name: once("exact", name, folder, "tables") for name in ("OptBinning", "ours")}
    title = f"d. Exactness on {len(given)} random tables of 20 prebins, same limits"
    head = (
        "| trend | tables | ours better | equal to 1e-6 | ours worse | largest gain "
        "| largest loss | limits broken, OptBinning | ours |"
    )
    wrong = [f"{name}: {one}" for name, one in got.items() if isinstance(one, str)]
    if wrong:
        return lines(title, head, [f"| | {'; '.join(wrong)} | | | | | | | |"])
    rows = []
    gap = np.array(
        [
            solvers.value(table, ours) - solvers.value(table, theirs)
            for table, ours, theirs in zip(
                given, got["ours"]["ends"], got["OptBinning"]["ends"], strict=True
            )
        ]
    )
    broken = {
        name: np.array(
            [not solvers.kept(table, ends) for table, ends in zip(given, one["ends"], strict=True)]
        )
        for name, one in got.items()
    }
    trends = np.array([table["trend"] for table in given])
    for trend in ("ascending", "descending", "peak", "valley"):
        at = trends == trend
        better, worse = int((gap[at] > 1e-6).sum()), int((gap[at] < -1e-6).sum())
        rows.append(
            f"| {trend} | {at.sum()} | {better} | {at.sum() - better - worse} | {worse} "
            f"| {gap[at].clip(min=0).max():.1e} | {(-gap[at]).clip(min=0).max():.1e} "
            f"| {broken['OptBinning'][at].sum()} | {broken['ours'][at].sum()} |"
        )
    theirs, ours = got["OptBinning"]["cpu"], got["ours"]["cpu"]
    said = [
        f"CPU ms a table: OptBinning {1e3 * theirs / len(given):.1f}, ours "
        f"{1e3 * ours / len(given):.3f}: {theirs / ours:,.0f} times as fast. Plain IV of both",
        "answers; limits checked apart from both solvers, rates to 2e-6 (OptBinning solves in",
        "whole millionths).",
        "",
    ]
    return lines(title, head, rows) + said


PARTS = {"a": cards, "b": binnings, "c": held_out, "d": exact}


def versions(packages: tuple[str, ...] = PEER_PACKAGES) -> str:
    """Return the versions of packages in the environment of peers."""
    if not PEERS.is_file():
        return "no environment of peers"
    code = (
        "import importlib.metadata as m, sys\n"
        "held = {d.name.lower(): d.version for d in m.distributions()}\n"
        "print(', '.join(f'{n} {held.get(n, \"absent\")}' for n in sys.argv[1:]))"
    )
    done = subprocess.run(
        [str(PEERS), "-c", code, *packages], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def keep(
    part: str, section: str, file: Path = RESULTS, title: str = "Scorecards against their peers"
) -> None:
    """Put a part's section in place of its last one in a file of results."""
    held = file.read_text(encoding="utf-8").split("\n## ")[1:] if file.is_file() else []
    sections = {text[0]: text.strip() for text in held} | {part: section.strip()[3:]}
    file.parent.mkdir(exist_ok=True)
    kept = [sections[letter] for letter in sorted(sections)]
    text = "\n\n## ".join([f"# {title}", *kept])
    file.write_text(text + "\n", encoding="utf-8")


def main() -> int:
    words = sys.argv[1:]
    if unknown := set(words) - {"small", *PARTS}:
        sys.stderr.write(f"{sorted(unknown)}: give `small` and letters of {list(PARTS)}.\n")
        return 2
    sizes = SMALL if "small" in words else Sizes()
    for part in [part for part in PARTS if part in words] or PARTS:
        load = os.getloadavg()[0]
        with tempfile.TemporaryDirectory() as folder:
            found = PARTS[part](Path(folder), sizes)
        where = [
            f"{machine()}. Peers: {versions()}. One process a measurement, one thread; load",
            f"{load:.1f} at the start; medians of {sizes.repeats} where seconds are given alone.",
        ]
        section = "\n".join([*found, *where]) + "\n"
        sys.stdout.write(section + "\n")
        sys.stdout.flush()
        if not sizes.small:
            keep(part, section)
    return 0


if __name__ == "__main__":
    sys.exit(main())
