"""What comes next?

Belongs here: which origins and steps train, choose and test, and which scores a forecast gets. Does not belong here:
the grid (`modeling.problems.forecasting.grid`), features (`modeling.problems.forecasting.series`), or what reports show
(`modeling.problems.forecasting.chapters`).

A row is a forecast: one series, one origin, one step ahead. Origins roll through each role's own time, and no role's
targets reach beyond its end, so training ends before the first outcome that validation scores.
"""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, cast

import numpy as np
import polars as pl
from pydantic import Field, field_validator, model_validator

from catalogue.definition import TimeSplit, UseCase
from modeling.core.feature_set import FeatureSet
from modeling.core.features import Derive, FeatureError
from modeling.core.learner import Outcome
from modeling.core.metrics import mae, r2, rmse
from modeling.core.recipe import Recipe
from modeling.core.record import Chapter, Described, Gate
from modeling.core.rolling import Span, feature_set
from modeling.core.row_task import BaseTask
from modeling.core.splits import ROLES, SplitError, assign
from modeling.core.table import Rows
from modeling.core.task import EvaluatedChampion, Metric, Settings, TargetHolds, by_name
from modeling.core.validated_data import ValidatedData
from modeling.problems.forecasting.chapters import chapters
from modeling.problems.forecasting.grid import Gaps, Grid, SeriesLayout, on_grid, steps_of
from modeling.problems.forecasting.ranges import Ranges, ranges_keep_promise
from modeling.problems.forecasting.series import MOMENTS, SEASONAL_NAIVE, SMOOTHED, STEP, SeriesRecipe

_CHECKED_ORIGINS = 3


class ForecastingSettings(Settings):
    """What `settings` of a forecasting use case may hold."""

    frequency: str = Field(default="1h", description="time between two steps: `15m`, `1h`, `1d`…")
    horizon: int = Field(default=24, ge=1, description="how many steps ahead are forecast")
    seasons: list[int] = Field(
        default=[24, 168],
        min_length=1,
        description="lengths in steps, shortest first; the last is the naive forecast's",
    )
    every: int = Field(default=1, ge=1, description="steps between two origins")
    gaps: Gaps = Field(default="refuse", description="a moment without a value is refused, or left unknown")

    weekdays: list[Annotated[int, Field(ge=1, le=7)]] | None = Field(
        default=None,
        min_length=1,
        description="the weekdays that have values, 1 (Monday) to 7, where not all have: `[1, 2, 3, 4, 5]`; steps of "
        "`1d`",
    )
    tolerance: int = Field(default=0, ge=0, description="seconds by which a moment may miss its step")

    @field_validator("seasons")
    @classmethod
    def _rising(cls, seasons: list[int]) -> list[int]:
        if sorted(set(seasons)) != seasons or seasons[0] < 2:
            raise ValueError(f"{seasons} must rise, from 2 on: write the shortest season first, like [24, 168]")
        return seasons

    @model_validator(mode="after")
    def _days_of_a_week(self) -> "ForecastingSettings":
        if self.weekdays is not None and self.frequency != "1d":
            raise ValueError(f"`weekdays` go with `frequency: 1d`, not with {self.frequency}: take one of them out")
        return self


