"""Starts runs on this machine, and knows which of them are still alive, wherever they were started.

Belongs here: Dagster's launcher, with a place for runs that is not the code location's, and with the one answer it
lacks. Does not belong here: when to ask, and what follows (`run_monitoring` and `run_retries` in `dagster.yaml`).
"""

import os

from dagster import DagsterRun
from dagster._core.errors import DagsterLaunchFailedError
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, LaunchRunContext, WorkerStatus
from dagster._serdes import ConfigurableClassData

from pipelines.lost_runs import reason
from resources.store.heartbeat import Silence, heartbeats

RUN_SERVER = "SECTORFORGE_RUN_SERVER"
"""Names a gRPC server, as `HOST:PORT`, that runs are processes of. Without it they are the code location's."""


class WatchedRunLauncher(DefaultRunLauncher):
    """Without the answer, a run that is killed together with the code server, as when a machine loses its power, counts
    as running for ever, and the queue holds back every later run of its use case."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(inst_data)
        self._silence = Silence()

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start it where `SECTORFORGE_RUN_SERVER` says, so that a code location may restart while runs go on."""
        from dagster._grpc.client import DagsterGrpcClient

        server = os.environ.get(RUN_SERVER)
        if not server:
            return super().launch_run(context)
        host, _, port = server.rpartition(":")
        if not (host and port.isdecimal()):
            raise DagsterLaunchFailedError(f"{RUN_SERVER} must be HOST:PORT, like runs:4001")
        client = DagsterGrpcClient(host=host, port=int(port))
        return self.launch_run_from_grpc_client(self._instance, context.dagster_run, client)

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Whether Dagster's run monitoring may use the check below."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Failed where the run sends no heartbeats any more; running where it does, or never sent any."""
        found = heartbeats(self._instance, [run.run_id])
        if self._silence.gone(found):
            return CheckRunHealthResult(WorkerStatus.FAILED, reason(found[run.run_id]))
        return CheckRunHealthResult(WorkerStatus.RUNNING)
