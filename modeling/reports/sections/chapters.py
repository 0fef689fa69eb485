"""Sections that only one task has.

Belongs here: turning the chapters of a record into sections. Does not belong here: what a chapter says
(`modeling.tasks`), or the charts (`modeling.reports.exhibits`).
"""

import re
from typing import assert_never

from modeling.core.record import Chapter, Estimates, Evaluation, Exhibit, LineChart, Listing, Pictures, Roads
from modeling.reports import drawing, exhibits
from modeling.reports.document import Block, Columns, Figure, Paragraph, Section, Strip, TableBlock, Thumbnail
from modeling.reports.judgements import figure_label
from modeling.reports.wording import NOT_MEASURED, count, number, numbers, with_interval

_SPOKEN = 8
"""Values a figure's description names before it stops."""


def chapters(evaluation: Evaluation) -> list[Section]:
    """A section for every chapter, in the order the task gave them."""
    return [_section(evaluation, chapter) for chapter in evaluation.chapters]


def _section(evaluation: Evaluation, chapter: Chapter) -> Section:
    blocks = [_block(evaluation, exhibit) for exhibit in chapter.exhibits]
    return Section(
        id=re.sub(r"[^a-z0-9]+", "-", chapter.title.lower()).strip("-"),
        title=chapter.title,
        reading=chapter.reading,
        term=chapter.term,
        blocks=blocks or [Paragraph(f"{chapter.title}: {NOT_MEASURED}.")],
    )


def _block(evaluation: Evaluation, exhibit: Exhibit) -> Block:
    label = figure_label(evaluation)
    match exhibit:
        case LineChart():
            chart, text = exhibits.lines(exhibit), f"{exhibit.title}: {_lines_in_words(exhibit)}."
        case Estimates():
            chart, text = exhibits.estimates(exhibit), f"{exhibit.title}: {_estimates_in_words(exhibit)}."
        case Roads():
            chart, text = exhibits.roads(exhibit), f"{exhibit.title}: a map of {', '.join(exhibit.layers)}."
        case Pictures():
            thumbnails = [Thumbnail(picture.png, picture.caption, picture.text) for picture in exhibit.pictures]
            return Strip(exhibit.title, exhibit.caption, thumbnails, label)
        case Listing():
            return _table(exhibit)
        case _:
            assert_never(exhibit)
    caption = f"{exhibit.title}. {exhibit.caption}"
    return Figure(svg=drawing.svg(chart, text, label), text=text, caption=caption, label=label)


def _lines_in_words(exhibit: LineChart) -> str:
    """Where each line ends."""
    ends = {name: next((y for y in reversed(line.y) if y is not None), None) for name, line in exhibit.lines.items()}
    said = [f"{name} ends at {number(end)}" for name, end in list(ends.items())[:_SPOKEN]]
    return f"{exhibit.y_title} by {exhibit.x_title}; " + ", ".join(said)


def _estimates_in_words(exhibit: Estimates) -> str:
    return ", ".join(f"{name} {with_interval(value)}" for name, value in list(exhibit.estimates.items())[:_SPOKEN])


def _table(exhibit: Listing) -> TableBlock:
    kinds: Columns = {}
    columns: list[list[str]] = []
    for heading, cells in exhibit.columns.items():
        known = [cell for cell in cells if cell is not None]
        if any(isinstance(cell, str) for cell in known):
            kinds[heading] = "text"
            columns.append(["" if cell is None else str(cell) for cell in cells])
        elif known and all(isinstance(cell, int) for cell in known):
            kinds[heading] = "number"
            columns.append(["" if cell is None else count(int(cell)) for cell in cells])
        else:
            kinds[heading] = "number"
            columns.append(numbers([None if cell is None else float(cell) for cell in cells]))
    return TableBlock(exhibit.title, kinds, [list(row) for row in zip(*columns, strict=True)])
