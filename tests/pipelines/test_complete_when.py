"""Whoever reads a landing folder waits for the same: the sensor, the run, and what asks whether anything is new."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import AssetKey, AssetRecordsFilter, DagsterInstance, SensorResult, build_sensor_context

from pipelines.sensors import new_deliveries, overdue_deliveries
from resources import sources

from .sandbox import DELIVERY, KEY, Sandbox, orders
from .sensors.notified import Notified, name_a_webhook

WAITS = f"{DELIVERY}: waits for its marker {DELIVERY}.done"


@pytest.fixture
def marked(empty: Sandbox) -> Sandbox:
    """A use case whose files are whole when their marker is there; one has none, and was left alone for a minute."""
    files = {"path": "*.csv", "complete_when": {"marker": "{name}.done"}}
    source = {"files": files, "licence": "CC0", "citation": "made by the test"}
    folder = empty.place(KEY, orders(200), source=source, delivered_every_days=1e-9)
    os.utime(folder / DELIVERY, (time.time() - 60, time.time() - 60))
    return empty


@pytest.fixture
def instance(marked: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagsterInstance]:
    marked.name_in(monkeypatch)
    with marked.instance() as opened:
        yield opened


def tick(sandbox: Sandbox, instance: DagsterInstance) -> SensorResult:
    result = new_deliveries.build(sandbox.catalogue(), 30)(build_sensor_context(instance=instance))
    assert isinstance(result, SensorResult)
    return result


def complete(sandbox: Sandbox, name: str = DELIVERY) -> Path:
    marker = sandbox.root / KEY / f"{name}.done"
    marker.touch()
    return marker


def test_the_sensor_says_what_it_waits_for_and_takes_it_when_it_is_there(marked: Sandbox, instance: DagsterInstance):
    result = tick(marked, instance)
    assert not result.run_requests and WAITS in str(result.skip_reason)
    complete(marked)
    assert [request.partition_key for request in tick(marked, instance).run_requests or []] == [KEY]


def test_a_file_that_was_taken_and_waits_again_takes_no_rows_out(marked: Sandbox, instance: DagsterInstance):
    orders(50, seed=2).write_csv(marked.root / KEY / "second.csv")
    second = complete(marked, "second.csv")
    complete(marked)
    marked.make(instance, KEY, "raw_data", job="data")
    before = marked.current("raw_data").resolve()
    second.unlink()
    result = tick(marked, instance)
    assert not result.run_requests and "second.csv.done; it was taken before" in str(result.skip_reason)
    marked.make(instance, KEY, "raw_data", job="data")
    assert marked.current("raw_data").resolve() == before
    complete(marked, "second.csv")
    assert "nothing new" in str(tick(marked, instance).skip_reason)


def test_a_run_takes_nothing_half_and_says_why(marked: Sandbox, instance: DagsterInstance):
    marked.make(instance, KEY, "raw_data", job="data")
    wanted = AssetRecordsFilter(AssetKey("raw_data"), asset_partitions=[KEY])
    assert not instance.fetch_materializations(wanted, limit=1).records
    (skipped,) = instance.fetch_observations(wanted, limit=1).records
    assert skipped.asset_observation and WAITS in str(skipped.asset_observation.metadata["skipped"])


def test_a_clock_that_is_ahead_is_named_by_the_sensor_and_the_run(
    empty: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    files = {"path": "*.csv", "complete_when": {"quiet_seconds": 300}}
    folder = empty.place(KEY, orders(200), source={"files": files, "licence": "CC0", "citation": "made by the test"})
    os.utime(folder / DELIVERY, (time.time() + 86400, time.time() + 86400))
    empty.name_in(monkeypatch)
    with empty.instance() as opened:
        result = tick(empty, opened)
        assert not result.run_requests and f"{DELIVERY}: is dated" in str(result.skip_reason)
        empty.make(opened, KEY, "raw_data", job="data")
        assert f"{DELIVERY}: is dated" in capfd.readouterr().err


def test_nobody_sleeps_through_a_quiet_time(empty: Sandbox):
    files = {"path": "*.csv", "complete_when": {"quiet_seconds": 3600}}
    empty.place(KEY, orders(50), source={"files": files, "licence": "CC0", "citation": "made by the test"})
    began = time.monotonic()
    sources.settle(empty.use_case())
    assert time.monotonic() - began < 60
    assert sources.waiting(empty.use_case()).endswith("was written to less than 3600 s ago, so it is not whole yet")


def test_people_who_miss_a_delivery_are_told_what_it_waits_for(
    marked: Sandbox, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    complete(marked)
    marked.make(instance, KEY, "raw_data", job="data")
    orders(50, seed=2).write_csv(marked.root / KEY / "second.csv")
    outbox = name_a_webhook(marked, monkeypatch)
    (notice,) = Notified(overdue_deliveries, instance, outbox, marked.catalogue()).tick()
    assert "second.csv: waits for its marker second.csv.done" in notice
    assert "second.csv: waits for its marker" in str(tick(marked, instance).skip_reason)
