"""The pictures of an evaluation: curves, estimates with their intervals, bars.

Belongs here: one function a kind of picture, from record to chart. Does not belong here: how any chart is set
(`drawing`), the sentence beside a picture (`sections`), the pictures of drift (`drift_charts`), or computing a curve.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
from altair.typing import ChartType

from modeling.core.record import Calibration, Curve, Evaluation, Importance, Interval, OperatingPoint
from modeling.reports import judgements, wording
from modeling.reports.drawing import (
    FIRST,
    INK,
    MAIN,
    OTHER,
    PHONE,
    REFERENCE,
    THIRD,
    WIDTH,
    chart_of,
    lines,
    names_axis,
    png,
    rule_at,
)

_CHARACTERS = 52
"""A name and a value that fit on one line of a chart as narrow as a phone."""


@dataclass(frozen=True)
class Estimate:
    """A row of a forest plot. `main` marks the one the others are compared with."""

    name: str
    interval: Interval
    main: bool = False


def _points(name: str, curve: Curve) -> list[dict[str, Any]]:
    return [
        {"line": name, "x": x, "y": y, "order": order}
        for order, (x, y) in enumerate(zip(curve.x, curve.y, strict=True))
    ]


def _curve_and_reference(name: str, curve: Curve, reference: tuple[str, Curve] | None, x: str, y: str) -> alt.Chart:
    rows = _points(name, curve) + (_points(*reference) if reference else [])
    styles = {name: MAIN} | ({reference[0]: REFERENCE} if reference else {})
    unit = [0.0, 1.0]
    return lines(rows, styles, x, y, unit, unit).encode(order="order:Q").properties(width=260)


def roc(curve: Curve) -> alt.Chart:
    """Receiver operating characteristic."""
    guessing = ("guessing", Curve(x=[0, 1], y=[0, 1]))
    return _curve_and_reference("champion", curve, guessing, "false positive rate", "true positive rate (recall)")


def precision_recall(curve: Curve, event_share: float | None) -> alt.Chart:
    """Precision against recall; guessing has the precision `event_share`, that of the same rows, and is left out where
    that is not known."""
    guessing = ("guessing", Curve(x=[0, 1], y=[event_share, event_share])) if event_share is not None else None
    return _curve_and_reference("champion", curve, guessing, "recall", "precision")


def net_benefit(model: Curve, everyone: Curve | None) -> alt.Chart:
    """Decision curve: what acting on the model is worth, in true positives a row (Vickers & Elkin 2006)."""
    never = Curve(x=[model.x[0], model.x[-1]], y=[0, 0])
    curves = {"act on the model": model, "always act": everyone, "never act": never}
    top = max(*model.y, 1e-6)
    shown = [-0.3 * top, 1.1 * top]
    points = [row for name, curve in curves.items() if curve is not None for row in _points(name, curve)]
    rows = [row for row in points if shown[0] <= row["y"] <= shown[1]]
    styles = dict(zip(curves, (MAIN, OTHER, REFERENCE), strict=True))
    return lines(rows, styles, "threshold probability", "net benefit", None, shown)


def calibration(bins: Calibration) -> ChartType:
    """Observed frequency against predicted probability, a point a bin."""
    rows = _points("champion", Curve(x=bins.predicted, y=bins.observed))
    top = min(1.0, 1.08 * max([*bins.predicted, *bins.observed]))
    perfect = _points("perfect", Curve(x=[0, top], y=[0, top]))
    styles, domain = {"champion": MAIN, "perfect": REFERENCE}, [0.0, top]
    diagonal = lines(rows + perfect, styles, "predicted probability", "observed frequency", domain, domain)
    dots = chart_of(rows).mark_circle(color=FIRST, size=50, opacity=1).encode(x="x:Q", y="y:Q")
    return alt.layer(diagonal, dots).properties(width=260, height=260)


def residual_quantiles(curve: Curve) -> ChartType:
    """Residual at each quantile of the test rows; a line close to zero for longer is better."""
    line = (
        chart_of(_points("residual", curve), width=300)
        .mark_line(color=FIRST, strokeWidth=2)
        .encode(x=alt.X("x:Q", title="share of the test rows"), y=alt.Y("y:Q", title="residual"), order="order:Q")
    )
    return alt.layer(rule_at(0, "y"), line)


def residual_bands(bands: Mapping[str, Curve]) -> ChartType:
    """Quantiles of the residual by predicted value; `bands` maps a line's name to it, the median first."""
    rows = [row for name, curve in bands.items() for row in _points(name, curve)]
    styles = dict(zip(bands, (MAIN, OTHER, REFERENCE), strict=False))
    return alt.layer(rule_at(0, "y"), lines(rows, styles, "prediction", "residual").properties(width=300))


