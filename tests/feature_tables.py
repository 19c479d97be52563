"""Small random event tables, those that proofs are made of."""

from credit.features.proof.rows import EDGES as WINDOWS
from credit.features.proof.rows import MAKE, Chance, Row
from credit.features.proof.tables import (
    World,
    copies,
    engine_of,
    frames,
    random_world,
)

__all__ = [
    "MAKE", "WINDOWS", "Chance", "Row", "World", "copies", "engine_of", "frames", "random_world",
]  # fmt: skip
