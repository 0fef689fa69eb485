"""The Dagster instance that keeps our runs, and the environment its runs start in.

Belongs here: making the instance's home under the state folder, with the shipped configuration and the storage that the
environment names, and what the processes started from here inherit.
"""

import os
from pathlib import Path

from dagster import DagsterError, DagsterInstance
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from assets.models import MODEL_ASSETS
from catalogue import extras
from resources.store.atomic import replacing
from resources.store.state import State

SHIPPED = Path(__file__).parent.parent / "dagster.yaml"
POSTGRES = "SECTORFORGE_POSTGRES_URL"
SCHEME = "postgresql+psycopg2://"
"""SQLAlchemy takes plain `postgresql://` for another driver than the one that `dagster-postgres` brings."""
EXAMPLE = f"{SCHEME}USER:PASSWORD@HOST:5432/DATABASE"
POSTGRES_STORAGE = f"""
storage:
  postgres:
    postgres_url: {{env: {POSTGRES}}}
"""
"""The variable, not its value: no password lies in a file."""


class InstanceError(RuntimeError):
    """The instance can't be opened; the message says why, and what to do."""


def open_instance() -> DagsterInstance:
    """The ordinary instance, made on first use. One that `DAGSTER_HOME` puts elsewhere is taken as it is.

    Created here, once, before anything runs: two first runs on an empty home race on creating its tables. Runs inherit
    OpenMP threads that sleep while they wait (`docs/decisions/0006-sleeping-threads.md`).

    Raises
    ------
    InstanceError: its storage does not answer, is not the one it was made with, or needs an extra.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    folder = State().dagster
    if os.environ.setdefault("DAGSTER_HOME", str(folder)) == str(folder):
        _configure(folder, os.environ.get(POSTGRES, ""))
    try:
        instance = DagsterInstance.get()
        _limit_pools(instance)
    except storage_errors() as error:
        raise storage_error(error) from None
    except DagsterError as error:
        raise InstanceError(f"the instance in {os.environ['DAGSTER_HOME']} can't be opened: {error}") from None
    return instance


def storage_errors() -> tuple[type[Exception], ...]:
    """What the instance's storage raises when it does not answer."""
    try:
        from dagster_postgres.utils import DagsterPostgresException
    except ImportError:
        return (SQLAlchemyError,)
    return SQLAlchemyError, DagsterPostgresException


def storage_error(error: Exception) -> InstanceError:
    """One of the `storage_errors`, in words for people."""
    cause = " ".join(str(error.__cause__ or error).split("\n(Background")[0].split())
    in_postgres = f"Start the database, or correct {POSTGRES}"
    remedy = in_postgres if os.environ.get(POSTGRES) else "Is the disk full, or the state folder read-only?"
    return InstanceError(f"the storage of Dagster's instance does not answer: {cause}. {remedy}")


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
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(path) as draft:
        draft.write_text(config, encoding="utf-8")


def _check_postgres(url: str) -> None:
    if missing := extras.missing("postgres"):
        command = extras.install_command(["postgres"])
        raise InstanceError(f"{POSTGRES} is set, and {', '.join(missing)} is not installed: {command}")
    if not url.startswith(SCHEME):
        raise InstanceError(f"{POSTGRES} must begin with {SCHEME}, like {EXAMPLE}")
    try:
        make_url(url)
    except (ArgumentError, ValueError):  # whose messages may hold the password
        raise InstanceError(f"{POSTGRES} is no address of a database: write it like {EXAMPLE}") from None


def _limit_pools(instance: DagsterInstance) -> None:
    """Give every pool that has none its default limit.

    The queue does so too, but a tick too late: of the runs it finds when it first sees a pool it holds none back.
    """
    pools = {model.pool for model in MODEL_ASSETS if model.pool} - instance.event_log_storage.get_concurrency_keys()
    if instance.global_op_concurrency_default_limit:
        for pool in pools:
            instance.event_log_storage.initialize_concurrency_limit_to_default(pool)
