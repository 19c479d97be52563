"""The second pass over a world: the truth of the whole population, a column at a time.

The features behind the truth and everyone's segment lie in a `Spill`. Memory holds a few numbers
a person, whatever the features are: every temporary of the whole population is one column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from credit.attainable import expected_auc
from credit.feature import DIMENSIONS
from credit.world import shocks, truth
from credit.world.ceiling import gini, subset_ceilings
from credit.world.figures import Figures
from credit.world.options import SEGMENTS, Block, Floats, Stage, WorldOptions
from credit.world.people import People
from credit.world.spill import Spill, covariance, slabs

Weights = Mapping[str, Mapping[str, float]]

OF_LENDER = ("signal", "legacy_p")
"""What the lender knew of a person, in a world that has one."""


def spill_chunk(spill: Spill, table: pd.DataFrame, crowd: Sequence[People]) -> None:
    """Write a chunk's features, observation ids, and what is asked of each of its people."""
    for name in table.columns.drop("observation_id"):
        spill.append(name, table[name].to_numpy(dtype=np.float64, na_value=np.nan))
    spill.append("observation_id", table["observation_id"].to_numpy())
    for people in crowd:
        spill.append("segment", people.segment.astype(np.int8))
        spill.append("thin", people.thin)
        spill.append("as_of", people.as_of)


def eta_of(spill: Spill) -> Floats:
    """Return eta of everybody, shape (n, 5), mapped rather than read."""
    return spill.matrix("eta", len(DIMENSIONS))


def settle(
    spill: Spill, options: WorldOptions, numbers: Figures, risk: Mapping[str, int]
) -> truth.TruthModel:
    """Return the truth's model; spill ``eta``, and the ``shift`` of shocks."""
    for part in truth.features_of_truth(numbers).values():
        spill.append("eta", truth.index(spill.column, part, risk))
    segment = spill.column("segment")
    who = np.ones(segment.size, dtype=bool)
    for rows in slabs(segment.size):
        hit = segment[rows], spill.rows("as_of", rows)
        who[rows] = ~shocks.touched(options, *hit)
        spill.append("shift", shocks.log_odds(options, *hit))
    return truth.calibrate(
        eta_of(spill), segment, numbers, interaction=options.interaction, who=who
    )


def tell(spill: Spill, model: truth.TruthModel, weights: Weights, path: Path) -> dict[str, Any]:
    """Write the truth's rows to ``path`` and spill who is ``bad``; return the truth's facts."""
    eta = eta_of(spill)
    _write_rows(path, spill, eta, model)
    # A subset's ceiling holds for log-odds that are the dimensions' alone.
    subsets = {} if model.interaction or spill.column("shift").any() else subset_ceilings(
        eta, spill.column("segment"), model.beta, model.intercepts, model.sigma
    )  # fmt: skip
    return _facts(spill, covariance(eta), model, weights, subsets)


def _write_rows(path: Path, spill: Spill, eta: Floats, model: truth.TruthModel) -> None:
    """Write what ``truth.parquet`` says of each application, a slab a row group."""
    writer: pq.ParquetWriter | None = None
    for rows in slabs(len(eta)):
        seen, who = np.ascontiguousarray(eta[rows]), spill.rows("observation_id", rows)
        segment, frailty = spill.rows("segment", rows), spill.rows("frailty", rows)
        linear = model.linear(seen, spill.rows("shift", rows))
        p = model.score(linear, segment)
        y = truth.draw_outcomes(linear, segment, model, frailty, spill.rows("uniform", rows))
        spill.append("p", p)
        spill.append("bad", y == 1)
        frame = pd.DataFrame(
            {
                "application_id": who,
                "customer_id": who,
                "segment": np.array(SEGMENTS)[segment],
                **{f"eta_{name}": seen[:, d] for d, name in enumerate(DIMENSIONS)},
                "linear": linear,
                "p": p,
                "frailty": frailty,
                "y": y,
                **{name: spill.rows(name, rows) for name in OF_LENDER if name in spill.kinds},
            }
        )
        table = pa.Table.from_pandas(frame, preserve_index=False)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=len(frame))
    if writer is not None:
        writer.close()


def _facts(
    spill: Spill, spread: Floats, model: truth.TruthModel, weights: Weights,
    subsets: Mapping[tuple[str, ...], float],
) -> dict[str, Any]:  # fmt: skip
    """Return what ``truth.json`` says about the truth, as plain data."""
    p = spill.column("p")
    auc = expected_auc(p)
    names = [name for part in weights.values() for name in part]
    part, sd = spread @ model.beta * model.beta, np.sqrt(np.diag(spread))
    correlation = np.clip(spread / sd[:, None] / sd[None, :], -1, 1)
    quantiles = {name: _quantiles(spill.column(name)) for name in names}
    return {
        "beta": dict(zip(DIMENSIONS, model.beta.tolist(), strict=True)),
        "intercepts": dict(zip(SEGMENTS, model.intercepts.tolist(), strict=True)),
        "frailty_sd": model.sigma,
        "interaction": model.interaction,
        "shares": dict(zip(DIMENSIONS, (part / part.sum()).tolist(), strict=True)),
        "eta_correlation": correlation.tolist(),
        "ceiling": {"auc": auc, "gini": gini(auc)},
        "subset_ceilings": {"+".join(subset): value for subset, value in subsets.items()},
        "weights": {dimension: dict(part) for dimension, part in weights.items()},
        "single_feature_gini": {
            name: truth.single_feature_gini(p, spill.column(name)) for name in names
        },
        "quantiles": {name: values for name, values in quantiles.items() if values},
    }


def _quantiles(values: Floats) -> list[float]:
    """Return the percentiles of what is not null; none of a column of nulls."""
    known = values[np.isfinite(values)]
    del values
    return (
        np.quantile(known, np.linspace(0, 1, 101), overwrite_input=True).tolist()
        if known.size
        else []
    )


def spill_luck(spill: Spill, blocks: Iterable[Block]) -> None:
    """Draw everyone's frailty (standard normal) and the uniform that decides their outcome."""
    for block in blocks:
        draw = block.stream(Stage.OUTCOME)
        spill.append("frailty", draw.standard_normal(block.size))
        spill.append("uniform", draw.random(block.size))
