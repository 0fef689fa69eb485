"""Who drives well?

Belongs here: a policy learned from demonstrations as a classification of actions, and which scores its episodes get.
Does not belong here: the simulator (`modeling.problems.driving.highway`), driving it
(`modeling.problems.driving.episodes`), what reports show (`modeling.problems.driving.chapters`), or policies
(`modeling.learners`).

A row is what a driver saw and what the demonstrator would do; the group is the episode's seed. What is scored are
episodes: the policy drives the simulator itself, on seeds that nothing was learned from, so that its own mistakes lead
it where no demonstration was (Ross, Gordon & Bagnell 2011).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import polars.selectors as cs

from catalogue.definition import UseCase
from modeling.core.classification import MulticlassClassificationTask
from modeling.core.feature_set import FeatureSet
from modeling.core.features import Derive, FeatureError, FeatureRecipe, feature_columns
from modeling.core.leakage import Keys, Likeness
from modeling.core.record import Chapter, Described
from modeling.core.table import Rows
from modeling.core.target_classes import class_index
from modeling.core.task import EvaluatedChampion, Metric, Predictor, Settings, Units, by_name
from modeling.core.validated_data import ValidatedData
from modeling.problems.driving import highway
from modeling.problems.driving.chapters import chapters
from modeling.problems.driving.episodes import (
    collision_rate,
    discomfort,
    driven,
    outcome,
    progress,
    safe_progress,
    seeds_of,
    speed,
)
from modeling.problems.driving.highway import ACTIONS
from modeling.problems.driving.recipe import DrivingRecipe
from modeling.problems.driving.settings import DrivingSettings


@dataclass(frozen=True)
class Driving(MulticlassClassificationTask[DrivingSettings]):
    """Classes are the simulator's actions; a unit is an episode. Truth ``[u]`` is the furthest possible distance,
    answers ``[u, 4]`` what happened."""

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
        """Of driven episodes, not of single actions; safe progress comes first."""
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

    def likeness(self, frame: pl.DataFrame, use_case: UseCase) -> Likeness | None:
        """Whole episodes, by what was perceived and done at each step: single moments on an empty road are all alike,
        and no policy is judged by them."""
        group = use_case.columns.group
        if group is None:
            return None
        seen = frame.select(cs.by_name(*feature_columns(frame.columns, use_case))).select(cs.numeric()).columns
        rounded = cs.by_name(*seen).cast(pl.Float64).round_sig_figs(2)
        step = pl.struct(pl.int_range(pl.len()).over(group).alias("step"), rounded, cs.by_name(use_case.target)).hash()
        return Keys(frame.select(step.sum().over(group)).to_series(), "whole episodes, numbers to two digits")

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
        """An episode for each seed among `rows`; its truth is the distance at top speed, in metres."""
        return Units(np.full(len(seeds_of(rows)), highway.furthest(self.settings.road())), None)

    def answers(self, model: Predictor, rows: Rows) -> np.ndarray:
        """float64 ``[episodes, 4]`` of each episode that `model` drove: metres, collision, mean speed, discomfort."""
        return np.array([outcome(episode) for episode in driven(model, self.settings, seeds_of(rows))])

    def chapters(self, evaluated: EvaluatedChampion) -> list[Chapter]:
        """The champion's worst episode in pictures, and what became of all of them."""
        return chapters(evaluated, self.settings, self.metrics(evaluated.classes))

    def described(self, use_case: UseCase) -> Described:
        """The demonstrator's actions; what is judged are episodes that the policy drives itself."""
        return Described(
            target=f"the {use_case.target} of the demonstrator; judged are episodes that the policy drives itself",
            features="what a driver perceives: own speed, and gap and speed of the nearest vehicles in each lane",
        )


TASK = Driving
