"""Proof that a feature knows nothing it could not have known: rewrite the rest, and look.

For every observation there is a copy of all tables in which each row that is invisible at that
observation's own instant was deleted, changed or moved, and others were added; rows of other
people too. A feature that moves has leaked. One date for everybody would miss leaks.
"""

from credit.features.proof.moves import Proof, moves
from credit.features.proof.tables import World, connected_world, random_world

__all__ = ["Proof", "World", "connected_world", "moves", "random_world"]
