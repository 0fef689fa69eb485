"""Routes: only through turns that are there, never better than the optimum, refused where the network is broken."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from catalogue.definition import UseCase
from modeling.core.features import FeatureError
from modeling.core.table import Table
from modeling.core.task import TargetError
from modeling.problems import tasks
from modeling.problems.routing.roads import COLUMNS, RoadNetwork

from ...small_data import validated
from . import tiny_routing


class Knows:
    """Predicts the logarithm of the slowness that it is told."""

    def __init__(self, logarithm: np.ndarray) -> None:
        self.logarithm = logarithm

    def predict(self, table: Table) -> np.ndarray:
        return self.logarithm


def prepared(frame: pl.DataFrame, **changes):
    use_case = UseCase.model_validate(tiny_routing.CONTENT | changes).placed("tiny/routing", tiny_routing.__file__)
    task = tasks.task(use_case)
    return task, task.prepare(validated(frame), use_case, None)


def test_who_knows_the_times_drives_the_optimum_and_promises_it():
    task, features = prepared(tiny_routing.frame())
    answers = task.answers(Knows(features.valid.table.target), features.valid)
    optimum = task.units(features.valid).truth
    np.testing.assert_allclose(answers, np.column_stack([optimum, optimum]))


def test_a_constant_slowness_drives_the_free_flow_route_and_loses_time():
    task, features = prepared(tiny_routing.frame())
    rows, metrics = features.valid, task.metrics([])
    one, other = (task.answers(Knows(np.full(len(rows), value)), rows) for value in (0.0, 2.0))
    np.testing.assert_array_equal(one[:, 0], other[:, 0])
    optimum = task.units(rows).truth
    assert (one[:, 0] >= optimum - 1e-9).all()
    assert metrics["time_lost"].score(optimum, one, np.ones(len(optimum))) > 0.05
    assert 0 < metrics["detours"].score(optimum, one, np.ones(len(optimum))) < 1


def test_the_same_rows_in_another_order_are_the_same_trips():
    task, features = prepared(tiny_routing.frame())
    rows, order = features.valid, np.random.default_rng(0).permutation(len(features.valid))
    assert rows.group is not None
    before = task.units(rows)
    after = task.units(replace(rows, table=rows.table.rows(order), group=rows.group[order]))
    np.testing.assert_array_equal(before.truth, after.truth)
    np.testing.assert_array_equal(before.group, after.group)
    assert len(np.unique(before.group)) == 3


def test_routes_only_take_turns_that_are_there():
    network = RoadNetwork.of(tiny_routing.streets().select(COLUMNS))
    leads_to = dict(tiny_routing.streets().select("road", pl.col("leads_to").str.split(" ")).rows())
    names = network.roads["road"].to_list()
    trips = np.array([(start, end) for start in (0, 5) for end in range(len(network)) if start != end])
    seconds = np.random.default_rng(0).uniform(1, 9, len(network))
    times = network.times(seconds, trips[:, 0])
    for number, (route, (start, end)) in enumerate(zip(network.routes(seconds, trips), trips, strict=True)):
        assert (route[0], route[-1]) == (start, end)
        assert all(names[after] in leads_to[names[before]] for before, after in pairwise(route))
        assert seconds[route].sum() == pytest.approx(times[number, end])


def test_a_network_that_falls_apart_is_refused_with_the_roads_outside():
    lonely = pl.col("road").str.contains("0-|1-")
    frame = tiny_routing.frame().with_columns(leads_to=pl.when(lonely).then(pl.lit("")).otherwise("leads_to"))
    with pytest.raises(FeatureError, match=r"the network falls apart: in its largest part \d+ of 48 roads.*'00-01'"):
        prepared(frame)


def test_a_turn_into_an_unknown_road_is_refused_by_name():
    frame = tiny_routing.frame().with_columns(pl.col("leads_to").str.replace("10-20", "nowhere"))
    with pytest.raises(FeatureError, match=r"`leads_to` of \d roads, such as .*'00-10'.*no row: \['nowhere'\]"):
        prepared(frame)


def test_a_moment_that_lacks_a_road_is_refused_with_the_moment():
    day, interval, road = pl.col("day"), pl.col("interval"), pl.col("road")
    frame = tiny_routing.frame().remove((day == 3) & (interval == 1) & (road == "00-10"))
    with pytest.raises(FeatureError, match=r"1 of \d+ moments in \w+ .*'day': 3, 'interval': 1.*has 47 rows"):
        prepared(frame)


def test_a_road_described_in_two_ways_is_refused():
    changed = (pl.col("day") == 2) & (pl.col("road") == "00-10")
    frame = tiny_routing.frame().with_columns(free_flow=pl.when(changed).then(99.0).otherwise("free_flow"))
    with pytest.raises(FeatureError, match=r"1 roads, such as \['00-10'\], are described in more than one way"):
        prepared(frame)


def test_rows_split_within_a_moment_are_refused():
    with pytest.raises(FeatureError, match="split by whole moments"):
        prepared(tiny_routing.frame(), split={"by": "random"})


def test_a_slowness_of_zero_is_refused():
    frame = tiny_routing.frame().with_columns(slowness=pl.when(pl.col("day") == 1).then(0.0).otherwise("slowness"))
    with pytest.raises(TargetError, match=r"'slowness': 144 of 1,728 values are not above 0"):
        prepared(frame)


def test_days_that_repeat_each_other_across_roles_are_found():
    frame = tiny_routing.frame()
    first = frame.filter(pl.col("day") == 0).drop("day")
    copies = [first.with_columns(day=pl.lit(day, frame.schema["day"])) for day in range(tiny_routing.DAYS)]
    _, features = prepared(pl.concat(copies).select(frame.columns))
    (finding,) = [one for one in features.datasheet.leakage if one.name == "near_duplicates_across_roles"]
    assert not finding.passed
