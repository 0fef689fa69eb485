"""With the real daemon: a file lands, and everything that depends on it is made anew, without a word from anyone."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickStatus

from assets.stages import MARKET_ENTRY_REPORT, latest
from catalogue.reader import ENVIRONMENT
from resources.store.state import VARIABLE

from . import living
from .sandbox import KEY, Sandbox, hashes, orders

pytestmark = pytest.mark.slow

LOCATION = Path(living.__file__)
PATIENCE_SECONDS = 240
"""For which nothing may happen in any run while something is waited for."""
TICKS = 2
"""Of every sensor, in which nothing is requested: then nothing is in progress."""
FOLLOWING = 3
"""Runs, one after the other, that may follow from one event: of reports, and of the start page."""
ENDED = [TickStatus.SUCCESS, TickStatus.SKIPPED, TickStatus.FAILURE]


class Hook(BaseHTTPRequestHandler):
    """Takes notices."""

    taken: list[str]

    def do_POST(self) -> None:
        self.taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def notices(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What people were told, at an address that the environment names."""
    monkeypatch.setattr(Hook, "taken", [], raising=False)
    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("SECTORFORGE_WEBHOOK", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield Hook.taken
        server.shutdown()


@pytest.fixture
def daemon(sandbox: Sandbox, instance: DagsterInstance, notices: list[str], tmp_path: Path) -> Iterator[None]:
    """The real daemon with all sensors on, over a landing folder in which any .csv is a delivery; all is up to date."""
    sandbox.place(source={"files": {"path": "*.csv"}, "licence": "CC0", "citation": "made by the test"})
    sandbox.make(instance, KEY, job="data")
    environment = {
        **os.environ,
        VARIABLE: str(sandbox.home),
        ENVIRONMENT: str(sandbox.root),
        "DAGSTER_HOME": str(sandbox.dagster_home),
    }
    programs = Path(sys.executable).parent
    switch_on = [programs / "dagster", "sensor", "start", "--start-all", "-f", LOCATION]
    subprocess.run(switch_on, env=environment, check=True, capture_output=True)
    with (tmp_path / "daemon.log").open("w") as log:
        command = [programs / "dagster-daemon", "run", "-f", LOCATION]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        yield
        process.terminate()
        process.wait(60)


def soon(what: Callable[[], bool], instance: DagsterInstance) -> None:
    """Waits as long as there is progress, which on a busy machine is slow."""
    until, seen = time.monotonic() + PATIENCE_SECONDS, None
    while not what():
        if (latest_event := instance.event_log_storage.get_maximum_record_id()) != seen:
            until, seen = time.monotonic() + PATIENCE_SECONDS, latest_event
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.5)


def ticked(instance: DagsterInstance, since: float) -> bool:
    """Whether every sensor was evaluated often enough since a moment."""
    sensors = instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
    return all(
        len(instance.get_ticks(one.instigator_origin_id, one.selector_id, after=since, statuses=ENDED)) >= TICKS
        for one in sensors
    )


def quiet(instance: DagsterInstance) -> None:
    """What is in progress ends, what follows it too, and then nothing is started by the ticks that follow."""
    for _ in range(FOLLOWING):
        soon(lambda: all(run.is_finished for run in instance.get_runs()), instance)
        before, since = instance.get_runs_count(), time.time()
        soon(partial(ticked, instance, since), instance)
        if instance.get_runs_count() == before:
            return
    pytest.fail("runs are started without an end")


def failures(notices: list[str]) -> list[str]:
    return [notice for notice in notices if notice.startswith(f"error: {KEY} failed")]


def market_report(instance: DagsterInstance) -> object:
    return latest(instance, MARKET_ENTRY_REPORT, None)


@pytest.mark.usefixtures("daemon")
def test_a_delivery_runs_through_to_the_last_report_and_a_broken_one_spoils_nothing(
    sandbox: Sandbox, instance: DagsterInstance, notices: list[str]
):
    folder, artefacts = sandbox.root / KEY, sandbox.home / "artefacts"
    report = artefacts / "evaluation_report" / KEY / "current" / "report.html"
    quiet(instance)

    before = report.read_text()
    orders(420, seed=5)[300:].write_csv(folder / "second.csv")
    soon(lambda: market_report(instance) is not None, instance)
    assert report.read_text() != before
    quiet(instance)

    published = hashes(artefacts)
    (folder / "copy of second.csv").write_bytes((folder / "second.csv").read_bytes())
    quiet(instance)
    assert hashes(artefacts) == published

    good = report.read_text()
    orders(50, seed=6).with_columns(order=900, returned=None).write_csv(folder / "broken.csv")
    soon(lambda: bool(failures(notices)), instance)
    quiet(instance)
    (notice,) = failures(notices)
    assert "the table breaks its contract" in notice
    (failed,) = instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.FAILURE]))
    assert failed.tags["dagster/partition"] == KEY
    assert report.read_text() == good

    runs = instance.get_runs_count()
    (folder / "broken.csv").unlink()
    soon(lambda: instance.get_runs_count() > runs, instance)
    quiet(instance)
    assert report.read_text() == good and failures(notices) == [notice]
    assert len(notices) == len(set(notices)), "nothing is told twice"
