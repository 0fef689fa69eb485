"""Trips through a road network, and how their routes are scored.

Belongs here: which trips are drawn, the fastest routes by given times, the seconds they take, and scores of those. Does
not belong here: the graph and its shortest paths (`modeling.problems.routing.roads`).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from modeling.core.features import FeatureError
from modeling.core.metrics import ERROR, SHARE, Prepared, Score, mean
from modeling.core.table import Rows
from modeling.core.task import Metric
from modeling.problems.routing.roads import RoadNetwork
from modeling.problems.routing.settings import RoutingSettings

DETOUR = 1.05
"""A trip that takes this many times the optimum, or more, is a detour."""
_DRAWN_PER_TRIP = 8


@Score
def time_lost(truth: np.ndarray, answers: np.ndarray) -> Prepared:
    """Seconds driven beyond the informed optimum, as a share of it; all trips together."""
    return lambda weight: float(weight @ answers[:, 0] / (weight @ truth) - 1) if weight.any() else np.nan


@SHARE
def detours(truth: np.ndarray, answers: np.ndarray) -> Prepared:
    """Share of trips that take `DETOUR` times the optimum or more."""
    return mean((answers[:, 0] >= DETOUR * truth).astype(float))


@ERROR
def arrival_error(truth: np.ndarray, answers: np.ndarray) -> Prepared:
    """Mean absolute difference, in seconds, between the time that was promised and the time the route took."""
    return mean(np.abs(answers[:, 1] - answers[:, 0]))


TIME_LOST = Metric("time_lost", "time lost against the informed optimum", False, time_lost)


@dataclass(frozen=True)
class Trips:
    """Trips through the network, and how long every road really took at each moment.

    Attributes
    ----------
    ends: int64 ``[u, 2]``, origin and destination: rows of `network.roads`.
    moment: int64 ``[u]``, when each departs: rows of `moments` and `seconds`.
    moments: what identifies each moment. seconds: ``[moments, roads]``.
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


def drawn_trips(rows: Rows, settings: RoutingSettings) -> Trips:
    """Trips between roads of the connected part, the same for the same rows.

    Raises
    ------
    FeatureError: no trip takes as long as `settings.shortest` demands.
    """
    network = RoadNetwork.of(rows.table.shared["roads"])
    seconds = seconds_of(rows.table.target, rows, settings)
    moments = rows.table.content.select(settings.moment).unique().sort(settings.moment)
    draw = np.random.default_rng(0)
    drawn = draw.choice(network.connected, (_DRAWN_PER_TRIP * settings.trips, 2))
    origins, which = np.unique(drawn[:, 0], return_inverse=True)
    free_flow = network.times(network.free_flow, origins)[which, drawn[:, 1]]
    ends = drawn[(free_flow >= settings.shortest) & (drawn[:, 0] != drawn[:, 1])][: settings.trips]
    if not len(ends):
        raise FeatureError(
            f"of {len(drawn):,} trips drawn none takes {settings.shortest:g} s at free flow, the longest "
            f"{free_flow.max():.0f} s: lower `settings.shortest`"
        )
    return Trips(network, ends, draw.integers(len(moments), size=len(ends)), moments, seconds)


def by_moment(values: np.ndarray, rows: Rows, settings: RoutingSettings) -> np.ndarray:
    """A value a row ``[n]``, as ``[moments, roads]``."""
    order = rows.table.content.select(pl.arg_sort_by(*settings.moment, "road")).to_series()
    return values[order].reshape(-1, rows.table.shared["roads"].height)


def seconds_of(logarithm: np.ndarray, rows: Rows, settings: RoutingSettings) -> np.ndarray:
    """``[moments, roads]`` from the logarithm of the slowness of each row ``[n]``."""
    return np.exp(by_moment(logarithm, rows, settings)) * rows.table.shared["roads"]["free_flow"].to_numpy()
