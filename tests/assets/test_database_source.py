"""A use case whose rows a database delivers: from the query to the snapshot, and what a run makes of its moods."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import quote, quote_plus

import polars as pl
import pytest
from dagster import DagsterInstance, SensorResult, build_sensor_context

from assets.raw_data import SKIPPED
from modeling.artefacts.table import TABLE
from pipelines.freshness import stale_stages
from pipelines.sensors import new_deliveries
from resources.sources import DatabaseAway, SourceError, database, source

from ..pipelines.sandbox import KEY, Sandbox, failures, orders
from ..resources.postgres import PASSWORD, Server

URL = "WAREHOUSE_URL"
INCREMENTAL = {"url": URL, "table": "orders", "incremental": {"column": "order"}}


@pytest.fixture
def instance(empty: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagsterInstance]:
    empty.name_in(monkeypatch)
    with empty.instance() as opened:
        yield opened


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sqlite3.Connection]:
    """A connection that writes at once, to a database with twenty orders."""
    monkeypatch.setenv(URL, f"sqlite:///{tmp_path}/warehouse.db")
    connection = sqlite3.connect(tmp_path / "warehouse.db", isolation_level=None)
    connection.execute('create table orders ("order" integer, price real, weight real, colour text, returned integer)')
    fill(connection, orders(20))
    yield connection
    connection.close()


def fill(connection: sqlite3.Connection, rows: pl.DataFrame) -> None:
    connection.executemany("insert into orders values (?, ?, ?, ?, ?)", rows.rows())


def place(sandbox: Sandbox, **sql: object) -> None:
    sandbox.place(source={"sql": sql or INCREMENTAL, "licence": "CC0", "citation": "made by the test"})


def snapshot(sandbox: Sandbox) -> pl.DataFrame:
    return pl.read_parquet(sandbox.current("raw_data") / TABLE)


def said(instance: DagsterInstance, run_id: str) -> str:
    return "\n".join(record.user_message for record in instance.all_logs(run_id))


def make(sandbox: Sandbox, instance: DagsterInstance) -> str:
    """Make the snapshot. Returns what the run's log says."""
    result = sandbox.materialise(instance, KEY, "raw_data", job="data")
    assert result.success, failures(result)
    return said(instance, result.run_id)


def tick(sandbox: Sandbox, instance: DagsterInstance, cursor: str | None = None) -> SensorResult:
    result = new_deliveries.build(sandbox.catalogue(), 30)(build_sensor_context(instance=instance, cursor=cursor))
    assert isinstance(result, SensorResult)
    return result


# --- snapshots --------------------------------------------------------------------------------------------------------


def test_a_snapshot_is_out_of_date_once_the_rows_change(empty, instance, warehouse):
    place(empty, url=URL, query="select * from orders")
    make(empty, instance)
    first = empty.current("raw_data").resolve()
    assert "raw_data" not in stale_stages(empty.use_case(), instance, empty.state)

    fill(warehouse, orders(23)[20:])
    assert "raw_data" in stale_stages(empty.use_case(), instance, empty.state)
    make(empty, instance)
    assert snapshot(empty)["order"].to_list() == list(range(23))
    assert pl.read_parquet(first / TABLE).height == 20


def test_the_same_rows_in_another_order_are_the_same_snapshot(empty, instance, warehouse):
    place(empty, url=URL, query="select * from orders")
    make(empty, instance)
    before = empty.current("raw_data").resolve()
    warehouse.execute("delete from orders")
    fill(warehouse, orders(20).reverse())
    make(empty, instance)
    assert empty.current("raw_data").resolve() == before


def test_only_what_is_new_is_fetched_and_a_higher_generation_fetches_all(empty, instance, warehouse):
    place(empty)
    assert "20 rows fetched" in make(empty, instance)
    fill(warehouse, orders(23)[20:])
    warehouse.execute('delete from orders where "order" = 0')
    assert "raw_data" in stale_stages(empty.use_case(), instance, empty.state)
    assert "4 rows fetched, 19 kept" in make(empty, instance)

    place(empty, **{**INCREMENTAL, "incremental": {"column": "order", "generation": 1}})
    assert "raw_data" in stale_stages(empty.use_case(), instance, empty.state)
    assert "22 rows fetched" in make(empty, instance)
    assert snapshot(empty)["order"].to_list() == list(range(1, 23))


