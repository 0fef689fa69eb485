"""What becomes of a file that lands beside those that were taken, from the folder to what people are told."""

import os
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from dagster import DagsterInstance, SensorResult, build_sensor_context

from assets.deliveries import set_aside
from assets.stages import STAGES, latest
from assets.status_report import newest_failure
from modeling.artefacts.table import TABLE
from pipelines.health import delivery_checks
from pipelines.news import notice_of
from pipelines.sensors import new_deliveries

from ..pipelines.sandbox import DELIVERY, KEY, Sandbox, failures, hashes, orders

pytestmark = pytest.mark.slow

PRICED = {"expect_column_values_to_be_between": {"column": "price", "max_value": 200}, "on_failure": "quarantine"}
APPENDED = {"files": {"path": "*.csv"}, "licence": "CC0", "citation": "made by the test"}


@pytest.fixture
def sandbox(empty: Sandbox) -> Sandbox:
    return empty


@pytest.fixture
def instance(sandbox: Sandbox) -> Iterator[DagsterInstance]:
    with sandbox.instance() as opened:
        yield opened


@pytest.fixture
def folder(sandbox: Sandbox, instance: DagsterInstance) -> Path:
    """The landing folder, whose one file was taken; nothing is trained."""
    place = sandbox.place(frame=orders(), source=APPENDED, contract=[PRICED])
    sandbox.make(instance, KEY, job="data")
    return place


def delivery(rows: int = 40) -> pl.DataFrame:
    """Rows of other orders."""
    return orders(rows, seed=2).with_columns(pl.col("order") + 1000)


def validated(sandbox: Sandbox) -> pl.DataFrame:
    return pl.read_parquet(sandbox.current("validated_data") / TABLE)


def test_prices_in_cents_are_refused_by_file_and_line_and_what_is_published_stays(
    sandbox: Sandbox, instance: DagsterInstance, folder: Path
):
    before = hashes(sandbox.current("validated_data"))
    delivery(20).with_columns(pl.col("price") * 100).write_csv(folder / "cents.csv")
    found = failures(sandbox.materialise(instance, KEY, job="data"))
    assert list(found) == ["validated_data"]
    assert "20 of the 20 rows of cents.csv are set aside" in found["validated_data"]
    assert "cents.csv, lines 2, 3, 4, 5, 6 and 15 more" in found["validated_data"]
    assert "orders.csv" not in found["validated_data"]
    assert hashes(sandbox.current("validated_data")) == before
    health = delivery_checks.examine(sandbox.catalogue(), instance)
    assert not health.ok and "cents.csv, lines 2, 3" in health.detail


def test_a_refused_delivery_stays_refused_when_models_are_trained_on_the_former_one(
    sandbox: Sandbox, instance: DagsterInstance, folder: Path
):
    sensor = new_deliveries.build(sandbox.catalogue(), seconds=30)

    def tick(cursor: str | None) -> SensorResult:
        result = sensor(build_sensor_context(instance=instance, cursor=cursor))
        assert isinstance(result, SensorResult)
        return result

    os.utime(folder / DELIVERY, (0, 0))
    delivery(20).with_columns(pl.col("price") * 100).write_csv(folder / "cents.csv")
    os.utime(folder / "cents.csv", (0, 0))
    known = tick(None)
    assert not sandbox.materialise(instance, KEY, job="data").success
    sandbox.make(instance, KEY, *list(STAGES)[3:])
    health = delivery_checks.examine(sandbox.catalogue(), instance)
    assert not health.ok and "cents.csv, lines 2, 3" in health.detail
    assert newest_failure(KEY, instance)[0] == "validated_data", "the start page says so"
    refused = tick(known.cursor)
    assert not refused.run_requests
    definition = folder / "use_case.yaml"
    definition.write_text(definition.read_text().replace("max_value: 200", "max_value: 20000"))
    assert [request.partition_key for request in tick(refused.cursor).run_requests or ()] == [KEY]


def test_a_file_that_cannot_be_read_is_set_aside_and_told_of_once(
    sandbox: Sandbox, instance: DagsterInstance, folder: Path
):
    former = hashes(sandbox.current("validated_data"))
    (folder / "broken.csv").write_text("order,price,weight,colour,returned\n1000,20\n")
    sandbox.make(instance, KEY, job="data")
    assert hashes(sandbox.current("validated_data")) == former, "what is published stays"
    (reason,) = set_aside(latest(instance, "raw_data", KEY))
    assert "broken.csv: line 2 has 2 fields" in reason
    notice = notice_of(instance.get_runs(limit=1)[0], instance, sandbox.catalogue())
    assert notice is not None and reason in notice.text
    health = delivery_checks.examine(sandbox.catalogue(), instance)
    assert not health.ok and "broken.csv: line 2" in health.detail

    delivery().write_csv(folder / "second.csv")
    sandbox.make(instance, KEY, job="data")
    assert validated(sandbox).height == 340
    assert notice_of(instance.get_runs(limit=1)[0], instance, sandbox.catalogue()) is None, "people know"

    delivery().with_columns(pl.col("order") + 1000).write_csv(folder / "broken.csv")
    sandbox.make(instance, KEY, job="data")
    assert validated(sandbox).height == 380
    assert delivery_checks.examine(sandbox.catalogue(), instance).ok


def test_a_new_column_is_left_out_until_the_definition_names_it(
    sandbox: Sandbox, instance: DagsterInstance, folder: Path
):
    delivery().with_columns(channel=pl.lit("web")).write_csv(folder / "second.csv")
    sandbox.make(instance, KEY, job="data")
    assert validated(sandbox).height == 340 and "channel" not in validated(sandbox).columns
    notice = notice_of(instance.get_runs(limit=1)[0], instance, sandbox.catalogue())
    assert notice is not None and "column 'channel' is new in what was delivered" in notice.text

    sandbox.place(source=APPENDED, contract=[PRICED, {"expect_column_to_exist": {"column": "channel"}}])
    sandbox.make(instance, KEY, job="data")
    assert validated(sandbox)["channel"].value_counts(sort=True)["count"].to_list() == [300, 40]
