"""MLflow's own database after its state folder was moved, restored or copied elsewhere.

Belongs here: the absolute paths that MLflow keeps of files, rewritten for where the files are now. Does not belong
here: what is kept there (`runs`, `registry`), or a server, which knows its own places.

MLflow resolves every place when it notes it, and knows no path relative to its database
(https://mlflow.org/docs/latest/self-hosting/architecture/artifact-store/).
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from resources.errors import PermanentError

PLACES = {
    "experiments": ("artifact_location",),
    "runs": ("artifact_uri",),
    "model_versions": ("source", "storage_location"),
}
"""The columns that hold paths, by table."""


class DamagedDatabase(PermanentError):
    """MLflow's database can't be read; the message says where it lies and what to do."""


def relocate(database: Path, artefacts: Path) -> None:
    """Let every place in `database` that lay in a folder like `artefacts` of another state folder lie in `artefacts`.

    A place that somebody else chose stays as it is. Where there is no database, or nothing to change, nothing is
    written.

    Raises
    ------
    DamagedDatabase: the file is no database of MLflow's. sqlite3.OperationalError: somebody else is writing to it.
    """
    if not database.exists():
        return
    try:
        with closing(sqlite3.connect(database)) as connection, connection:
            for former in _former(connection, artefacts):
                _rewrite(connection, former, f"{artefacts}/")
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise DamagedDatabase(
            f"{database} can't be read ({error}): restore it from a backup, or move it away, and MLflow begins anew"
        ) from error


def _former(connection: sqlite3.Connection, artefacts: Path) -> set[str]:
    """The other folders in which experiments' files lay, with a slash at the end: an experiment's lie in its name."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'experiments'").fetchone():
        return set()
    found = connection.execute("SELECT artifact_location, name FROM experiments WHERE artifact_location IS NOT NULL")
    roots = {place.removesuffix(name) for place, name in found if place.endswith(f"/{name}")}
    ours = f"/{artefacts.parent.name}/{artefacts.name}/"
    return {root for root in roots if root.endswith(ours)} - {f"{artefacts}/"}


def _rewrite(connection: sqlite3.Connection, former: str, now: str) -> None:
    for table, columns in PLACES.items():
        for column in columns:
            command = f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?"
            connection.execute(command, [now, len(former) + 1, len(former), former])
