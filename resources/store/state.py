"""The one folder that holds all state, and where everything in it lies.

Belongs here: every path and file name below the state folder; nobody else joins them. Does not belong here: reading or
writing what lies there (`versions`, `io_manager`, `test_access_log`, `sources.cache`, …).

Layout::

    artefacts/<asset>/<partition>/      versions of an artefact; inside, the names below
    openings/<use case>.jsonl           the test access log
    openings/<use case>.rows.parquet    how often each row of a sealed test was opened, by its digest
    notices/<place>/                    notices that a webhook or a mail server has not taken yet
    forgotten/<use case>.jsonl          what was removed of people, when and why; nothing of theirs
    locks/<what>.lock                   run locks
    cache/  weights/  scratch/          what can be fetched or made again
    dagster/  mlflow/  logs/            Dagster's instance, MLflow's database and files, output of runs
    .lock                               held while a backup or a cleaning goes on
    .restoring-…                        the draft of a restore, which has not ended while it is there
"""

import os
from dataclasses import dataclass
from pathlib import Path

from resources.store.atomic import StorageError, make_folder, writing

VARIABLE = "SECTORFORGE_HOME"
DEFAULT = ".sectorforge"
UNPARTITIONED = "all"
"""Stands for the partition of an asset that has none."""

VERSIONS, CURRENT, PINNED, BEST, LOCK = "versions", "current", "pinned", "best", ".lock"
"""Names in the folder of an artefact: the folder of its versions, the link to the current one, the files with the
version a person decided on and with the best one so far, and the lock held while any of them changes."""
LEARNED_FROM_FORGOTTEN = "learned_from_forgotten"
"""In the same folder: the versions that learned from people who were forgotten since, a line each."""
RESTORING = ".restoring-"
"""How the names of folders begin into which a backup is put back."""
DIGESTS = "digests.json"
"""The file in a version's folder that lists its other files."""
OF_FILE_SYSTEM = "lost+found"
"""What an empty file system of its own holds."""


@dataclass(frozen=True)
class State:
    """The state folder: `folder`, or the one that the environment variable `SECTORFORGE_HOME` names, or `.sectorforge`
    in the working folder. Assets get it as a resource; of Dagster's own kind it is not, for that takes half a second to
    import, and every process that reads a file or a model imports this."""

    folder: str = ""

    @property
    def path(self) -> Path:
        """The state folder itself; it may not exist yet."""
        return Path(self.folder) if self.folder else Path(os.environ.get(VARIABLE) or DEFAULT).resolve()

    def make(self) -> Path:
        """Make the state folder where there is none, for this user's eyes only. Returns it.

        Raises
        ------
        StorageError: it can't be made; and as `require_whole`.
        """
        self.require_whole()
        with writing(self.path):
            make_folder(self.path, mode=0o700)
        return self.path

    def require_whole(self) -> None:
        """Raises
        ------
        StorageError: the state folder holds a part of a backup.
        """
        if draft := self.unfinished_restore:
            raise StorageError(
                f"{self.path} holds a part of a backup: a restore goes on, or was ended before its end ({draft.name}). "
                "Wait for it, or type `sectorforge restore` with the archive again"
            )

    @property
    def is_empty(self) -> bool:
        """Whether the folder is not there, or nothing in it; the draft of a restore is nothing."""
        found = self.path.iterdir() if self.path.exists() else []
        return all(path.name == OF_FILE_SYSTEM or path.name.startswith(RESTORING) for path in found)

    @property
    def unfinished_restore(self) -> Path | None:
        """The draft of a restore into the folder that has not ended; None where there is none."""
        return next(self.path.glob(f"{RESTORING}*"), None)

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

    def forgotten(self, use_case: str) -> Path:
        """The record of each time that people were forgotten."""
        return self.forgotten_records / f"{use_case.replace('/', '.')}.jsonl"

    @property
    def forgotten_records(self) -> Path:
        """The folder of all such records."""
        return self.path / "forgotten"

    @property
    def notices(self) -> Path:
        """Notices on their way to people, a folder for each place."""
        return self.path / "notices"

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
        self.make()
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
