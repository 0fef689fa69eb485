"""What driving reads under `settings`. Does not belong here: the simulator (`modeling.problems.driving.highway`)."""

from typing import Any

from pydantic import Field

from modeling.core.task import Settings
from modeling.problems.driving import highway


class DrivingSettings(Settings):
    """The simulator that policies drive in: the one that the demonstrations were made in."""

    environment: str = Field(default="highway-fast-v0", description="highway-env's name of the road")
    config: dict[str, Any] = Field(description="highway-env's configuration of it")

    def road(self) -> Any:
        """The simulator."""
        return highway.make(self.environment, self.config)
