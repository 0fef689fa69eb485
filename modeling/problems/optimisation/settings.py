"""What optimisation reads under `settings`, and where the settings of experiments lie.

Does not belong here: what is done with them (`modeling.problems.optimisation.task`).
"""

from typing import Literal

from pydantic import Field

from modeling.core.task import Settings

SETTINGS = "settings"
"""The shared table of a role: the factors of each of its rows, in their order."""


class OptimisationSettings(Settings):
    """What `settings` of an optimisation use case may hold."""

    factors: list[str] = Field(
        default=[], description="the columns one may set, together an experiment; default: all raw features"
    )
    goal: Literal["highest", "lowest"] = Field(default="highest", description="which outcome is the best")
    trials: int = Field(default=60, ge=2, description="experiments that every search may try")
    repeats: int = Field(default=10, ge=2, description="how often every search starts anew")