def test_rows_are_not_added_to_those_of_another_query_or_another_database(
    empty, instance, warehouse, tmp_path, monkeypatch
):
    place(empty)
    make(empty, instance)
    place(empty, url=URL, query="select * from orders where price > 50", incremental={"column": "order"})
    make(empty, instance)
    assert snapshot(empty)["price"].min() > 50

    place(empty)
    make(empty, instance)
    with sqlite3.connect(tmp_path / "other.db") as other:
        warehouse.backup(other)
    other.execute("delete from orders where price > 50")
    other.commit()
    other.close()
    monkeypatch.setenv(URL, f"sqlite:///{tmp_path}/other.db")
    assert "raw_data" in stale_stages(empty.use_case(), instance, empty.state)
    make(empty, instance)
    assert snapshot(empty)["price"].max() <= 50


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_database_that_is_away_is_skipped_one_that_refuses_is_a_failure_and_the_former_snapshot_stays(
    empty, instance, warehouse, tmp_path
):
    place(empty)
    make(empty, instance)
    before = snapshot(empty)
    (tmp_path / "warehouse.db").rename(tmp_path / "away.db")
    result = empty.materialise(instance, KEY, "raw_data", job="data")
    assert result.success and not result.get_asset_materialization_events()
    (observed,) = result.get_asset_observation_events()
    reason = observed.asset_observation_data.asset_observation.metadata[SKIPPED]
    assert "the database does not answer" in str(reason.value)

    (tmp_path / "away.db").rename(tmp_path / "warehouse.db")
    warehouse.execute("alter table orders rename to sales")
    result = empty.materialise(instance, KEY, "raw_data", job="data")
    assert not result.success
    assert "the database refuses the table orders (no such table: orders): correct it" in failures(result)["raw_data"]
    assert snapshot(empty).equals(before)

    warehouse.execute("alter table sales rename to orders")
    fill(warehouse, orders(21)[20:])
    make(empty, instance)
    assert snapshot(empty).height == 21


# --- the sensor -------------------------------------------------------------------------------------------------------


def test_a_table_that_grows_is_requested_once(empty, instance, warehouse):
    place(empty)
    make(empty, instance)
    assert not tick(empty, instance).run_requests
    fill(warehouse, orders(21)[20:])
    first = tick(empty, instance)
    (request,) = first.run_requests or []
    assert request.partition_key == KEY
    assert not tick(empty, instance, first.cursor).run_requests
    make(empty, instance)
    assert not tick(empty, instance, first.cursor).run_requests


def test_a_database_that_is_away_is_nothing_new_and_a_wrong_query_is_reported_once(
    empty, instance, warehouse, tmp_path
):
    place(empty)
    make(empty, instance)
    (tmp_path / "warehouse.db").rename(tmp_path / "away.db")
    away = tick(empty, instance)
    assert not away.run_requests and "the database does not answer" in str(away.skip_reason)
    (tmp_path / "away.db").rename(tmp_path / "warehouse.db")
    assert not tick(empty, instance, away.cursor).run_requests

    warehouse.execute("drop table orders")
    first = tick(empty, instance, away.cursor)
    assert not first.run_requests and "refuses the table orders" in str(first.skip_reason)
    assert "nothing new" in str(tick(empty, instance, first.cursor).skip_reason)


CHANGED_IN_PLACE = 'update orders set price = 1, weight = 9 where "order" = 3'


def test_a_table_in_which_no_column_shows_changes_is_read_once_a_day_and_by_every_run(
    empty, instance, warehouse, monkeypatch
):
    place(empty, url=URL, table="orders")
    monkeypatch.setattr(source, "today", lambda: date(2026, 11, 26))
    make(empty, instance)
    monkeypatch.setattr(database, "BATCH_ROWS", "no row may be read")
    assert not tick(empty, instance).run_requests
    warehouse.execute(CHANGED_IN_PLACE)
    assert not tick(empty, instance).run_requests
    fill(warehouse, orders(21)[20:])
    assert tick(empty, instance).run_requests
    warehouse.execute('delete from orders where "order" = 20')
    assert not tick(empty, instance).run_requests
    monkeypatch.setattr(database, "BATCH_ROWS", 50_000)
    assert "raw_data" in stale_stages(empty.use_case(), instance, empty.state)
    monkeypatch.setattr(source, "today", lambda: date(2026, 11, 27))
    assert tick(empty, instance).run_requests
    make(empty, instance)
    assert snapshot(empty)["price"][3] == 1
    assert not tick(empty, instance).run_requests


NUMBERED = """import polars as pl


def assemble(members):
    return members["rows"].select(pl.format("order {}", "number").alias("order"), pl.exclude("number"))
"""


def test_an_identifier_that_assemble_makes_is_none_of_the_database(empty, instance, warehouse):
    warehouse.execute('alter table orders rename column "order" to number')
    place(empty, url=URL, table="orders")
    (empty.root / KEY / "features.py").write_text(NUMBERED)
    make(empty, instance)
    assert snapshot(empty)["order"][0] == "order 0"
    assert not tick(empty, instance).run_requests
    fill(warehouse, orders(21)[20:])
    assert tick(empty, instance).run_requests


@pytest.mark.parametrize("error", [SourceError, DatabaseAway])
def test_a_look_that_fails_costs_no_snapshot(empty, instance, warehouse, monkeypatch, error):
    place(empty, url=URL, table="orders")

    def failing(*_: object, **__: object) -> str:
        raise error("the database has no max of a bit")

    with monkeypatch.context() as patched:
        patched.setattr(database, "look", failing)
        assert "the database has no max of a bit" in make(empty, instance)
    assert snapshot(empty).height == 20
    first = tick(empty, instance)
    assert first.run_requests, "what it sees was not known"
    make(empty, instance)
    assert not tick(empty, instance, first.cursor).run_requests


