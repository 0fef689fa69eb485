"""The pictures of a chapter, drawn from what a task recorded.

Belongs here: one function a kind of exhibit, from record to chart. Does not belong here: pictures every report has
(`charts`), or what an exhibit says (`modeling.tasks`).
"""

from collections.abc import Iterable, Iterator
from typing import Any

import altair as alt
from altair.typing import ChartType

from modeling.core.record import Band, Estimates, Line, LineChart, Roads
from modeling.reports.charts import Estimate, forest
from modeling.reports.drawing import CAUTION, FIRST, MAIN, MUTED, OTHER, REFERENCE, SECOND, THIRD, WIDTH

WIDE = 640
_STYLES = (MAIN, OTHER, REFERENCE, (CAUTION, [8, 3, 2, 3]), (FIRST, [4, 4]), (SECOND, [1, 3]), (MUTED, [10, 4]))
_ROADS = ((MUTED, 0.6), (FIRST, 5.0), (SECOND, 2.5), (THIRD, 2.0))
"""Colour and width of each layer of a map; the ground comes first."""


def lines(exhibit: LineChart) -> ChartType:
    """Lines over one axis, of numbers or moments, with bands behind them."""
    moments = any(part.x and isinstance(part.x[0], str) for part in (*exhibit.lines.values(), *exhibit.bands.values()))
    kind = "T" if moments else "Q"
    x = alt.X(f"x:{kind}", title=exhibit.x_title)
    names = list(exhibit.lines)
    styles = [_STYLES[number % len(_STYLES)] for number in range(len(names))]
    colours = alt.Scale(domain=names, range=[colour for colour, _ in styles])
    dashes = alt.Scale(domain=names, range=[dash for _, dash in styles])
    drawn = (
        _chart(_points(exhibit.lines.items()))
        .mark_line(strokeWidth=2, interpolate="step-after" if exhibit.steps else "linear")
        .encode(
            x=x,
            y=alt.Y("y:Q", title=exhibit.y_title, scale=alt.Scale(zero=False)),
            color=alt.Color("line:N", sort=names, scale=colours),
            strokeDash=alt.StrokeDash("line:N", sort=names, scale=dashes),
        )
    )
    behind = [_band(name, band, x, exhibit, names) for name, band in exhibit.bands.items()]
    return alt.layer(*behind, drawn)


def _points(named: Iterable[tuple[str, Line]]) -> Iterator[dict[str, Any]]:
    for name, line in named:
        for x, y in zip(line.x, line.y, strict=True):
            yield {"line": name, "x": x, "y": y}


def _band(name: str, band: Band, x: alt.X, exhibit: LineChart, names: list[str]) -> alt.Chart:
    """In the colour of the line it has the name of, or else of the first."""
    colour, _ = _STYLES[names.index(name) % len(_STYLES)] if name in names else MAIN
    rows = ({"x": at, "low": low, "high": high} for at, low, high in zip(band.x, band.low, band.high, strict=True))
    shaded = _chart(rows).mark_area(color=colour, opacity=0.2, interpolate="step-after" if exhibit.steps else "linear")
    return shaded.encode(x=x, y=alt.Y("low:Q", title=exhibit.y_title, scale=alt.Scale(zero=False)), y2="high:Q")


def estimates(exhibit: Estimates) -> ChartType:
    """Values with their intervals, one a row."""
    rows = [Estimate(name, interval) for name, interval in exhibit.estimates.items()]
    return forest(rows, exhibit.x_title, exhibit.reference)


def roads(exhibit: Roads) -> ChartType:
    """Segments at equal scale in both directions, later layers over earlier ones."""
    names = list(exhibit.layers)
    styles = [_ROADS[number % len(_ROADS)] for number in range(len(names))]
    colours = alt.Scale(domain=names, range=[colour for colour, _ in styles])
    widths = alt.Scale(type="ordinal", domain=names, range=[width for _, width in styles])
    segments = [segment for layer in exhibit.layers.values() for segment in layer]
    across = _span(segments, 0, 2)
    up = _span(segments, 1, 3)
    height = int(min(WIDE, max(WIDTH / 4, WIDE * (up[1] - up[0]) / max(across[1] - across[0], 1e-9))))
    rows = (
        {"layer": name, "x": x, "y": y, "x2": x2, "y2": y2}
        for name, layer in exhibit.layers.items()
        for x, y, x2, y2 in layer
    )
    return (
        _chart(rows, height)
        .mark_rule(strokeCap="round")
        .encode(
            x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=list(across), nice=False)),
            y=alt.Y("y:Q", axis=None, scale=alt.Scale(domain=list(up), nice=False)),
            x2="x2:Q",
            y2="y2:Q",
            color=alt.Color("layer:N", sort=names, scale=colours),
            strokeWidth=alt.StrokeWidth("layer:N", sort=names, scale=widths),
        )
    )


def _span(segments: list[tuple[float, float, float, float]], one: int, other: int) -> tuple[float, float]:
    values = [segment[end] for segment in segments for end in (one, other)]
    return min(values), max(values)


def _chart(rows: Iterable[dict[str, Any]], height: int = 260) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=list(rows)), width=WIDE, height=height)
