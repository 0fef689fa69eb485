"""What comes next?

Belongs here: which origins and steps train, choose and test, the audit of that, and how forecasts are judged step by
step. Does not belong here: the grid and the features (`modeling.problems.forecasting.series`), or quantiles
(`modeling.problems.forecasting.quantiles`).

A row is a forecast: one series, one origin, one step ahead. Origins roll through each role's own time, and no role's
targets reach beyond its end, so training ends before the first outcome that validation asks for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np
import polars as pl
from pydantic import Field, field_validator

from catalogue.definition import TimeSplit, UseCase
from modeling.core.features import Derive, FeatureError
from modeling.core.learner import Outcome
from modeling.core.metrics import mae, r2, rmse
from modeling.core.recipe import Recipe
from modeling.core.record import Band, Chapter, Estimates, Exhibit, Line, LineChart
from modeling.core.row_task import BaseTask
from modeling.core.splits import ROLES, SplitError, assign
from modeling.core.table import Rows
from modeling.core.task import Judged, Metric, Settings, TargetHolds
from modeling.core.validated_data import ValidatedData
from modeling.problems.forecasting.series import (
    SEASONAL_NAIVE,
    SMOOTHED,
    STEP,
    TYPICAL_ERROR,
    Gaps,
    Grid,
    SeriesLayout,
    SeriesRecipe,
    on_grid,
)
from modeling.problems.tabular.multiclass_classification import by_name

if TYPE_CHECKING:
    from modeling.core.feature_set import FeatureSet
    from modeling.core.rolling import Span

MOMENTS = "moments"
"""The shared table of a role: the moment each row number of the snapshot stands for."""
_FANS = 3
_CHECKED_ORIGINS = 3


class ForecastingSettings(Settings):
    frequency: str = Field(default="1h", description="time between two steps: `15m`, `1h`, `1d`…")
    horizon: int = Field(default=24, ge=1, description="how many steps ahead are forecast")
    seasons: list[int] = Field(
        default=[24, 168],
        min_length=1,
        description="lengths in steps, shortest first; the last is the naive forecast's",
    )
    every: int = Field(default=1, ge=1, description="steps between two origins")
    gaps: Gaps = Field(default="refuse", description="a moment without a value is refused, or left unknown")

    @field_validator("seasons")
    @classmethod
    def _rising(cls, seasons: list[int]) -> list[int]:
        if sorted(set(seasons)) != seasons or seasons[0] < 2:
            raise ValueError(f"{seasons} must rise, from 2 on: write the shortest season first, like [24, 168]")
        return seasons


@dataclass(frozen=True)
class Forecasting(BaseTask):
    """A number, some steps ahead; predictions are its point forecast ``[n]``, in the target's unit."""

    settings: ForecastingSettings = field(default_factory=ForecastingSettings)

    name: ClassVar[str] = "forecasting"
    settings_type: ClassVar[type[Settings]] = ForecastingSettings
    recipe_type: ClassVar[type[Recipe]] = SeriesRecipe
    target_holds: ClassVar[TargetHolds] = "a number"
    trivial: ClassVar[str] = "seasonal_naive"
    learners: ClassVar[tuple[str, ...]] = ("ets", "ets_lightgbm", "ets_tabm")

    def outcome(self, classes: list[str]) -> Outcome:
        return "regression"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        return by_name(
            Metric("mae", "mean absolute error", False, mae),
            Metric("rmse", "RMSE", False, rmse),
            Metric("r2", "R²", True, r2),
        )

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> "FeatureSet":
        from modeling.core.rolling import feature_set

        if derive is not None:
            raise FeatureError(
                "features.py: a forecast reads the past of its series only; use `assemble`, not `features`"
            )
        layout = self._layout(use_case)
        grid = on_grid(data.frame, layout)
        spans = _spans(assign(data.frame, use_case), data.frame[layout.time], grid)
        left_out = {
            name: "a forecast reads the past of its series only"
            for name in data.frame.columns
            if name not in (layout.series, layout.time, layout.target)
        }
        recipe = SeriesRecipe.fit(grid.until(spans["train"].stop - 1), layout, left_out)
        roles = [self._rows(recipe, grid, spans[role], data.numbers, role) for role in ROLES]
        outcomes = [rows.table.shared[MOMENTS]["moment"] for rows in roles]
        return feature_set(
            data,
            use_case,
            recipe,
            roles,
            [cast("Span", (moments.min(), moments.max())) for moments in outcomes],
            grid.values[np.isfinite(grid.values)],
            _changed_by_the_future(recipe, grid),
        )

    def chapters(self, judged: Judged) -> list[Chapter]:
        shown = _ShownSeries(judged)
        return [_fans(shown), _scaled(shown), _by_step(shown)]

    def _layout(self, use_case: UseCase) -> SeriesLayout:
        time, asked = use_case.columns.time, self.settings
        if time is None or not isinstance(use_case.split, TimeSplit):
            raise SplitError(f"{use_case.key}: a forecast needs `columns: {{time: …}}` and `split: {{by: time}}`")
        return SeriesLayout(
            use_case.columns.group, time, use_case.target, asked.frequency, asked.horizon, asked.seasons, asked.gaps
        )

    def _rows(self, recipe: SeriesRecipe, grid: Grid, span: range, numbers: np.ndarray, role: str) -> Rows:
        """Every forecast whose outcome and seasonal naive forecast are known.

        `span` are the positions of the role's targets. Rows are drawn together by the shortest season their origin lies
        in: a day of hours.
        """
        layout = recipe.layout
        first = max(span.start, layout.season) - 1
        origins = np.arange(first, span.stop - layout.horizon, self.settings.every)
        if not origins.size:
            raise SplitError(
                f"{role!r} covers {len(span):,} steps: too few for {layout.horizon:,} steps ahead"
                + (f" after a first season of {layout.season:,}" if span.start < layout.season else "")
            )
        table = recipe.at(grid, origins)
        ahead = (origins[:, None] + np.arange(1, layout.horizon + 1)).ravel()
        target, row = grid.values[:, ahead].ravel(), grid.row[:, ahead].ravel()
        usable = np.isfinite(target) & np.isfinite(table.column(SEASONAL_NAIVE)) & np.isfinite(table.column(SMOOTHED))
        number = numbers[row[usable]]
        moment = pl.DataFrame({"number": number, "moment": grid.moments[np.tile(ahead, len(grid.series))[usable]]})
        day = np.tile(np.repeat(origins // layout.seasons[0], layout.horizon), len(grid.series))
        name = np.repeat(grid.series, len(ahead))[usable]
        table = replace(table, target=target).rows(usable)
        return Rows(
            table=replace(table, shared={MOMENTS: moment.unique(maintain_order=True)}),
            number=number,
            group=day[usable],
            slices=pl.DataFrame({"series": name, STEP: table.column(STEP).astype(np.int64)}),
        )


def _spans(roles: pl.Series, moments: pl.Series, grid: Grid) -> dict[str, range]:
    """The positions on the grid that belong to each role: from its first moment to that of the next."""
    first = (
        pl.DataFrame({"role": roles, "moment": moments.cast(pl.Datetime("us"))}).group_by("role").agg(pl.min("moment"))
    )
    starts = [int(grid.moments.index_of(moment) or 0) for moment in first.sort("role")["moment"]]
    ends = [*starts[1:], len(grid.moments)]
    return {role: range(start, end) for role, start, end in zip(ROLES, starts, ends, strict=True)}


def _changed_by_the_future(recipe: SeriesRecipe, grid: Grid) -> list[str]:
    """The features that are not the same when the grid ends at their origin."""
    last = len(grid.moments) - recipe.layout.horizon - 1
    names: set[str] = set()
    for origin in np.linspace(recipe.layout.season, last, _CHECKED_ORIGINS).astype(int):
        among, alone = (recipe.at(known, np.array([origin])) for known in (grid, grid.until(origin)))
        names |= {name for name in among.names if not np.array_equal(among.column(name), alone.column(name), True)}
    return sorted(names)


@dataclass(frozen=True)
class _ShownSeries:
    """The judged forecasts of the test rows, and their quantiles by the errors of validation rows."""

    judged: Judged

    @cached_property
    def rows(self) -> pl.DataFrame:
        """`series`, step, `moment`, and a number `origin` that changes where the next forecast of a series begins."""
        test = self.judged.test
        moment = pl.DataFrame({"number": test.number}).join(test.table.shared[MOMENTS], on="number", how="left")[
            "moment"
        ]
        begins = pl.col(STEP).diff().fill_null(0) <= 0
        return test.slices.select("series", STEP).with_columns(moment, origin=begins.cum_sum())

    @cached_property
    def quantiles(self) -> dict[str, np.ndarray]:
        """Learner -> ``[n, levels]``."""
        from modeling.problems.forecasting.quantiles import conformal

        valid, test, fitted = self.judged.valid, self.judged.test, {c.name: c.learner for c in self.judged.candidates}
        size, asked_size = (rows.table.column(TYPICAL_ERROR).astype(np.float64) for rows in (valid, test))
        of, asked = (rows.table.column(STEP) for rows in (valid, test))

        def quantiles(name: str, point: np.ndarray) -> np.ndarray:
            held_out = self.judged.validation if name == self.judged.champion else fitted[name].predict(valid.table)
            error = (valid.table.target - held_out) / size
            return conformal(error, of, point / asked_size, asked) * asked_size[:, None]

        return {name: quantiles(name, point) for name, point in self.judged.answers.items()}

    @cached_property
    def naive_error(self) -> np.ndarray:
        """``[n]``: the mean absolute error of the seasonal naive forecast on the series' training rows."""
        train = self.judged.train
        error = np.abs(train.table.target - train.table.column(SEASONAL_NAIVE))
        of_series = train.slices.select("series", error=error).group_by("series").agg(pl.mean("error"))
        return self.rows.join(of_series, on="series", how="left", maintain_order="left")["error"].to_numpy()


def _fans(shown: _ShownSeries) -> Chapter:
    by_size = shown.rows.with_columns(truth=shown.judged.units.truth).group_by("series").agg(pl.mean("truth"))
    ordered = by_size.sort("truth", "series", descending=[True, False])["series"]
    chosen = ordered.gather(np.unique(np.linspace(0, len(ordered) // 2, _FANS).astype(int)))
    return Chapter(
        title="Forecasts and what came",
        reading="The line is what happened, the band where the champion expected it when the lines begin. Four in "
        "five outcomes should lie in the band.",
        term="Point forecasts of one origin in the middle of the test; the band reaches from the 10 % to the 90 % "
        "quantile (split conformal by step, residuals of validation rows in units of the series' typical error).",
        exhibits=[_fan(shown, series) for series in chosen],
    )


def _fan(shown: _ShownSeries, series: str) -> Exhibit:
    of_series = shown.rows.with_row_index("row").filter(pl.col("series") == series)
    origins = of_series["origin"].unique(maintain_order=True)
    part = of_series.filter(pl.col("origin") == origins[len(origins) // 2])
    row, moments = part["row"].to_numpy(), [moment.isoformat() for moment in part["moment"]]
    judged, band = shown.judged, shown.quantiles[shown.judged.champion][row]
    lines = {"what came": judged.units.truth, **judged.answers}
    return LineChart(
        title=f"{series}, from {moments[0]}",
        caption=f"{judged.champion} with the range that should hold four outcomes in five, beside what it is compared "
        "with.",
        x_title="moment",
        y_title=judged.use_case.target,
        lines={name: Line(x=moments, y=values[row].tolist()) for name, values in lines.items()},
        bands={"10 % to 90 %": Band(x=moments, low=band[:, 0].tolist(), high=band[:, -1].tolist())},
    )


def _scaled(shown: _ShownSeries) -> Chapter:
    from modeling.core.intervals import scored
    from modeling.problems.forecasting.quantiles import COVERED, coverage, weighted_quantile_loss

    truth, group = shown.judged.units.truth, shown.judged.units.group
    scale = np.where(shown.naive_error > 0, shown.naive_error, np.nan)
    known = np.isfinite(scale)
    in_scale = {name: (answers / scale)[known] for name, answers in shown.judged.answers.items()}
    scaled = scored(
        {"mase": Metric("mase", "MASE", False, mae)},
        (truth / scale)[known],
        in_scale,
        None if group is None else group[known],
    )
    ranges = by_name(
        Metric("wql", "weighted quantile loss", False, weighted_quantile_loss),
        Metric("coverage", "coverage", True, coverage),
    )
    ranged = scored(ranges, truth, shown.quantiles, group)
    names = list(shown.judged.answers)
    return Chapter(
        title="Errors on a common scale, and ranges",
        reading="A scaled error of one is what copying the last season cost on training data: below it, forecasting "
        "helps. The quantile loss judges the whole range, and coverage says whether it holds what it promises.",
        term="MASE (Hyndman & Koehler 2006), scaled by each series' seasonal naive error on training rows; weighted "
        "quantile loss over the nine deciles, relative to what came; coverage from the 10 % to the 90 % quantile. "
        "Bootstrap by origin season.",
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
        ],
    )


def _by_step(shown: _ShownSeries) -> Chapter:
    from modeling.problems.forecasting.quantiles import COVERED

    judged, truth = shown.judged, shown.judged.units.truth
    band = shown.quantiles[judged.champion]
    error = {name: np.abs(answers - truth) for name, answers in judged.answers.items()}
    inside = {judged.champion: (truth >= band[:, 0]) & (truth <= band[:, -1])}
    promised = {"promised": np.full(len(truth), COVERED)}
    return Chapter(
        title="How far ahead",
        reading="How the error grows with the distance of what is forecast, and whether the range stays honest.",
        term="Mean absolute error and coverage of the range from 10 % to 90 % by step ahead, over all series and test "
        "origins.",
        exhibits=[
            _along_steps(shown, error, "Error by step ahead", f"mean absolute error, {judged.use_case.target}"),
            _along_steps(shown, inside | promised, "Coverage by step ahead", "share of outcomes in the range"),
        ],
    )


def _along_steps(shown: _ShownSeries, values: Mapping[str, np.ndarray], title: str, y_title: str) -> LineChart:
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


TASK = Forecasting
