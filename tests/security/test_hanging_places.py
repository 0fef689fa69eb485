"""Places that take a connection and say nothing: each is given up in a time that docs/operations.md states.

Webhooks and mail servers are in `tests/resources/notification/test_outbox.py`, runs in
`tests/pipelines/test_hung_runs.py`, and a silent PostgreSQL server in `tests/resources/sources/test_database.py`.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance, SensorDefinition, SensorResult, build_sensor_context
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import InstigatorTick, TickStatus
from dagster._grpc.client import DEFAULT_SENSOR_GRPC_TIMEOUT

from catalogue import extras
from catalogue.definition import Sql
from catalogue.reader import ENVIRONMENT
from pipelines.instance import SCHEME
from pipelines.sensors import new_deliveries
from pipelines.storage_errors import POSTGRES
from resources.sources import DatabaseAway, SourceUnreachable, database, fetch
from resources.store.state import VARIABLE
from resources.tracking import SERVER, Tracking

from ..pipelines.sandbox import DELIVERY, KEY, Sandbox, orders
from ..resources.notification.servers import Silent, serving
from ..resources.postgres import free_port
from . import network_drive
from .network_drive import NetworkDrive

pytestmark = pytest.mark.slow

STATED_SECONDS = 300
"""For an address or an index that says nothing."""
PATIENCE_SECONDS = 240
ON_THE_DRIVE = "retail/refunds"
"""A use case whose landing folder lies on the network drive."""
SAID = {"licence": "CC0", "citation": "made by the test"}
PROJECT = Path(__file__).parents[2]


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that takes a connection and says nothing; who asks it has less patience than usual."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetch, "TIMEOUT_SECONDS", (1, 1))
    with serving(Silent) as port:
        yield f"http://127.0.0.1:{port}"


def dropped(sandbox: Sandbox, key: str, path: str) -> None:
    """A use case whose landing folder, `path`, holds a delivery that nobody has taken yet."""
    delivery = sandbox.place(key, orders(60), title=key, source={"files": {"path": path}, **SAID}) / DELIVERY
    os.utime(delivery, (time.time() - 60, time.time() - 60))


@pytest.fixture
def home(empty: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A sandbox that the environment names, with a delivery for `KEY`."""
    empty.name_in(monkeypatch)
    dropped(empty, KEY, "*.csv")
    return empty


def environment(sandbox: Sandbox) -> dict[str, str]:
    """Of a process that sees the sandbox, and whose network drive does not answer."""
    named = {ENVIRONMENT: sandbox.root, VARIABLE: sandbox.home, "DAGSTER_HOME": sandbox.dagster_home}
    places = {name: str(place) for name, place in named.items()} | {"PYTHONPATH": str(PROJECT)}
    return {**os.environ, **places, network_drive.HANGS: "yes"}


def test_the_patience_with_a_silent_server_is_as_stated():
    connecting, reading = fetch.TIMEOUT_SECONDS
    pauses = fetch.BACKOFF_SECONDS * sum(2**attempt for attempt in range(fetch.RETRIES))
    assert (1 + fetch.RETRIES) * max(connecting, reading) + pauses < STATED_SECONDS


def test_a_silent_address_is_given_up(silent: str):
    began = time.monotonic()
    with tempfile.TemporaryFile() as file, pytest.raises(SourceUnreachable, match=r"a\.csv: no answer from 127"):
        fetch.download(f"{silent}/a.csv", file, fetch.session(), print)
    assert time.monotonic() - began < 60