def forest(estimates: Sequence[Estimate], title: str, reference: float | None = None) -> ChartType:
    """Values with their intervals, one a row, and a dashed line at `reference`. Names and values stand above their row,
    so that the whole is as narrow as a phone."""
    rows = [
        {
            "name": estimate.name,
            "value": estimate.interval.value,
            "low": estimate.interval.low,
            "high": estimate.interval.high,
            "role": "main" if estimate.main else "other",
            "text": wording.with_interval(estimate.interval),
        }
        for estimate in estimates
    ]
    crowded = any(len(f"{row['name']}{row['text']}") > _CHARACTERS for row in rows)
    main_first = ["main", "other"]
    colour = alt.Color("role:N", scale=alt.Scale(domain=main_first, range=[FIRST, THIRD]), legend=None)
    shape = alt.Shape("role:N", scale=alt.Scale(domain=main_first, range=["circle", "diamond"]), legend=None)
    scale = alt.Scale(zero=False, padding=8)
    height = 58 if crowded else 44
    base = chart_of(rows, PHONE, height * len(rows)).encode(y=alt.Y("name:N", sort=None, title=None, axis=None))
    whiskers = base.transform_filter("isValid(datum.low) && isValid(datum.high)").mark_rule(strokeWidth=2, yOffset=10)
    value = base.mark_text(align="right", dy=-10).encode(text="text:N", x=alt.value(PHONE))
    layers = [
        whiskers.encode(x=alt.X("low:Q", title=title, scale=scale), x2="high:Q", color=colour),
        base.mark_point(filled=True, size=70, opacity=1, yOffset=10).encode(
            x=alt.X("value:Q", title=title, scale=scale), color=colour, shape=shape
        ),
        base.mark_text(align="left", dy=-24 if crowded else -10).encode(text="name:N", x=alt.value(0)),
        value,
    ]
    if reference is not None:
        layers.insert(0, rule_at(reference, "x"))
    return alt.layer(*layers)


def panels(charts: Mapping[str, ChartType], columns: int = 1) -> ChartType:
    """Charts side by side, each with its own scales and its name above it."""
    titled = [chart.properties(title=name) for name, chart in charts.items()]
    return alt.concat(*titled, columns=columns).resolve_scale(
        x="independent", y="independent", color="independent", shape="independent", strokeDash="independent"
    )


def importance(features: Sequence[Importance], metric: str, *, ordered: bool) -> ChartType:
    """The metric lost when a feature is shuffled, and its standard deviation over shuffles; an order that is not
    stable is drawn pale."""
    rows = [{"name": f.feature, "loss": f.loss, "low": f.loss - f.spread, "high": f.loss + f.spread} for f in features]
    return _bars(rows, alt.Axis(title=f"{metric} lost when the feature is shuffled"), pale=not ordered)


def importance_by_tier(features: Sequence[Importance], metric: str) -> ChartType:
    """The metric lost when a feature is shuffled, with its interval: a panel a tier, its features by name."""
    by_name = sorted(features, key=lambda feature: feature.feature)
    tiers = sorted({feature.tier for feature in features if feature.tier is not None})
    panels = []
    for tier in tiers:
        rows = [{"name": f.feature, "loss": f.loss, "low": f.low, "high": f.high} for f in by_name if f.tier == tier]
        last = tier == tiers[-1]
        axis = alt.Axis(title=f"{metric} lost when the feature is shuffled" if last else "", labels=last, ticks=last)
        panels.append(_bars(rows, axis).properties(title=f"Tier {tier}"))
    return alt.vconcat(*panels, spacing=8).resolve_scale(x="shared")


