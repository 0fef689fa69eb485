"""Brings use cases up to date, one after the other or some side by side, then the reports above them.

Belongs here: the order of runs and what came of each. Does not belong here: what is out of date (`freshness`),
executing a run (`runs`), or how progress and results look (`cli`).
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import Literal, Protocol

from dagster import DagsterInstance, EventLogEntry

from assets.stages import BESIDE_VALIDATED_DATA, INDUSTRY_REPORT, MARKET_ENTRY_REPORT, STATUS_REPORT, latest
from catalogue.reader import Catalogue
from pipelines.freshness import stale_industries, stale_market, stale_stages, stale_status
from pipelines.jobs import DATA_STAGES
from pipelines.lost_runs import marking_lost_runs
from pipelines.runs import ChildFailed, Ended, Launch, Worker
from resources.store.atomic import StorageError
from resources.store.run_lock import run_lock
from resources.store.state import State

ABOVE = "reports above"
"""Stands for the key of a use case where the reports on industries and the market are meant."""
Status = Literal["made", "up to date", "skipped", "retired", "failed"]


class Progress(Protocol):
    """Is informed of what is waited for, of every launch, its events and its end, and of what came of each use case;
    from several threads where use cases are made side by side."""

    def wait(self, key: str, message: str) -> None: ...

    def begin(self, launch: Launch, name: str, steps: int) -> None: ...

    def follow(self, launch: Launch, entry: EventLogEntry) -> None: ...

    def end(self, launch: Launch, message: str) -> None: ...

    def result(self, result: "Result") -> None: ...


@dataclass(frozen=True)
class Result:
    """What came of one use case, or of the reports above (`key` is then the report's name)."""

    key: str
    status: Status
    seconds: float = 0.0
    reason: str = ""
    remarks: tuple[str, ...] = ()
    """What its steps left out or changed."""


def bring_up_to_date(
    keys: Sequence[str], catalogue: Catalogue, instance: DagsterInstance, progress: Progress, jobs: int = 1
) -> list[Result]:
    """Make again what is out of date, begun in the order of the keys, `jobs` use cases side by side; go on when one
    fails, and say what came of each. What is made is the same however many go side by side."""
    State().make()
    waiting, results, page = deque(keys), dict[str, Result](), Lock()
    refreshes = [_Refresh(catalogue, instance, progress) for _ in range(max(1, min(jobs, len(keys))))]

    def work(refresh: _Refresh) -> None:
        while key := _next(waiting):
            results[key] = refresh.use_case(key)
            progress.result(results[key])
            if results[key].status == "made" and waiting and page.acquire(blocking=False):
                refresh.start_page()
                page.release()

    with marking_lost_runs(instance):
        _side_by_side(work, refreshes, waiting)
        above = [result for result in refreshes[0].reports_above() if result.status == "failed"]
    for refresh in refreshes:
        refresh.close()
    return [*(results[key] for key in keys), *above]


def _next(waiting: deque[str]) -> str | None:
    with suppress(IndexError):  # another thread took the last
        return waiting.popleft()
    return None


def _side_by_side(work: Callable[["_Refresh"], None], refreshes: list["_Refresh"], waiting: deque[str]) -> None:
    """Let each work until nothing is waiting: the first in this thread, which a signal ends, and then the others."""
    first, *others = refreshes
    with ThreadPoolExecutor(len(refreshes)) as threads:
        working = [threads.submit(work, one) for one in others]
        try:
            work(first)
            for one in working:
                one.result()
        except BaseException:
            waiting.clear()
            for one in others:
                one.kill()
            raise


class _Refresh:
    """A use case gets a process of its own; the reports above go to the last one, which has the imports."""

    def __init__(self, catalogue: Catalogue, instance: DagsterInstance, progress: Progress) -> None:
        self._catalogue, self._instance, self._progress = catalogue, instance, progress
        self._worker: Worker | None = None
        self._killed = False

    def use_case(self, key: str) -> Result:
        """Make again what is out of date. A retired use case is left as it is."""
        if key in self._catalogue.retired:
            return Result(key, "retired", reason=self._catalogue.retired[key])
        try:
            return self._alone(key) if self._stale(key) else Result(key, "up to date")
        except (ChildFailed, StorageError) as error:
            return Result(key, "failed", reason=str(error))

    def _alone(self, key: str) -> Result:
        """Ask again what is out of date, once nobody else is making it and until it is made: the child holds the run
        lock meanwhile, and ends with this process."""
        worker = self._renew()
        with worker.holding(State().run_lock(key), _this_process(), partial(self._progress.wait, key)):
            return self._use_case(key)

    def _use_case(self, key: str) -> Result:
        """Where there are models, the data come first and alone: new data may turn out to hold the same rows, and then
        nothing is trained."""
        stages = self._stale(key)
        if not stages:
            return Result(key, "up to date")
        data = [stage for stage in stages if stage in DATA_STAGES]
        if not data or latest(self._instance, "evaluation", key) is None:
            return self._make("use_case", key, stages)
        made = self._make("data", key, data)
        rest = self._stale(key) if made.status == "made" else []
        if not rest:
            return made
        judged = self._make("use_case", key, rest)
        seconds, remarks = made.seconds + judged.seconds, made.remarks + judged.remarks
        return replace(judged, seconds=seconds, remarks=remarks)

    def start_page(self) -> None:
        """Write it while more use cases come, for those who look meanwhile. What fails is said by `reports_above`."""
        with suppress(StorageError), self._alone_above():
            list(self._start_page())

    def reports_above(self) -> Iterator[Result]:
        """Make again the reports on industries and the market that are out of date, once where several commands end."""
        try:
            with self._alone_above():
                yield from self._reports_above()
        except StorageError as error:
            yield Result(ABOVE, "failed", reason=str(error))

    def _alone_above(self) -> AbstractContextManager[None]:
        say = partial(self._progress.wait, ABOVE)
        return run_lock(State().run_lock(f"refresh {ABOVE}"), _this_process(), say)

    def _reports_above(self) -> Iterator[Result]:
        for industry in stale_industries(self._catalogue, self._instance, State()):
            yield self._run(Launch("industry", industry, (INDUSTRY_REPORT,)))
        if stale_market(self._catalogue, self._instance, State()):
            yield self._run(Launch("market_entry", None, (MARKET_ENTRY_REPORT,)))
        yield from self._start_page()

    def _start_page(self) -> Iterator[Result]:
        if stale_status(self._catalogue, self._instance, State()):
            yield self._run(Launch("status", None, (STATUS_REPORT,)))

    def _renew(self) -> Worker:
        """A new process, which loads its imports while the former one ends."""
        former, self._worker = self._worker, Worker(self._catalogue.roots, self._instance, State().run_log)
        if former is not None:
            former.close()
        if self._killed:
            self._worker.kill()
        return self._worker

    def close(self) -> None:
        """Let the process end."""
        if self._worker is not None:
            self._worker.close()

    def kill(self) -> None:
        """End the process, and any that is begun from here on; a run that it is about is marked as failed."""
        self._killed = True
        if self._worker is not None:
            self._worker.kill()

    def _stale(self, key: str) -> list[str]:
        try:
            return stale_stages(self._catalogue.use_cases[key], self._instance, State())
        except OSError as error:
            raise StorageError(f"{error.filename or State().path} can't be read: {error.strerror or error}") from error

    def _make(self, job: str, key: str, stages: list[str]) -> Result:
        assets = [*stages, *BESIDE_VALIDATED_DATA] if "validated_data" in stages else stages
        return self._run(Launch(job, key, tuple(assets)))

    def _run(self, launch: Launch) -> Result:
        self._progress.begin(launch, launch.partition or launch.job, len(launch.assets))
        worker = self._worker if self._worker and self._worker.alive else self._renew()
        try:
            ended = worker.run(launch, self._progress.follow)
        except ChildFailed as error:
            ended = Ended(launch, 0.0, failure=str(error))
        result = _result(ended)
        self._progress.end(launch, f"{result.status} {result.reason}".strip())
        return result


def _this_process() -> str:
    return f"another `sectorforge run` (process {os.getpid()})"


def _result(ended: Ended) -> Result:
    key = ended.launch.partition or ended.launch.job
    if ended.failure:
        return Result(key, "failed", ended.seconds, ended.failure, ended.remarks)
    if ended.skipped:
        return Result(key, "skipped", ended.seconds, ended.skipped, ended.remarks)
    return Result(key, "made", ended.seconds, remarks=ended.remarks)
