"""People are notified of a sensor whose ticks fail, once until it works again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from dagster import DagsterInstance
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, TickData, TickStatus
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster_shared.error import SerializableErrorInfo

from catalogue.reader import Catalogue
from pipelines.sensors import sensor_errors

from ..sandbox import Sandbox
from .notified import Notified, name_a_webhook


@dataclass
class Sensor:
    """A sensor of the instance, whose ticks the test records as the daemon does."""

    instance: DagsterInstance
    moment: float = 1_700_000_000.0

    def __post_init__(self) -> None:
        location = ManagedGrpcPythonEnvCodeLocationOrigin(LoadableTargetOrigin(module_name="pipelines.definitions"))
        self.origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), "new_deliveries")
        state = InstigatorState(self.origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING)
        self.instance.add_instigator_state(state)
        self.selector_id = state.selector_id

    def tick(self, error: str = "") -> None:
        self.moment += 30
        data = TickData(
            self.origin.get_id(),
            "new_deliveries",
            InstigatorType.SENSOR,
            TickStatus.FAILURE if error else TickStatus.SKIPPED,
            self.moment,
            error=SerializableErrorInfo(error, [], "ValueError") if error else None,
            selector_id=self.selector_id,
        )
        self.instance.create_tick(data)


@pytest.fixture
def people(empty: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notified]:
    outbox = name_a_webhook(empty, monkeypatch)
    with empty.instance() as instance:
        yield Notified(sensor_errors, instance, outbox, Catalogue([]))


def test_a_sensor_that_fails_is_reported_once_until_it_works_again(people: Notified):
    sensor = Sensor(people.instance)
    sensor.tick()
    assert people.tick() == []
    sensor.tick("no such column")
    sensor.tick("no such column")
    assert people.tick() == ["new_deliveries can't do its work\nno such column"]
    sensor.tick("no such column")
    assert people.tick() == []
    sensor.tick("disk full")
    assert people.tick() == ["new_deliveries can't do its work\ndisk full"]
    sensor.tick()
    sensor.tick("disk full")
    assert people.tick() == ["new_deliveries can't do its work\ndisk full"]


def test_at_first_and_after_a_reset_old_errors_are_no_news(people: Notified):
    sensor = Sensor(people.instance)
    sensor.tick("long ago")
    sensor.tick()
    assert people.tick() == []
    people.cursor = None
    assert people.tick() == []


def test_a_cursor_of_an_earlier_version_is_read(people: Notified):
    sensor = Sensor(people.instance)
    sensor.tick("no such column")
    assert len(people.tick()) == 1
    stored = json.loads(people.cursor or "")["new_deliveries"]
    people.cursor = json.dumps({"new_deliveries": {"look": stored["tick"], "told": stored["reported"]}})
    sensor.tick("no such column")
    assert people.tick() == []
    sensor.tick("disk full")
    assert people.tick() == ["new_deliveries can't do its work\ndisk full"]
