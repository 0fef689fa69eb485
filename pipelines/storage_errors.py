"""What the storage of Dagster's instance fails with, in words for people.

Belongs here: which errors are its own, and what to do about them. Does not belong here: opening the instance
(`instance`). Nothing heavy is imported before something failed: every command imports this.
"""

import os

from resources.secrets import SecretFreeError

POSTGRES = "SECTORFORGE_POSTGRES_URL"
DAMAGED = "malformed"
"""What SQLite says of a page that can't be."""
RESTORE = (
    "Restore the state folder from a backup; without one, move the file away, and the next run begins a new history "
    "and makes everything again: `sectorforge health --deep` names all that is damaged"
)


class InstanceError(SecretFreeError):
    """The instance can't be opened; the message says why, and what to do."""


def storage_errors() -> tuple[type[Exception], ...]:
    """What the instance's storage raises when it does not answer."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        from dagster_postgres.utils import DagsterPostgresException
    except ImportError:
        return (SQLAlchemyError,)
    return SQLAlchemyError, DagsterPostgresException


def storage_error(error: Exception) -> InstanceError:
    """One of the `storage_errors`, in words for people."""
    cause = " ".join(str(error.__cause__ or error).split("\n(Background")[0].split())
    if DAMAGED in str(error):
        return InstanceError(f"a database in {os.environ.get('DAGSTER_HOME')} is damaged: {cause}. {RESTORE}")
    in_postgres = f"Start the database, or correct {POSTGRES}"
    remedy = in_postgres if os.environ.get(POSTGRES) else "Is the disk full, or the state folder read-only?"
    return InstanceError(f"the storage of Dagster's instance does not answer: {cause}. {remedy}")
