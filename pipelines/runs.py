"""Runs jobs from the command line, in child processes.

Belongs here: starting Dagster runs in a child process, following it through the instance's event log, and saying how
it ended. A child that dies takes nothing with it. Does not belong here: what to run (`refresh`), what an event says
(`run_events`), or how progress looks (`cli.progress`).
"""

import contextlib
import multiprocessing
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from dagster import AssetKey, DagsterEventType, DagsterInstance, EventLogEntry

from pipelines.definitions import build_defs
from pipelines.run_events import failure_reason, skip_reason
from pipelines.vocabulary import read_catalogue

POLL_SECONDS = 1.0
"""Between two polls of the event log, which take processor time from the run."""
DONE = "done"
"""The child's message once a run has ended."""


@dataclass(frozen=True)
class Launch:
    """A run to start: a job, its partition, and the assets to make; all the job's when empty. `tags` are the run's."""

    job: str
    partition: str | None = None
    assets: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class Ended:
    """How a run ended. `skipped` and `failure` hold the reason, empty when it is not so."""

    launch: Launch
    seconds: float
    skipped: str = ""
    failure: str = ""


Follow = Callable[[Launch, EventLogEntry], None]


class ChildFailed(RuntimeError):
    """The child process ended before it could begin its run."""


class Worker:
    """A child process that executes launches one after the other, sharing the imports.

    `roots` are the catalogue's folders; the child's own output goes to the file `log`.
    """

    def __init__(self, roots: Sequence[Path], instance: DagsterInstance, log: Path) -> None:
        self._instance = instance
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_child, args=(theirs, roots, log), daemon=True)
        self._process.start()
        theirs.close()

    def run(self, launch: Launch, follow: Follow) -> Ended:
        """Execute a launch to its end. `follow` is called with every event as it comes.

        Raises
        ------
        ChildFailed: the process ended before the run began. One that ends later leaves a failed run.
        """
        started = time.monotonic()
        failure = skipped = ""
        with contextlib.suppress(BrokenPipeError):
            self._pipe.send(launch)
        for entry in self._events(launch):
            follow(launch, entry)
            failure = failure or failure_reason(entry)
            skipped = skipped or skip_reason(entry)
        return Ended(launch, time.monotonic() - started, skipped, failure)

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.is_alive()

    @property
    def pid(self) -> int:
        """The number of the process."""
        assert self._process.pid is not None
        return self._process.pid

    def close(self) -> None:
        """Let the process end."""
        self._pipe.close()
        self._process.join()

    def _events(self, launch: Launch) -> Iterator[EventLogEntry]:
        cursor, over = None, False
        while not over:
            over = self._pipe.poll(POLL_SECONDS) or not self.alive
            while (batch := self._instance.get_records_for_run(launch.run_id, cursor=cursor)).records:
                cursor = batch.cursor
                yield from (record.event_log_entry for record in batch.records)
        if not self._says_done():
            self._process.join()
            yield from _lost(launch, self._process, self._instance)

    def _says_done(self) -> bool:
        with contextlib.suppress(EOFError, ConnectionResetError):
            return self._pipe.poll() and self._pipe.recv() == DONE
        return False


def _child(pipe: Connection, roots: Sequence[Path], log: Path) -> None:
    """The child process: load the definitions once, execute launches until the pipe is closed."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    definitions = build_defs(catalogue=read_catalogue(*roots))
    with DagsterInstance.get() as instance, contextlib.suppress(EOFError):
        while True:
            launch: Launch = pipe.recv()
            definitions.resolve_job_def(launch.job).execute_in_process(
                instance=instance,
                partition_key=launch.partition,
                asset_selection=[AssetKey(name) for name in launch.assets] or None,
                tags=launch.tags,
                run_id=launch.run_id,
                raise_on_error=False,
            )
            pipe.send(DONE)


def _lost(launch: Launch, process: BaseProcess, instance: DagsterInstance) -> Iterator[EventLogEntry]:
    """Mark the run of a child that died as failed."""
    run = instance.get_run_by_id(launch.run_id)
    message = f"the process of the run ended with exit code {process.exitcode}"
    if run is None:
        raise ChildFailed(f"{message} before the run began")
    instance.report_run_failed(run, message)
    yield from (entry for entry in instance.all_logs(launch.run_id, of_type=DagsterEventType.RUN_FAILURE))
