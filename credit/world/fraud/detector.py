"""What watches sign-ins: a detector of risky devices, and a check of faces.

The detector has both published qualities at once. Of R risky and C harmless devices it flags each
risky one with probability recall, and each harmless one with probability

    recall R (1 - precision) / (precision C)

so that flagged devices are risky in the share ``precision``. The face check compares a likeness
with a threshold t; on the normal scale (score = Phi(z)) true and false faces are

    z ~ N(Phi^-1(t) + Phi^-1(pass), 1)        z ~ N(Phi^-1(t) + Phi^-1(far), 1).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from credit.world.figures import Figures
from credit.world.options import Flags, Floats


def flagged(draw: np.random.Generator, risky: Flags, figures: Figures) -> Flags:
    """Return which devices the detector flags; ``risky`` has one entry a device."""
    settings = figures["sim.device"]
    precision, recall = settings["precision"], settings["recall"]
    bad = int(risky.sum())
    false = recall * bad * (1 - precision) / (precision * max(risky.size - bad, 1))
    return np.asarray(draw.random(risky.size) < np.where(risky, recall, min(false, 1.0)))


def face_scores(draw: np.random.Generator, genuine: Flags, figures: Figures) -> Floats:
    """Return the likeness of each face to the one on record, in (0, 1)."""
    settings = figures["sim.face"]
    threshold = ndtri(figures.number("sim.face_threshold"))
    centre = threshold + np.where(genuine, ndtri(settings["pass"]), ndtri(settings["far"]))
    return np.asarray(ndtr(centre + draw.standard_normal(genuine.size)))


def signs(draw: np.random.Generator, risky: Flags, figures: Figures) -> tuple[Flags, Flags]:
    """Return which devices are seen to be emulators, and which without their protection.

    A risky device is one or the other, or hides what it is.
    """
    u = draw.random(risky.size)
    shows = figures["sim.device_signs"]
    emulator, either = shows["emulator"], shows["emulator"] + shows["rooted"]
    harmless = shows["harmless_rooted"]
    return risky & (u < emulator), np.where(risky, (u >= emulator) & (u < either), u < harmless)
