"""The car-following and lane-changing rules that traffic is simulated with: what a learned driver is compared with.

Source: Treiber, Hennecke & Helbing 2000 (IDM, the intelligent driver model); Kesting, Treiber & Helbing 2007 (MOBIL).
The parameters are highway-env's, as the simulator's own traffic has them.
"""

import numpy as np

from modeling.core.table import Table
from modeling.learners.rule import FixedRule
from modeling.problems.driving.highway import ACTIONS, VEHICLE_LENGTH

ACCELERATION, BRAKING = 3.0, 5.0
"""Comfortable, metres a second squared."""
DESIRED_SPEED, EXPONENT = 30.0, 4.0
JAM_GAP, TIME_GAP = 5.0 + VEHICLE_LENGTH, 1.5
LANE_CHANGE_GAIN, BRAKING_IMPOSED = 0.2, 2.0
"""A lane change must gain more acceleration than the first, and make the new follower brake no more than the second."""
HOLD = 0.5
"""An acceleration smaller than this, metres a second squared, keeps the speed."""


class IDM(FixedRule):
    """Certain of one action in every row."""

    outcomes = ("multiclass",)
    reads = "driving"

    def predict(self, table: Table) -> np.ndarray:
        """Probability 1 of the chosen action: float64 ``[n, actions]``.

        The lane is changed where that is safe and lets the car accelerate more.
        """
        stay = _acceleration(table, "here")
        action = np.select([stay > HOLD, stay < -HOLD], [_code("FASTER"), _code("SLOWER")], _code("IDLE"))
        best = stay + LANE_CHANGE_GAIN
        for side, name in (("left", "LANE_LEFT"), ("right", "LANE_RIGHT")):
            there = _acceleration(table, side)
            better = _is_safe(table, side) & (there > best)
            action, best = np.where(better, _code(name), action), np.where(better, there, best)
        return np.eye(len(ACTIONS))[action]


def _code(action: str) -> int:
    return ACTIONS.index(action)


def _acceleration(table: Table, side: str) -> np.ndarray:
    """What the own vehicle would do behind the one ahead in that lane."""
    return _idm(table.column("speed"), table.column(f"{side}_ahead_gap"), -table.column(f"{side}_ahead_faster"))


def _is_safe(table: Table, side: str) -> np.ndarray:
    """Whether there is room, and the one behind in that lane need not brake hard for the own vehicle."""
    gap, faster = table.column(f"{side}_behind_gap"), table.column(f"{side}_behind_faster")
    room = (gap > VEHICLE_LENGTH) & (table.column(f"{side}_ahead_gap") > VEHICLE_LENGTH)
    return room & (_idm(table.column("speed") + faster, gap, faster) >= -BRAKING_IMPOSED)


def _idm(speed: np.ndarray, gap: np.ndarray, approach: np.ndarray) -> np.ndarray:
    """Acceleration of a vehicle `gap` metres behind another that it approaches by so many metres a second."""
    wanted = JAM_GAP + speed * TIME_GAP + speed * approach / (2 * np.sqrt(ACCELERATION * BRAKING))
    return ACCELERATION * (1 - (np.maximum(speed, 0) / DESIRED_SPEED) ** EXPONENT - (wanted / np.maximum(gap, 1)) ** 2)


LEARNER = IDM
