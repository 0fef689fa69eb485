"""An installation left to itself: its machine, its runs in child processes, its daemon.

Belongs here: a state folder whose power can be cut, runs of which some are killed, and the ticks of the real sensor and
the real conditions. Does not belong here: what lands (`landing_places`), or what must be true at the end
(`deliveries`).
"""

import gc
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

from dagster import (
    AssetKey,
    DagsterRun,
    Definitions,
    RunsFilter,
    build_sensor_context,
    evaluate_automation_conditions,
)
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES
from dagster._core.storage.tags import MAX_RETRIES_TAG

from assets.stages import BESIDE_VALIDATED_DATA
from benchmarks.disk_image import DiskImage
from benchmarks.landing_places import WAREHOUSE, silent_address
from catalogue.reader import Catalogue
from pipelines.automation import CONDITIONS
from pipelines.definitions import TICK_SECONDS, build_defs
from pipelines.instance import open_instance
from pipelines.jobs import DATA_STAGES
from pipelines.notices import tell
from pipelines.runs import ChildFailed, Launch, Worker
from pipelines.sensors import failed_runs, new_deliveries
from pipelines.storage_errors import storage_errors
from resources.notification.outbox import Outbox
from resources.notification.places import WEBHOOK
from resources.sources import landing
from resources.store.state import VARIABLE, State

LONGEST_LIFE_SECONDS = 4.0
"""A run that is killed is killed at a random moment before, and so does the power go."""
REQUESTED_BY_CONDITIONS = {"dagster/from_automation_condition": "true"}
DATABASE = "warehouse.db"
"""Beside the folder of industries."""


# --- the machine ------------------------------------------------------------------------------------------------------


class Machine:
    """An empty state folder, perhaps on a disk of its own, with an instance that is another one after each power cut.
    Child processes find both in the environment."""

    def __init__(self, disk: DiskImage | None) -> None:
        self._disk = disk
        self.instance = open_instance()
        self.powered = True

    def cut_power(self) -> None:
        assert self._disk is not None
        self.powered = False
        self._disk.cut_power()

    def restore_power(self) -> None:
        """The runs that had not ended are found dead, as Dagster's monitoring would find them."""
        assert self._disk is not None
        self.instance.dispose()
        gc.collect()
        self._disk.restore_power()
        self.instance = open_instance()
        self.powered = True
        for run in self.instance.get_runs(RunsFilter(statuses=IN_PROGRESS_RUN_STATUSES)):
            self.instance.report_run_failed(run, "the power went")


@contextmanager
def machine(root: Path, home: Path, *, power_cuts: bool = False) -> Iterator[Machine]:
    """Made, and named in the environment, as are the database beside `root` and an address of notices that never
    answers."""
    with ExitStack() as stack:
        disk = stack.enter_context(DiskImage(home)) if power_cuts else None
        named = {
            VARIABLE: str(home),
            "DAGSTER_HOME": str(State(folder=str(home)).dagster),
            WEBHOOK: stack.enter_context(silent_address()),
            WAREHOUSE: f"sqlite:///{root.with_name(DATABASE)}",
        }
        stack.enter_context(patch.dict(os.environ, named))
        made = Machine(disk)
        stack.callback(lambda: made.instance.dispose())
        yield made


# --- runs -------------------------------------------------------------------------------------------------------------


