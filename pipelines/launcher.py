"""Starts runs on this machine, and knows which of them are still alive.

Belongs here: Dagster's launcher with the one answer it lacks. Does not belong here: when to ask, and what follows
(`run_monitoring` and `run_retries` in `dagster.yaml`).
"""

from dagster import DagsterRun
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus

from resources.store.run_lock import PROCESS, has_ended


class WatchedRunLauncher(DefaultRunLauncher):
    """Without the answer, a run that is killed together with the code server, as when a machine loses its power, counts
    as running for ever, and the queue holds back every later run of its use case."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Whether Dagster's run monitoring may use the check below."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Failed where the process that the run's tag names has ended; running where it works, or none is named."""
        process = run.tags.get(PROCESS)
        if process and has_ended(process):
            return CheckRunHealthResult(WorkerStatus.FAILED, f"its process ({process}) has ended")
        return CheckRunHealthResult(WorkerStatus.RUNNING)
