"""Runs jobs from the command line, in child processes.

Belongs here: starting Dagster runs in a child process, following it through the instance's event log, saying how it
ended, and the run lock that the child holds around them. A child that dies takes nothing with it. Does not belong here:
what to run (`refresh`), what an event says (`run_events`), or how progress looks (`cli.progress`).
"""

import contextlib
import math
import multiprocessing
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from dagster import AssetKey, DagsterEventType, DagsterInstance, Definitions, EventLogEntry
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from pipelines.code_location import origin
from pipelines.definitions import build_defs
from pipelines.lost_runs import mark_as_failed
from pipelines.parent_watch import ParentWatch
from pipelines.run_events import failure_reason, remarks, skip_reason
from pipelines.vocabulary import read_catalogue
from resources.secrets import guard_process
from resources.store.atomic import StorageError
from resources.store.run_limit import seconds_allowed
from resources.store.run_lock import run_lock

POLL_SECONDS = 1.0
"""Between two polls of the event log, which take processor time from the run."""
DONE = "done"
"""The child's message once a run has ended, or a lock is held."""
RELEASE = "release"
"""Asks the child to release the lock that it holds."""
NOT_RETRIED = {"dagster/max_retries": "0"}
"""Tag of a run: the command says why it failed, and the next one makes what is missing; the daemon starts none."""


@dataclass(frozen=True)
class Launch:
    """A run to start: a job, its partition, and the assets to make; all the job's when empty. `tags` are the run's."""

    job: str
    partition: str | None = None
    assets: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True)
class Hold:
    """A run lock that the child should hold: `file` and `holder` as `run_lock` takes them."""

    file: Path
    holder: str


@dataclass(frozen=True)
class Ended:
    """How a run ended. `skipped` and `failure` hold the reason, empty when it is not so; `remarks` what its steps left
    out or changed."""

    launch: Launch
    seconds: float
    skipped: str = ""
    failure: str = ""
    remarks: tuple[str, ...] = ()


Follow = Callable[[Launch, EventLogEntry], None]


class ChildFailed(RuntimeError):
    """The child process ended before it could begin its run."""


