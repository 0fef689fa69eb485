"""How a chart is set: as SVG or PNG without a browser, in one style, from a few kinds of marks.

Belongs here: what all pictures have in common. Does not belong here: what a picture shows (`charts`, `exhibits`,
`drift_charts`), or colours (`palette`). A chart names its colours as CSS variables, so that the same SVG reads on light
and on dark paper; lines differ by dash and points by shape as well as by colour.
"""

import json
import re
from collections.abc import Sequence
from html import escape
from typing import Any

import altair as alt
import vl_convert
from altair.typing import ChartType

from catalogue.visible import visible
from modeling.reports import palette

INK, MUTED, RULE, FIRST, SECOND, THIRD, CAUTION = map(
    palette.variable, ("ink", "muted", "rule", "first", "second", "third", "caution")
)
WIDTH = 440
PHONE = 340
"""Of a chart that is read without scrolling on a screen of 420 pixels."""

Style = tuple[str, list[int]]
"""Colour and dash of a line."""
MAIN: Style = (FIRST, [1, 0])
OTHER: Style = (SECOND, [6, 4])
REFERENCE: Style = (THIRD, [2, 3])
SPARSE = 20
"""Lines of so few points show them; a single point would else be invisible."""

_ROLES = re.compile(r' (?:role="graphics-[^"]*"|aria-roledescription="[^"]*")')
"""What Vega calls groups of marks; the picture is one image to a screen reader."""
_CONFIG = {
    "background": "transparent",
    "aria": False,
    "font": "Arial, Liberation Sans, Helvetica, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "titleColor": INK,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "labelFontSize": 11,
        "titleFontSize": 12,
        "labelLimit": 240,
        "gridColor": RULE,
        "domainColor": MUTED,
        "tickColor": MUTED,
        "tickCount": 5,
        "labelFlush": False,
    },
    "legend": {
        "labelColor": INK,
        "labelFontSize": 12,
        "title": None,
        "orient": "top",
        "symbolSize": 260,
        "columnPadding": 16,
    },
    "title": {"color": INK, "fontSize": 12, "fontWeight": "bold", "anchor": "start", "frame": "group"},
    "text": {"color": INK, "fontSize": 12},
    "concat": {"spacing": 28},
}


def svg(chart: ChartType, text: str, label: str | None = None) -> str:
    """An SVG for inlining into a page; `text` is what a screen reader says, `label` is printed on the picture."""
    spoken = visible(f"{label}. {text}" if label else text)
    drawn = vl_convert.vegalite_to_svg(_specification(chart, label))
    start_tag = re.match(r'<svg [^>]*?(width="\d+" height="\d+" viewBox="[^"]+")>', drawn)
    if start_tag is None:
        raise ValueError(f"unexpected start of the SVG: {drawn[:200]!r}")
    marks = _ROLES.sub("", drawn[start_tag.end() :])
    return f'<svg role="img" aria-label="{escape(spoken)}" {start_tag[1]}>{marks}'


def png(chart: ChartType, label: str | None = None) -> bytes:
    """A small PNG on light paper."""
    specification = json.loads(palette.resolved(json.dumps(_specification(chart, label))))
    specification["config"]["background"] = palette.LIGHT["paper"]
    return vl_convert.vegalite_to_png(specification, scale=1.2)


def _specification(chart: ChartType, label: str | None) -> dict[str, Any]:
    specification = chart.to_dict(validate=False)
    specification["config"] = _CONFIG
    specification["padding"] = 6
    if label:
        specification["title"] = {"text": label, "color": CAUTION, "frame": "bounds", "offset": 12}
    return _drawable(specification)


def _drawable(value: Any) -> Any:
    """The same with visible text: a control character, from the name of a column perhaps, ends the whole process."""
    if isinstance(value, dict):
        return {name: _drawable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_drawable(item) for item in value]
    return visible(value) if isinstance(value, str) else value


def chart_of(rows: Sequence[dict[str, Any]], width: int = WIDTH, height: int = 260) -> alt.Chart:
    """A chart of `rows` without marks; sizes are in pixels."""
    return alt.Chart(alt.InlineData(values=list(rows)), width=width, height=height)


def lines(
    rows: Sequence[dict[str, Any]],
    styles: dict[str, Style],
    x: str,
    y: str,
    x_domain: list[float] | None = None,
    y_domain: list[float] | None = None,
) -> alt.Chart:
    """Lines distinguished by colour and dash; rows hold `x`, `y` and `line`, one of the names in `styles`."""
    names = list(styles)
    colours = alt.Scale(domain=names, range=[colour for colour, _ in styles.values()])
    dashes = alt.Scale(domain=names, range=[dash for _, dash in styles.values()])
    return (
        chart_of(rows)
        .mark_line(strokeWidth=2, point=len(rows) <= SPARSE)
        .encode(
            x=alt.X("x:Q", title=x, scale=_scale(x_domain)),
            y=alt.Y("y:Q", title=y, scale=_scale(y_domain)),
            color=alt.Color("line:N", scale=colours, sort=names),
            strokeDash=alt.StrokeDash("line:N", scale=dashes, sort=names),
        )
    )


def _scale(domain: list[float] | None) -> alt.Scale:
    return alt.Scale(zero=False, nice=True) if domain is None else alt.Scale(domain=domain, nice=False)


def rule_at(value: float, axis: str) -> alt.Chart:
    """A dashed line at `value` of the axis, `x` or `y`."""
    empty_row = alt.Chart(alt.InlineData(values=[{}]))
    return empty_row.mark_rule(color=MUTED, strokeDash=[4, 3]).encode(**{axis: alt.datum(value)})


def names_axis() -> alt.Y:
    """The rows of a chart, by `name`, in the order given."""
    axis = alt.Axis(domain=False, ticks=False, grid=False, labelColor=INK, labelPadding=8)
    return alt.Y("name:N", sort=None, title=None, axis=axis)