@dataclass(frozen=True)
class Forecasting(BaseTask[ForecastingSettings]):
    """A number, some steps ahead; predictions are its point forecast ``[n]``, in the target's unit."""

    name: ClassVar[str] = "forecasting"
    settings_type: ClassVar[type[Settings]] = ForecastingSettings
    recipe_type: ClassVar[type[Recipe]] = SeriesRecipe
    target_holds: ClassVar[TargetHolds] = "a number"
    trivial: ClassVar[str] = "seasonal_naive"
    learners: ClassVar[tuple[str, ...]] = ("ets", "ets_lightgbm", "ets_tabm")

    def outcome(self, classes: list[str]) -> Outcome:
        """Always `regression`."""
        return "regression"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        """Of the forecasts ``[n]``, in the target's unit but for R²; MAE comes first."""
        return by_name(
            Metric("mae", "mean absolute error", False, mae),
            Metric("rmse", "RMSE", False, rmse),
            Metric("r2", "R²", True, r2),
        )

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> FeatureSet:
        """A row for each series, origin and step ahead; the target is the value at that step.

        Raises
        ------
        FeatureError: features.py has `features`, or a series does not fit the grid. SplitError: a role is empty.
        """
        if derive is not None:
            raise FeatureError(
                "features.py: a forecast reads the past of its series only; use `assemble`, not `features`"
            )
        layout = self._layout(use_case)
        grid = on_grid(data.frame, layout)
        spans = _spans(assign(data.frame, use_case), steps_of(data.frame[layout.time], layout), grid)
        left_out = {
            name: "a forecast reads the past of its series only"
            for name in data.frame.columns
            if name not in (layout.series, layout.time, layout.target)
        }
        recipe = SeriesRecipe.fit(grid.until(spans["train"].stop - 1), layout, left_out)
        roles = [self._rows(recipe, grid, spans[role], data.numbers, role) for role in ROLES]
        outcomes = [_outcomes(rows) for rows in roles]
        return feature_set(
            data,
            use_case,
            recipe,
            roles,
            [cast("Span", (moments.min(), moments.max())) for moments in outcomes],
            grid.values[np.isfinite(grid.values)],
            _changed_by_the_future(recipe, grid),
        )

    def chapters(self, evaluated: EvaluatedChampion) -> list[Chapter]:
        """Forecasts with their quantiles beside what came, scaled errors, and the error by step ahead."""
        return chapters(evaluated)

    def gates(self, evaluated: EvaluatedChampion) -> list[Gate]:
        """The ranges must hold what they promise."""
        return [ranges_keep_promise(Ranges(evaluated))]

    def described(self, use_case: UseCase) -> Described:
        """Values to come, from those of the past."""
        settings, series = self.settings, use_case.columns.group or "series"
        return Described(
            target=f"{use_case.target} of each {series}, 1 to {settings.horizon} steps of {settings.frequency} ahead",
            features=f"the past of {use_case.target}: newest values, the same phase of earlier seasons "
            f"({', '.join(map(str, settings.seasons))} steps), exponential smoothing; and the calendar",
        )

    def _layout(self, use_case: UseCase) -> SeriesLayout:
        time, settings = use_case.columns.time, self.settings
        if time is None or not isinstance(use_case.split, TimeSplit):
            raise SplitError(f"{use_case.key}: a forecast needs `columns: {{time: …}}` and `split: {{by: time}}`")
        return SeriesLayout(
            series=use_case.columns.group,
            time=time,
            target=use_case.target,
            frequency=settings.frequency,
            horizon=settings.horizon,
            seasons=settings.seasons,
            gaps=settings.gaps,
            weekdays=settings.weekdays,
            tolerance=settings.tolerance,
        )

    def _rows(self, recipe: SeriesRecipe, grid: Grid, span: range, numbers: np.ndarray, role: str) -> Rows:
        """Every forecast whose outcome and seasonal naive forecast are known.

        `span` are the positions of the role's targets. Rows are drawn together by the shortest season their origin lies
        in: a day of hours. Dealt anew, they are divided by the moment of their outcome, so that none is shared.
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
        position = np.tile(ahead, len(grid.series))[usable]
        day = np.tile(np.repeat(origins // layout.seasons[0], layout.horizon), len(grid.series))
        name = np.repeat(grid.series, len(ahead))[usable]
        table = replace(table, target=target).rows(usable)
        return Rows(
            table=replace(table, shared={MOMENTS: _moments(grid, numbers)}),
            number=numbers[row[usable]],
            group=day[usable],
            slices=pl.DataFrame({"series": name, STEP: table.column(STEP).astype(np.int64)}),
            block=position,
        )


def _moments(grid: Grid, numbers: np.ndarray) -> pl.DataFrame:
    """The table `MOMENTS`, of every row that has a place on the grid."""
    series, position = np.nonzero(grid.row >= 0)
    number = numbers[grid.row[series, position]]
    return pl.DataFrame({"number": number, "moment": grid.moments.gather(position), "position": position})


def _outcomes(rows: Rows) -> pl.Series:
    """The moment of each row's outcome ``[n]``."""
    return pl.DataFrame({"number": rows.number}).join(rows.table.shared[MOMENTS], on="number", how="left")["moment"]


def _spans(roles: pl.Series, moments: pl.Series, grid: Grid) -> dict[str, range]:
    """The positions on the grid that belong to each role: from its first moment to that of the next."""
    first = pl.DataFrame({"role": roles, "moment": moments}).group_by("role").agg(pl.min("moment"))
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


TASK = Forecasting
