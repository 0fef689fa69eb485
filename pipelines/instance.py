"""The Dagster instance that keeps our runs, and the environment its runs start in.

Belongs here: making the instance's home under the state folder, with the shipped configuration and the storage that the
environment names, and what the processes started from here inherit.
"""

import os
from contextlib import nullcontext
from pathlib import Path

from dagster import DagsterError, DagsterInstance
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from catalogue import extras
from pipelines.storage_errors import POSTGRES, RESTORE, InstanceError, storage_error, storage_errors
from resources.compute import POOLS, jobs_carried
from resources.store.atomic import make_folder, replacing
from resources.store.integrity import sqlite_damage
from resources.store.state import State
from resources.store.versions import locked

SHIPPED = Path(__file__).parent.parent / "dagster.yaml"
DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
"""Of an instance in SQLite; each run has another one beside the index."""
SCHEME = "postgresql+psycopg2://"
"""SQLAlchemy takes plain `postgresql://` for another driver than the one that `dagster-postgres` brings."""
EXAMPLE = f"{SCHEME}USER:PASSWORD@HOST:5432/DATABASE"
CUT = frozenset("@#")
"""In what SQLAlchemy takes for host and database: then a password was cut there."""
POSTGRES_STORAGE = f"""
storage:
  custom:
    module: resources.postgres_storage
    class: PatientPostgresStorage
    config: {{postgres_url: {{env: {POSTGRES}}}}}
"""
"""The variable, not its value: no password lies in a file. Whatever reads the file has the same patience."""


def open_instance() -> DagsterInstance:
    """The ordinary instance, made on first use. One that `DAGSTER_HOME` puts elsewhere is taken as it is.

    Created here, once, before anything runs, and by one process at a time: two would race on creating its tables. Runs
    inherit OpenMP threads that sleep while they wait (`docs/decisions/0006-sleeping-threads.md`).

    Raises
    ------
    InstanceError: its storage does not answer, is not the one it was made with, or needs an extra.
    StorageError: the state folder can't be made, or is being restored.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    State().require_whole()
    folder = State().dagster
    ours = os.environ.setdefault("DAGSTER_HOME", str(folder)) == str(folder)
    if ours:
        State().make()
        _configure(folder, os.environ.get(POSTGRES, ""))
    _require_databases(Path(os.environ["DAGSTER_HOME"]))
    try:
        with locked(folder) if ours else nullcontext():
            instance = DagsterInstance.get()
            _limit_pools(instance, ours=ours)
    except storage_errors() as error:
        raise storage_error(error) from None
    except DagsterError as error:
        raise InstanceError(f"the instance in {os.environ['DAGSTER_HOME']} can't be opened: {error}") from None
    return instance


def open_restored(draft: State, home: State) -> DagsterInstance:
    """The instance of a state folder that lies in `draft` until it takes its place at `home`.

    Raises
    ------
    InstanceError: as `open_instance`; or `DAGSTER_HOME` names another instance, whose history would stand in place of
        the restored one, and be changed.
    """
    named = os.environ.get("DAGSTER_HOME")
    if named and Path(named).resolve() != home.dagster.resolve():
        if draft.dagster.exists():
            raise InstanceError(
                f"DAGSTER_HOME names {named}, and the backup holds a history of its own, for {home.dagster}: unset "
                "DAGSTER_HOME, and restore again"
            )
        return open_instance()
    _configure(draft.dagster, os.environ.get(POSTGRES, ""))
    try:
        return DagsterInstance.from_config(str(draft.dagster))
    except storage_errors() as error:
        raise storage_error(error) from None
    except DagsterError as error:
        raise InstanceError(f"the history in the backup can't be opened: {error}") from None


def _require_databases(folder: Path) -> None:
    """Dagster makes a new history of a database without a byte, as a power cut may leave it.

    Raises
    ------
    InstanceError: something is no database, and there are artefacts that its history was of.
    """
    if not State().artefacts.exists():
        return
    for path in (folder / name for name in DATABASES):
        if path.exists() and (wrong := sqlite_damage(path, deep=False)):
            raise InstanceError(f"{path} {wrong}. {RESTORE}")


def _configure(folder: Path, url: str) -> None:
    """Write the instance's `dagster.yaml`, in one step; an instance's storage never changes behind its back."""
    if url:
        _check_postgres(url)
    path = folder / SHIPPED.name
    config = SHIPPED.read_text(encoding="utf-8") + (POSTGRES_STORAGE if url else "")
    former = path.read_text(encoding="utf-8") if path.exists() else config
    if (POSTGRES in former) != bool(url):
        kept = f"in PostgreSQL, so set {POSTGRES}" if POSTGRES in former else f"in SQLite, so unset {POSTGRES}"
        raise InstanceError(f"the history of {folder} lies {kept}; to begin an empty one there, remove {path}")
    make_folder(folder)
    with replacing(path) as draft:
        draft.write_text(config, encoding="utf-8")


def _check_postgres(url: str) -> None:
    if missing := extras.missing("postgres"):
        command = extras.install_command(["postgres"])
        raise InstanceError(f"{POSTGRES} is set, and {', '.join(missing)} is not installed: {command}")
    if not url.startswith(SCHEME):
        raise InstanceError(f"{POSTGRES} must begin with {SCHEME}, like {EXAMPLE}")
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise InstanceError(f"{POSTGRES} is no address of a database: write it like {EXAMPLE}") from None
    if not CUT.isdisjoint(f"{address.host}{address.database}"):
        raise InstanceError(
            f"{POSTGRES} has more than a host and a database behind its first @: in its user and password write @ as "
            "%40, / as %2F, # as %23 and ? as %3F"
        )


def _limit_pools(instance: DagsterInstance, *, ours: bool) -> None:
    """Let as many runs hold a slot of a pool as this machine carries, where nobody said how many; the default limit of
    an instance that is not `ours`.

    The queue gives a pool the default limit too, but a tick too late: of the runs it finds when it first sees a pool it
    holds none back.
    """
    storage = instance.event_log_storage
    for pool in POOLS - storage.get_concurrency_keys():
        if ours:
            storage.set_concurrency_slots(pool, jobs_carried())
        elif instance.global_op_concurrency_default_limit:
            storage.initialize_concurrency_limit_to_default(pool)
