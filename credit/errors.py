"""What goes wrong, by name. Each error builds its own sentence, written once, here.

A sentence says which table or argument, the value, the rule, and the way out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class CreditError(Exception):
    """Everything this package raises on purpose."""


class SchemaError(CreditError, ValueError):
    """A table breaks the data contract."""

    @classmethod
    def missing_columns(
        cls, table: str, missing: Iterable[str], present: Iterable[str]
    ) -> SchemaError:
        """Say which columns a table lacks and which it has."""
        return cls(
            f"{table}: no column {sorted(missing)}. It has {sorted(present)}. "
            f"Rename them, or map them under [tables.{table}.columns] in the pipeline file."
        )

    @classmethod
    def wrong_type(cls, table: str, column: str, found: str, expected: str) -> SchemaError:
        """Say which type a column has and which it must have."""
        return cls(
            f"{table}.{column}: type {found}, but {expected} is required. "
            f"Convert the column, or declare its unit under [tables.{table}.units]."
        )

    @classmethod
    def bad_rows(
        cls, table: str, column: str, rule: str, count: int, examples: Sequence[object]
    ) -> SchemaError:
        """Say how many rows break a rule, with up to three of them."""
        shown = "; ".join(str(example) for example in list(examples)[:3])
        return cls(
            f"{table}.{column}: {count} row(s) break the rule that {rule}. Examples: {shown}. "
            "Mend the source, or run with --quarantine to set these rows apart."
        )

    @classmethod
    def empty(cls, table: str) -> SchemaError:
        """Say that a table has no rows."""
        return cls(f"{table}: the table is empty. It must have at least one row.")


class DataError(CreditError, ValueError):
    """Data that cannot be read, or cannot answer the question asked of it."""


class FeatureError(CreditError, ValueError):
    """A feature declaration contradicts itself, the schema, or another feature."""


class ConfigError(CreditError, ValueError):
    """A pipeline file or an option is not what it must be."""


class PolicyError(CreditError, ValueError):
    """A policy file breaks its own rules."""


class LawError(PolicyError):
    """A product is sound, and the law in force does not allow it.

    Attributes
    ----------
    key : str
        The leaf of the law.
    en, zh : str
        What a person is told who asked for the product.
    """

    def __init__(self, sentence: str, *, key: str, en: str, zh: str) -> None:
        super().__init__(sentence)
        self.key, self.en, self.zh = key, en, zh


class UseError(CreditError, ValueError):
    """Data that may not be used: not for this purpose, or no longer."""


class ModelError(CreditError, ValueError):
    """A model cannot be fitted or used as asked."""


class ArtifactError(CreditError, ValueError):
    """An artifact is damaged, untrusted, or does not fit the rows given to it."""


class LogError(CreditError, RuntimeError):
    """The decision log cannot be written, read or opened; what it refuses is not answered."""


class FederatedError(CreditError, RuntimeError):
    """Parties that train together disagree, or one of them is gone or late."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the closest known name, or an empty string."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""
