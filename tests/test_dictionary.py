from __future__ import annotations

from pathlib import Path

from credit.features import catalogue
from credit.pipeline.dictionary import markdown
from credit.schema import TABLES

DICTIONARY = Path(__file__).resolve().parent.parent / "data" / "README.md"


def test_the_file_is_what_the_declarations_say():
    assert DICTIONARY.read_text(encoding="utf-8") == markdown(), (
        "run: credit data dictionary > data/README.md"
    )


def test_every_table_and_feature_is_in_it():
    text = markdown()
    for name in TABLES:
        assert f"### {name}" in text
    for feature in catalogue():
        assert f"`{feature.name}`" in text
        assert feature.reason.zh in text
