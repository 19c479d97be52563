"""Execute every notebook from top to bottom, in a copy; an error in one fails."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

REPOSITORY = Path(__file__).resolve().parent.parent


def execute(path: Path) -> None:
    """Execute a notebook; its outputs are kept where they are asked for."""
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
    for path in sorted((REPOSITORY / "notebooks").glob("*.ipynb")):
        execute(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
