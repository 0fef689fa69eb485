"""What the reports of forecasts show: forecasts beside what came, errors on a common scale, and errors by step.

Does not belong here: quantiles and their scores (`modeling.problems.forecasting.quantiles`), or which metrics are
scored (`modeling.problems.forecasting.task`).
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from modeling.core.intervals import Scored, scored
from modeling.core.metrics import mae
from modeling.core.record import Band, Chapter, Estimates, Exhibit, Line, LineChart
from modeling.core.task import EvaluatedChampion, Metric, by_name
from modeling.problems.forecasting.quantiles import COVERED, coverage, inside, weighted_quantile_loss, width
from modeling.problems.forecasting.ranges import Ranges
from modeling.problems.forecasting.series import SEASONAL_NAIVE, STEP

METHOD = (
    "adaptive conformal inference by step (Gibbs & Candès 2021): order statistics of the errors whose outcomes were "
    "known at the origin, of validation and earlier test rows, in units of the series' typical error"
)
_FANS = 3
"""Series whose forecasts are drawn."""


def chapters(evaluated: EvaluatedChampion) -> list[Chapter]:
    """The chapters, in their order."""
    shown = Ranges(evaluated)
    return [_fans(shown), _scaled(shown), _by_step(shown)]


def _naive_error(shown: Ranges) -> np.ndarray:
    """``[n]``: the mean absolute error of the seasonal naive forecast on the series' training rows."""
    train = shown.evaluated.train
    error = np.abs(train.table.target - train.table.column(SEASONAL_NAIVE))
    of_series = train.slices.select("series", error=error).group_by("series").agg(pl.mean("error"))
    return shown.rows.join(of_series, on="series", how="left", maintain_order="left")["error"].to_numpy()


