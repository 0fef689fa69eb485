"""What only one task shows: chapters of exhibits.

Belongs here: the kinds of exhibit. Does not belong here: making them (a problem's task), or drawing them
(`modeling.reports`).
"""

from typing import Literal

from pydantic import Field

from modeling.core.record.base import Interval, Record


class Line(Record):
    """A line of a chart; `x` are numbers, or moments in ISO 8601. At most 500 points; a gap is `None`."""

    x: list[float] | list[str]
    y: list[float | None]


class Band(Record):
    """The space between two lines, such as an interval of forecasts."""

    x: list[float] | list[str]
    low: list[float]
    high: list[float]


class LineChart(Record):
    """Lines over a common axis: forecasts, equity, regret. `steps`: values hold until the next point."""

    kind: Literal["lines"] = "lines"
    title: str
    caption: str
    x_title: str
    y_title: str
    lines: dict[str, Line]
    bands: dict[str, Band] = Field(default={})
    steps: bool = False


class Estimates(Record):
    """Values with their intervals, one below the other. `reference` is drawn as a line."""

    kind: Literal["estimates"] = "estimates"
    title: str
    caption: str
    x_title: str
    estimates: dict[str, Interval]
    reference: float | None = None


class Listing(Record):
    """A table: heading -> cells, of equal length. Text is text; numbers are set to common digits."""

    kind: Literal["listing"] = "listing"
    title: str
    columns: dict[str, list[str | None] | list[int | None] | list[float | None]]


class Picture(Record):
    """One image of a strip: PNG in base64, at most some 10 kB; `text` says in words what it shows."""

    png: str
    caption: str
    text: str


class Pictures(Record):
    """Images side by side, at most 24."""

    kind: Literal["pictures"] = "pictures"
    title: str
    caption: str
    pictures: list[Picture]


class Roads(Record):
    """Segments on a map, in metres or degrees: ``[x1, y1, x2, y2]`` each, by layer; the first layer is the ground."""

    kind: Literal["roads"] = "roads"
    title: str
    caption: str
    layers: dict[str, list[tuple[float, float, float, float]]]


Exhibit = LineChart | Estimates | Listing | Pictures | Roads


class Chapter(Record):
    """A section of the report that only one task has.

    `reading` says to a buyer how to read it, `term` to a data scientist what was computed, with its source.
    """

    title: str
    reading: str
    term: str
    exhibits: list[Exhibit]
