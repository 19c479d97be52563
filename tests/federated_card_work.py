"""A card that a party fits in a test: functions that a process can find by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from credit.federated.party import Rows, take_turns
from credit.federated.transport import Seat, Told
from credit.scorecard import Scorecard


def fit(seat: Seat, argument: tuple[Scorecard, Rows, str], told: Told) -> Any:
    """Fit a card alone and with the others, and write it."""
    card, rows, folder = argument
    scored = take_turns(seat, rows, card, Path(folder) / seat.name, told)
    return [scored.model_sha256, scored.alone is None, scored.disclosed.rounds]
