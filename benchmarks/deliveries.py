"""A thousand deliveries with everything that goes wrong on the way, held against a clean replay.

Run as `python -m benchmarks.deliveries --deliveries 1000 --use-cases 10 --seed 0 --workers 2`; `--help` says more.
Files land in the folders of small use cases: new ones, the same bytes again, renamed, cut off and delivered whole
later, rewritten, taken away. Between two ticks several land. The ticks are the real sensor's and the real conditions';
runs are the real jobs in child processes, some of which are killed with SIGKILL, and tried again as often as
`dagster.yaml` says; the daemon is restarted, now and then before it could store the cursor of a tick.

At the end nothing may be out of date, and what is published must equal what one clean run over the same folders makes:
every file of the raw, validated, quarantined and prepared data byte for byte, and the record of the evaluation in all
that is not a time, a memory, a name of a run, or a comparison with the model that served before. Also printed: what the
event database grew by a run.

Seed 0, two shared cores, 19 minutes: 1,000 deliveries, 45 ticks, 7 restarts; 776 runs made what they should, 61 refused
a file that was cut off, 27 were killed. Nothing was out of date, nothing unlike the replay. The event database grew by
499 KB a run, of which three quarters are what its events say, pictures and reports among them.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from dagster import (
    AssetKey,
    BetaWarning,
    DagsterInstance,
    Definitions,
    build_sensor_context,
    evaluate_automation_conditions,
)

from assets.stages import BESIDE_VALIDATED_DATA, QUARANTINE, STAGES
from catalogue.reader import Catalogue
from modeling.artefacts.evaluated_model import RECORD
from pipelines.automation import CONDITIONS
from pipelines.definitions import TICK_SECONDS, build_defs
from pipelines.freshness import stale_industries, stale_market, stale_stages
from pipelines.instance import SHIPPED
from pipelines.jobs import DATA_STAGES
from pipelines.runs import ChildFailed, Launch, Worker
from pipelines.sensors import new_deliveries
from pipelines.vocabulary import read_catalogue
from resources.sources import landing
from resources.store.state import CURRENT, VARIABLE, State

ROWS = 80
MOST_FILES = 4
"""In one landing folder; before another one lands, one is taken away."""
MOST_AT_ONCE = 4
"""Deliveries between two ticks, for each use case."""
KILLED, RESTARTED, CURSOR_LOST = 0.05, 0.1, 0.5
"""Shares: of the runs, of the ticks, and of the restarts that come before the cursor was stored."""
LONGEST_LIFE_SECONDS = 4.0
"""A run that is killed is killed at a random moment before."""
EVENTS = {"new": 8, "again": 4, "renamed": 3, "cut off": 3, "rewritten": 2}
"""What happens, and how often."""
REQUESTED_BY_CONDITIONS = {"dagster/from_automation_condition": "true"}
COMPARED = (*DATA_STAGES, QUARANTINE)
MEASURED = {
    "seconds", "peak_memory_mb", "predictions_per_second", "run_id", "finished_at", "test_accesses",
    "test_rows_opened_before", "limits",
    "message",
}  # fmt: skip
"""Keys of the record that differ from run to run: times, memory, how often the test was accessed, words on these."""
OF_HISTORY = {"challenge", "published", "verdict"}
RIVAL = "not_worse_than_serving"
"""Keys, and a gate, about the model that served before: a replay has none."""


# --- the landing folders ----------------------------------------------------------------------------------------------


@dataclass
class Landing:
    """The landing folder of one use case, and what happens in it."""

    folder: Path
    chance: random.Random
    made: int = 0
    cut_off: dict[Path, bytes] = field(default_factory=dict)
    """What the files that were cut off should have been."""

    def happens(self) -> str:
        """One delivery; returns what kind it was."""
        files = sorted(self.folder.glob("*.csv"))
        if self.cut_off and self.chance.random() < 0.5:
            self.repair()
            return "whole again"
        kind = self.chance.choices(list(EVENTS), EVENTS.values())[0] if files else "new"
        if kind in ("new", "again", "cut off") and len(files) >= MOST_FILES:
            self._take_away(self.chance.choice(files))
        files = sorted(self.folder.glob("*.csv"))
        name = self.folder / f"{self.chance.randrange(16**6):06x}.csv"
        content = self._rows()
        match kind:
            case "new":
                _drop(name, content)
            case "again":
                first = self.chance.choice(files)
                _drop(name, first.read_bytes())
                if first in self.cut_off:
                    self.cut_off[name] = self.cut_off[first]
            case "renamed":
                old = self.chance.choice(files)
                old.rename(name)
                if old in self.cut_off:
                    self.cut_off[name] = self.cut_off.pop(old)
            case "cut off":
                self.cut_off[name] = content
                _drop(name, content[: self.chance.randrange(1, len(content))])
            case "rewritten":
                old = self.chance.choice(files)
                self.cut_off.pop(old, None)
                _drop(old, content)
        return kind

    def repair(self) -> None:
        """Deliver whole what was cut off."""
        for path, content in self.cut_off.items():
            _drop(path, content)
        self.cut_off.clear()

    def _take_away(self, path: Path) -> None:
        path.unlink()
        self.cut_off.pop(path, None)

    def _rows(self) -> bytes:
        self.made += 1
        draw = np.random.default_rng([self.made, self.chance.randrange(2**31)])
        price, weight = draw.normal(50, 10, ROWS).round(2), draw.gamma(2, 2, ROWS).round(2)
        frame = pl.DataFrame(
            {
                "order": self.made * 1_000_000 + np.arange(ROWS),
                "price": price,
                "weight": weight,
                "returned": (price / 10 + weight / 2 + draw.logistic(0, 0.7, ROWS) > 7).astype(int),
            }
        )
        return frame.write_csv().encode()


def _drop(path: Path, content: bytes) -> None:
    """Written a minute ago, so that it counts as whole."""
    path.write_bytes(content)
    os.utime(path, (time.time() - 60, time.time() - 60))


def place(root: Path, number: int) -> Path:
    """A use case of a few hundred rows and one learner. Returns its folder."""
    folder = root / f"industry_{number % 3}" / f"use_case_{number}"
    folder.mkdir(parents=True)
    (folder.parent / "industry.yaml").write_text(yaml.safe_dump({"title": folder.parent.name}))
    definition = {
        "title": f"Will this order come back? {number}",
        "task": "binary_classification",
        "source": {"files": {"path": "*.csv"}, "licence": "CC0", "citation": "made here"},
        "target": "returned",
        "columns": {"identifier": ["order"]},
        "contract": [
            {"expect_column_values_to_be_between": {"column": "weight", "max_value": 12}, "on_failure": "quarantine"}
        ],
        "learners": ["logistic"],
    }
    (folder / "use_case.yaml").write_text(yaml.safe_dump(definition))
    return folder


# --- runs -------------------------------------------------------------------------------------------------------------


class Runner:
    """Executes launches side by side, each in a child process. Some are killed, and tried again as the queue would."""

    def __init__(
        self, root: Path, instance: DagsterInstance, workers: int, chance: random.Random, killed: float
    ) -> None:
        self._root, self._instance, self._chance, self._killed = root, instance, chance, killed
        self._log = State().run_log
        self._pool = ThreadPoolExecutor(workers)
        self._idle: list[Worker] = []
        self.outcomes: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()

    def run(self, launches: list[Launch]) -> None:
        """All of them, to their ends."""
        list(self._pool.map(self._to_its_end, launches))

    def close(self) -> None:
        self._pool.shutdown()
        for worker in self._idle:
            worker.close()

    def _to_its_end(self, launch: Launch) -> None:
        for _ in range(1 + self._instance.run_retries_max_retries):
            failure = self._once(Launch(launch.job, launch.partition, launch.assets, launch.tags))
            if failure is not None:
                self.outcomes["refused" if failure else "made"] += 1
                self.refusals[failure.partition(":")[0]] += bool(failure)
                return
            self.outcomes["killed"] += 1
        self.outcomes["killed too often"] += 1

    def _once(self, launch: Launch) -> str | None:
        """Why it failed, empty where it did not; None where it was killed."""
        worker = self._idle.pop() if self._idle else Worker([self._root], self._instance, self._log)
        timer = threading.Timer(self._chance.uniform(0.1, LONGEST_LIFE_SECONDS), _kill, [worker.pid])
        if self._chance.random() < self._killed:
            timer.start()
        try:
            ended = worker.run(launch, lambda *_: None)
        except ChildFailed:
            return None
        finally:
            timer.cancel()
            self._idle += [worker] * worker.alive
        run = self._instance.get_run_by_id(launch.run_id)
        assert run is not None
        return None if ended.failure and run.tags["dagster/will_retry"] == "true" else ended.failure


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


# --- the daemon -------------------------------------------------------------------------------------------------------


class Daemon:
    """Evaluates the sensor and the conditions. From tick to tick it keeps their cursors, and nothing else."""

    def __init__(self, catalogue: Catalogue, instance: DagsterInstance) -> None:
        self._catalogue, self._instance = catalogue, instance
        self._sensor_cursor: str | None = None
        self._automation_cursor: Any = None
        self._run_keys: set[str] = set()
        self.restart()

    def restart(self) -> None:
        """A new process would know no file and have loaded everything anew."""
        landing._digests.clear()
        self._definitions: Definitions = build_defs(catalogue=self._catalogue)
        self._sensor = new_deliveries.build(self._catalogue, TICK_SECONDS)

    def deliveries(self, *, cursor_stored: bool = True) -> list[Launch]:
        """What the sensor requests. For a run key there is one run, for ever, as in Dagster."""
        result: Any = self._sensor(build_sensor_context(instance=self._instance, cursor=self._sensor_cursor))
        if cursor_stored:
            self._sensor_cursor = result.cursor
        fresh = [request for request in result.run_requests or [] if request.run_key not in self._run_keys]
        self._run_keys |= {request.run_key for request in fresh}
        return [Launch("data", request.partition_key, (*DATA_STAGES, *BESIDE_VALIDATED_DATA)) for request in fresh]

    def follow(self) -> list[Launch]:
        """What the conditions request: a run for each partition."""
        result = evaluate_automation_conditions(self._definitions, self._instance, cursor=self._automation_cursor)
        self._automation_cursor = result.cursor
        requested: dict[str | None, list[str]] = {}
        for name in CONDITIONS:
            for partition in result.get_requested_partitions(AssetKey(name)):
                requested.setdefault(partition, []).append(name)
        return [Launch(_job(key), key, tuple(names), REQUESTED_BY_CONDITIONS) for key, names in requested.items()]


def _job(partition: str | None) -> str:
    if partition is None:
        return "market_entry"
    return "use_case" if "/" in partition else "industry"


# --- the two lives ----------------------------------------------------------------------------------------------------


@contextmanager
def state(home: Path) -> Iterator[DagsterInstance]:
    """An empty state folder with the shipped configuration, which child processes find in the environment."""
    folder = State(folder=str(home)).dagster
    folder.mkdir(parents=True)
    shutil.copyfile(SHIPPED, folder / SHIPPED.name)
    former = {name: os.environ.get(name) for name in (VARIABLE, "DAGSTER_HOME")}
    os.environ.update({VARIABLE: str(home), "DAGSTER_HOME": str(folder), "OMP_WAIT_POLICY": "PASSIVE"})
    try:
        with DagsterInstance.from_config(str(folder)) as instance:
            yield instance
    finally:
        for name, value in former.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@dataclass
class Lived:
    """What became of the deliveries."""

    landed: Counter[str]
    ticks: int
    restarts: int
    runner: Runner
    stale: list[str]
    runs: int
    database_bytes: int


def live(
    root: Path, home: Path, count: int, use_cases: int, seed: int, workers: int, progress: Callable[[str], None]
) -> Lived:
    """The deliveries with all that goes wrong, until nothing more is requested."""
    chance = random.Random(seed)
    folders = [Landing(place(root, number), random.Random(f"{seed} {number}")) for number in range(use_cases)]
    for folder in folders:
        folder.happens()
    catalogue = read_catalogue(root)
    landed: Counter[str] = Counter()
    with state(home) as instance:
        runner = Runner(root, instance, workers, random.Random(f"{seed} runs"), KILLED)
        daemon = Daemon(catalogue, instance)
        daemon.follow()
        ticks = restarts = 0
        while sum(landed.values()) < count:
            for _ in range(min(chance.randint(1, MOST_AT_ONCE * use_cases), count - sum(landed.values()))):
                landed[chance.choice(folders).happens()] += 1
            restarted = chance.random() < RESTARTED
            requested = daemon.deliveries(cursor_stored=not (restarted and chance.random() < CURSOR_LOST))
            if restarted:
                daemon.restart()
                restarts += 1
            runner.run(requested)
            runner.run(daemon.follow())
            ticks += 1
            progress(f"{sum(landed.values())} landed, {ticks} ticks, runs {dict(runner.outcomes)}")
        for folder in folders:
            folder.repair()
        while requested := [*daemon.deliveries(), *daemon.follow()]:
            runner.run(requested)
        runner.close()
        stale = _stale(catalogue, instance)
        return Lived(
            landed, ticks, restarts, runner, stale, instance.get_runs_count(), _size(State(folder=str(home)).dagster)
        )


def _stale(catalogue: Catalogue, instance: DagsterInstance) -> list[str]:
    of_use_cases = [
        f"{key}: {stage}" for key, case in catalogue.use_cases.items() for stage in stale_stages(case, instance)
    ]
    return [
        *of_use_cases,
        *stale_industries(catalogue, instance),
        *["market entry"] * stale_market(catalogue, instance),
    ]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.db*"))


def replay(root: Path, home: Path, workers: int) -> None:
    """Everything once, from the folders as they lie, in a state folder of its own."""
    catalogue = read_catalogue(root)
    with state(home) as instance:
        runner = Runner(root, instance, workers, random.Random(0), killed=0)
        runner.run([Launch("use_case", key, (*STAGES, *BESIDE_VALIDATED_DATA)) for key in catalogue.use_cases])
        runner.close()


def published(home: Path, key: str) -> dict[str, Any]:
    """What readers see of a use case, as far as it must be the same."""
    state = State(folder=str(home))
    folders = {asset: state.artefact(asset, key) / CURRENT for asset in (*COMPARED, "evaluation")}
    files = {
        f"{asset}/{path.relative_to(folders[asset])}": hashlib.sha256(path.read_bytes()).hexdigest()
        for asset in COMPARED
        for path in sorted(folders[asset].rglob("*"))
        if path.is_file()
    }
    record = folders["evaluation"] / RECORD
    return {**files, "evaluation": unmeasured(json.loads(record.read_text("utf-8"))) if record.exists() else None}


def unmeasured(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: unmeasured(item) for key, item in value.items() if key not in MEASURED | OF_HISTORY}
    if isinstance(value, list):
        return [unmeasured(item) for item in value if not (isinstance(item, dict) and item.get("name") == RIVAL)]
    return value


def differences(lived: Path, replayed: Path, keys: list[str]) -> list[str]:
    """Where the two are not the same; empty where they are."""
    found = []
    for key in keys:
        one, other = published(lived, key), published(replayed, key)
        found += [f"{key}: {name}" for name in sorted({*one, *other}) if one.get(name) != other.get(name)]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Deliveries with everything that goes wrong, against a clean replay.")
    parser.add_argument("--deliveries", type=int, default=1000)
    parser.add_argument("--use-cases", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2, help="runs side by side")
    options = parser.parse_args()
    started = time.monotonic()
    warnings.simplefilter("ignore", BetaWarning)
    with tempfile.TemporaryDirectory() as folder:
        root, one, other = (Path(folder) / name for name in ("industries", "lived", "replayed"))
        root.mkdir()
        lived = live(root, one, options.deliveries, options.use_cases, options.seed, options.workers, print)
        replay(root, other, options.workers)
        keys = list(read_catalogue(root).use_cases)
        differ = differences(one, other, keys)
    print(f"landed: {dict(lived.landed)}; {lived.ticks} ticks, {lived.restarts} restarts")
    print(f"runs: {dict(lived.runner.outcomes)}; refused in {dict(lived.runner.refusals)}")
    print(f"database: {lived.database_bytes / lived.runs / 1024:.0f} KB a run, {lived.runs} runs")
    print(f"out of date at the end: {lived.stale or 'nothing'}; unlike a clean replay: {differ or 'nothing'}")
    print(f"seed {options.seed}, {time.monotonic() - started:.0f} s")
    raise SystemExit(bool(differ or lived.stale))


if __name__ == "__main__":
    main()
