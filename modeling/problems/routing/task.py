"""Which way is the fastest?

Belongs here: roads' travel times as a regression, the trips by which they are judged, and the routes that follow. Does
not belong here: the graph (`modeling.problems.routing.roads`), the arithmetic of intervals (`modeling.core.intervals`).

A row is a road at a moment; what is learned is the logarithm of its slowness, travel time over free flow. What is
judged are trips: the route that looks fastest by the predicted times, at the times that roads really took. A constant
slowness chooses the free-flow route, so the trivial learner is the navigator that knows no traffic.
"""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np
import polars as pl
from pydantic import Field

from catalogue.definition import UseCase
from modeling.core.feature_set import FeatureSet
from modeling.core.features import Derive, FeatureError, FeatureRecipe
from modeling.core.intervals import interval, resampled
from modeling.core.metrics import Prepared, Score, mean, prepared, unweighted
from modeling.core.record import Chapter, Estimates, Interval, Listing, Roads
from modeling.core.splits import ROLES
from modeling.core.table import Rows, Table
from modeling.core.task import Judged, Metric, Predictor, Settings, TargetError, Units
from modeling.core.validated_data import ValidatedData
from modeling.problems.routing.roads import COLUMNS, RoadNetwork
from modeling.problems.tabular.multiclass_classification import by_name
from modeling.problems.tabular.regression import Regression

DETOUR = 1.05
"""A trip that takes this many times the optimum, or more, is a detour."""
SLOWEST = 0.95
"""Roads beyond this quantile of the seconds they took are the slowest."""
_DRAWN_PER_TRIP = 8
_SHOWN_MOMENTS = 12


class RoutingSettings(Settings):
    """Which rows belong together, and how trips are drawn."""

    moment: list[str] = Field(
        default=["day", "interval"], min_length=1, description="the columns that tell moments apart"
    )
    trips: int = Field(default=300, ge=1, description="trips drawn for each of validation and test")
    shortest: float = Field(default=120, ge=0, description="seconds that a trip takes at free flow, at least")


@dataclass(frozen=True)
class RouteRecipe(FeatureRecipe):
    """A recipe that also hands on which road and moment a row is, and the network that the roads make."""

    @classmethod
    def fit(cls, train: pl.DataFrame, use_case: UseCase) -> Self:
        plain = super().fit(train.drop("road", "leads_to"), use_case)
        moment = RoutingSettings.model_validate(use_case.settings).moment
        return replace(plain, content=[*plain.content, *moment, "road"])

    @property
    def inputs(self) -> list[str]:
        return list(dict.fromkeys([*super().inputs, *COLUMNS]))

    def transform(self, frame: pl.DataFrame) -> Table:
        """The rows; the roads, each once, are the shared table `roads`."""
        table = super().transform(frame)
        return replace(table, shared={"roads": frame.select(COLUMNS).unique().sort("road")})


@Score
def time_lost(truth: np.ndarray, answers: np.ndarray) -> Prepared:
    """Seconds driven beyond the informed optimum, as a share of it; all trips together."""
    return lambda weight: float(weight @ answers[:, 0] / (weight @ truth) - 1) if weight.any() else np.nan


@Score
def detours(truth: np.ndarray, answers: np.ndarray) -> Prepared:
    """Share of trips that take `DETOUR` times the optimum or more."""
    return mean((answers[:, 0] >= DETOUR * truth).astype(float))


@Score
def arrival_error(truth: np.ndarray, answers: np.ndarray) -> Prepared:
    """Mean absolute difference, in seconds, between the time that was promised and the time the route took."""
    return mean(np.abs(answers[:, 1] - answers[:, 0]))


_TIME_LOST = Metric("time_lost", "time lost against the informed optimum", False, time_lost)


@dataclass(frozen=True)
class Trips:
    """Trips through the network, and how long every road really took at each moment.

    Attributes
    ----------
    ends: int64 ``[u, 2]``, origin and destination: rows of `network.roads`.
    moment: int64 ``[u]``, when each departs: rows of `moments` and `seconds`.
    moments: what tells the moments apart. seconds: ``[moments, roads]``.
    """

    network: RoadNetwork
    ends: np.ndarray
    moment: np.ndarray
    moments: pl.DataFrame
    seconds: np.ndarray

    def routes(self, seconds: np.ndarray) -> list[np.ndarray]:
        """The fastest way of every trip if roads took `seconds` ``[moments, roads]``."""
        found: dict[int, np.ndarray] = {}
        for moment in np.unique(self.moment):
            trips = np.flatnonzero(self.moment == moment)
            found |= zip(trips.tolist(), self.network.routes(seconds[moment], self.ends[trips]), strict=True)
        return [found[trip] for trip in range(len(self.ends))]

    def took(self, routes: list[np.ndarray], seconds: np.ndarray) -> np.ndarray:
        """Seconds ``[u]`` of a route each, if roads took `seconds` ``[moments, roads]``."""
        return np.array([seconds[moment, route].sum() for moment, route in zip(self.moment, routes, strict=True)])


