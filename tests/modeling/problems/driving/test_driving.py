"""Driving: in closed loop, the same from the same seed, and judged by what happens on the road."""

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest

from catalogue.definition import UseCase
from modeling.core.features import FeatureError
from modeling.core.intervals import scored
from modeling.core.learner import Fitting
from modeling.core.table import Table
from modeling.core.task import TargetError
from modeling.problems import learners, tasks
from modeling.problems.driving import highway
from modeling.problems.driving.settings import DrivingSettings
from modeling.problems.driving.task import Driving

from ...small_data import validated
from . import tiny_driving

pytest.importorskip("highway_env")


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return tiny_driving.frame()


def prepared(frame: pl.DataFrame, **changes):
    use_case = UseCase.model_validate(tiny_driving.CONTENT | changes).placed("tiny/driving", Path("tiny"))
    task = tasks.task(use_case)
    return task, task.prepare(validated(frame), use_case, None)


def fitted(name: str, features):
    model = learners.learner(name)()
    model.fit(features.train.table, features.valid.table, Fitting("multiclass", len(highway.ACTIONS)))
    return model


def row(lanes: int, **gaps: float) -> np.ndarray:
    """What a driver perceives in the left of `lanes`, at 25 m/s; by default nobody is there."""
    perceived = highway.perceived(np.zeros((1, 2)), np.zeros((1, 2)), np.array([[25.0, 0.0]]), lanes)
    for name, value in gaps.items():
        perceived[0, highway.PERCEIVED.index(name)] = value
    return perceived


def test_an_episode_is_the_same_from_the_same_seed(frame):
    task, features = prepared(frame)
    model = fitted("idm", features)
    once, again = (task.answers(model, features.valid) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    assert len(once) == len(task.units(features.valid)) == features.valid.table.content["episode"].n_unique()


def test_a_collision_counts_nothing_and_ends_the_episode():
    furthest, weight = np.array([100.0, 100.0]), np.ones(2)
    answers = np.array([[80.0, 0, 25, 1], [40.0, 1, 20, 3]])
    metrics = Driving(DrivingSettings(config={})).metrics([])
    scores = {name: metric.score(furthest, answers, weight) for name, metric in metrics.items()}
    assert scores == pytest.approx(
        {"safe_progress": 0.4, "collision_rate": 0.5, "progress": 0.6, "speed": 22.5, "discomfort": 2.0}
    )


def test_no_collision_in_forty_episodes_is_no_promise_of_none():
    answers = {"careful": np.tile([80.0, 0, 25, 1], (40, 1))}
    metrics = {"collision_rate": Driving(DrivingSettings(config={})).metrics([])["collision_rate"]}
    found = scored(metrics, np.full(40, 100.0), answers, None).intervals("careful")["collision_rate"]
    exact = binomtest(0, 40).proportion_ci(method="exact")
    assert (found.value, found.low) == (0, 0) and found.high == pytest.approx(exact.high)


def test_a_driver_perceives_the_nearest_in_each_lane_and_where_the_road_ends():
    x, y, speed = np.array([[500.0, 30, 12, -20, 0]]), np.array([[4.2, -4, -4, 0, 0]]), np.array([[25.0, 1, -3, 2, 0]])
    told = dict(zip(highway.PERCEIVED, highway.perceived(x, y, speed, lanes=2)[0].tolist(), strict=True))
    assert told["speed"] == 25 and told["offset"] == pytest.approx(0.2)
    assert (told["left_ahead_gap"], told["left_ahead_faster"]) == (12, -3)
    assert (told["here_behind_gap"], told["here_behind_faster"]) == (20, 2)
    assert told["here_ahead_gap"] == highway.FAR
    assert told["right_ahead_gap"] == told["right_behind_gap"] == 0


@pytest.mark.parametrize(
    ("perceived", "action"),
    [
        (row(1), "FASTER"),
        (row(1, here_ahead_gap=20, here_ahead_faster=-5), "SLOWER"),
        (row(2, here_ahead_gap=40, here_ahead_faster=-5), "LANE_RIGHT"),
        (row(2, here_ahead_gap=40, here_ahead_faster=-5, right_behind_gap=8, right_behind_faster=9), "SLOWER"),
    ],
    ids=["free road", "blocked", "overtakes", "does not cut in"],
)
def test_idm_follows_and_changes_lane_as_the_rules_say(frame, perceived, action):
    _, features = prepared(frame)
    table = Table(perceived, np.empty((1, 0), np.int32), np.empty(0), highway.PERCEIVED, (), ())
    predicted = fitted("idm", features).predict(table)
    assert highway.ACTIONS[predicted.argmax()] == action and predicted.sum() == 1


def test_the_rules_of_the_road_get_further_than_constant_speed(frame):
    config = tiny_driving.ROAD["config"] | {"vehicles_count": 5, "duration": 8}
    settings = tiny_driving.ROAD | {"config": config}
    task, features = prepared(frame, settings=settings)
    metrics = task.metrics([])["safe_progress"]
    units = task.units(features.train)
    score = {
        name: metrics.score(units.truth, task.answers(fitted(name, features), features.train), np.ones(len(units)))
        for name in ("constant_speed", "idm")
    }
    assert score["idm"] > score["constant_speed"]


def test_an_action_the_simulator_does_not_know_is_refused(frame):
    with pytest.raises(TargetError, match=r"none of the classes \['LANE_LEFT', .*'BRAKE'"):
        prepared(frame.with_columns(action=pl.when(pl.col("step") == 0).then(pl.lit("BRAKE")).otherwise("action")))


def test_rows_without_what_the_simulator_shows_are_refused(frame):
    with pytest.raises(FeatureError, match=r"the simulator shows \['x_2'\], which are no columns"):
        prepared(frame.drop("x_2"))


def test_an_observation_in_other_units_is_refused(frame):
    observation = tiny_driving.ROAD["config"]["observation"] | {"normalize": True}
    settings = tiny_driving.ROAD | {"config": tiny_driving.ROAD["config"] | {"observation": observation}}
    with pytest.raises(FeatureError, match="`normalize: false`"):
        prepared(frame, settings=settings)


def test_a_frame_is_a_small_picture_with_the_crash_in_its_own_colour():
    from PIL import Image

    scene = [(100.0, 4.0, True, True), (106.0, 4.0, False, True), (140.0, 0.0, False, False)]
    content = highway.frame(scene, lanes=3)
    image = Image.open(io.BytesIO(content))
    assert len(content) < 10_000 and image.size == (480, 48)
    colours = {"#" + bytes(colour).hex() for _, colour in image.getcolors()}
    assert {highway.CRASHED, highway.OTHER} <= colours and highway.EGO not in colours


def test_an_episode_under_two_seeds_is_found_and_an_empty_road_is_none(frame: pl.DataFrame):
    _, features = prepared(frame)
    assert next(one for one in features.datasheet.leakage if one.name == "near_duplicates_across_roles").passed
    group = tiny_driving.CONTENT["columns"]["group"]
    again = frame.with_columns(pl.col(group) + tiny_driving.EPISODES)
    task, _ = prepared(frame)
    use_case = UseCase.model_validate(tiny_driving.CONTENT).placed("tiny/driving", Path("tiny"))
    keys = task.likeness(pl.concat([frame, again]), use_case).values
    assert (keys.head(frame.height) == keys.tail(frame.height)).all()
    assert keys.n_unique() == frame.with_columns(keys.head(frame.height).alias("key"))[group].n_unique()
