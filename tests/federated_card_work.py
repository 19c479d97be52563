"""A card that a party fits in a test: functions that a process can find by name."""

from __future__ import annotations

from typing import Any

from credit.federated.card import fit_card
from credit.federated.transport import Seat, Told, joined
from credit.scorecard import Scorecard


def fit(seat: Seat, argument: tuple[Scorecard, Any, Any], _: Told) -> Any:
    """Fit a card with the others, each from its own rows."""
    card, X, y = argument
    with joined(seat) as reducer:
        return fit_card(card, X, y, reducer).card.to_dict()