def test_a_change_in_place_is_seen_at_once_where_a_column_shows_it(empty, instance, warehouse):
    place(empty, url=URL, table="orders", changed_by="weight")
    warehouse.execute("update orders set weight = 1")
    make(empty, instance)
    warehouse.execute(CHANGED_IN_PLACE)
    assert tick(empty, instance).run_requests
    assert "raw_data" in stale_stages(empty.use_case(), instance, empty.state)
    make(empty, instance)
    assert snapshot(empty)["price"][3] == 1
    assert not tick(empty, instance).run_requests


def test_a_snapshot_that_is_gone_is_requested_once_although_the_history_knows_it(empty, instance, warehouse):
    """As on a machine that shares the database of runs and not the state folder."""
    place(empty)
    make(empty, instance)
    shutil.rmtree(empty.home / "artefacts")
    first = tick(empty, instance)
    assert first.run_requests
    assert not tick(empty, instance, first.cursor).run_requests
    make(empty, instance)
    shutil.rmtree(empty.home / "artefacts")
    assert not tick(empty, instance, first.cursor).run_requests


def test_a_snapshot_is_there_although_the_state_folder_moved(empty, instance, warehouse, tmp_path, monkeypatch):
    """The history holds where it was made: as after a restore to another machine, for every use case at once."""
    place(empty)
    make(empty, instance)
    moved = empty.copy(tmp_path / "moved")
    shutil.rmtree(empty.home / "artefacts")
    moved.name_in(monkeypatch)
    with moved.instance() as there:
        assert "raw_data" not in stale_stages(moved.use_case(), there, moved.state)
        assert not tick(moved, there).run_requests


# --- with a real server -----------------------------------------------------------------------------------------------


@pytest.fixture
def server(postgresql: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The server, with three hundred orders in the types of a warehouse, and its address in the environment."""
    monkeypatch.setenv(URL, postgresql.address)
    rows = ", ".join(str(row).replace("'", "'") for row in orders().rows())
    postgresql.execute(
        "drop table if exists orders",
        'create table orders ("order" int, price numeric(10,2), weight float4, colour text, returned bool)',
        f"insert into orders select a, b, c, d, e = 1 from (values {rows}) as given (a, b, c, d, e)",
        "alter table orders add column placed timestamptz default '2026-11-01 12:00Z'",
    )
    yield postgresql
    if not postgresql.is_running:
        postgresql.start()


@pytest.mark.slow
def test_a_table_runs_through_to_its_report(empty, instance, server):
    place(empty, url=URL, table="public.orders", incremental={"column": "order"})
    empty.make(instance)
    types = dict(snapshot(empty).schema)
    assert (types["price"], types["returned"]) == (pl.Decimal(10, 2), pl.Boolean)
    assert (empty.current("evaluation_report") / "report.html").exists()
    assert stale_stages(empty.use_case(), instance, empty.state) == []


@pytest.mark.slow
def test_a_server_that_goes_away_for_a_minute_costs_nothing_and_its_password_is_written_nowhere(
    empty, instance, server, monkeypatch
):
    place(empty)
    make(empty, instance)
    before = snapshot(empty)
    server.execute("insert into orders values (300, 1, 1, 'red', true)")

    server.stop()
    assert not tick(empty, instance).run_requests
    result = empty.materialise(instance, KEY, "raw_data", job="data")
    assert result.success and "skipped: WAREHOUSE_URL: the database does not answer" in said(instance, result.run_id)
    assert snapshot(empty).equals(before)

    server.start()
    slow = "select * from orders where pg_sleep(0.01) is not null"
    place(empty, url=URL, query=slow)
    failure = threading.Timer(1, server.stop)
    failure.start()
    result = empty.materialise(instance, KEY, "raw_data", job="data")
    failure.join()
    assert result.success and "skipped: WAREHOUSE_URL" in said(instance, result.run_id)
    assert snapshot(empty).equals(before)

    server.start()
    place(empty)
    assert tick(empty, instance).run_requests
    make(empty, instance)
    assert snapshot(empty).height == 301

    place(empty, url=URL, query="select nothing from nowhere")
    assert not empty.materialise(instance, KEY, "raw_data", job="data").success
    monkeypatch.setenv(URL, server.address + "?nonsense=1")
    assert not empty.materialise(instance, KEY, "raw_data", job="data").success
    monkeypatch.setenv(URL, server.address.replace("postgresql:", "postgresql nonsense:"))
    assert not empty.materialise(instance, KEY, "raw_data", job="data").success
    written = {PASSWORD.encode(), quote(PASSWORD).encode(), quote_plus(PASSWORD).encode(), b"s3cr"}
    for path in empty.home.rglob("*"):
        assert not path.is_file() or not any(secret in path.read_bytes() for secret in written), path
