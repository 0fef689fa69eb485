"""What the reports of driving show: the champion's worst episode frame by frame, and collisions beside progress.

Does not belong here: episodes and their scores (`modeling.problems.driving.episodes`).
"""

import base64

import numpy as np

from modeling.core.intervals import scored
from modeling.core.record import Chapter, Estimates, Listing, Picture, Pictures
from modeling.core.task import EvaluatedChampion, Metric
from modeling.problems.driving import highway
from modeling.problems.driving.episodes import COLLIDED, DISTANCE, driven, seeds_of
from modeling.problems.driving.highway import Episode
from modeling.problems.driving.settings import DrivingSettings

FRAMES = 8
"""Most frames of an episode that are shown: its last ones."""


def chapters(evaluated: EvaluatedChampion, settings: DrivingSettings, metrics: dict[str, Metric]) -> list[Chapter]:
    """The chapters, in their order; the champion drives its worst episode again."""
    return [_worst_episode(evaluated, settings), _closed_loop(evaluated, metrics)]


def _worst_episode(evaluated: EvaluatedChampion, settings: DrivingSettings) -> Chapter:
    """The frames of the champion's worst episode, up to its end."""
    outcomes = evaluated.answers[evaluated.champion]
    worst = int(np.lexsort((outcomes[:, DISTANCE], -outcomes[:, COLLIDED]))[0])
    seed = seeds_of(evaluated.test)[worst]
    (episode,) = driven(evaluated.model, settings, [seed])
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


def _picture(episode: Episode, step: int) -> Picture:
    moment = f"{step} s, {episode.speeds[step] * 3.6:.0f} km/h"
    crashed = any(own and crashed for _, _, own, crashed in episode.scenes[step])
    return Picture(
        png=base64.b64encode(highway.frame(episode.scenes[step], episode.lanes)).decode(),
        caption=moment,
        text=f"The road from above after {moment}{', the champion has crashed' if crashed else ''}.",
    )


def _closed_loop(evaluated: EvaluatedChampion, metrics: dict[str, Metric]) -> Chapter:
    scores = scored(metrics, evaluated.units.truth, evaluated.answers, evaluated.units.group)
    intervals = {name: scores.intervals(name) for name in evaluated.answers}
    shown = {"collision_rate": "share of episodes", "progress": "share of the furthest possible distance"}
    return Chapter(
        title="In closed loop",
        reading="Collisions and progress on roads that nobody learned from. A policy that collides less by crawling, "
        "or gets far by being reckless, shows in the other figure.",
        term=f"{len(evaluated.units):,} unseen seeds, the same for every policy; bootstrap over episodes, "
        "Clopper-Pearson where none or all collide.",
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
