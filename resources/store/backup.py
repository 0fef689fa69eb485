"""The state folder as one file.

Belongs here: what a backup holds, and in which order it is read so that it fits together while runs go on. Does not
belong here: putting one back (`restore`), how an archive is read (`backup_archive`), or a database outside the state
folder, which is for its own tools (docs/operations.md).

The instance's databases come first and the artefacts after them, so every version that a database speaks of is in the
archive; what was published meanwhile is in it too, and a restored instance points to the version that it knows.
Databases are copied by SQLite itself. The last entry of the archive lists every other with its digest.
"""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

from dagster import DagsterInstance
from dagster._core.storage.runs import SqliteRunStorage

from resources.store.atomic import DELETING, DRAFT, StorageError, replacing
from resources.store.backup_archive import FORMAT, MANIFEST, BackupError
from resources.store.cleanup import archive_drafts
from resources.store.integrity import SQLITE
from resources.store.state import CURRENT, LOCK, RESTORING, State
from resources.store.versions import locked

TRANSIENT = (LOCK, ".link-", ".nfs", RESTORING, "partial-", DRAFT, DELETING)
"""How the names of files begin that mean something to a running process only."""
BESIDES_SQLITE = (".db-wal", ".db-shm", ".db-journal")
"""How the names of files end that SQLite keeps beside a database; its copy has what is in them."""


def back_up(state: State, file: Path) -> int:
    """Write the state folder to an archive, which appears whole or not at all; returns its size in bytes.

    Runs may go on meanwhile; a cleaning waits. What backups that were killed left beside it goes a day later.

    Raises
    ------
    BackupError: there is nothing to back up, the file exists, lies in the state folder or can't be written, or a
        symbolic link leads out of the state folder.
    """
    home = state.path
    if not home.is_dir():
        raise BackupError(f"there is no state folder {home}: set SECTORFORGE_HOME")
    if file.exists():
        raise BackupError(f"{file} exists already: give the backup another name, or move that file away")
    if file.resolve().is_relative_to(home):
        raise BackupError(f"{file} lies in the state folder itself: put the backup elsewhere")
    try:
        for left in archive_drafts(file.parent):
            shutil.rmtree(left, ignore_errors=True)
        with locked(home), replacing(file) as draft, tarfile.open(draft, "w:gz", compresslevel=1) as tar:
            draft.chmod(0o600)
            _write(state, tar)
    except (OSError, StorageError) as error:
        raise BackupError(f"{file} can't be written: {error}") from error
    return file.stat().st_size


def _write(state: State, tar: tarfile.TarFile) -> None:
    files: dict[str, str] = {}
    links: dict[str, str] = {}
    empty: list[str] = []
    for path in _members(state):
        name = path.relative_to(state.path).as_posix()
        if path.name == CURRENT and path.is_symlink():
            links[name] = path.readlink().as_posix()
        elif path.is_dir() and not path.is_symlink():
            empty.append(name)
        elif path.is_symlink():
            raise BackupError(f"{path} is a symbolic link, and a backup would not hold what it leads to: replace it")
        else:
            with suppress(FileNotFoundError):
                files[name] = _add(tar, name, path)
    about = {
        "format": FORMAT,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {package: version(package) for package in ("sectorforge", "dagster")},
        "files": files,
        "links": links,
        "empty": empty,
    }
    content = json.dumps(about, indent=1).encode()
    entry = tarfile.TarInfo(MANIFEST)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def _members(state: State) -> Iterator[Path]:
    """Files, links and empty folders, the instance's first; of an artefact the link before the version it leads to.
    Interrupted work is left out: a run begins it again.

    Paths are listed as they are reached: a folder may change while another one is read.
    """
    kept = [path for path in state.path.iterdir() if path != state.scratch_root and not _is_transient(path.name)]
    tops = sorted(kept, key=lambda path: path != state.dagster)
    for top in tops:
        if not top.is_dir():
            yield top
            continue
        for folder, names, found in os.walk(top):
            links = [name for name in names if (Path(folder) / name).is_symlink()]
            names[:] = sorted(name for name in names if not _is_transient(name))
            yield from [] if names or found else [Path(folder)]
            yield from (Path(folder) / name for name in [*links, *sorted(found)] if not _is_transient(name))


def _is_transient(name: str) -> bool:
    return name.startswith(TRANSIENT) or name.endswith(BESIDES_SQLITE)


def _add(tar: tarfile.TarFile, name: str, path: Path) -> str:
    """Add one file; returns the sha256 of what went in."""
    with _opened(path) as file:
        entry = tarfile.TarInfo(name)
        entry.size = file.seek(0, os.SEEK_END)
        entry.mtime = int(path.stat().st_mtime)
        file.seek(0)
        reader = _Digesting(file)
        tar.addfile(entry, reader)
    return reader.digest.hexdigest()


class _Digesting(io.RawIOBase):
    """What is read, and its digest."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self.digest.update(content)
        return content


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The file, or a copy of it that SQLite made where it is a database, whoever is writing to it."""
    with path.open("rb") as file:
        if file.read(len(SQLITE)) != SQLITE:
            yield file
            return
    with tempfile.NamedTemporaryFile() as copy:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as source, closing(sqlite3.connect(copy.name)) as target:
            source.backup(target)
        with Path(copy.name).open("rb") as file:
            yield file


def holds_history(state: State, instance: DagsterInstance) -> bool:
    """Whether a backup of the state folder has the instance's history in it."""
    in_sqlite = isinstance(instance.run_storage, SqliteRunStorage)
    return in_sqlite and Path(instance.root_directory).is_relative_to(state.path)
