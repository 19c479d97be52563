"""Execute every notebook from top to bottom, in a copy, and fail on the first error."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

REPOSITORY = Path(__file__).resolve().parent.parent


def main() -> int:
    os.chdir(REPOSITORY)
    keep = "--keep-outputs" in sys.argv
    for path in sorted((REPOSITORY / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        client = NotebookClient(
            notebook, timeout=600, kernel_name="python3",
            resources={"metadata": {"path": str(REPOSITORY / "notebooks")}},
        )  # fmt: skip
        client.execute()
        sys.stdout.write(f"{path.name}: executed\n")
        if keep:
            nbformat.write(notebook, path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
