"""A fresh process that can import NumPy alone: what it loads, imports and holds, and never runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from golden_artifacts import Golden, golden

from credit import runtime
from credit.artifact import pack

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[2])
before = set(sys.modules)
from credit import runtime

import json, marshal, pickle
RUNS = {"exec", "compile", "import", "pickle.find_class", "marshal.loads", "marshal.load",
        "os.system", "os.exec", "os.posix_spawn", "os.fork", "code.__new__"}
PARTS = {"ctypes", "socket", "subprocess", "urllib", "shutil", "tempfile"}
armed = False

def audit(event, arguments):
    # Raised by the interpreter itself, whoever calls and under whatever name.
    writes = event == "open" and arguments[1] is not None and set(arguments[1]) & set("wax+")
    if armed and (event in RUNS or event.partition(".")[0] in PARTS or writes):
        raise SystemExit(f"an artifact must only be read, but there was {event} {arguments}")

def unpickled(*args, **kwargs):
    raise SystemExit("an artifact must not be unpickled")

sys.addaudithook(audit)
pickle.load = pickle.loads = pickle.Unpickler = pickle._Unpickler = unpickled
numpy = sys.modules["numpy"]
numpy.load = numpy.fromfile = numpy.memmap = unpickled

columns, answers = json.loads(sys.stdin.read()), []
row = {name: values[0] for name, values in columns.items()}
packed = open(sys.argv[1] + ".zip", "rb").read()
runtime.load(packed).score(columns, reasons=1)  # what is imported at first use is imported here
armed = True
for source in (sys.argv[1], sys.argv[1] + ".zip", packed):
    scorer = runtime.load(source)
    scores, one = scorer.score(columns, reasons=2), scorer.score_one(row, reasons=2)
    scorer.contributions(columns)
    answers.append([
        scores.margin.tolist(), scores.points.tolist(), scores.grade.tolist(),
        [[reason.feature for reason in reasons] for reasons in scores.reasons],
        one.points, [reason.feature for reason in one.reasons],
    ])
caught = []
for forbidden in (lambda: eval("1"), lambda: exec(""), lambda: marshal.loads(marshal.dumps(1)),
                  lambda: pickle.loads(b""), lambda: numpy.load("x"), lambda: open("x", "w")):
    try:
        forbidden()
    except SystemExit as error:
        caught.append(str(error))
armed = False
status = open("/proc/self/status").read() if sys.platform == "linux" else ""
new = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps({
    "answers": answers, "caught": len(caught),
    "modules": sorted(new - set(sys.stdlib_module_names)),
    "held": int(status.split("VmRSS:")[1].split()[0]) / 1024 if status else 0,
}))
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds NumPy and credit, and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    installed = Path(np.__file__).parent.parent
    for name in ("numpy", "numpy.libs"):
        if (installed / name).exists():
            (folder / name).symlink_to(installed / name)
    (folder / "credit").symlink_to(Path(runtime.__file__).parent.parent)
    return folder


@pytest.mark.parametrize("kept", golden(), ids=lambda one: one.name)
def test_numpy_alone_scores_and_nothing_is_run(kept: Golden, bare: Path, tmp_path: Path) -> None:
    """No pickle, no eval, no exec, no import, nothing written: folder, zip and bytes alike."""
    folder = tmp_path / "artifact"
    folder.symlink_to(kept.folder)
    pack(kept.folder, tmp_path / "artifact.zip")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROGRAM, str(folder), str(bare)],
        input=json.dumps(kept.columns), capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    said = json.loads(done.stdout)
    row = {name: values[0] for name, values in kept.columns.items()}
    scorer = runtime.load(kept.folder)
    scores, one = scorer.score(kept.columns, reasons=2), scorer.score_one(row, reasons=2)
    expected = [
        scores.margin.tolist(), scores.points.tolist(), scores.grade.tolist(),
        [[reason.feature for reason in reasons] for reasons in scores.reasons],
        one.points, [reason.feature for reason in one.reasons],
    ]  # fmt: skip
    assert said["answers"] == [expected] * 3
    assert said["caught"] == 6  # what is forbidden would have been seen
    assert said["modules"] == ["credit", "numpy"]
    assert said["held"] <= 45  # MB, of three scorers
