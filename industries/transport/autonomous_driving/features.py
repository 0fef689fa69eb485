"""Demonstrations on a simulated motorway: what a planner that sees everything does, step by step.

Belongs here: driving the episodes and the planner that demonstrates. Does not belong here: what is learned from them or
how policies are judged (`use_case.yaml`, the task).

The planner knows where every vehicle is and which lane it is changing to; the rows hold only what the driver sees. Now
and then a random action is carried out instead of the planner's, whose advice is still what the row says: so that the
demonstrations also show how to get out of trouble (Laskey et al. 2017, DART).
"""

import os
from itertools import product
from typing import Any

import numpy as np
import polars as pl

ACTIONS = ("LANE_LEFT", "IDLE", "LANE_RIGHT", "FASTER", "SLOWER")
"""highway-env's discrete actions, in its order."""
PLANS = np.array(list(product(range(len(ACTIONS)), repeat=2)))
"""``[plans, 2]``: an action now, and another a second later."""
HORIZON, STEP = 5.0, 0.25
"""Seconds that the planner looks ahead, and between two looks."""
LANE_WIDTH, LAG = 4.0, 0.6
"""Metres, and the seconds after which 63 % of a change of speed or lane is made (highway-env's controllers)."""
LENGTH, WIDTH = 6.0, 2.5
GAP_SECONDS, GAP_METRES = 1.0, 5.0
"""The space the planner wants between two vehicles in a lane: so many seconds of its speed, and metres."""
COST_OF_CRASH, COST_OF_CLOSENESS, COST_OF_LANE_CHANGE = 1000.0, 20.0, 0.5
"""In metres a second of mean speed: a crash, driving bumper to bumper all the time, a lane change."""


def simulate(settings: dict[str, Any]) -> pl.LazyFrame:
    """A row a decision of an episode. `settings`: the `road`, which is highway-env's `environment` and its `config`;
    how many `episodes`, whose seeds are their numbers; and `noise`, the share of random actions."""
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    import gymnasium

    road = gymnasium.make(f"highway_env:{settings['road']['environment']}", config=settings["road"]["config"]).unwrapped
    episodes = [_episode(road, seed, settings["noise"]) for seed in range(settings["episodes"])]
    return pl.LazyFrame([row for episode in episodes for row in episode])


def _episode(road: Any, seed: int, noise: float) -> list[dict[str, Any]]:
    seen, _ = road.reset(seed=seed)
    draw = np.random.default_rng(seed)
    names = [f"{what}_{which}" for which in range(len(seen)) for what in road.observation_type.features]
    rows, over = [], False
    while not over:
        action = _planned(road)
        values = dict(zip(names, seen.ravel().tolist(), strict=True))
        rows.append({"seed": seed, "step": len(rows), **values, "action": ACTIONS[action]})
        carried_out = int(draw.integers(len(ACTIONS))) if draw.random() < noise else action
        seen, _, crashed, out_of_time, _ = road.step(carried_out)
        over = crashed or out_of_time
    return rows


def _planned(road: Any) -> int:
    """The first action of the plan whose future costs least. The others are taken to keep their speed and to finish
    the lane change they are in."""
    ego = road.vehicle
    others = [vehicle for vehicle in road.road.vehicles if vehicle is not ego]
    times = np.arange(STEP, HORIZON + STEP, STEP)
    x, y, speed = _followed(ego, road.config["lanes_count"], times)
    ahead = np.array([other.position[0] + other.velocity[0] * times for other in others]) - x[:, None]
    aside = np.array([_sideways(other, times) for other in others]) - y[:, None]

    beside = np.abs(aside) < WIDTH
    crash = (beside & (np.abs(ahead) < LENGTH)).any(axis=(1, 2))
    space = GAP_METRES + GAP_SECONDS * np.where(ahead > 0, speed[:, None], 0)
    close = np.where(beside, np.clip(1 - (np.abs(ahead) - LENGTH) / space, 0, 1), 0).max(axis=1).mean(axis=1)
    changes = np.isin(PLANS, (ACTIONS.index("LANE_LEFT"), ACTIONS.index("LANE_RIGHT")))
    cost = COST_OF_CRASH * crash + COST_OF_CLOSENESS * close + COST_OF_LANE_CHANGE * changes.sum(axis=1)
    return int(PLANS[(cost - speed.mean(axis=1)).argmin(), 0])


def _followed(ego: Any, lanes: int, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where each plan leads, ``[plans, times]`` each: metres along the road, metres across it, speed."""
    lane = np.full(len(PLANS), ego.target_lane_index[2])
    gear = np.full(len(PLANS), ego.speed_index)
    x, y, speed = (np.full(len(PLANS), value) for value in (ego.position[0], ego.position[1], ego.speed))
    states = []
    for time in times:
        if np.isclose(time % 1, STEP) and time < PLANS.shape[1]:
            action = PLANS[:, int(time)]
            lane = np.clip(lane + (action == 2) * 1 - (action == 0) * 1, 0, lanes - 1)
            gear = np.clip(gear + (action == 3) * 1 - (action == 4) * 1, 0, len(ego.target_speeds) - 1)
        speed = speed + (ego.target_speeds[gear] - speed) * STEP / LAG
        x = x + speed * STEP
        y = y + (lane * LANE_WIDTH - y) * STEP / LAG
        states.append((x, y, speed))
    xs, ys, speeds = np.moveaxis(np.array(states), 0, 2)
    return xs, ys, speeds


def _sideways(vehicle: Any, times: np.ndarray) -> np.ndarray:
    """Metres across the road ``[times]`` of a vehicle that finishes its lane change."""
    start = vehicle.position[1]
    return start + (vehicle.target_lane_index[2] * LANE_WIDTH - start) * (1 - np.exp(-times / LAG))
