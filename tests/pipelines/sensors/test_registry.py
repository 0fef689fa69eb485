"""Every file of the folder is a sensor that is loaded, under a name that instances know; all but one are stopped."""

from pathlib import Path

import pytest
from dagster import DefaultSensorStatus, SensorDefinition

from catalogue.reader import Catalogue
from pipelines import sensors
from pipelines.definitions import defs

NAMES = {
    "follow_new_data",
    "new_deliveries",
    "retrain_on_drift",
    "send_notices",
    "tell_of_failed_checks",
    "tell_of_failures",
    "tell_of_overdue_deliveries",
    "tell_of_sensor_errors",
    "tell_of_stale_reports",
}
"""Instances keep under these names which sensors are switched on, and their cursors."""
NEW = """
from dagster import SkipReason, sensor


def build(catalogue, seconds):
    @sensor(name="one_more", minimum_interval_seconds=seconds)
    def one_more():
        return SkipReason("nothing to do")

    return one_more
"""


def loaded() -> dict[str, SensorDefinition]:
    return {one.name: one for one in defs().get_repository_def().sensor_defs}


def test_the_sensors_and_their_names():
    assert set(loaded()) == NAMES
    running = {name for name, one in loaded().items() if one.default_status == DefaultSensorStatus.RUNNING}
    assert running == {"send_notices"}, "which does nothing by itself; people decide on all others"


def test_a_file_in_the_folder_is_one_more_sensor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "one_more.py").write_text(NEW)
    monkeypatch.setattr(sensors, "__path__", [*sensors.__path__, str(tmp_path)])
    built = {one.name: one for one in sensors.build_all(Catalogue([]), 17)}
    assert set(built) == NAMES | {"one_more"}
    assert built["one_more"].minimum_interval_seconds == 17