def _bars(rows: Sequence[dict[str, Any]], axis: alt.Axis, *, pale: bool = False) -> ChartType:
    base = chart_of(rows, WIDTH, 20 * len(rows) + 6).encode(y=names_axis())
    bars = base.mark_bar(color=THIRD if pale else FIRST, opacity=0.25 if pale else 0.55, height=12)
    spread = base.mark_rule(color=INK, strokeWidth=1.5)
    return alt.layer(bars.encode(x=alt.X("loss:Q", axis=axis)), spread.encode(x="low:Q", x2="high:Q"))


def costs(decision: OperatingPoint) -> ChartType:
    """Cost per 1,000 rows of acting on the model, always and never."""
    policies = {
        "act on the model": decision.cost_per_1000.value,
        "always act": decision.cost_per_1000_always,
        "never act": decision.cost_per_1000_never,
    }
    rows = [{"name": name, "cost": cost, "text": wording.number(cost)} for name, cost in policies.items()]
    base = chart_of(rows, WIDTH, 90).encode(y=names_axis(), x=alt.X("cost:Q", title="cost per 1,000 rows"))
    colour = alt.condition(alt.datum.name == "act on the model", alt.value(FIRST), alt.value(THIRD))
    bars = base.mark_bar(height=16, opacity=0.8).encode(color=colour)
    return alt.layer(bars, base.mark_text(align="left", dx=5).encode(text="text:N"))


def learning(curve: Sequence[dict[str, float]]) -> alt.Chart:
    """Loss on training rows and on those held out to stop by, by epoch or round; `curve`: `step`, `train`, `valid`."""
    names = {"valid": "held-out rows", "train": "training rows"}
    rows = [
        {"line": title, "x": row["step"], "y": row[key]} for row in curve for key, title in names.items() if key in row
    ]
    styles = dict(zip(names.values(), (MAIN, OTHER), strict=True))
    return lines(rows, styles, "epoch or round", "loss").properties(width=220, height=150)


def training_curve(curve: Sequence[dict[str, float]]) -> bytes:
    """PNG of one learner's training: rows ``{"step": 1, "train": 0.5, "valid": 0.6}``."""
    return png(learning(curve))


def thumbnail(evaluation: Evaluation) -> bytes:
    """PNG of the champion beside what it must beat, and below it of how it behaves."""
    behaviour = _behaviour(evaluation)
    parts = [comparison(evaluation), *([panels(behaviour, columns=2)] if behaviour else [])]
    return png(alt.vconcat(*parts), judgements.figure_label(evaluation))


def _behaviour(evaluation: Evaluation) -> dict[str, ChartType]:
    shown: dict[str, ChartType] = {}
    if "roc" in evaluation.curves:
        shown["ROC"] = roc(evaluation.curves["roc"])
    if evaluation.calibration:
        shown["Calibration"] = calibration(evaluation.calibration)
    if "residual_quantiles" in evaluation.curves:
        shown["Residuals"] = residual_quantiles(evaluation.curves["residual_quantiles"])
    return shown


def comparison(evaluation: Evaluation) -> ChartType:
    """Champion, simple model and trivial baseline on the sealed test, in the metric that chose the champion."""
    champion = evaluation.champion
    others = [other for other in (evaluation.simple, evaluation.baseline) if other is not None]
    estimates = [Estimate(f"{champion.learner} (champion)", champion.test[evaluation.metric], main=True)]
    estimates += [
        Estimate(other.learner, other.test[evaluation.metric])
        for other in others
        if other.learner != champion.learner and evaluation.metric in other.test
    ]
    return forest(estimates, f"{wording.metric_title(evaluation.metric)} on the sealed test")
