"""People who are notified by a sensor.

Belongs here: evaluating a sensor tick by tick, and what is reported at each. Does not belong here: what a test expects.
"""

from dataclasses import dataclass, field
from types import ModuleType

import pytest
from dagster import DagsterInstance, SensorResult, build_sensor_context

from catalogue.reader import Catalogue


@dataclass
class Notified:
    """The notices of the sensor of one module; its cursor goes from tick to tick."""

    module: ModuleType
    instance: DagsterInstance
    monkeypatch: pytest.MonkeyPatch
    cursor: str | None = None
    notices: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.monkeypatch.setattr(self.module, "notify_or_log", lambda notice, _: self.notices.append(str(notice)))

    def tick(self) -> list[str]:
        """The notices of one more tick."""
        before = len(self.notices)
        context = build_sensor_context(instance=self.instance, cursor=self.cursor)
        result = self.module.build(Catalogue([]), 30)(context)
        assert isinstance(result, SensorResult)
        self.cursor = result.cursor
        return self.notices[before:]
