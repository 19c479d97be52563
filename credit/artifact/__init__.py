"""Write a model as an artifact: plain data in a folder, which `credit.runtime` scores."""

from credit.artifact.frame import columns_of, risk_of
from credit.artifact.recourse import recourse_plan
from credit.artifact.spec import ArtifactSpec, Provenance
from credit.artifact.write import pack, write

__all__ = [
    "ArtifactSpec", "Provenance", "columns_of", "pack", "recourse_plan", "risk_of", "write",
]  # fmt: skip
