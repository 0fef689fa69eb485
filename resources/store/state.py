"""The one folder that holds all state, and where everything in it lies.

Belongs here: every path and file name below the state folder; nobody else joins them. Does not belong here: reading or
writing what lies there (`versions`, `io_manager`, `test_access_log`, `sources.cache`, …).

Layout::

    artefacts/<asset>/<partition>/      versions of an artefact; inside, the names below
    openings/<use case>.jsonl           the test access log
    openings/<use case>.rows.parquet    how often each row of a sealed test was opened, by its digest
    locks/<what>.lock                   run locks
    cache/  weights/  scratch/          what can be fetched or made again
    dagster/  mlflow/  logs/            Dagster's instance, MLflow's database and files, output of runs
    .lock                               held while a backup or a cleaning goes on
"""

import os
from pathlib import Path

from dagster import ConfigurableResource

from resources.store.atomic import writing

VARIABLE = "SECTORFORGE_HOME"
DEFAULT = ".sectorforge"
UNPARTITIONED = "all"
"""Stands for the partition of an asset that has none."""

VERSIONS, CURRENT, PINNED, BEST, LOCK = "versions", "current", "pinned", "best", ".lock"
"""Names in the folder of an artefact: the folder of its versions, the link to the current one, the files with the
version a person decided on and with the best one so far, and the lock held while any of them changes."""


class State(ConfigurableResource):
    """The state folder as a Dagster resource: `folder`, or the one that the environment variable `SECTORFORGE_HOME`
    names, or `.sectorforge` in the working folder."""

    folder: str = ""

    @property
    def path(self) -> Path:
        """The state folder itself; it may not exist yet."""
        return Path(self.folder) if self.folder else Path(os.environ.get(VARIABLE) or DEFAULT).resolve()

    @property
    def artefacts(self) -> Path:
        """The folder of all artefacts."""
        return self.path / "artefacts"

    def artefact(self, asset: str, partition: str | None = None) -> Path:
        """The folder of one artefact.

        asset: its key, parts joined by slashes. partition: None for an asset without partitions.
        """
        return self.artefacts / asset / (partition or UNPARTITIONED)

    def run_lock(self, what: str) -> Path:
        """The lock file of a partition, or of a job without partitions."""
        return self.path / "locks" / f"{what.replace('/', '.')}.lock"

    @property
    def test_access_logs(self) -> Path:
        """The folder of all test access logs."""
        return self.path / "openings"

    def test_access_log(self, use_case: str) -> Path:
        """The log of each access to the sealed test of a use case."""
        return self.test_access_logs / f"{use_case.replace('/', '.')}.jsonl"

    @property
    def cache(self) -> Path:
        """Files of sources by the digest of their content."""
        return self.path / "cache"

    @property
    def weights(self) -> Path:
        """Packaged pretrained weights, a folder each."""
        return self.path / "weights"

    @property
    def scratch_root(self) -> Path:
        """Interrupted work, a folder for each use case and learner."""
        return self.path / "scratch"

    def scratch(self, *parts: str) -> Path:
        """An existing folder for work that may be interrupted and resumed."""
        folder = self.scratch_root.joinpath(*parts)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def dagster(self) -> Path:
        """The home of Dagster's instance, unless `DAGSTER_HOME` names another."""
        return self.path / "dagster"

    @property
    def mlflow(self) -> Path:
        """What MLflow keeps where no server is named."""
        return self.path / "mlflow"

    @property
    def mlflow_database(self) -> Path:
        """MLflow's runs and registered models."""
        return self.mlflow / "mlflow.db"

    @property
    def mlflow_artefacts(self) -> Path:
        """The files of MLflow's runs."""
        return self.mlflow / "artefacts"

    @property
    def logs(self) -> Path:
        """Logs of what runs in processes of its own."""
        return self.path / "logs"

    @property
    def run_log(self) -> Path:
        """What runs from the command line print."""
        return self.logs / "runs.log"

    @property
    def error_log(self) -> Path:
        """Tracebacks of commands that failed for no known reason."""
        return self.logs / "errors.log"
