"""Which way is the fastest?

Belongs here: roads' travel times as a regression, what is refused of them, and which scores trips get. Does not belong
here: the graph (`modeling.problems.routing.roads`), trips and the routes that are found for them
(`modeling.problems.routing.trips`), or what reports show (`modeling.problems.routing.chapters`).

A row is a road at a moment; what is learned is the logarithm of its slowness, travel time over free flow. What is
scored are trips: the route that looks fastest by the predicted times, at the times that roads really took. A constant
slowness chooses the free-flow route, so the trivial learner is the navigator that knows no traffic.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl
import polars.selectors as cs

from catalogue.definition import UseCase
from modeling.core.feature_set import FeatureSet
from modeling.core.features import Derive, FeatureError, FeatureRecipe
from modeling.core.leakage import Keys, Likeness
from modeling.core.record import Chapter, Described
from modeling.core.regression import RegressionTask
from modeling.core.splits import ROLES
from modeling.core.table import Rows
from modeling.core.task import EvaluatedChampion, Metric, Predictor, Settings, TargetError, Units, by_name
from modeling.core.validated_data import ValidatedData
from modeling.problems.routing.chapters import chapters
from modeling.problems.routing.recipe import RouteRecipe
from modeling.problems.routing.roads import COLUMNS, RoadNetwork
from modeling.problems.routing.settings import RoutingSettings
from modeling.problems.routing.trips import TIME_LOST, arrival_error, by_moment, detours, drawn_trips, seconds_of


@dataclass(frozen=True)
class Routing(RegressionTask[RoutingSettings]):
    """A row is a road at a moment, with its slowness as target; a unit is a trip.

    Truth ``[u]`` are the seconds of the informed optimum; answers ``[u, 2]`` the seconds that the chosen route really
    took, and those it was said to take.
    """

    name: ClassVar[str] = "routing"
    unit: ClassVar[str] = "trips"
    settings_type: ClassVar[type[Settings]] = RoutingSettings
    recipe_type: ClassVar[type[FeatureRecipe]] = RouteRecipe
    learners: ClassVar[tuple[str, ...]] = ("ridge", "lightgbm", "mlp", "tabm")
    extra: ClassVar[str | None] = "navigation"
    blends: ClassVar[bool] = False
    by_row: ClassVar[bool] = False

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        """Of the seconds that trips took ``[trips, 2]``; the time lost comes first."""
        return by_name(
            TIME_LOST,
            Metric("detours", "share of detours", False, detours),
            Metric("arrival_error", "error of the promised time", False, arrival_error),
        )

    def encode(self, target: pl.Series, classes: list[str]) -> np.ndarray:
        """float64 ``[n]``: the logarithm of the slowness.

        Raises
        ------
        TargetError: a null, NaN or infinite value, or one that is not positive.
        """
        slowness = super().encode(target, classes)
        if (slowness <= 0).any():
            raise TargetError(
                f"target {target.name!r}: {(slowness <= 0).sum():,} of {len(target):,} values are not above 0; it is "
                "the travel time over the free-flow time: quarantine those rows in the contract"
            )
        return np.log(slowness)

    def likeness(self, frame: pl.DataFrame, use_case: UseCase) -> Likeness | None:
        """Groups are twins whose every road has, in every moment, the same slowness to two digits."""
        group = use_case.columns.group
        if group is None:
            return None
        row_of = [name for name in (*self.settings.moment, "road") if name != group]
        row = pl.struct(*row_of, cs.by_name(use_case.target).cast(pl.Float64).round_sig_figs(2)).hash()
        return Keys(frame.select(row.sum().over(group)).to_series(), "slowness of every road, to two digits")

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> FeatureSet:
        """As any rows, once the network is known to be one and every moment to hold all of it.

        Raises
        ------
        FeatureError: a column is missing, a road changes, a moment lacks a road, the network falls apart.
        """
        _check_columns(data.frame, [*COLUMNS, *self.settings.moment])
        RoadNetwork.of(data.frame.select(COLUMNS).unique().sort("road"))
        made = super().prepare(data, use_case, derive)
        for role, rows in zip(ROLES, (made.train, made.tune, made.valid, made.open_test()), strict=True):
            self._check_complete(role, rows)
        return made

    def units(self, rows: Rows) -> Units:
        """The trips drawn of `rows`; their truth is the seconds of the fastest route ``[trips]``."""
        trips = drawn_trips(rows, self.settings)
        optimum = trips.took(trips.routes(trips.seconds), trips.seconds)
        return Units(
            optimum, None if rows.group is None else by_moment(rows.group, rows, self.settings)[trips.moment, 0]
        )

    def answers(self, model: Predictor, rows: Rows) -> np.ndarray:
        """float64 ``[trips, 2]``: the seconds that the chosen route took, and those that `model` predicted for it."""
        trips = drawn_trips(rows, self.settings)
        predicted = seconds_of(model.predict(rows.table), rows, self.settings)
        routes = trips.routes(predicted)
        return np.column_stack([trips.took(routes, trips.seconds), trips.took(routes, predicted)])

    def chapters(self, evaluated: EvaluatedChampion) -> list[Chapter]:
        """Two trips on a map, the time lost by departure, and the errors of predicted seconds by road."""
        return chapters(evaluated, self.trivial, self.settings)

    def described(self, use_case: UseCase) -> Described:
        """Slowness of roads; what is judged are trips."""
        return Described(
            target=f"the logarithm of {use_case.target}, travel time over free-flow time, of each road at a moment; "
            "judged are the trips that choose their roads by it"
        )

    def _check_complete(self, role: str, rows: Rows) -> None:
        roads = rows.table.shared["roads"].height
        counts = rows.table.content.group_by(self.settings.moment).agg(rows=pl.len(), roads=pl.col("road").n_unique())
        odd = counts.filter((pl.col("rows") != roads) | (pl.col("roads") != roads)).sort(self.settings.moment)
        if odd.height:
            first = odd.row(0, named=True)
            raise FeatureError(
                f"{odd.height:,} of {counts.height:,} moments in {role} do not hold each of {roads:,} roads once; the "
                f"first, { ({name: first[name] for name in self.settings.moment}) }, has {first['rows']:,} rows of "
                f"{first['roads']:,} roads: deliver every road, and split by whole moments (`split: {{by: group}}`)"
            )


def _check_columns(frame: pl.DataFrame, columns: list[str]) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise FeatureError(f"routing needs the columns {columns}; {missing} are missing, the rows have {frame.columns}")


TASK = Routing
