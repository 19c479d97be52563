"""A case in a JSON file, and a person's features in a file of rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from credit.decide.case import Case, read_case
from credit.errors import ConfigError, DataError
from credit.pipeline.scoring import rows_of
from credit.runtime import Scorer
from credit.runtime.scorer import LANGUAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class FromRows:
    """A person's features in a file of rows, in place of those in the case."""

    rows: Path
    person: str


def read_document(path: Path) -> dict[str, Any]:
    """Return the case in a JSON file.

    Raises
    ------
    DataError
        There is no such file, or it holds no JSON object.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file. docs/examples/case.json shows what one holds.")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise DataError(f"{path}: holds {type(document).__name__}, not an object with a case.")
    return document


def read_parts(
    document: Mapping[str, Any], scorer: Scorer | None
) -> tuple[Case, Mapping[str, Any], Scorer | None]:
    """Return a document's case, its features, and who scores them; None where nobody has to.

    Raises
    ------
    DataError
        A name or a value of the document is not what it must be, or there are features and no
        scorer, or features and a score.
    """
    case = read_case({name: value for name, value in document.items() if name != "features"})
    if "features" not in document:
        return case, {}, None
    if case.score is not None:
        raise DataError("case: it has features and a score. Leave one of them out.")
    if scorer is None:
        raise DataError("case.features: no artifact scores them. Name one with --artifact.")
    return case, document["features"], scorer


def with_row(document: Mapping[str, Any], found: FromRows, scorer: Scorer | None) -> dict[str, Any]:
    """Return a document with a person's features of a file, their application and instant.

    Raises
    ------
    DataError
        No artifact says which columns are features, or the person has not one row.
    """
    row, features = _row(found, scorer)
    given = {name: value for name, value in document.items() if name != "score"}
    given["features"] = features
    if row.get("application_id") is not None:
        given["application_id"] = str(row["application_id"])
    if row.get("as_of") is not None:
        given["instant"] = int(row["as_of"])
    return given


def features_of(found: FromRows, scorer: Scorer | None, instant: int) -> dict[str, Any]:
    """Return a person's features of a file, which must be those of an instant where it says.

    Raises
    ------
    DataError
        No artifact says which columns are features, the person has not one row, or it is that of
        another instant.
    """
    row, features = _row(found, scorer)
    if row.get("as_of") not in {None, instant}:
        raise DataError(
            f"{found.rows}: the row of person {found.person!r} is as of {row['as_of']}, the "
            f"application is of {instant}. Take rows of the same tables, or leave --rows out."
        )
    return features


def _row(found: FromRows, scorer: Scorer | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the one row of a person, and of it what an artifact reads."""
    if scorer is None:
        raise DataError("--rows: no artifact says which columns are features. Name --artifact.")
    rows = rows_of(found.rows, found.person)
    if len(rows) > 1:
        raise DataError(
            f"{found.rows}: person {found.person!r} has {len(rows)} rows. A case is one "
            "application: keep its row alone in a file, or put its features into the case."
        )
    row = as_json(rows.iloc[0].to_dict())
    names = [feature.name for feature in scorer.features if feature.name in row]
    return row, {name: row[name] for name in names}


def as_json(features: Mapping[Any, Any]) -> dict[str, Any]:
    """Return features with missing values as None."""
    return {
        str(name): None if pd.isna(value) else getattr(value, "item", lambda value=value: value)()
        for name, value in features.items()
    }


def check_language(language: str) -> None:
    """Refuse a language that nobody is answered in."""
    if language not in LANGUAGES:
        raise ConfigError(f"--language {language!r}: must be one of {LANGUAGES}.")