def _fans(shown: Ranges) -> Chapter:
    by_size = shown.rows.with_columns(truth=shown.evaluated.units.truth).group_by("series").agg(pl.mean("truth"))
    ordered = by_size.sort("truth", "series", descending=[True, False])["series"]
    chosen = ordered.gather(np.unique(np.linspace(0, len(ordered) // 2, _FANS).astype(int)))
    return Chapter(
        title="Forecasts and what came",
        reading="The line is what happened, the band where the champion expected it when the lines begin. Four in "
        "five outcomes should lie in the band.",
        term="Point forecasts of one origin in the middle of the test; the band reaches from the 10 % to the 90 % "
        f"quantile ({METHOD}).",
        exhibits=[_fan(shown, series) for series in chosen],
    )


def _fan(shown: Ranges, series: str) -> Exhibit:
    of_series = shown.rows.with_row_index("row").filter(pl.col("series") == series)
    origins = of_series["origin"].unique(maintain_order=True)
    part = of_series.filter(pl.col("origin") == origins[len(origins) // 2])
    row, moments = part["row"].to_numpy(), [moment.isoformat() for moment in part["moment"]]
    evaluated, band = shown.evaluated, shown.quantiles[shown.evaluated.champion][row]
    lines = {"what came": evaluated.units.truth, **evaluated.answers}
    return LineChart(
        title=f"{series}, from {moments[0]}",
        caption=f"{evaluated.champion} with the range that should hold four outcomes in five, beside what it is "
        "compared with.",
        x_title="moment",
        y_title=evaluated.use_case.target,
        lines={name: Line(x=moments, y=values[row].tolist()) for name, values in lines.items()},
        bands={"10 % to 90 %": Band(x=moments, low=band[:, 0].tolist(), high=band[:, -1].tolist())},
    )


def _in_scale(shown: Ranges) -> Scored:
    """The errors of every learner in units of the seasonal naive error, where a series has one."""
    units = shown.evaluated.units
    scale = np.where((error := _naive_error(shown)) > 0, error, np.nan)
    known = np.isfinite(scale)
    answers = {name: (of / scale)[known] for name, of in shown.evaluated.answers.items()}
    group = None if units.group is None else units.group[known]
    return scored({"mase": Metric("mase", "MASE", False, mae)}, (units.truth / scale)[known], answers, group)


def _of_ranges(shown: Ranges) -> Scored:
    metrics = by_name(
        Metric("wql", "weighted quantile loss", False, weighted_quantile_loss),
        Metric("coverage", "coverage", True, coverage),
        Metric("width", "width", False, width),
    )
    return scored(metrics, shown.evaluated.units.truth, shown.quantiles, shown.evaluated.units.group)


def _scaled(shown: Ranges) -> Chapter:
    scaled, ranged = _in_scale(shown), _of_ranges(shown)
    names = list(shown.evaluated.answers)
    return Chapter(
        title="Errors on a common scale, and ranges",
        reading="A scaled error of one is what copying the last season cost on training data: below it, forecasting "
        "helps. The quantile loss judges the whole range, and coverage says whether it holds what it promises; the "
        "narrower of two that do is worth more.",
        term="MASE (Hyndman & Koehler 2006), scaled by each series' seasonal naive error on training rows; weighted "
        "quantile loss over the nine deciles, relative to what came; coverage and width from the 10 % to the 90 % "
        f"quantile ({METHOD}). Intervals are drawn by the shortest season that the origin lies in.",
        exhibits=[
            Estimates(
                title="MASE",
                caption="Mean absolute error in units of the seasonal naive error on training rows; lower is better.",
                x_title="MASE",
                estimates={name: scaled.intervals(name)["mase"] for name in names},
                reference=1.0,
            ),
            Estimates(
                title="Weighted quantile loss",
                caption="Error of the nine deciles relative to the sum of what came; lower is better.",
                x_title="weighted quantile loss",
                estimates={name: ranged.intervals(name)["wql"] for name in names},
            ),
            Estimates(
                title="Coverage",
                caption=f"Share of outcomes inside the range that promises {COVERED:.0%}.",
                x_title="coverage",
                estimates={name: ranged.intervals(name)["coverage"] for name in names},
                reference=COVERED,
            ),
            Estimates(
                title="Width",
                caption=f"Mean width of the range that promises {COVERED:.0%}.",
                x_title=shown.evaluated.use_case.target,
                estimates={name: ranged.intervals(name)["width"] for name in names},
            ),
        ],
    )


def _by_step(shown: Ranges) -> Chapter:
    evaluated, truth = shown.evaluated, shown.evaluated.units.truth
    error = {name: np.abs(answers - truth) for name, answers in evaluated.answers.items()}
    covered = {evaluated.champion: inside(truth, shown.quantiles[evaluated.champion])}
    promised = {"promised": np.full(len(truth), COVERED)}
    coverage_by_step = _along_steps(
        shown, covered | promised, "Coverage by step ahead", "share of outcomes in the range"
    )
    return Chapter(
        title="How far ahead",
        reading="How the error grows with the distance of what is forecast, and whether the range stays honest.",
        term="Mean absolute error and coverage of the range from 10 % to 90 % by step ahead, over all series and test "
        "origins; the band is the 95 % interval of the coverage at each step.",
        exhibits=[
            _along_steps(shown, error, "Error by step ahead", f"mean absolute error, {evaluated.use_case.target}"),
            coverage_by_step.model_copy(update={"bands": {"95 % interval": _coverage_band(shown)}}),
        ],
    )


def _along_steps(shown: Ranges, values: Mapping[str, np.ndarray], title: str, y_title: str) -> LineChart:
    """The mean of `values` ``[n]`` at each step."""
    mean = shown.rows.select(STEP).with_columns(**{name: pl.Series(of) for name, of in values.items()})
    by_step = mean.group_by(STEP).agg(pl.all().mean()).sort(STEP)
    steps = by_step[STEP].cast(pl.Float64).to_list()
    return LineChart(
        title=title,
        caption="Each point is the mean over all series and origins of the test.",
        x_title=STEP,
        y_title=y_title,
        lines={name: Line(x=steps, y=by_step[name].cast(pl.Float64).to_list()) for name in values},
    )


def _coverage_band(shown: Ranges) -> Band:
    """The interval of the champion's coverage at each step that has one."""
    step = shown.rows[STEP].to_numpy()
    found = {float(at): shown.coverage(step == at) for at in np.unique(step)}
    known = {at: (of.low, of.high) for at, of in found.items() if of.low is not None and of.high is not None}
    return Band(x=[*known], low=[low for low, _ in known.values()], high=[high for _, high in known.values()])
