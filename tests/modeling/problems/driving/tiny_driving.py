"""Demonstrations on a short road with little traffic, by a driver who only minds the lane ahead."""

from typing import Any

import numpy as np
import polars as pl

from modeling.problems.driving import highway

EPISODES, VEHICLES_SEEN, NEAR = 36, 3, 25.0
ROAD: dict[str, Any] = {
    "environment": "highway-fast-v0",
    "config": {
        "lanes_count": 2,
        "vehicles_count": 3,
        "duration": 5,
        "observation": {
            "type": "Kinematics",
            "features": ["presence", "x", "y", "vx", "vy"],
            "vehicles_count": VEHICLES_SEEN,
            "absolute": False,
            "normalize": False,
        },
    },
}


def frame(seed: int = 0) -> pl.DataFrame:
    """A row a decision; every other one is carried out at random, so that all actions and many situations occur."""
    draw = np.random.default_rng(seed)
    road = highway.make(ROAD["environment"], ROAD["config"])
    names = highway.columns(road)
    rows = []
    for episode in range(EPISODES):
        seen, over, step = road.reset(seed=episode)[0], False, 0
        while not over:
            advised = _advised(dict(zip(names, seen.ravel().tolist(), strict=True)))
            rows.append({"episode": episode, "step": step, **dict(zip(names, seen.ravel().tolist(), strict=True))})
            rows[-1]["action"] = highway.ACTIONS[advised]
            action = advised if draw.random() < 0.5 else int(draw.integers(len(highway.ACTIONS)))
            seen, _, collided, out_of_time, _ = road.step(action)
            over, step = collided or out_of_time, step + 1
    return pl.DataFrame(rows)


def _advised(seen: dict[str, float]) -> int:
    """Change lane behind somebody near, slow down if one is beside too, hurry when nobody is ahead."""
    others = [
        (seen[f"x_{other}"], seen[f"y_{other}"]) for other in range(1, VEHICLES_SEEN) if seen[f"presence_{other}"]
    ]
    ahead = [x for x, y in others if abs(y) < 2 and x > 0]
    beside = [x for x, y in others if abs(y) >= 2 and abs(x) < NEAR]
    if not ahead or min(ahead) > 2 * NEAR:
        return highway.ACTIONS.index("FASTER" if seen["vx_0"] < 27 else "IDLE")
    if beside:
        return highway.ACTIONS.index("SLOWER")
    return highway.ACTIONS.index("LANE_LEFT" if seen["y_0"] > 2 else "LANE_RIGHT")


CONTENT: dict[str, Any] = {
    "title": "Who drives well?",
    "task": "driving",
    "settings": ROAD,
    "source": {
        "files": {"path": "*.parquet"},
        "licence": "CC0",
        "citation": "made by the test",
        "evidence": "simulated",
    },
    "target": "action",
    "columns": {"group": "episode", "drop": ["step", "x_0"]},
    "split": {"by": "group", "valid": 0.25, "test": 0.25},
    "parameters": {"lightgbm": {"trials": 1, "rounds": 60}, "mlp": {"epochs": 10}},
}