def test_a_silent_package_index_is_given_up(silent: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PIP_INDEX_URL", f"{silent}/simple")
    began = time.monotonic()
    with pytest.raises(SourceUnreachable, match="the package index does not answer"):
        fetch.releases("some-shop", "1.0", fetch.session())
    assert time.monotonic() - began < 60


def test_a_locked_sqlite_database_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WAREHOUSE_URL", f"sqlite:///{tmp_path}/warehouse.db")
    holder = sqlite3.connect(tmp_path / "warehouse.db", isolation_level=None)
    holder.execute("create table orders (id integer)")
    holder.execute("begin exclusive")
    began = time.monotonic()
    with pytest.raises(DatabaseAway, match="database is locked"):
        database.read(Sql(url="WAREHOUSE_URL", table="orders"), ("id",), None, print)
    assert time.monotonic() - began < 60
    holder.close()


def test_a_silent_server_of_mlflow_is_given_up(empty: Sandbox, silent: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(SERVER, silent)
    began = time.monotonic()
    assert "not tracked: MlflowException" in Tracking(home=empty.state).serve(KEY, None)
    assert time.monotonic() - began < 60


# --- the history of runs ----------------------------------------------------------------------------------------------


def ended(command: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Its status and what it said, in one line; it ends by itself, in the time that is stated and some to start in."""
    done = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=60)
    return done.returncode, " ".join(f"{done.stdout} {done.stderr}".split())


def test_a_silent_history_is_given_up_by_whatever_opens_it(home: Sandbox):
    pytest.importorskip("dagster_postgres", reason=extras.install_command(["postgres"]))
    programs, sectorforge = Path(sys.executable).parent, "from pipelines.cli.app import app; app()"
    with serving(Silent) as port:
        silent = {**environment(home), POSTGRES: f"{SCHEME}dagster:s3cret@127.0.0.1:{port}/dagster"}
        for command in ("health", "clean", "run"):
            status, said = ended([sys.executable, "-c", sectorforge, command], silent)
            assert status == 1, said
            assert "storage of Dagster's instance does not answer" in said and "timeout expired" in said
            assert f"Start the database, or correct {POSTGRES}" in said
            assert "s3cret" not in said and "Traceback" not in said
        for service in (
            [str(programs / "dagster-daemon"), "run", "-m", "pipelines.definitions"],
            [sys.executable, "-m", "pipelines.web.webserver", "-p", str(free_port()), "-m", "pipelines.definitions"],
        ):
            status, said = ended(service, silent)
            assert status != 0
            assert "timeout expired" in said and "s3cret" not in said


# --- one place that hangs holds up no other ---------------------------------------------------------------------------


def on_the_drive(sandbox: Sandbox) -> None:
    """The same on the network drive."""
    dropped(sandbox, ON_THE_DRIVE, f"drive://{sandbox.root}/{ON_THE_DRIVE}/*.csv")


def tick(sensor: SensorDefinition, instance: DagsterInstance, cursor: str | None = None) -> SensorResult:
    result = sensor(build_sensor_context(instance=instance, cursor=cursor))
    assert isinstance(result, SensorResult)
    return result


def requested(result: SensorResult) -> list[str | None]:
    return [request.partition_key for request in result.run_requests or []]


@pytest.fixture
def stopped_drive(home: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[NetworkDrive]]:
    """The network drive, with a delivery for `ON_THE_DRIVE`; it does not answer, and is given up after two seconds."""
    monkeypatch.setattr(new_deliveries, "POLL_SECONDS", 2.0)
    monkeypatch.setattr(NetworkDrive, "looks", 0)
    monkeypatch.setattr(NetworkDrive, "answers", threading.Event())
    on_the_drive(home)
    yield NetworkDrive
    NetworkDrive.answers.set()


def test_six_databases_that_say_nothing_keep_no_delivery_waiting(home: Sandbox, monkeypatch: pytest.MonkeyPatch):
    sql = {"url": "WAREHOUSE_URL", "table": "orders"}
    with serving(Silent) as port, home.instance() as instance:
        monkeypatch.setenv("WAREHOUSE_URL", f"postgresql://reader:secret@127.0.0.1:{port}/warehouse")
        for number in range(6):
            home.place(f"retail/database_{number}", title=f"{number}", source={"sql": sql, **SAID})
        sensor, began = new_deliveries.build(home.catalogue(), 30), time.monotonic()
        first = tick(sensor, instance)
        assert time.monotonic() - began < new_deliveries.POLL_SECONDS
        assert requested(first) == [KEY]
        again = tick(sensor, instance, first.cursor)
    assert str(again.skip_reason).count("WAREHOUSE_URL: the database does not answer") == 6


def test_a_store_that_hangs_keeps_its_cursor_and_no_delivery_waiting(home: Sandbox, stopped_drive: type[NetworkDrive]):
    former = {"requested": "former", "after_event": 3, "reported": "", "requests": 4, "definition": ""}
    with home.instance() as instance:
        sensor = new_deliveries.build(home.catalogue(), 30)
        first = tick(sensor, instance, json.dumps({ON_THE_DRIVE: former}))
        assert requested(first) == [KEY]
        assert json.loads(first.cursor or "")[ON_THE_DRIVE] == former
        assert f"{ON_THE_DRIVE}: did not answer within 2 s" in str(tick(sensor, instance, first.cursor).skip_reason)
        stopped_drive.answers.set()
        until = time.monotonic() + PATIENCE_SECONDS
        while not (late := requested(tick(sensor, instance, first.cursor))):
            assert time.monotonic() < until, "waited in vain"
        assert late == [ON_THE_DRIVE]


def test_a_store_that_goes_on_hanging_is_asked_once_and_waited_for_once(
    home: Sandbox, stopped_drive: type[NetworkDrive]
):
    with home.instance() as instance:
        sensor = new_deliveries.build(home.catalogue(), 30)
        cursor = tick(sensor, instance).cursor
        before, began = threading.active_count(), time.monotonic()
        for _ in range(10):
            assert "did not answer" in str(tick(sensor, instance, cursor).skip_reason)
        assert time.monotonic() - began < 5 * new_deliveries.POLL_SECONDS
        assert stopped_drive.looks == 1
        assert threading.active_count() <= before


def test_a_store_that_hangs_keeps_no_process_from_ending(home: Sandbox):
    on_the_drive(home)
    code = """
from dagster import DagsterInstance, build_sensor_context
from pipelines.sensors import new_deliveries
from pipelines.vocabulary import read_catalogue
from tests.security import network_drive

new_deliveries.POLL_SECONDS = 5.0
sensor = new_deliveries.build(read_catalogue(), 30)
instance = DagsterInstance.get()
first = sensor(build_sensor_context(instance=instance))
print(sensor(build_sensor_context(instance=instance, cursor=first.cursor)).skip_reason)
"""
    with home.instance():
        command = [sys.executable, "-c", code]
        ended = subprocess.run(
            command, env=environment(home), cwd=PROJECT, check=True, capture_output=True, timeout=120
        )
    assert b"did not answer" in ended.stdout


def test_a_store_that_hangs_keeps_no_sensor_waiting(home: Sandbox, tmp_path: Path):
    """With the real daemon, and all the time that a tick has."""
    assert new_deliveries.POLL_SECONDS + 10 < DEFAULT_SENSOR_GRPC_TIMEOUT
    on_the_drive(home)
    programs, location = Path(sys.executable).parent, ["-f", network_drive.__file__]
    switch_on = [programs / "dagster", "sensor", "start", "--start-all", *location]
    with home.instance() as instance, (tmp_path / "daemon.log").open("w") as log:
        subprocess.run(switch_on, env=environment(home), cwd=PROJECT, check=True, capture_output=True)
        command = [programs / "dagster-daemon", "run", *location]
        daemon = subprocess.Popen(command, env=environment(home), cwd=PROJECT, stdout=log, stderr=log)
        try:
            until = time.monotonic() + PATIENCE_SECONDS
            while not (ended := ticks(instance))["new_deliveries"]:
                assert time.monotonic() < until, "waited in vain"
                time.sleep(0.5)
        finally:
            daemon.terminate()
            daemon.wait(60)
    (hindered,) = ended.pop("new_deliveries")
    assert hindered.status == TickStatus.SUCCESS
    assert len(hindered.run_ids) == 1  # of the delivery that lies elsewhere
    assert len(ended) >= 8
    assert [name for name, ticked in ended.items() if len(ticked) < 2] == []


def ticks(instance: DagsterInstance) -> dict[str, list[InstigatorTick]]:
    """The ticks that ended, of every sensor that is on."""
    ended = [TickStatus.SUCCESS, TickStatus.SKIPPED, TickStatus.FAILURE]
    return {
        one.instigator_name: [*instance.get_ticks(one.instigator_origin_id, one.selector_id, statuses=ended)]
        for one in instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
    }
