"""An exported artifact in other forms, for `credit export`."""

from __future__ import annotations

from pathlib import Path

from credit.artifact import to_onnx, to_sql
from credit.pipeline.flat import require_folder, written
from credit.runtime import load as load_artifact


def write_sql(
    artifact: Path, *, dialect: str = "duckdb", table: str, output: Path | None = None
) -> str:
    """Return the query that scores ``table`` as an artifact does; write it where asked.

    Raises
    ------
    ArtifactError
        The artifact is damaged, or a feature's name cannot be in a query.
    ModelError
        The dialect is not known, or a name cannot be written in it.
    """
    if output is not None:
        require_folder(output)
    text = to_sql(load_artifact(artifact), dialect, table=table)
    if output is not None:
        with written(output) as partial:
            partial.write_text(text, encoding="utf-8")
    return text


def write_onnx(artifact: Path, output: Path) -> int:
    """Write an artifact as an ONNX model; return how many bytes it has.

    Raises
    ------
    ArtifactError
        The artifact is damaged, the package ``onnx`` is not installed, or a feature's name
        cannot be in the graph.
    """
    require_folder(output)
    content = to_onnx(load_artifact(artifact))
    with written(output) as partial:
        partial.write_bytes(content)
    return len(content)
