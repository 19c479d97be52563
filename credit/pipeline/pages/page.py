"""One self-contained HTML page from sections of words, tables and pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from matplotlib.figure import Figure

from credit.pipeline.words import Printed
from credit.plot import svg_markup, write_picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A figure and the sentence that says what it shows."""

    figure: Figure
    says: str


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
    """A page: its title, a line below it, facts side by side, and sections."""

    title: str
    subtitle: str
    facts: Sequence[tuple[str, str]] = ()
    sections: Sequence[Section] = field(default_factory=list)


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
    count = 0
    for number, section in enumerate(page.sections, start=1):
        drawn = []
        for picture in section.pictures:
            count += 1
            # The markup is our own drawing; everything else is escaped by the template.
            drawn.append((Markup(svg_markup(picture.figure, f"p{count}")), picture.says))  # noqa: S704
        sections.append({"number": number, "section": section, "pictures": drawn})
    return environment.get_template("page.html.j2").render(page=page, sections=sections)


def write_pictures(folder: Path, page: Page) -> None:
    """Write every picture of a page as an SVG file named after its section."""
    folder.mkdir()
    for section in page.sections:
        name = re.sub(r"[^a-z0-9]+", "-", section.title.lower()).strip("-")
        for number, picture in enumerate(section.pictures, start=1):
            write_picture(picture.figure, folder / f"{name}-{number}.svg")


def write_page(path: Path, page: Page) -> None:
    """Write the page under a temporary name, then rename it."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(render(page), encoding="utf-8")
    partial.replace(path)
