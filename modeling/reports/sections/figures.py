"""A drawn chart with its words, as a section holds it. Does not belong here: drawing (`modeling.reports.charts`)."""

from altair.typing import ChartType

from modeling.core.record import Evaluation
from modeling.reports import drawing
from modeling.reports.document import Figure
from modeling.reports.judgements import figure_label


def figure(evaluation: Evaluation, chart: ChartType, text: str, caption: str) -> Figure:
    """The chart as SVG; a record whose data is not real labels it."""
    label = figure_label(evaluation)
    return Figure(svg=drawing.svg(chart, text, label), text=text, caption=caption, label=label)
