"""The state folder as one file, and back.

Belongs here: what a backup holds, in which order it is read so that it fits together while runs go on, and putting one
back. Does not belong here: a database outside the state folder, which is for its own tools (docs/operations.md).

The instance's databases come first and the artefacts after them, so every version that a database speaks of is in the
archive; what was published meanwhile is in it too, and a restored instance points to the version that it knows.
Databases are copied by SQLite itself. The last entry of the archive lists every other with its digest.
"""

import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import IO, Any

from dagster import AssetKey, DagsterInstance, DagsterRunStatus, EventLogRecord, RunsFilter
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.runs import SqliteRunStorage
from packaging.version import Version

from resources.store.atomic import DRAFT, StorageError, replacing
from resources.store.cleanup import DELETING, PUBLISHED, artefact_folders
from resources.store.materializations import latest_materializations
from resources.store.state import CURRENT, LOCK, VERSIONS, State
from resources.store.versions import current, locked, make_current

FORMAT = 1
MANIFEST = "MANIFEST.json"
TRANSIENT = (LOCK, ".link-", ".nfs", ".restoring-", "partial-", DRAFT, DELETING)
"""How the names of files begin that mean something to a running process only."""
BESIDES_SQLITE = (".db-wal", ".db-shm", ".db-journal")
"""How the names of files end that SQLite keeps beside a database; its copy has what is in them."""
SQLITE = b"SQLite format 3\0"
LINK = re.compile(rf"{VERSIONS}/(?!\.)[^/]+")
"""Where the link to an artefact's current version leads."""
CHUNK = 2**20


class BackupError(Exception):
    """A backup that can't be made or put back; the message says why. Nothing was changed."""


def back_up(state: State, file: Path) -> int:
    """Write the state folder to an archive, which appears whole or not at all; returns its size in bytes.

    Runs may go on meanwhile; a cleaning waits.

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
    kept = [path for path in state.path.iterdir() if path != state.scratch_root]
    tops = sorted(kept, key=lambda path: path != state.dagster)
    for top in tops:
        if not top.is_dir():
            yield from [] if _is_transient(top.name) else [top]
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


def restore(file: Path, state: State) -> int:
    """Put a backup into an empty or new state folder, once all of it was found as it was written; returns how many
    files there are.

    Nothing is written outside the folder, whatever the archive says: entries are plain files with names that stay
    inside, and links only lead from an artefact to one of its versions.

    Raises
    ------
    BackupError: the folder is not empty, or the archive is damaged, no backup, or of a later version.
    """
    home = state.path
    if home.exists() and any(home.iterdir()):
        raise BackupError(f"{home} is not empty: name a new folder in SECTORFORGE_HOME, or move that one away")
    home.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".restoring-", dir=home))
    try:
        with tarfile.open(file, "r:gz") as tar:
            manifest = _extract(tar, draft)
        for name in manifest["empty"]:
            _inside(draft, name).mkdir(parents=True)
        for name, target in manifest["links"].items():
            _inside(draft, name).symlink_to(target)
        for top in draft.iterdir():
            top.rename(home / top.name)
    except (tarfile.TarError, EOFError, zlib.error, OSError, KeyError, ValueError) as error:
        raise BackupError(f"{file} can't be put back: {error}") from error
    finally:
        shutil.rmtree(draft)
    return len(manifest["files"])


def _extract(tar: tarfile.TarFile, folder: Path) -> Any:
    """Write every file below `folder`; returns the manifest, to which all of them answer."""
    digests: dict[str, str] = {}
    manifest = None
    for entry in tar:
        content = tar.extractfile(entry) if entry.isfile() else None
        if content is None:
            raise ValueError(f"{entry.name!r} is no plain file, so this is no backup")
        if entry.name == MANIFEST:
            manifest = json.load(content)
        else:
            digests[entry.name] = _put(content, _inside(folder, entry.name))
    if manifest is None:
        raise ValueError(f"it has no {MANIFEST}, so it is no backup, or not all of one")
    _check(manifest, digests)
    return manifest


def _inside(folder: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or PurePosixPath(name).is_absolute() or ".." in parts:
        raise ValueError(f"{name!r} leads out of the state folder, so this is no backup")
    return folder.joinpath(*parts)


def _put(content: IO[bytes], path: Path) -> str:
    """Write a new file; returns the sha256 of what was written."""
    digest = hashlib.sha256()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _check(manifest: Any, digests: dict[str, str]) -> None:
    if manifest["format"] != FORMAT:
        raise ValueError(f"its format is {manifest['format']}, and only {FORMAT} is known: update sectorforge")
    if Version(manifest["versions"]["dagster"]) > Version(version("dagster")):
        raise ValueError(
            f"it was made with dagster {manifest['versions']['dagster']}: install that version, or a later"
        )
    wrong = sorted(name for name in digests | manifest["files"] if digests.get(name) != manifest["files"].get(name))
    if wrong:
        raise ValueError(f"{len(wrong)} files are not what was backed up, {wrong[0]} first: the archive is damaged")
    for name, target in manifest["links"].items():
        if PurePosixPath(name).name != CURRENT or not LINK.fullmatch(target):
            raise ValueError(f"the link {name!r} leads to {target!r}, so this is no backup")


def holds_history(state: State, instance: DagsterInstance) -> bool:
    """Whether a backup of the state folder has the instance's history in it."""
    in_sqlite = isinstance(instance.run_storage, SqliteRunStorage)
    return in_sqlite and Path(instance.root_directory).is_relative_to(state.path)


def agree(state: State, instance: DagsterInstance) -> int:
    """Make current of every artefact what the instance knows as its latest version; returns how many were not.

    Published models are let alone: people may have gone back to an earlier one.
    """
    folders = set(artefact_folders(state.artefacts))
    keys = [key for key in instance.all_asset_keys() if PUBLISHED not in key.path]
    known = [_version(state, key, record) for key in keys for record in latest_materializations(instance, key)]
    there = [place for place in known if place.parents[1] in folders and place.is_dir()]
    others = [place for place in there if place.resolve() != current(place.parents[1])]
    for place in others:
        make_current(place)
    return len(others)


def _version(state: State, key: AssetKey, record: EventLogRecord) -> Path:
    """The folder of the version that a materialisation made."""
    said = record.asset_materialization.metadata.get("path") if record.asset_materialization else None
    name = Path(str(said.value)).name if said else ""
    return state.artefact(key.to_user_string(), record.partition_key) / VERSIONS / name


def end_runs(instance: DagsterInstance) -> int:
    """Mark as failed what was in progress when the backup was made, so that it holds nothing up; returns how many."""
    begun = [status for status in NOT_FINISHED_STATUSES if status != DagsterRunStatus.QUEUED]
    runs = instance.get_runs(RunsFilter(statuses=begun))
    for run in runs:
        instance.report_run_failed(run, "was in progress when the backup was made from which it was restored")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    instance.wipe_daemon_heartbeats()
    return len(runs)
