"""Write a model as an artifact: plain data in a folder, which `credit.runtime` scores."""

from credit.artifact.frame import columns_of, risk_of
from credit.artifact.numba_engine import with_numba
from credit.artifact.onnx_graph import to_onnx
from credit.artifact.recourse import recourse_plan
from credit.artifact.spec import ArtifactSpec, Provenance
from credit.artifact.sql import to_sql
from credit.artifact.write import pack, write
from credit.artifact.xgboost_engine import with_xgboost

__all__ = [
    "ArtifactSpec",
    "Provenance",
    "columns_of",
    "pack",
    "recourse_plan",
    "risk_of",
    "to_onnx",
    "to_sql",
    "with_numba",
    "with_xgboost",
    "write",
]
