"""Who drives well?

Belongs here: a policy learned from demonstrations as a classification of actions, and the closed loop in which it is
judged. Does not belong here: the simulator (`modeling.problems.driving.highway`), or policies (`modeling.learners`).

A row is what a driver saw and what the demonstrator would do; the group is the episode's seed. What is judged are
episodes: the policy drives the simulator itself, on seeds that nothing was learned from, so that its own mistakes lead
it where no demonstration was (Ross, Gordon & Bagnell 2011).
"""

import base64
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
from pydantic import Field

from catalogue.definition import UseCase
from modeling.core.feature_set import FeatureSet
from modeling.core.features import Derive, FeatureError, FeatureRecipe, feature_columns
from modeling.core.intervals import scored
from modeling.core.metrics import Prepared, Score, mean
from modeling.core.record import Chapter, Estimates, Listing, Picture, Pictures
from modeling.core.table import Rows, Table
from modeling.core.task import Judged, Metric, Predictor, Settings, Units
from modeling.core.validated_data import ValidatedData
from modeling.problems.driving import highway
from modeling.problems.driving.highway import ACTIONS, Episode
from modeling.problems.tabular.multiclass_classification import MulticlassClassification, by_name, class_index

DISTANCE, COLLIDED, SPEED, DISCOMFORT = range(4)
"""The columns of answers ``[u, 4]``: metres, 0 or 1, metres a second, metres a second squared."""
FRAMES = 8


class DrivingSettings(Settings):
    """The simulator that policies drive in: the one that the demonstrations were made in."""

    environment: str = Field(default="highway-fast-v0", description="highway-env's name of the road")
    config: dict[str, Any] = Field(description="highway-env's configuration of it")

    def road(self) -> Any:
        """The simulator."""
        return highway.make(self.environment, self.config)


@dataclass(frozen=True)
class DrivingRecipe(FeatureRecipe):
    """What a driver perceives (`highway.PERCEIVED`) in what the simulator showed; and the episode's seed.

    `numeric` are the raw columns, `x_0`, `y_0`, `vx_0`, `x_1`, …; nothing is learned.
    """

    lanes: int = 0

    @classmethod
    def fit(cls, train: pl.DataFrame, use_case: UseCase) -> Self:
        """Raises
        ------
        FeatureError: a column of what the simulator shows is missing.
        """
        road = DrivingSettings.model_validate(use_case.settings).road()
        positions = [name for name in highway.columns(road) if name.split("_")[0] in ("x", "y", "vx")]
        missing = [name for name in positions if name not in train.columns]
        if missing:
            raise FeatureError(f"{use_case.key}: the simulator shows {missing}, which are no columns: see `settings`")
        other = [name for name in feature_columns(train.columns, use_case) if name not in positions]
        return cls(
            positions,
            left_out=dict.fromkeys(other, "drivers perceive positions and speeds"),
            content=[str(use_case.columns.group)],
            lanes=road.config["lanes_count"],
        )

    def transform(self, frame: pl.DataFrame) -> Table:
        shown = super().transform(frame)

        def of_each(what: str) -> np.ndarray:
            return shown.numeric[:, [name.split("_")[0] == what for name in self.numeric]]

        numeric = highway.perceived(of_each("x"), of_each("y"), of_each("vx"), self.lanes)
        return replace(shown, numeric=numeric, numeric_names=highway.PERCEIVED)


@Score
def safe_progress(furthest: np.ndarray, answers: np.ndarray) -> Prepared:
    """Mean distance, as a share of the furthest possible; an episode that ends in a collision counts nothing."""
    return mean(answers[:, DISTANCE] / furthest * (1 - answers[:, COLLIDED]))


@Score
def progress(furthest: np.ndarray, answers: np.ndarray) -> Prepared:
    """Mean distance until the end or a collision, as a share of the furthest possible."""
    return mean(answers[:, DISTANCE] / furthest)


@Score
def collision_rate(furthest: np.ndarray, answers: np.ndarray) -> Prepared:
    """Share of episodes that end in a collision."""
    return mean(answers[:, COLLIDED])


@Score
def speed(furthest: np.ndarray, answers: np.ndarray) -> Prepared:
    """Mean speed, metres a second."""
    return mean(answers[:, SPEED])


@Score
def discomfort(furthest: np.ndarray, answers: np.ndarray) -> Prepared:
    """Mean absolute change of speed, metres a second squared."""
    return mean(answers[:, DISCOMFORT])


