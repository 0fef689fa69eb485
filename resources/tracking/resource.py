"""The way to MLflow.

Belongs here: where it is, and that no run fails of it. Does not belong here: what is kept there (`runs`, `registry`),
deciding which model serves (`resources.serving.models`), or answering requests (`resources.serving.mlflow_model`).

Every judged champion is a run of the experiment named like its use case, with a run of its own below for each
candidate; every published one a version of the registered model `industry.use_case`, whose alias `serving` stands on
the one that serves.

Where, the environment says: `MLFLOW_TRACKING_URI`, a server; else a database and a folder under the state folder, which
may have been moved since (`relocation`). With `SECTORFORGE_DAGSTER_URL`, the address of the Dagster UI, runs link back
to it. MLflow is the extra `tracking`: without it nothing is tracked. What fails here is reported, and fails nothing
else.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dagster import ConfigurableResource, ResourceDependency

from catalogue import extras
from catalogue.definition import UseCase
from modeling.artefacts.evaluated_model import StoredEvaluation
from resources.secrets import without_secrets
from resources.store.atomic import make_folder
from resources.store.state import State
from resources.tracking.registry import NOTHING, point, register
from resources.tracking.relocation import relocate
from resources.tracking.runs import EXTRA, MODEL, run_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

SERVER = "MLFLOW_TRACKING_URI"
SERVERS = ("http", "databricks")
NOT_TRACKED = "not tracked: "
DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # seconds
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""A server that is away is not waited for long, and little is printed, unless the environment says otherwise."""
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true"}


class Tracking(ConfigurableResource):
    """The one way to MLflow."""

    home: ResourceDependency[State]

    @property
    def environment(self) -> dict[str, str]:
        """What MLflow's own programs must find in their environment to see the same as this resource."""
        uri = os.environ.get(SERVER) or f"sqlite:///{self.home.mlflow_database}"
        return DEFAULTS | {SERVER: uri, "MLFLOW_REGISTRY_URI": uri} | QUIET

    def record(self, use_case: UseCase, judged: StoredEvaluation, serving: Path | None) -> str:
        """Keep a judged champion as a run, and as a version of the registered model if it is the one that serves. What
        is there already stays, unless an earlier version of this code wrote files that this one can't load.

        Returns what came of it, for people; nothing is raised. `serving` is the folder of the version that serves.
        """

        def recorded(client: "MlflowClient") -> str:
            run = run_of(client, use_case, judged, self._artefacts)
            if serving and serving.name == judged.evaluation.provenance.run_id:
                source = f"{client.get_run(run).info.artifact_uri}/{MODEL}"
                register(client, use_case.key, serving.name, source, run)
            return f"run {run}; {point(client, use_case.key, serving and serving.name)}"

        return self._guarded(recorded)

    def serve(self, key: str, version: str | None) -> str:
        """Let the alias stand on a published version. Returns what came of it; nothing is raised."""
        if SERVER not in os.environ and not self.home.mlflow_database.exists():
            return NOTHING
        return self._guarded(lambda client: point(client, key, version))

    def _guarded(self, what: "Callable[[MlflowClient], str]") -> str:
        try:
            if extras.missing(EXTRA):
                return f"{NOT_TRACKED}{extras.install_command([EXTRA])}"
            return what(self._client())
        except Exception as error:  # noqa: BLE001  whatever fails here must not fail the run
            reason = str(error).partition("\n")[0]
            return without_secrets(f"{NOT_TRACKED}{type(error).__name__}: {reason}")

    def _client(self) -> "MlflowClient":
        os.environ |= DEFAULTS | os.environ | QUIET
        from mlflow import MlflowClient

        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)
        if self._artefacts:
            make_folder(self.home.mlflow)
        if not os.environ.get(SERVER):
            relocate(self.home.mlflow_database, self.home.mlflow_artefacts)
        uri = self.environment[SERVER]
        return MlflowClient(uri, uri)

    @property
    def _artefacts(self) -> str | None:
        """Where runs keep files; a server has a place of its own, a database has none."""
        on_a_server = self.environment[SERVER].startswith(SERVERS)
        return None if on_a_server else str(self.home.mlflow_artefacts)
