"""A simulated motorway and the episodes driven on it.

Belongs here: the simulator (highway-env), what a driver sees of it, and driving it with a policy. Does not belong here:
policies (`modeling.learners`), or how episodes are scored (`modeling.problems.driving.task`).

Source: Leurent 2018, An Environment for Autonomous Driving Decision-Making (https://github.com/eleurent/highway-env).
"""

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from modeling.core.features import FeatureError

ACTIONS = ("LANE_LEFT", "IDLE", "LANE_RIGHT", "FASTER", "SLOWER")
"""The simulator's discrete actions, in its order: a class index is its code."""
LANE_WIDTH, VEHICLE_LENGTH, VEHICLE_WIDTH = 4.0, 5.0, 2.0
BEHIND, AHEAD, PIXELS = 30, 90, 4
"""Of the ego vehicle, in metres, what a frame shows; and pixels a metre."""
GROUND, MARKING, OTHER, EGO, CRASHED = "#e8e8e8", "#ffffff", "#5b8db8", "#2e9e5b", "#c0392b"

FAR = 200.0
"""Metres beyond which nobody is perceived."""
SIDES = {"left": -1, "here": 0, "right": 1}
PERCEIVED = (
    "speed",
    "offset",
    *(f"{side}_{where}_{what}" for side in SIDES for where in ("ahead", "behind") for what in ("gap", "faster")),
)
"""What a driver goes by: the own speed, metres from the middle of the lane, and in the three lanes around how far the
nearest vehicle ahead and behind is (centre to centre), and how much faster than oneself."""

Policy = Callable[[np.ndarray], np.ndarray]
"""Action codes ``[k]`` for what k drivers perceive, ``[k, len(PERCEIVED)]``."""
Vehicle = tuple[float, float, bool, bool]
"""Metres along and across the road, whether it is the ego vehicle, whether it crashed."""


@dataclass
class Episode:
    """What happened to one driver, a value a decision from the first on.

    Attributes
    ----------
    speeds: metres a second. scenes: every vehicle on the road.
    """

    lanes: int
    collided: bool = False
    distance: float = 0.0
    speeds: list[float] = field(default_factory=list)
    scenes: list[list[Vehicle]] = field(default_factory=list)

    @property
    def discomfort(self) -> float:
        """Mean absolute change of speed between decisions, metres a second."""
        return float(np.abs(np.diff(self.speeds)).mean())


def make(environment: str, config: dict[str, Any]) -> Any:
    """A road of the simulator; it draws nothing."""
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    import gymnasium

    return gymnasium.make(f"highway_env:{environment}", config=config).unwrapped


def furthest(road: Any) -> float:
    """Metres that a driver at top speed covers in an episode."""
    return float(max(road.vehicle.target_speeds)) * road.config["duration"]


def perceived(x: np.ndarray, y: np.ndarray, speed: np.ndarray, lanes: int) -> np.ndarray:
    """float32 ``[k, len(PERCEIVED)]``: what k drivers make of positions and speeds ``[k, vehicles]`` of the own vehicle
    (first) and, relative to it, of the others, which are zero where there are none.

    Where nobody is, the gap is `FAR`; beside the road it is 0.
    """
    lane = np.round(y[:, 0] / LANE_WIDTH)
    own = [speed[:, 0], y[:, 0] - lane * LANE_WIDTH]
    x, y, faster = x[:, 1:], y[:, 1:], speed[:, 1:]
    seen = (x != 0) | (y != 0)
    around = []
    for side in SIDES.values():
        exists = (lane + side >= 0) & (lane + side < lanes)
        within = seen & (np.abs(y - side * LANE_WIDTH) < LANE_WIDTH / 2)
        for among in (within & (x > 0), within & (x <= 0)):
            distance = np.where(among, np.minimum(np.abs(x), FAR), FAR)
            nearest = distance.argmin(axis=1)[:, None]
            around.append(np.where(exists, np.take_along_axis(distance, nearest, axis=1)[:, 0], 0))
            around.append(np.take_along_axis(np.where(among, faster, 0), nearest, axis=1)[:, 0])
    return np.column_stack([*own, *around]).astype(np.float32)


def columns(road: Any) -> list[str]:
    """The names of what the simulator shows, in its order: `<feature>_<vehicle>`, the own vehicle 0, the nearest next.

    Raises
    ------
    FeatureError: it shows something else than vehicles in metres, the others relative to the own one.
    """
    seen = road.observation_type
    plain = road.config["observation"]
    shows = plain["type"] == "Kinematics" and {"x", "y", "vx"} <= set(seen.features)
    if not shows or plain.get("normalize", True) or plain.get("absolute", False):
        raise FeatureError(
            "drivers need an observation of type Kinematics with the features x, y and vx, `normalize: false` and "
            f"`absolute: false`; the configuration says {plain}"
        )
    return [f"{feature}_{vehicle}" for vehicle in range(seen.vehicles_count) for feature in seen.features]


def drive(roads: Sequence[Any], seeds: Sequence[int], policy: Policy) -> list[Episode]:
    """An episode on each road, from its seed. They advance together: a policy decides for all at once."""
    features, lanes = roads[0].observation_type.features, roads[0].config["lanes_count"]
    x, y, speed = (features.index(name) for name in ("x", "y", "vx"))
    seen = {number: road.reset(seed=seed)[0] for number, (road, seed) in enumerate(zip(roads, seeds, strict=True))}
    episodes = [_started(road) for road in roads]
    while seen:
        shown = np.stack(list(seen.values()))
        actions = policy(perceived(shown[..., x], shown[..., y], shown[..., speed], lanes))
        for number, action in zip(list(seen), actions.tolist(), strict=True):
            seen[number], _, collided, out_of_time, _ = roads[number].step(action)
            _record(episodes[number], roads[number])
            if collided or out_of_time:
                del seen[number]
    return episodes


def _started(road: Any) -> Episode:
    episode = Episode(lanes=road.config["lanes_count"])
    _record(episode, road)
    return episode


def _record(episode: Episode, road: Any) -> None:
    ego = road.vehicle
    scene = [(float(v.position[0]), float(v.position[1]), v is ego, bool(v.crashed)) for v in road.road.vehicles]
    episode.speeds.append(float(ego.speed))
    episode.scenes.append(scene)
    episode.collided = bool(ego.crashed)
    episode.distance = float(ego.position[0]) - next(x for x, _, own, _ in episode.scenes[0] if own)


def frame(scene: list[Vehicle], lanes: int) -> bytes:
    """A PNG of the road around the ego vehicle, seen from above, driving to the right."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", ((BEHIND + AHEAD) * PIXELS, int(lanes * LANE_WIDTH * PIXELS)), GROUND)
    draw = ImageDraw.Draw(image)
    for lane in range(1, lanes):
        across = lane * LANE_WIDTH * PIXELS
        draw.line((0, across, image.width, across), MARKING, 2)
    origin = next(x for x, _, own, _ in scene if own) - BEHIND
    for x, y, own, crashed in scene:
        left, top = (x - origin - VEHICLE_LENGTH / 2) * PIXELS, (y + (LANE_WIDTH - VEHICLE_WIDTH) / 2) * PIXELS
        box = (left, top, left + VEHICLE_LENGTH * PIXELS, top + VEHICLE_WIDTH * PIXELS)
        draw.rectangle(box, CRASHED if crashed else EGO if own else OTHER)
    target = io.BytesIO()
    image.save(target, "PNG", optimize=True)
    return target.getvalue()
