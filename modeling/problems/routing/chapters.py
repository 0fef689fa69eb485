"""What the reports of routing show: routes on the map, time lost by departure, and the errors of single roads.

Does not belong here: trips and their scores (`modeling.problems.routing.trips`).
"""

import numpy as np
import polars as pl

from modeling.core.intervals import estimated
from modeling.core.metrics import prepared, unweighted
from modeling.core.record import Chapter, Estimates, Interval, Listing, Roads
from modeling.core.task import EvaluatedChampion
from modeling.problems.routing.settings import RoutingSettings
from modeling.problems.routing.trips import TIME_LOST, Trips, drawn_trips, seconds_of

SLOWEST = 0.95
"""Roads beyond this quantile of the seconds they took are the slowest."""
_SHOWN_MOMENTS = 12


def chapters(evaluated: EvaluatedChampion, trivial: str, settings: RoutingSettings) -> list[Chapter]:
    """The chapters, in their order; `trivial` is the learner whose routes are those of free flow."""
    test, models = evaluated.test, evaluated.models
    trips = drawn_trips(test, settings)
    seconds = {name: seconds_of(models[name].predict(test.table), test, settings) for name in evaluated.answers}
    return [
        _map(evaluated, trips, seconds[evaluated.champion], seconds[trivial]),
        _by_departure(evaluated, trips),
        _road_errors(trips.seconds, seconds),
    ]


def _map(evaluated: EvaluatedChampion, trips: Trips, predicted: np.ndarray, free_flow: np.ndarray) -> Chapter:
    """Two trips on the map; `predicted` and `free_flow` are seconds ``[moments, roads]``."""
    times = {"informed optimum": trips.seconds, "free flow": free_flow, evaluated.champion: predicted}
    routes = {name: trips.routes(seconds) for name, seconds in times.items()}
    took = {name: trips.took(of, trips.seconds) for name, of in routes.items()}
    saved = took["free flow"] - took[evaluated.champion]

    def exhibit(title: str, trip: int) -> Roads:
        times = ", ".join(f"{name} {seconds[trip]:.0f} s" for name, seconds in took.items())
        return Roads(
            title=title,
            caption=f"{_described(trips.moments, trips.moment[trip])}: {times}.",
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


def _described(moments: pl.DataFrame, moment: int) -> str:
    return ", ".join(f"{name} {value}" for name, value in moments.row(int(moment), named=True).items())


def _by_departure(evaluated: EvaluatedChampion, trips: Trips) -> Chapter:
    """Time lost by each column that identifies a moment."""
    columns = [name for name in trips.moments.columns if trips.moments[name].n_unique() <= _SHOWN_MOMENTS]
    return Chapter(
        title="Time lost, by when trips depart",
        reading="How much longer than the informed optimum the champion's trips took. Wide bars mean few trips.",
        term="Sum of seconds over the sum of the optimum's, less one; bootstrap over the clusters that trips "
        "belong to, or over trips where there are none.",
        exhibits=[
            Estimates(
                title=f"By {name}",
                caption="The line is the time lost over all trips.",
                x_title="time lost, share of the optimum",
                estimates=_each(evaluated, trips.moments[name][trips.moment]),
                reference=unweighted(TIME_LOST, evaluated.units.truth, evaluated.answers[evaluated.champion]),
            )
            for name in columns
        ],
    )


def _each(evaluated: EvaluatedChampion, level: pl.Series) -> dict[str, Interval]:
    """Time lost, for the trips of each level."""
    found, group = {}, evaluated.units.group
    for value in level.unique().sort():
        of = (level == value).to_numpy()
        score = prepared(TIME_LOST, evaluated.units.truth[of], evaluated.answers[evaluated.champion][of])
        found[str(value)] = estimated(score, int(of.sum()), None if group is None else group[of])
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
