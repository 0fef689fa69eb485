"""The parts of a report, before it is HTML or Markdown.

Belongs here: the few kinds of block a report is made of. Does not belong here: what a report says (`use_case`,
`industry`, `market_entry`), or how a block looks (`rendering` and its templates). Writing a report once as blocks is
what keeps the HTML and the Markdown from saying different things.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

Tone = Literal["good", "bad", "caution", "neutral"]


@dataclass(frozen=True)
class Status:
    """A short judgement. The words carry it; `tone` only colours them."""

    text: str
    tone: Tone = "neutral"


@dataclass(frozen=True)
class Link:
    """Text that leads to another report."""

    text: str
    href: str
    """A path relative to the report, so that a folder of reports can be moved and opened offline."""


Cell = str | Status | Link
Columns = dict[str, Literal["text", "number"]]
"""Heading -> kind of its cells; numbers are set flush right."""


@dataclass(frozen=True)
class Paragraph:
    """One paragraph of plain text."""

    kind: ClassVar = "paragraph"
    text: str


@dataclass(frozen=True)
class Bullets:
    """A list of plain texts."""

    kind: ClassVar = "bullets"
    items: Sequence[str]


@dataclass(frozen=True)
class FactList:
    """Names and their values."""

    kind: ClassVar = "facts"
    pairs: Mapping[str, Cell]


@dataclass(frozen=True)
class TableBlock:
    """A table; `rows` hold a cell for every column."""

    kind: ClassVar = "table"
    caption: str
    columns: Columns
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Figure:
    """A picture. `text` says in words what it shows; `label` names evidence that is not real."""

    kind: ClassVar = "figure"
    svg: str
    text: str
    caption: str
    label: str | None = None


@dataclass(frozen=True)
class Thumbnail:
    """One image of a strip: PNG in base64; `text` says in words what it shows."""

    png: str
    caption: str
    text: str


@dataclass(frozen=True)
class Strip:
    """Images side by side. `label` names evidence that is not real."""

    kind: ClassVar = "strip"
    title: str
    caption: str
    thumbnails: Sequence[Thumbnail]
    label: str | None = None


Block = Paragraph | Bullets | FactList | TableBlock | Figure | Strip


@dataclass(frozen=True)
class Section:
    """`reading` tells a buyer how to read it, `term` tells a data scientist what was computed."""

    id: str
    title: str
    reading: str
    blocks: Sequence[Block]
    term: str = ""


@dataclass(frozen=True)
class Measure:
    """A headline number."""

    label: str
    value: str
    detail: str = ""
    status: Status | None = None


@dataclass(frozen=True)
class Document:
    """A report. `warning` is printed above everything else when the evidence is not real."""

    kind: str
    title: str
    lead: str
    badges: Sequence[Status]
    verdict: Status
    verdict_reasons: Sequence[str]
    """The first is the sentence that a reader in a hurry takes away."""
    measures: Sequence[Measure]
    summary: Sequence[str]
    sections: Sequence[Section]
    footer: str
    points: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Short lists under their headings, with the verdict: what it rests on, what could sink it, what to do."""
    trail: Sequence[Link] = ()
    """The reports above this one, the start page first."""
    warning: str | None = None
    origin: str = ""
    """Where the evidence comes from, and its licence."""
    blocks: Sequence[Block] = ()
    """Shown with the verdict, before the first section."""
