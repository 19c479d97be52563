"""Execute every notebook from top to bottom, in a copy, two at a time; an error in one fails."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient

REPOSITORY = Path(__file__).resolve().parent.parent


def execute(paths: list[Path]) -> None:
    """Execute notebooks one after the other; outputs are kept where they are asked for."""
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        client = NotebookClient(
            notebook, timeout=600, kernel_name="python3",
            resources={"metadata": {"path": str(REPOSITORY / "notebooks")}},
        )  # fmt: skip
        client.execute()
        sys.stdout.write(f"{path.name}: executed\n")
        sys.stdout.flush()
        if "--keep-outputs" in sys.argv:
            nbformat.write(notebook, path)


def main() -> int:
    os.chdir(REPOSITORY)
    paths = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
    # Those that share a generated population take turns, so that it is generated once.
    sharing = [path for path in paths if "../data/" in path.read_text(encoding="utf-8")]
    apart = [path for path in paths if path not in sharing]
    with ProcessPoolExecutor(max_workers=2) as pool:
        list(pool.map(execute, [sharing, apart]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
