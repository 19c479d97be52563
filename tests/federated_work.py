"""What parties do in tests: functions that a process can find by name."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from credit.boost import BoostedModel
from credit.federated.party import Rows, read_model, take_turns
from credit.federated.transport import Seat, Told, joined
from credit.whole import texts


def add(seat: Seat, values: Any, told: Told) -> Any:
    """Sum over parties, told of on the way; a party that is to die or fail does so within."""
    told("adding", 0.5)
    with joined(seat) as reducer:
        reducer.sum(np.ones(1))
        if values == "die":
            os._exit(9)
        if values == "fail":
            raise ZeroDivisionError("no rows")
        if values == "late":
            time.sleep(60)
        summed = reducer.sum(np.array(values, dtype=np.float64))
        counted = reducer.sum(np.array([2**60 + seat.rank], dtype=np.int64))
        names = texts(reducer, seat.name)
    return {"sum": [float(s).hex() for s in summed], "count": int(counted[0]), "names": names}


def grow(seat: Seat, folder: str, told: Told) -> Any:
    """Grow trees with the others on the rows in a folder; score rows of a law with them."""
    from test_federated_boost import OPTIONS, SIGNS, rows_of

    held = pd.read_parquet(Path(folder) / "rows.parquet")
    rows = Rows(
        X=held.drop(columns="bad"),
        y=held["bad"].to_numpy(dtype=np.int64),
        test=rows_of(4000, 9)[0],
    )
    model = BoostedModel(options=OPTIONS, signs=SIGNS, random_state=5)
    scored = take_turns(seat, rows, model, Path(folder) / "model", told)
    again = read_model(Path(folder) / "model", model).decision_function(rows.test)
    assert np.array_equal(again, scored.federated)
    return {
        "sha256": scored.model_sha256,
        "margins": json.dumps(scored.federated.tolist()),
        "seconds": [scored.alone_seconds, scored.federated_seconds],
    }


def fail(seat: Seat, _task: Any, _told: Told) -> Any:
    """Fail, at the second party."""
    if seat.rank == 1:
        raise ValueError("out of luck")
    time.sleep(60)
