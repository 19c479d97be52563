"""The second pass over a world: the truth of the whole population, a column at a time.

The features behind the truth and everyone's segment lie in a `Spill`. Memory holds a few numbers
a person, whatever the features are: every temporary of the whole population is one column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
from credit.world.lender.legacy import LegacyScore, impression
from credit.world.options import SEGMENTS, Block, Floats, Ints, Stage, WorldOptions
from credit.world.spill import Spill, covariance, slabs

Weights = Mapping[str, Mapping[str, float]]


def spill_chunk(spill: Spill, table: pd.DataFrame, segment: Ints, as_of: Ints) -> None:
    """Write a chunk's features, observation ids, segments and as-of instants."""
    for name in table.columns.drop("observation_id"):
        spill.append(name, table[name].to_numpy(dtype=np.float64, na_value=np.nan))
    spill.append("observation_id", table["observation_id"].to_numpy())
    spill.append("segment", segment.astype(np.int8))
    spill.append("as_of", as_of)


def settle(
    spill: Spill, options: WorldOptions, numbers: Figures, risk: Mapping[str, int], path: Path
) -> dict[str, Any]:
    """Write the truth's rows to ``path`` and spill who is ``bad``; return the truth's facts."""
    weights = truth.features_of_truth(numbers)
    for part in weights.values():
        spill.append("eta", truth.index(spill.column, part, risk))
    eta = spill.matrix("eta", len(weights))
    segment, shifted = spill.column("segment"), False
    who = np.ones(segment.size, dtype=bool)
    for rows in slabs(segment.size):
        hit = segment[rows], spill.rows("as_of", rows)
        who[rows] = ~shocks.touched(options, *hit)
        shift = shocks.log_odds(options, *hit)
        shifted |= bool(shift.any())
        spill.append("shift", shift)
    model = truth.calibrate(eta, segment, numbers, interaction=options.interaction, who=who)
    score = _legacy(spill, eta, model, numbers) if options.lender else None
    _write_rows(path, spill, eta, model, score)
    # A subset's ceiling holds for log-odds that are the dimensions' alone.
    subsets = {} if model.interaction or shifted else subset_ceilings(
        eta, segment, model.beta, model.intercepts, model.sigma
    )  # fmt: skip
    spread = covariance(eta)
    del eta  # what is mapped counts as memory
    return _facts(spill, spread, model, weights, subsets)


def _legacy(spill: Spill, eta: Floats, model: truth.TruthModel, numbers: Figures) -> LegacyScore:
    """Return the score of the world's lender, fitted to the first slab of people."""
    first = next(slabs(len(eta)))
    return LegacyScore.fit(
        np.ascontiguousarray(eta[first]), spill.rows("segment", first), spill.rows("thin", first),
        model, numbers,
    )  # fmt: skip


def _write_rows(
    path: Path, spill: Spill, eta: Floats, model: truth.TruthModel, score: LegacyScore | None
) -> None:
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
            }
        )
        if score is not None:
            signal = spill.rows("signal", rows)
            told = score.probability(seen, segment, spill.rows("thin", rows), signal)
            spill.append("legacy_p", told)
            frame["signal"], frame["legacy_p"] = signal, told
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


def spill_impressions(spill: Spill, blocks: Iterable[Block], numbers: Figures) -> None:
    """Draw what the lender's side adds to everyone's application, given their frailty."""
    for block in blocks:
        frailty = spill.rows("frailty", block.places)
        signal, by_chance = impression(block.stream(Stage.UNDERWRITER), frailty, numbers)
        spill.append("signal", signal)
        spill.append("by_chance", by_chance)
