"""People who are notified by a sensor.

Belongs here: evaluating a sensor tick by tick, and what it leaves in the outbox at each. Does not belong here: what a
test expects.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from dagster import DagsterInstance, SensorResult, build_sensor_context

from catalogue.reader import Catalogue

from ..sandbox import Sandbox


def name_a_webhook(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the environment name the sandbox and a webhook, where nobody is. Returns the webhook's outbox."""
    sandbox.name_in(monkeypatch)
    monkeypatch.setenv("SECTORFORGE_WEBHOOK", "http://127.0.0.1:9/")
    return sandbox.state.notices / "webhook"


def notices(outbox: Path) -> list[str]:
    """Title and text of what lies in an outbox, the oldest first."""
    kept = [json.loads(file.read_text())["notice"] for file in sorted(outbox.glob("*.json"))]
    return [f"{one['title']}\n{one['text']}" for one in kept]


@dataclass
class Notified:
    """The notices of the sensor of one module; its cursor goes from tick to tick."""

    module: ModuleType
    instance: DagsterInstance
    outbox: Path
    catalogue: Catalogue
    cursor: str | None = None

    def tick(self) -> list[str]:
        """The notices of one more tick."""
        before = len(notices(self.outbox))
        context = build_sensor_context(instance=self.instance, cursor=self.cursor)
        result = self.module.build(self.catalogue, 30)(context)
        assert isinstance(result, SensorResult)
        self.cursor = result.cursor
        return notices(self.outbox)[before:]
