"""Where each requirement of a rule is answered in this report, and what is left to the lender."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from functools import cache
from importlib.resources import files
from typing import Any

from credit.pipeline.pages.page import Section
from credit.pipeline.words import Printed, human

TITLE = "Where requirements are answered"

UNCONFIRMED = "to be confirmed against the text"


@cache
def mapping() -> dict[str, Any]:
    """Return the contents of ``regulation.toml``: its note, and the frameworks."""
    text = files("credit.pipeline.pages").joinpath("regulation.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def named_sections() -> set[str]:
    """Return the titles of all sections that the mapping points to."""
    return {
        title
        for framework in mapping()["framework"]
        for requirement in framework["requirement"]
        for title in requirement["sections"]
    }


def requirements(titles: Collection[str]) -> Section:
    """Return one table a framework, for a report that has sections of these ``titles``."""
    tables = [
        Printed(
            _title(framework),
            ["it asks for", "answered in", "how", "left to the lender", "the wording"],
            [_row(requirement, framework, titles) for requirement in framework["requirement"]],
        )
        for framework in mapping()["framework"]
    ]
    return Section(title=TITLE, text=mapping()["note"], tables=tables)


def _title(framework: dict[str, Any]) -> str:
    scope = f" {human(framework['scope'])}." if "scope" in framework else ""
    return f"{framework['name']}.{scope} Looked up: {framework['source']}."


def _row(
    requirement: dict[str, Any], framework: dict[str, Any], titles: Collection[str]
) -> list[str]:
    sections = [
        title if title in titles else f"{title} (not in this report)"
        for title in requirement["sections"]
    ]
    looked_up = f"looked up: {requirement.get('where', framework['source'])}"
    return [
        requirement["asks"],
        "; ".join(sections) or "not by this package",
        requirement["how"] or "-",
        requirement["left"] or "-",
        looked_up if requirement.get("source") else UNCONFIRMED,
    ]
