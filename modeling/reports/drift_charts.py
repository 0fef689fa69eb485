"""The pictures of a drift report and of its checks.

Belongs here: effects, and distributions before and now. Does not belong here: how a chart is set (`charts`), or the
sentence beside it (`drift`).
"""

import altair as alt
from altair.typing import ChartType

from modeling.drift.record import Column, DriftComparison
from modeling.reports import charts, drawing, palette

INK, FIRST, SECOND, CAUTION = map(palette.variable, ("ink", "first", "second", "caution"))
BARS, WORST = 15, 4
"""Columns whose effects are drawn at most, and whose distributions."""


def effects(columns: list[Column], bound: float) -> ChartType:
    """A bar a column; a tick for what chance alone stays below, a dashed line at the bound."""
    rows = [
        {"name": one.name, "effect": one.effect, "chance": one.chance, "drifted": one.drifted} for one in columns[:BARS]
    ]
    base = alt.Chart(alt.InlineData(values=rows), width=drawing.WIDTH, height=20 * len(rows) + 6)
    base = base.encode(y=alt.Y("name:N", sort=None, title=None))
    colour = alt.Color("drifted:N", scale=alt.Scale(domain=[False, True], range=[FIRST, CAUTION]), legend=None)
    title = "effect: standard deviations, or share that moved; tick: chance alone"
    line = alt.Chart(alt.InlineData(values=[{}])).mark_rule(color=INK, strokeDash=[4, 3])
    return alt.layer(
        base.mark_bar(height=12, opacity=0.8).encode(x=alt.X("effect:Q", title=title), color=colour),
        base.mark_tick(color=INK, thickness=2, height=14).encode(x="chance:Q"),
        line.encode(x=alt.datum(bound)),
    )


def distributions(columns: list[Column]) -> ChartType:
    """Of each column the shares of its groups, in the reference and in the delivery."""
    return charts.panels({one.name: _shares(one) for one in columns}, columns=2)


def worst_columns(columns: list[Column]) -> list[Column]:
    """The few whose distributions are shown: drifted ones first, then by effect."""
    return sorted(columns, key=lambda column: (not column.drifted, -column.effect))[:WORST]


def _shares(column: Column) -> ChartType:
    names = {"when the model learned": column.before, "new rows": column.now}
    rows = [
        {"group": group, "share": share, "rows": name}
        for name, shares in names.items()
        for group, share in zip(column.groups, shares, strict=True)
    ]
    colour = alt.Scale(domain=list(names), range=[FIRST, SECOND])
    return (
        alt.Chart(alt.InlineData(values=rows), width=220, height=18 * len(column.groups) + 6)
        .mark_bar()
        .encode(
            x=alt.X("share:Q", title="share of the rows", axis=alt.Axis(format="%")),
            y=alt.Y("group:N", sort=None, title=None),
            yOffset=alt.YOffset("rows:N", sort=list(names)),
            color=alt.Color("rows:N", scale=colour, sort=list(names)),
        )
    )


def scores(drift: DriftComparison) -> ChartType:
    """The model's metric on record and on the new rows."""
    measured = drift.performance
    assert measured, "drawn only where it was measured"
    estimates = [charts.Estimate("new rows", measured.now, main=True), charts.Estimate("on record", measured.on_record)]
    return charts.forest(estimates, measured.metric)


def separation(drift: DriftComparison) -> ChartType:
    """The classifier's score beside guessing."""
    assert drift.told_apart, "drawn only where it was measured"
    estimate = charts.Estimate("new rows told from old", drift.told_apart.auc, main=True)
    return charts.forest([estimate], "AUC", reference=0.5)


def pictures(drift: DriftComparison) -> dict[str, bytes]:
    """PNG by check, of those that measured something."""
    drawn: dict[str, ChartType] = {}
    if drift.columns:
        worst = distributions(worst_columns(drift.columns))
        drawn["columns_drifted"] = alt.vconcat(effects(drift.columns, bound(drift, "columns_drifted")), worst)
    if drift.told_apart:
        drawn["delivery_drifted"] = separation(drift)
    if drift.label:
        drawn["labels_drifted"] = distributions([drift.label])
    if drift.performance:
        drawn["performance_fell"] = scores(drift)
    return {name: drawing.png(chart) for name, chart in drawn.items()}


def bound(drift: DriftComparison, check: str) -> float:
    """The bound of a check."""
    return next(one.bound for one in drift.checks if one.name == check)
