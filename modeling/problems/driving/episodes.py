"""Episodes driven by a policy, and how they are scored.

Belongs here: a model as a policy, the answers made of its episodes, and their scores. Does not belong here: the
simulator (`modeling.problems.driving.highway`).
"""

import numpy as np

from modeling.core.metrics import SHARE, Prepared, Score, mean
from modeling.core.table import Rows, Table
from modeling.core.task import Predictor
from modeling.problems.driving import highway
from modeling.problems.driving.highway import Episode
from modeling.problems.driving.settings import DrivingSettings

DISTANCE, COLLIDED, SPEED, DISCOMFORT = range(4)
"""The columns of answers ``[u, 4]``: metres, 0 or 1, metres a second, metres a second squared."""


@Score
def safe_progress(furthest: np.ndarray, answers: np.ndarray) -> Prepared:
    """Mean distance, as a share of the furthest possible; an episode that ends in a collision counts nothing."""
    return mean(answers[:, DISTANCE] / furthest * (1 - answers[:, COLLIDED]))


@Score
def progress(furthest: np.ndarray, answers: np.ndarray) -> Prepared:
    """Mean distance until the end or a collision, as a share of the furthest possible."""
    return mean(answers[:, DISTANCE] / furthest)


@SHARE
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


def seeds_of(rows: Rows) -> list[int]:
    """The seeds of the episodes that rows are of; the seed is the last column of content."""
    return rows.table.content.to_series(-1).unique().sort().to_list()


def driven(model: Predictor, settings: DrivingSettings, seeds: list[int]) -> list[Episode]:
    """An episode on each of `seeds`, driven by the action that `model` finds likeliest."""

    def policy(perceived: np.ndarray) -> np.ndarray:
        return model.predict(_table(perceived)).argmax(axis=1)

    return highway.drive([settings.road() for _ in seeds], seeds, policy)


def _table(perceived: np.ndarray) -> Table:
    return Table(perceived, np.empty((len(perceived), 0), np.int32), np.empty(0), highway.PERCEIVED, (), ())


def outcome(episode: Episode) -> tuple[float, float, float, float]:
    """A row of answers."""
    return episode.distance, float(episode.collided), float(np.mean(episode.speeds)), episode.discomfort