class Worker:
    """A child process that executes launches one after the other, sharing the imports.

    `roots` are the catalogue's folders; the child's own output goes to the file `log`.
    """

    def __init__(self, roots: Sequence[Path], instance: DagsterInstance, log: Path) -> None:
        self._instance, self._log = instance, log
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_child, args=(theirs, roots, log, os.getpid()), daemon=True)
        self._process.start()
        theirs.close()

    @contextmanager
    def holding(self, file: Path, holder: str, say: Callable[[str], None]) -> Iterator[None]:
        """`run_lock`, held by the process: what is asked within the block stays so for what it runs.

        Raises
        ------
        ChildFailed: the process ended before it held the lock. StorageError: as `run_lock`.
        """
        self._hold(Hold(file, holder), say)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                self._pipe.send(RELEASE)

    def run(self, launch: Launch, follow: Follow) -> Ended:
        """Execute a launch to its end. `follow` is called with every event as it comes.

        Raises
        ------
        ChildFailed: the process ended before the run began. One that ends later leaves a failed run.
        """
        started = time.monotonic()
        limit = seconds_allowed(launch.tags, self._instance)
        failure = skipped = ""
        said: list[str] = []
        with contextlib.suppress(BrokenPipeError):
            self._pipe.send(launch)
        for entry in self._events(launch, started + limit if limit else math.inf):
            follow(launch, entry)
            failure = failure or failure_reason(entry)
            skipped = skipped or skip_reason(entry)
            said += remarks(entry)
        return Ended(launch, time.monotonic() - started, skipped, failure, tuple(said))

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.is_alive()

    @property
    def pid(self) -> int:
        """The number of the process."""
        assert self._process.pid is not None
        return self._process.pid

    def kill(self) -> None:
        """End the process at once; who waits for its run marks it as failed."""
        self._process.kill()

    def close(self) -> None:
        """Let the process end."""
        self._pipe.close()
        self._process.join()

    def _hold(self, hold: Hold, say: Callable[[str], None]) -> None:
        try:
            self._pipe.send(hold)
            while (reply := self._pipe.recv()) != DONE:
                if isinstance(reply, StorageError):
                    raise reply
                say(reply)
        except (EOFError, ConnectionError) as error:
            self._process.join()
            raise self._failed() from error

    def _events(self, launch: Launch, ends: float) -> Iterator[EventLogEntry]:
        """Every event as it comes. The process is killed at `ends`, by the monotonic clock: it hangs, perhaps in a
        library that hears nothing."""
        cursor, over, late = None, False, False
        while not over:
            late = time.monotonic() > ends
            if late:
                self._process.kill()
            over = self._pipe.poll(POLL_SECONDS) or not self.alive
            while (batch := self._instance.get_records_for_run(launch.run_id, cursor=cursor)).records:
                cursor = batch.cursor
                yield from (record.event_log_entry for record in batch.records)
        if not self._says_done():
            self._process.join()
            exceeded = "it took longer than a run may (`max_runtime_seconds` in dagster.yaml), and was ended: "
            yield from self._lost(launch, exceeded if late else "")

    def _lost(self, launch: Launch, why: str) -> Iterator[EventLogEntry]:
        """Mark the run of a child that died as failed, unless it had ended. `why` begins the message, where it is
        known."""
        if self._instance.get_run_by_id(launch.run_id) is None:
            raise self._failed(why)
        if mark_as_failed(launch.run_id, self._instance, f"{why}{self._exit}"):
            yield from self._instance.all_logs(launch.run_id, of_type=DagsterEventType.RUN_FAILURE)

    def _failed(self, why: str = "") -> ChildFailed:
        return ChildFailed(f"{why}{self._exit} before the run began; see {self._log}")

    @property
    def _exit(self) -> str:
        return f"the process of the run ended with exit code {self._process.exitcode}"

    def _says_done(self) -> bool:
        with contextlib.suppress(EOFError, ConnectionResetError):
            return self._pipe.poll() and self._pipe.recv() == DONE
        return False


def _child(pipe: Connection, roots: Sequence[Path], log: Path, parent: int) -> None:
    """The child process: load the definitions once, execute launches and hold a lock until the pipe is closed."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    guard_process()
    definitions = build_defs(catalogue=read_catalogue(*roots))
    with DagsterInstance.get() as instance, contextlib.suppress(EOFError), ExitStack() as held:
        watch = ParentWatch(instance, parent)
        watch.start()
        while True:
            asked = pipe.recv()
            if isinstance(asked, Launch):
                watch.run_id = asked.run_id
                _execute(asked, definitions, instance)
                watch.run_id = ""
                pipe.send(DONE)
            elif isinstance(asked, Hold):
                pipe.send(_take(asked, held, pipe.send))
            elif asked == RELEASE:
                held.close()


def _execute(launch: Launch, definitions: Definitions, instance: DagsterInstance) -> None:
    """As `execute_in_process`, for a run that carries its code location; that function takes none."""
    job = definitions.resolve_job_def(launch.job)
    selected = frozenset(AssetKey(name) for name in launch.assets) or None
    partition = job.get_tags_for_partition_key(launch.partition, selected) if launch.partition else {}
    run = instance.create_run_for_job(
        job,
        run_id=launch.run_id,
        tags={**job.run_tags, **NOT_RETRIED, **launch.tags, **partition},
        asset_selection=selected,
        remote_job_origin=origin(launch.job),
    )
    execute_run(InMemoryJob(job), run, instance)


def _take(hold: Hold, held: ExitStack, say: Callable[[str], None]) -> str | StorageError:
    """Hold the lock until `held` is closed. Returns the reply to the parent."""
    try:
        held.enter_context(run_lock(hold.file, hold.holder, say))
    except StorageError as error:
        return error
    return DONE
