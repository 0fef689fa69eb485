"""A network of roads, and the fastest ways through it.

Belongs here: the graph of a table of roads, what is refused of one, and shortest paths. Does not belong here: travel
times and how they are predicted, or what a route is worth (`modeling.problems.routing.task`).

The nodes of the graph are roads and its arcs are turns, so that a turn that is not allowed is never taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from modeling.core.features import FeatureError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

ENDS = ("x1", "y1", "x2", "y2")
COLUMNS = ("road", "leads_to", "free_flow", *ENDS)
"""What describes a road: its name, the roads one may turn into from it (names, separated by spaces), the seconds it
takes when it is empty, and where it begins and ends, in metres or degrees."""
CONNECTED_SHARE = 0.5
"""A network whose largest connected part holds fewer of its roads than this is refused."""
_NAMED = 5


@dataclass(frozen=True)
class RoadNetwork:
    """Roads and turns. `roads` has the `COLUMNS` and a row a road; `turns` int64 ``[t, 2]`` are rows of `roads`."""

    roads: pl.DataFrame
    turns: np.ndarray

    @classmethod
    def of(cls, roads: pl.DataFrame) -> "RoadNetwork":
        """The network of a table of roads.

        Raises
        ------
        FeatureError: a road leads to one that is not there, takes no time, or the network falls apart.
        """
        twice = roads.filter(pl.col("road").is_duplicated())["road"].unique(maintain_order=True)
        if len(twice):
            raise FeatureError(f"{_some(twice)} are described in more than one way: {COLUMNS[1:]} never change")
        impassable = roads.filter(pl.col("free_flow").is_finite().not_() | (pl.col("free_flow") <= 0))["road"]
        if len(impassable):
            raise FeatureError(f"`free_flow` of {_some(impassable)} is no positive number of seconds")
        names = roads["road"]
        turns = roads.select("road", into=pl.col("leads_to").fill_null("").str.split(" ")).explode("into")
        turns = turns.filter(pl.col("into") != "")
        unknown = turns.filter(pl.col("into").is_in(names.implode()).not_())
        if unknown.height:
            raise FeatureError(
                f"`leads_to` of {_some(unknown['road'].unique(maintain_order=True))} names roads that have no row: "
                f"{unknown['into'].unique(maintain_order=True).head(_NAMED).to_list()}"
            )
        number = {name: index for index, name in enumerate(names)}
        ends = turns.select(pl.all().replace_strict(number, return_dtype=pl.Int64)).to_numpy()
        network = cls(roads, ends)
        network._check_connected()
        return network

    def __len__(self) -> int:
        return self.roads.height

    @property
    def free_flow(self) -> np.ndarray:
        """Seconds ``[roads]`` that each takes when it is empty."""
        return self.roads["free_flow"].to_numpy()

    @cached_property
    def connected(self) -> np.ndarray:
        """int64: the roads of the largest part in which every road can be reached from every other."""
        from scipy.sparse.csgraph import connected_components

        _, part = connected_components(self._graph(np.ones(len(self))), connection="strong")
        return np.flatnonzero(part == np.bincount(part).argmax())

    def times(self, seconds: np.ndarray, origins: np.ndarray) -> np.ndarray:
        """Seconds ``[len(origins), roads]`` to every road's end, when roads take `seconds` ``[roads]``; infinite where
        no way leads. The origin's own are counted."""
        from scipy.sparse.csgraph import dijkstra

        return dijkstra(self._graph(seconds), indices=origins) + seconds[origins, None]

    def routes(self, seconds: np.ndarray, trips: np.ndarray) -> list[np.ndarray]:
        """The fastest way of each of `trips` int64 ``[t, 2]``, when roads take `seconds` ``[roads]``: the roads from
        origin to destination, both included. Every destination can be reached.

        Source: Dijkstra 1959.
        """
        from scipy.sparse.csgraph import dijkstra

        origins, which = np.unique(trips[:, 0], return_inverse=True)
        _, before = dijkstra(self._graph(seconds), indices=origins, return_predecessors=True)
        return [_walk(before[row], destination) for row, destination in zip(which, trips[:, 1], strict=True)]

    def segments(self, route: Sequence[int] | np.ndarray | None = None) -> list[tuple[float, float, float, float]]:
        """From where to where each road of a route goes; of every road without one."""
        roads = self.roads if route is None else self.roads[route]
        return roads.select(ENDS).rows()

    def _graph(self, seconds: np.ndarray) -> "csr_array":
        """A turn costs the seconds of the road it leads into."""
        from scipy.sparse import csr_array

        out, into = self.turns.T
        return csr_array((seconds[into], (out, into)), shape=(len(self), len(self)))

    def _check_connected(self) -> None:
        if len(self.connected) >= CONNECTED_SHARE * len(self):
            return
        apart = self.roads["road"].gather(np.setdiff1d(np.arange(len(self)), self.connected))
        raise FeatureError(
            f"the network falls apart: in its largest part {len(self.connected):,} of {len(self):,} roads can reach "
            f"each other; outside lie {_some(apart)}. Correct `leads_to`, or leave those roads out"
        )


def _walk(before: np.ndarray, destination: int) -> np.ndarray:
    route = [destination]
    while (previous := before[route[-1]]) >= 0:
        route.append(previous)
    return np.array(route[::-1])


def _some(roads: pl.Series) -> str:
    return f"{len(roads):,} roads, such as {roads.head(_NAMED).to_list()},"
