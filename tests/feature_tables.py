"""Small random event tables, those that proofs are made of."""

from credit.feature import Catalogue, Propagation
from credit.features import catalogue
from credit.features.proof.rows import EDGES as WINDOWS
from credit.features.proof.rows import MAKE, Chance, Row
from credit.features.proof.tables import (
    World,
    connected_world,
    copies,
    engine_of,
    frames,
    random_world,
)

__all__ = [
    "MAKE", "OWN", "WINDOWS", "Chance", "Row", "World", "connected_world", "copies", "engine_of",
    "frames", "random_world",
]  # fmt: skip

OWN = Catalogue(tuple(f for f in catalogue() if not isinstance(f, Propagation)))
"""Features that read the rows of one person and of those tied to them."""