@dataclass(frozen=True)
class Driving(MulticlassClassification):
    """Classes are the simulator's actions; a unit is an episode. Truth ``[u]`` is the furthest possible distance,
    answers ``[u, 4]`` what happened."""

    settings: DrivingSettings = field(default_factory=lambda: DrivingSettings(config={}))

    name: ClassVar[str] = "driving"
    unit: ClassVar[str] = "episodes"
    settings_type: ClassVar[type[Settings]] = DrivingSettings
    recipe_type: ClassVar[type[FeatureRecipe]] = DrivingRecipe
    trivial: ClassVar[str] = "constant_speed"
    learners: ClassVar[tuple[str, ...]] = ("idm", "logistic", "lightgbm", "mlp")
    extra: ClassVar[str | None] = "driving"
    blends: ClassVar[bool] = False
    by_row: ClassVar[bool] = False

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        return by_name(
            Metric("safe_progress", "safe progress", True, safe_progress),
            Metric("collision_rate", "collision rate", False, collision_rate),
            Metric("progress", "progress", True, progress),
            Metric("speed", "mean speed", True, speed),
            Metric("discomfort", "discomfort", False, discomfort),
        )

    def classes(self, target: pl.Series, positive: Any) -> list[str]:
        """The simulator's actions, in its order.

        Raises
        ------
        TargetError: a value is none of them, or `positive` is given.
        """
        super().classes(target, positive)
        class_index(target, list(ACTIONS))
        return list(ACTIONS)

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> FeatureSet:
        """As any rows.

        Raises
        ------
        FeatureError: a column of what the simulator shows is missing, or no episode's seed is declared.
        """
        if use_case.columns.group is None:
            raise FeatureError(f"{use_case.key}: name the column of the episodes' seeds in `columns.group`")
        return super().prepare(data, use_case, derive)

    def units(self, rows: Rows) -> Units:
        return Units(np.full(len(_seeds(rows)), highway.furthest(self.settings.road())), None)

    def answers(self, model: Predictor, rows: Rows) -> np.ndarray:
        return np.array([_outcome(episode) for episode in self._driven(model, rows, _seeds(rows))])

    def chapters(self, judged: Judged) -> list[Chapter]:
        return [self._strip(judged), _closed_loop(self.metrics(judged.classes), judged)]

    def _driven(self, model: Predictor, rows: Rows, seeds: list[int]) -> list[Episode]:
        def policy(perceived: np.ndarray) -> np.ndarray:
            return model.predict(_table(perceived)).argmax(axis=1)

        return highway.drive([self.settings.road() for _ in seeds], seeds, policy)

    def _strip(self, judged: Judged) -> Chapter:
        """Frames of the champion's worst episode, up to its end."""
        outcomes = judged.answers[judged.champion]
        worst = int(np.lexsort((outcomes[:, DISTANCE], -outcomes[:, COLLIDED]))[0])
        seed = _seeds(judged.test)[worst]
        (episode,) = self._driven(judged.model, judged.test, [seed])
        last = len(episode.scenes) - 1
        ending = "it ends in a collision" if episode.collided else "it ends without a collision"
        return Chapter(
            title="The champion's worst episode",
            reading="Frame by frame, seen from above and driving to the right: green is the champion, blue the others, "
            f"red a vehicle that crashed. Of all test episodes this is the worst: {ending}.",
            term="The episode with a collision and the shortest distance; where none collides, the shortest distance.",
            exhibits=[
                Pictures(
                    title=f"Seed {seed}",
                    caption=f"The last {min(last, FRAMES - 1) + 1} decisions.",
                    pictures=[_picture(episode, step) for step in range(max(0, last - FRAMES + 1), last + 1)],
                )
            ],
        )


def _seeds(rows: Rows) -> list[int]:
    """The seeds of the episodes that rows are of; the seed is the last column of content."""
    return rows.table.content.to_series(-1).unique().sort().to_list()


def _table(perceived: np.ndarray) -> Table:
    return Table(perceived, np.empty((len(perceived), 0), np.int32), np.empty(0), highway.PERCEIVED, (), ())


def _outcome(episode: Episode) -> tuple[float, float, float, float]:
    return episode.distance, float(episode.collided), float(np.mean(episode.speeds)), episode.discomfort


def _picture(episode: Episode, step: int) -> Picture:
    told = f"{step} s, {episode.speeds[step] * 3.6:.0f} km/h"
    crashed = any(own and crashed for _, _, own, crashed in episode.scenes[step])
    return Picture(
        png=base64.b64encode(highway.frame(episode.scenes[step], episode.lanes)).decode(),
        caption=told,
        text=f"The road from above after {told}{', the champion has crashed' if crashed else ''}.",
    )


def _closed_loop(metrics: dict[str, Metric], judged: Judged) -> Chapter:
    scores = scored(metrics, judged.units.truth, judged.answers, judged.units.group)
    intervals = {name: scores.intervals(name) for name in judged.answers}
    shown = {"collision_rate": "share of episodes", "progress": "share of the furthest possible distance"}
    return Chapter(
        title="In closed loop",
        reading="Collisions and progress on roads that nobody learned from. A policy that collides less by crawling, "
        "or gets far by being reckless, shows in the other figure.",
        term=f"{len(judged.units):,} unseen seeds, the same for every policy; percentile bootstrap over episodes.",
        exhibits=[
            *(
                Estimates(
                    title=metrics[name].title.capitalize(),
                    caption="Each with its 95 % interval.",
                    x_title=unit,
                    estimates={learner: of[name] for learner, of in intervals.items()},
                )
                for name, unit in shown.items()
            ),
            Listing(
                title="Speed and comfort",
                columns={
                    "policy": list(intervals),
                    "mean speed, m/s": [of["speed"].value for of in intervals.values()],
                    "mean change of speed, m/s²": [of["discomfort"].value for of in intervals.values()],
                },
            ),
        ],
    )


TASK = Driving