class Runner:
    """Executes launches side by side, each in a child process. Some are killed, and tried again as the queue would."""

    def __init__(self, root: Path, machine: Machine, workers: int, chance: random.Random, killed: float) -> None:
        self._root, self._machine, self._chance, self._killed = root, machine, chance, killed
        self._log = State().run_log
        self._pool = ThreadPoolExecutor(workers)
        self._workers: list[Worker] = []
        self._idle: list[Worker] = []
        self.outcomes: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.failed: list[DagsterRun] = []

    def run(self, launches: list[Launch]) -> None:
        """All of them, to their ends."""
        list(self._pool.map(self._to_its_end, launches))

    def run_until_power_goes(self, launches: list[Launch]) -> None:
        """As `run`. The power goes at a random moment; when it is back, what had not ended is run anew."""
        timer = threading.Timer(self._chance.uniform(0.1, LONGEST_LIFE_SECONDS), self._cut_power)
        timer.start()
        ended = list(self._pool.map(self._to_its_end, launches))
        timer.join()
        self._workers, self._idle = [], []
        self._machine.restore_power()
        self.run([launch for launch, done in zip(launches, ended, strict=True) if not done])

    def close(self) -> None:
        self._pool.shutdown()
        for worker in self._idle:
            worker.close()

    def _cut_power(self) -> None:
        self._machine.cut_power()
        for worker in list(self._workers):
            _kill(worker.pid)

    def _to_its_end(self, launch: Launch) -> bool:
        """False where the power went before."""
        retries = self._machine.instance.run_retries_max_retries
        tags = {**launch.tags, MAX_RETRIES_TAG: str(retries)}
        for left in range(retries, -1, -1):
            try:
                failure = self._once(Launch(launch.job, launch.partition, launch.assets, tags), spared=left == 0)
            except (OSError, *storage_errors()):
                if self._machine.powered:
                    raise
                failure = None
            if not self._machine.powered:
                self.outcomes["lost their power"] += 1
                return False
            if failure is not None:
                self.outcomes["refused" if failure else "made"] += 1
                if failure:
                    self.refusals[failure.partition(":")[0]] += 1
                return True
            self.outcomes["killed"] += 1
        self.outcomes["killed too often"] += 1
        return True

    def _once(self, launch: Launch, *, spared: bool) -> str | None:
        """Why it failed, empty where it did not; None where it was killed. What is killed too often waits for a person,
        so the last try is spared."""
        worker = self._idle.pop() if self._idle else self._new_worker()
        timer = threading.Timer(self._chance.uniform(0.1, LONGEST_LIFE_SECONDS), _kill, [worker.pid])
        if self._chance.random() < self._killed and not spared:
            timer.start()
        try:
            ended = worker.run(launch, lambda *_: None)
        except ChildFailed:
            return None
        finally:
            timer.cancel()
            if worker.alive:
                self._idle.append(worker)
        run = self._machine.instance.get_run_by_id(launch.run_id)
        assert run is not None
        if not ended.failure:
            return ""
        if run.tags[failed_runs.WILL_RETRY] == "true":
            return None
        self.failed.append(run)
        return ended.failure

    def _new_worker(self) -> Worker:
        worker = Worker([self._root], self._machine.instance, self._log)
        self._workers.append(worker)
        return worker


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


# --- the daemon -------------------------------------------------------------------------------------------------------


class Daemon:
    """Evaluates the sensor and the conditions. From tick to tick it keeps their cursors, and nothing else."""

    def __init__(self, catalogue: Catalogue, machine: Machine) -> None:
        self._catalogue, self._machine = catalogue, machine
        self._sensor_cursor: str | None = None
        self._automation_cursor: Any = None
        self._run_keys: set[str] = set()
        self.notices = 0
        self.longest_sending = 0.0
        self.restart()

    def restart(self) -> None:
        """A new process would know no file and have loaded everything anew."""
        landing._digests.clear()
        self._definitions: Definitions = build_defs(catalogue=self._catalogue)
        self._sensor = new_deliveries.build(self._catalogue, TICK_SECONDS)

    def deliveries(self, *, cursor_stored: bool = True) -> list[Launch]:
        """What the sensor requests. For a run key there is one run, for ever, as in Dagster."""
        result: Any = self._sensor(build_sensor_context(instance=self._machine.instance, cursor=self._sensor_cursor))
        if cursor_stored:
            self._sensor_cursor = result.cursor
        fresh = [request for request in result.run_requests or [] if request.run_key not in self._run_keys]
        self._run_keys |= {request.run_key for request in fresh}
        return [Launch("data", request.partition_key, (*DATA_STAGES, *BESIDE_VALIDATED_DATA)) for request in fresh]

    def follow(self) -> list[Launch]:
        """What the conditions request: a run for each partition."""
        result = evaluate_automation_conditions(
            self._definitions, self._machine.instance, cursor=self._automation_cursor
        )
        self._automation_cursor = result.cursor
        requested: dict[str | None, list[str]] = {}
        for name in CONDITIONS:
            for partition in result.get_requested_partitions(AssetKey(name)):
                requested.setdefault(partition, []).append(name)
        return [Launch(_job(key), key, tuple(names), REQUESTED_BY_CONDITIONS) for key, names in requested.items()]

    def tell(self, failed: list[DagsterRun]) -> None:
        """Keep a notice of each run that failed, and try to send all that wait."""
        for run in failed:
            self.notices += tell(failed_runs.notice_of(run, self._machine.instance, self._catalogue), lambda _: None)
        failed.clear()
        began = time.monotonic()
        Outbox(State().notices).send()
        self.longest_sending = max(self.longest_sending, time.monotonic() - began)


def _job(partition: str | None) -> str:
    if partition is None:
        return "market_entry"
    return "use_case" if "/" in partition else "industry"
