"""The words and numbers of an artifact's JSON files, from the spec and a described model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from credit.artifact.describe import Column, Description
from credit.artifact.spec import ArtifactSpec
from credit.columns import numbers
from credit.errors import ArtifactError, nearest
from credit.feature import Feature as Declared
from credit.runtime import Feature
from credit.runtime.load import FORMAT, ROUNDING

UNASSIGNED = "unassigned"
"""Dimension of a column that the catalogue does not know."""


def features_of(description: Description, spec: ArtifactSpec) -> tuple[Feature, ...]:
    """Return the manifest's features: what the model reads, in the catalogue's words.

    Raises
    ------
    ArtifactError
        A column the model reads is not in the sample, or a hard range is for no such column,
        or excludes values of the sample.
    """
    if not spec.sample.columns.is_unique:
        twice = sorted(set(map(str, spec.sample.columns[spec.sample.columns.duplicated()])))
        raise ArtifactError(f"sample: column name(s) {twice} occur twice. Rename or drop them.")
    read = [column.name for column in description.columns]
    for name in read:
        if name not in spec.sample.columns:
            raise ArtifactError(
                f"sample: no column {name!r}, which the model reads."
                f"{nearest(name, map(str, spec.sample.columns))} Give the rows it was trained on."
            )
    for name in spec.hard_ranges:
        if name not in read:
            raise ArtifactError(
                f"hard_ranges: {name!r} is no column that the model reads.{nearest(name, read)}"
            )
    return tuple(_feature(column, spec) for column in description.columns)


def _feature(column: Column, spec: ArtifactSpec) -> Feature:
    known = _declared(column.name, spec)
    is_number = column.type == "number"
    return Feature(
        name=column.name,
        dimension=known.dimension if known else UNASSIGNED,
        type=column.type,
        unit=known.unit if known else ("number" if is_number else "category"),
        null_means=known.null_means if known else "the value is not known",
        learned_range=_learned_range(column, spec.sample[column.name]) if is_number else None,
        hard_range=_hard_range(column, spec),
        special_codes=column.special_codes,
        categories=column.categories,
        unknown_category=spec.unknown_category,
    )


def _declared(name: str, spec: ArtifactSpec) -> Declared | None:
    if spec.catalogue is None or name not in spec.catalogue:
        return None
    return spec.catalogue[name]


def _learned_range(column: Column, values: pd.Series) -> tuple[float, float] | None:
    amounts = numbers(values, column.name)
    amounts = amounts[np.isfinite(amounts) & ~np.isin(amounts, np.array(column.special_codes))]
    return (float(amounts.min()), float(amounts.max())) if amounts.size else None


def _hard_range(column: Column, spec: ArtifactSpec) -> tuple[float | None, float | None] | None:
    if column.name not in spec.hard_ranges:
        return None
    if column.type == "category":
        raise ArtifactError(f"hard_ranges: {column.name!r} holds names, which have no range.")
    low, high = spec.hard_ranges[column.name]
    learned = _learned_range(column, spec.sample[column.name])
    if learned is not None and (
        (low is not None and learned[0] < low) or (high is not None and learned[1] > high)
    ):
        raise ArtifactError(
            f"hard_ranges: {column.name!r} has values from {learned[0]} to {learned[1]} in the "
            f"sample, outside [{low}, {high}]. Widen the range or mend the sample."
        )
    return low, high


def reasons(
    features: Sequence[Feature], average: Mapping[str, float], spec: ArtifactSpec
) -> dict[str, Any]:
    """Return what reasons.json holds: a text a feature and language, and the average person."""
    texts = {}
    for feature in features:
        known = _declared(feature.name, spec)
        texts[feature.name] = (
            {"en": known.reason.en, "zh": known.reason.zh}
            if known
            else {"en": feature.name, "zh": feature.name}
        )
    return {"texts": texts, "reference_contributions": dict(average)}


def manifest(
    description: Description,
    features: Sequence[Feature],
    spec: ArtifactSpec,
    files: Mapping[str, bytes],
) -> dict[str, Any]:
    """Return what manifest.json holds."""
    came = spec.provenance
    if spec.calibration.slope <= 0:
        raise ArtifactError(
            f"calibration: its slope is {spec.calibration.slope:.4g}, but it must be above 0: the "
            "model does not tell bad from good on the rows it was calibrated on."
        )
    return {
        "format": FORMAT,
        "kind": description.kind,
        "features": [_plain(feature) for feature in features],
        "unused": list(description.unused),
        "score": {
            "points": points_rule(description, spec),
            "rounding": ROUNDING,
            "base_points": float(spec.scale.base_points),
            "base_odds": float(spec.scale.base_odds),
            "points_to_double": float(spec.scale.points_to_double),
        },
        "calibration": {
            "slope": float(spec.calibration.slope),
            "intercept": float(spec.calibration.intercept),
        },
        "grades": {
            "bounds": [float(bound) for bound in spec.grades.bounds],
            "names": list(spec.grades.names),
        },
        "policy": (
            {"name": came.policy.name, "sha256": came.policy.sha256} if came.policy else None
        ),
        "training": {"data_sha256": came.data_sha256, "rows": len(spec.sample)},
        "code": {"credit": came.code_version},
        "metrics": dict(came.metrics),
        "files": {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in sorted(files.items())
        },
    }


def points_rule(description: Description, spec: ArtifactSpec) -> str:
    """Return whether points are summed from a table or follow the scale."""
    if spec.points == "table" and description.kind != "scorecard":
        raise ArtifactError(
            f"points: 'table' needs a scorecard, got a {description.kind} model. Use 'scale'."
        )
    return spec.points or ("table" if description.kind == "scorecard" else "scale")


def _plain(feature: Feature) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(feature).items()}


def dump(name: str, document: Mapping[str, Any], *, readable: bool) -> bytes:
    """Return strict JSON: UTF-8, no NaN or infinity, floats that read back to the last bit.

    Raises
    ------
    ArtifactError
        A value is no plain data, or not finite.
    """
    try:
        text = json.dumps(
            document,
            allow_nan=False,
            ensure_ascii=False,
            default=_number,
            indent=2 if readable else None,
            separators=None if readable else (",", ":"),
        )
    except (TypeError, ValueError) as error:
        raise ArtifactError(
            f"{name}: a value cannot be written as strict JSON ({error}). Metrics and other "
            "values must be finite numbers, texts, lists and dicts of these."
        ) from error
    return (text + "\n").encode("utf-8")


def _number(value: object) -> int | float:
    """Turn a NumPy scalar into the Python number it is."""
    if isinstance(value, np.integer | np.floating):
        return value.item()
    raise TypeError(f"{value!r} of type {type(value).__name__} is not plain data")
