"""One self-contained HTML page from sections of words, tables and pictures."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from matplotlib.figure import Figure

from credit.pipeline.flat import written
from credit.pipeline.words import Printed
from credit.plot import svg_bytes, svg_markup

LONG = 40
"""Characters from which a cell is a sentence, and is wrapped."""

SHORT = 14
"""Characters up to which words are not wrapped."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure and the sentence that says what it shows."""

    figure: Figure
    says: str

    @cached_property
    def svg(self) -> bytes:
        """The figure as an SVG file; drawn once, for a page and for the file beside it."""
        return svg_bytes(self.figure)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One question and its answer."""

    title: str
    text: str = ""
    pictures: Sequence[Picture] = ()
    tables: Sequence[Printed] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page: its title, a line below it, facts side by side, and sections, in one language."""

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]] = ()
    sections: Sequence[Section] = field(default_factory=list)
    language: str = "en"


def render(page: Page) -> str:
    """Return the page as HTML: no script, no external resource, the same text every time."""
    environment = Environment(
        loader=PackageLoader("credit.pipeline.pages", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sections = []
    drawn_before = 0
    for number, section in enumerate(page.sections, start=1):
        drawn = []
        for picture in section.pictures:
            drawn_before += 1
            # The markup is our own drawing; everything else is escaped by the template.
            drawn.append((Markup(svg_markup(picture.svg, f"p{drawn_before}")), picture.says))  # noqa: S704
        tables = [
            {"table": table, "file": file, "words": word_columns(table)}
            for file, table in zip(_names(section, "csv"), section.tables, strict=False)
        ]
        sections.append({"number": number, "section": section, "pictures": drawn, "tables": tables})
    return environment.get_template("page.html.j2").render(page=page, sections=sections)


def word_columns(table: Printed) -> list[str]:
    """Return the classes of each column: ``words`` are set to the left, sentences are ``long``.

    A column is one of words where it is the first, holds a sentence, or holds no number. Short
    words are not broken; a hash or the like may ``break`` anywhere.
    """
    columns = range(len(table.columns))
    return [_classes([row[column] for row in table.rows], column) for column in columns]


def _classes(cells: Sequence[str], column: int) -> str:
    long = any(len(cell) > LONG for cell in cells)
    if column and not long and any(re.match(r"[-+<]?[0-9]", cell) for cell in cells):
        return ""
    if all(len(cell) <= SHORT for cell in cells):
        return "words short"
    unbroken = max(len(word) for cell in cells for word in cell.split())
    return "words" + " long" * long + " break" * (unbroken > LONG)


def _names(section: Section, suffix: str) -> Iterator[str]:
    """Yield the names of the files of a section's tables or pictures, one after the other."""
    name = re.sub(r"[^a-z0-9]+", "-", section.title.lower()).strip("-")
    return (f"{name}-{number}.{suffix}" for number in count(1))


def write_pictures(folder: Path, page: Page) -> None:
    """Write every picture of a page as an SVG file named after its section."""
    folder.mkdir()
    for section in page.sections:
        for name, picture in zip(_names(section, "svg"), section.pictures, strict=False):
            (folder / name).write_bytes(picture.svg)


def write_tables(folder: Path, page: Page) -> None:
    """Write every table of a page, as it is printed there, as a CSV file named after its section.

    The table's element in the page names its file, in the attribute ``data-csv``.
    """
    folder.mkdir()
    for section in page.sections:
        for name, table in zip(_names(section, "csv"), section.tables, strict=False):
            with (folder / name).open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows([table.columns, *table.rows])


def write_words(path: Path, page: Page) -> None:
    """Write the page as JSON: facts, and of every section its text, notes, captions and tables."""
    plain = {
        "title": page.title,
        "subtitle": page.subtitle,
        "facts": dict(page.facts),
        "sections": [
            {
                "title": section.title,
                "text": section.text,
                "notes": list(section.notes),
                "pictures": [picture.says for picture in section.pictures],
                "tables": [asdict(table) for table in section.tables],
            }
            for section in page.sections
        ],
    }
    path.write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_page(path: Path, page: Page) -> None:
    """Write the page under a temporary name, then rename it; nothing half-written stays."""
    with written(path) as partial:
        partial.write_text(render(page), encoding="utf-8")
