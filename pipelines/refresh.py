"""Brings use cases up to date, one after the other, then the reports above them.

Belongs here: the order of runs and what came of each. Does not belong here: what is out of date (`freshness`),
executing a run (`runs`), or how progress and results look (`cli`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from dagster import DagsterInstance, EventLogEntry

from assets.stages import BESIDE_VALIDATED_DATA, INDUSTRY_REPORT, MARKET_ENTRY_REPORT, latest
from catalogue.reader import Catalogue
from pipelines.freshness import stale_industries, stale_market, stale_stages
from pipelines.jobs import DATA_STAGES
from pipelines.runs import ChildFailed, Ended, Launch, Worker
from resources.store.state import State

Status = Literal["made", "up to date", "skipped", "retired", "failed"]


class Progress(Protocol):
    """Is informed of every launch, of its events, and of its end."""

    def begin(self, launch: Launch, name: str, steps: int) -> None: ...

    def follow(self, launch: Launch, entry: EventLogEntry) -> None: ...

    def end(self, launch: Launch, message: str) -> None: ...


@dataclass(frozen=True)
class Result:
    """What came of one use case, or of the reports above (`key` is then the report's name)."""

    key: str
    status: Status
    seconds: float = 0.0
    reason: str = ""


def bring_up_to_date(
    keys: Sequence[str], catalogue: Catalogue, instance: DagsterInstance, progress: Progress
) -> list[Result]:
    """Make again what is out of date, go on when one fails, and say what came of each."""
    refresh = _Refresh(catalogue, instance, progress)
    results = [refresh.use_case(key) for key in keys]
    results += [result for result in refresh.reports_above() if result.status == "failed"]
    refresh.close()
    return results


class _Refresh:
    """A use case gets a process of its own; the reports above go to the last one, which has the imports."""

    def __init__(self, catalogue: Catalogue, instance: DagsterInstance, progress: Progress) -> None:
        self._catalogue, self._instance, self._progress = catalogue, instance, progress
        self._worker: Worker | None = None

    def use_case(self, key: str) -> Result:
        """Make again what is out of date.

        Where there are models, the data come first and alone: new data may turn out to hold the same rows, and then
        nothing is trained. A retired use case is left as it is.
        """
        if key in self._catalogue.retired:
            return Result(key, "retired", reason=self._catalogue.retired[key])
        stages = self._stale(key)
        if not stages:
            return Result(key, "up to date")
        self._renew()
        data = [stage for stage in stages if stage in DATA_STAGES]
        if not data or latest(self._instance, "evaluation", key) is None:
            return self._make("use_case", key, stages)
        made = self._make("data", key, data)
        rest = self._stale(key) if made.status == "made" else []
        if not rest:
            return made
        judged = self._make("use_case", key, rest)
        return replace(judged, seconds=made.seconds + judged.seconds)

    def reports_above(self) -> Iterator[Result]:
        """Make again the reports on industries and the market that are out of date."""
        for industry in stale_industries(self._catalogue, self._instance):
            yield self._run(Launch("industry", industry, (INDUSTRY_REPORT,)))
        if stale_market(self._catalogue, self._instance):
            yield self._run(Launch("market_entry", None, (MARKET_ENTRY_REPORT,)))

    def _renew(self) -> None:
        """A new process, which loads its imports while the former one ends."""
        former, self._worker = self._worker, self._new()
        if former is not None:
            former.close()

    def _new(self) -> Worker:
        return Worker(self._catalogue.roots, self._instance, State().run_log)

    def close(self) -> None:
        """Let the process end."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def _stale(self, key: str) -> list[str]:
        return stale_stages(self._catalogue.use_cases[key], self._instance)

    def _make(self, job: str, key: str, stages: list[str]) -> Result:
        assets = [*stages, *BESIDE_VALIDATED_DATA] if "validated_data" in stages else stages
        return self._run(Launch(job, key, tuple(assets)))

    def _run(self, launch: Launch) -> Result:
        self._progress.begin(launch, launch.partition or launch.job, len(launch.assets))
        self._worker = self._worker or self._new()
        try:
            ended = self._worker.run(launch, self._progress.follow)
        except ChildFailed as error:
            ended = Ended(launch, 0.0, failure=f"{error}; see {State().run_log}")
        if not self._worker.alive:
            self.close()
        result = _result(ended)
        self._progress.end(launch, f"{result.status} {result.reason}".strip())
        return result


def _result(ended: Ended) -> Result:
    key = ended.launch.partition or ended.launch.job
    if ended.failure:
        return Result(key, "failed", ended.seconds, ended.failure)
    if ended.skipped:
        return Result(key, "skipped", ended.seconds, ended.skipped)
    return Result(key, "made", ended.seconds)