@dataclass(frozen=True)
class Routing(Regression):
    """A row is a road at a moment, with its slowness as target; a unit is a trip.

    Truth ``[u]`` are the seconds of the informed optimum; answers ``[u, 2]`` the seconds that the chosen route really
    took, and those it was said to take.
    """

    settings: RoutingSettings = field(default_factory=RoutingSettings)

    name: ClassVar[str] = "routing"
    unit: ClassVar[str] = "trips"
    settings_type: ClassVar[type[Settings]] = RoutingSettings
    recipe_type: ClassVar[type[FeatureRecipe]] = RouteRecipe
    extra: ClassVar[str | None] = "navigation"
    blends: ClassVar[bool] = False
    by_row: ClassVar[bool] = False

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        return by_name(
            _TIME_LOST,
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

    def twin(self, frame: pl.DataFrame, use_case: UseCase) -> pl.Series | None:
        """Groups are twins whose every road has, in every moment, the same slowness to two digits."""
        group = use_case.columns.group
        if group is None:
            return None
        told = [name for name in (*self.settings.moment, "road") if name != group]
        row = pl.struct(*told, pl.col(use_case.target).cast(pl.Float64).round_sig_figs(2)).hash()
        return frame.select(row.sum().over(group)).to_series()

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> FeatureSet:
        """As any rows, once the network is known to be one and every moment to hold all of it.

        Raises
        ------
        FeatureError: a column is missing, a road changes, a moment lacks a road, the network falls apart.
        """
        _check_columns(data.frame, [*COLUMNS, *self.settings.moment])
        RoadNetwork.of(data.frame.select(COLUMNS).unique().sort("road"))
        made = super().prepare(data, use_case, derive)
        for role, rows in zip(ROLES, (made.train, made.valid, made.open_test()), strict=True):
            self._check_complete(role, rows)
        return made

    def units(self, rows: Rows) -> Units:
        trips = self._trips(rows)
        optimum = trips.took(trips.routes(trips.seconds), trips.seconds)
        return Units(optimum, None if rows.group is None else self._by_moment(rows.group, rows)[trips.moment, 0])

    def answers(self, model: Predictor, rows: Rows) -> np.ndarray:
        trips = self._trips(rows)
        predicted = self._seconds(model.predict(rows.table), rows)
        routes = trips.routes(predicted)
        return np.column_stack([trips.took(routes, trips.seconds), trips.took(routes, predicted)])

    def chapters(self, judged: Judged) -> list[Chapter]:
        trips = self._trips(judged.test)
        learners = {candidate.name: candidate.learner for candidate in judged.candidates} | {
            judged.champion: judged.model
        }
        seconds = {
            name: self._seconds(learners[name].predict(judged.test.table), judged.test) for name in judged.answers
        }
        return [
            _map(judged, trips, seconds[judged.champion], seconds[self.trivial]),
            _by_departure(judged, trips),
            _road_errors(trips.seconds, seconds),
        ]

    def _trips(self, rows: Rows) -> Trips:
        """Trips between roads of the connected part, the same for the same rows.

        Raises
        ------
        FeatureError: no trip is as long as the shortest asked for.
        """
        network = RoadNetwork.of(rows.table.shared["roads"])
        seconds, moments = self._seconds(rows.table.target, rows), self._moments(rows)
        draw = np.random.default_rng(0)
        drawn = draw.choice(network.connected, (_DRAWN_PER_TRIP * self.settings.trips, 2))
        origins, which = np.unique(drawn[:, 0], return_inverse=True)
        free_flow = network.times(network.free_flow, origins)[which, drawn[:, 1]]
        ends = drawn[(free_flow >= self.settings.shortest) & (drawn[:, 0] != drawn[:, 1])][: self.settings.trips]
        if not len(ends):
            raise FeatureError(
                f"of {len(drawn):,} trips drawn none takes {self.settings.shortest:g} s at free flow, the longest "
                f"{free_flow.max():.0f} s: lower `settings.shortest`"
            )
        return Trips(network, ends, draw.integers(len(moments), size=len(ends)), moments, seconds)

    def _moments(self, rows: Rows) -> pl.DataFrame:
        return rows.table.content.select(self.settings.moment).unique().sort(self.settings.moment)

    def _by_moment(self, values: np.ndarray, rows: Rows) -> np.ndarray:
        """A value a row, as ``[moments, roads]``."""
        order = rows.table.content.select(pl.arg_sort_by(*self.settings.moment, "road")).to_series()
        return values[order].reshape(-1, rows.table.shared["roads"].height)

    def _seconds(self, logarithm: np.ndarray, rows: Rows) -> np.ndarray:
        """``[moments, roads]`` from the logarithm of the slowness of each row."""
        return np.exp(self._by_moment(logarithm, rows)) * rows.table.shared["roads"]["free_flow"].to_numpy()

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


def _map(judged: Judged, trips: Trips, predicted: np.ndarray, free_flow: np.ndarray) -> Chapter:
    """Two trips on the map; `predicted` and `free_flow` are seconds ``[moments, roads]``."""
    times = {"informed optimum": trips.seconds, "free flow": free_flow, judged.champion: predicted}
    routes = {name: trips.routes(seconds) for name, seconds in times.items()}
    took = {name: trips.took(of, trips.seconds) for name, of in routes.items()}
    saved = took["free flow"] - took[judged.champion]

    def exhibit(title: str, trip: int) -> Roads:
        told = ", ".join(f"{name} {seconds[trip]:.0f} s" for name, seconds in took.items())
        return Roads(
            title=title,
            caption=f"{_told(trips.moments, trips.moment[trip])}: {told}.",
            layers={
                "roads": trips.network.segments(),
                **{name: trips.network.segments(of[trip]) for name, of in routes.items()},
            },
        )

    return Chapter(
        title="Two routes",
        reading="The trip on which the champion saved most against a navigator that knows no traffic, and the one on "
        "which it lost most. The informed optimum knows every road's time in advance; nobody can beat it.",
        term="Shortest paths (Dijkstra 1959) over turns between roads, by true, free-flow and predicted times at the "
        "moment of departure.",
        exhibits=[exhibit("Most saved", int(saved.argmax())), exhibit("Most lost", int(saved.argmin()))],
    )


def _told(moments: pl.DataFrame, moment: int) -> str:
    return ", ".join(f"{name} {value}" for name, value in moments.row(int(moment), named=True).items())


def _by_departure(judged: Judged, trips: Trips) -> Chapter:
    """Time lost by each column that tells moments apart."""
    columns = [name for name in trips.moments.columns if trips.moments[name].n_unique() <= _SHOWN_MOMENTS]
    return Chapter(
        title="Time lost, by when trips depart",
        reading="How much longer than the informed optimum the champion's trips took. Wide bars mean few trips.",
        term="Sum of seconds over the sum of the optimum's, less one; percentile bootstrap over trips.",
        exhibits=[
            Estimates(
                title=f"By {name}",
                caption="The line is the time lost over all trips.",
                x_title="time lost, share of the optimum",
                estimates=_each(judged, trips.moments[name][trips.moment]),
                reference=unweighted(_TIME_LOST, judged.units.truth, judged.answers[judged.champion]),
            )
            for name in columns
        ],
    )


def _each(judged: Judged, level: pl.Series) -> dict[str, Interval]:
    """Time lost, for the trips of each level."""
    found = {}
    for value in level.unique().sort():
        of = (level == value).to_numpy()
        score = prepared(_TIME_LOST, judged.units.truth[of], judged.answers[judged.champion][of])
        once = score(np.ones(of.sum()))
        found[str(value)] = interval(once, resampled([score], None, int(of.sum()))[:, 0])
    return found


def _road_errors(seconds: np.ndarray, predicted: dict[str, np.ndarray]) -> Chapter:
    """How well the times of single roads are known; all ``[moments, roads]``."""
    slow = seconds >= np.quantile(seconds, SLOWEST)
    errors = {name: np.abs(of - seconds) for name, of in predicted.items()}
    return Chapter(
        title="The times of single roads",
        reading="Routes are only as good as the times they are chosen by.",
        term=f"Mean absolute error over all roads and moments of the test, and over the slowest {1 - SLOWEST:.0%} of "
        "them.",
        exhibits=[
            Listing(
                title="Mean absolute error, seconds",
                columns={
                    "learner": list(errors),
                    "all roads": [float(error.mean()) for error in errors.values()],
                    "slowest roads": [float(error[slow].mean()) for error in errors.values()],
                },
            )
        ],
    )


def _check_columns(frame: pl.DataFrame, columns: list[str]) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise FeatureError(f"routing needs the columns {columns}; {missing} are missing, the rows have {frame.columns}")


TASK = Routing
