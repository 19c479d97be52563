"""What the truth of a world says about its fraud."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from credit.errors import DataError
from credit.world.truth import FOLDER


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudTruth:
    """Who is fraud, and which devices are risky, known to nobody in the world.

    Attributes
    ----------
    frauds : DataFrame
        One row a fraud: ``customer_id`` (the victim of a takeover, else the fraud), ``type``,
        ``studio`` (its number, null outside), ``opened_at`` (when the studio began),
        ``started_at`` (the first fraudulent payment) and that payment's ``first_payment_id``.
    risky_devices : Series of int64
        The devices that are risky; all others are harmless.
    """

    frauds: pd.DataFrame
    risky_devices: pd.Series


def read_fraud(directory: Path | str) -> FraudTruth:
    """Return the truth of the fraud in the world generated in ``directory``.

    Raises
    ------
    DataError
        If the world has none.
    """
    folder = Path(directory) / FOLDER
    files = [folder / f"{name}.parquet" for name in ("fraud", "risky_devices")]
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        raise DataError(
            f"{directory}: no truth about fraud here ({missing[0]} is missing). A world has one "
            "if it is generated with fraud: `credit world generate FOLDER --fraud`."
        )
    frauds, devices = (pd.read_parquet(file) for file in files)
    return FraudTruth(frauds=frauds, risky_devices=devices["device_id"])
