"""A backup put back into a state folder.

Belongs here: writing all of it in a draft, and putting that in place once it was found as it was backed up; making the
instance and the artefacts agree afterwards. Does not belong here: making a backup (`backup`), or reading its archive
(`backup_archive`).
"""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from filelock import FileLock, Timeout
from packaging.version import Version

from resources.store.atomic import make_folder, remove, replacing, sync, sync_all
from resources.store.backup_archive import (
    CHUNK,
    DAMAGE,
    MANIFEST,
    BackupError,
    Manifest,
    Member,
    members,
    read_manifest,
)
from resources.store.cleanup import PUBLISHED, artefact_folders, restore_drafts
from resources.store.materializations import latest_materializations, version_made
from resources.store.state import CURRENT, LOCK, RESTORING, VERSIONS, State
from resources.store.versions import current, locked, make_current

LINK = re.compile(rf"{VERSIONS}/(?!\.)[^/]+")
"""Where the link to an artefact's current version leads."""
DEEPEST = 100
"""Folders within each other in a state folder; it has a dozen."""
MOVING = ".moving"
"""The file in the draft of a restore that lists what is moved from there."""


@dataclass(frozen=True)
class Restored:
    """How many files there are now, how many runs were ended, and what was removed that killed restores had left."""

    files: int
    ended: int
    removed: list[Path]


def restore(file: Path, state: State, settle: Callable[[State], int] = lambda draft: 0) -> Restored:
    """Put a backup into an empty or new state folder, once all of it was found as it was written.

    Where there is no folder yet, all is written beside it, and one renaming makes it. A folder that is there stays the
    same one, as it may be a mount or have permissions of its own: it holds a draft (`State.unfinished_restore`) until
    all is in place. What restores that were killed left of either is removed first.

    Nothing is written outside the folder, whatever the archive says: entries are plain files with names that stay
    inside, and links only lead from an artefact to one of its versions.

    settle: called with the restored state before it is in place; returns how many runs it ended.

    Raises
    ------
    BackupError: the folder is not empty, another process restores it, or the archive is damaged, no backup, or of a
        later version.
    """
    home = state.path.resolve()
    with _failing(file):
        removed = _remove_drafts(home)
        if not state.is_empty:
            raise BackupError(f"{home} is not empty: name a new folder in SECTORFORGE_HOME, or move that one away")
        make_folder(home.parent)
        beside = home if home.exists() else home.parent
        draft = Path(tempfile.mkdtemp(prefix=f"{RESTORING}{home.name}-", dir=beside))
        sync(beside)
        try:
            with locked(draft):
                manifest = _unpack(file, draft)
                ended = settle(State(folder=str(draft)))
                _put_in_place(draft, home)
        finally:
            if draft.exists():
                _undo(draft, home)
    return Restored(len(manifest.files), ended, removed)


@contextmanager
def _failing(file: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise BackupError(f"{file} can't be put back: {error}") from error


def _remove_drafts(home: Path) -> list[Path]:
    """Remove what restores into `home` that were killed have left."""
    found = restore_drafts(home)
    for draft in found:
        try:
            with FileLock(draft / LOCK, thread_local=False, blocking=False, fallback_to_soft=False):
                _undo(draft, home)
        except Timeout:
            raise BackupError(f"another process restores {home} just now: wait until it has ended") from None
    return found


def _undo(draft: Path, home: Path) -> None:
    """Remove a draft, after what was moved from there already. Of one beside the home nothing was: it is renamed."""
    if draft.parent == home and (draft / MOVING).exists():
        for name in json.loads((draft / MOVING).read_text(encoding="utf-8")):
            place = home / name
            shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
        sync(home)
    shutil.rmtree(draft)


def _put_in_place(draft: Path, home: Path) -> None:
    """All of the draft is on the disk before any of it has its name, and the names are before this returns."""
    sync_all(draft)
    if draft.parent != home:
        draft.replace(home)
        sync(home.parent)
        return
    names = sorted(path.name for path in draft.iterdir() if path.name != LOCK)
    with replacing(draft / MOVING) as list_of_names:
        list_of_names.write_text(json.dumps(names), encoding="utf-8")
    for name in names:
        (draft / name).replace(home / name)
    sync(home)
    remove(draft)
    sync(home)


def _unpack(file: Path, draft: Path) -> Manifest:
    """Write all that an archive holds below `draft`; returns its manifest."""
    manifest = _extract(file, draft)
    for name in manifest.empty:
        _inside(draft, name).mkdir(parents=True)
    for name, target in manifest.links.items():
        _inside(draft, name).symlink_to(target)
    return manifest


def _extract(file: Path, folder: Path) -> Manifest:
    """Write every file below `folder`; returns the manifest, to which all of them answer."""
    digests: dict[str, str] = {}
    manifest = None
    for member in members(file):
        if member.name == MANIFEST:
            manifest = read_manifest(member.content, len(digests))
        else:
            digests[member.name] = _put(member, folder)
    assert manifest, "it is the last member"
    _check(manifest, digests)
    return manifest


def _inside(folder: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or PurePosixPath(name).is_absolute() or ".." in parts or len(parts) > DEEPEST:
        raise ValueError(f"{name!r:.200} leads out of the state folder, or deep into it, so this is no backup")
    if parts[0] in (LOCK, MOVING) or parts[0].startswith(RESTORING):
        raise ValueError(f"{name!r:.200} would mean something to a restore, so this is no backup")
    return folder.joinpath(*parts)


def _put(member: Member, folder: Path) -> str:
    """Write a new file below `folder`; returns the sha256 of what was written."""
    path, digest = _inside(folder, member.name), hashlib.sha256()
    free = shutil.disk_usage(folder).free
    if member.size > free:
        raise ValueError(
            f"{member.name!r:.200} has {member.size:,} bytes, and the disk has room for {free:,}: make room there, or "
            "name a folder on another disk in SECTORFORGE_HOME"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        while chunk := member.content.read(CHUNK):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _check(manifest: Manifest, digests: dict[str, str]) -> None:
    made_with = manifest.versions.dagster
    if Version(made_with) > Version(version("dagster")):
        raise ValueError(f"it was made with dagster {made_with}: install that version, or a later")
    wrong = sorted(name for name in digests | manifest.files if digests.get(name) != manifest.files.get(name))
    if wrong:
        raise ValueError(
            f"{len(wrong)} files are not what was backed up, {wrong[0]:.200} first: the archive is damaged"
        )
    for name, target in manifest.links.items():
        if PurePosixPath(name).name != CURRENT or not LINK.fullmatch(target):
            raise ValueError(f"the link {name!r:.200} leads to {target!r:.200}, so this is no backup")


def agree(state: State, instance: DagsterInstance) -> int:
    """Make current of every artefact what the instance knows as its latest version; returns how many were not.

    Published models are let alone: people may have gone back to an earlier one.
    """
    folders = set(artefact_folders(state.artefacts))
    keys = [key for key in instance.all_asset_keys() if PUBLISHED not in key.path]
    known = [
        version_made(state, key.to_user_string(), record.partition_key, record.asset_materialization)
        for key in keys
        for record in latest_materializations(instance, key)
    ]
    there = [place for place in known if place and place.parents[1] in folders and place.is_dir()]
    others = [place for place in there if place.resolve() != current(place.parents[1])]
    for place in others:
        make_current(place)
    return len(others)


def end_runs(instance: DagsterInstance) -> int:
    """Mark as failed what was in progress when the backup was made, so that it holds nothing up; returns how many."""
    begun = [status for status in NOT_FINISHED_STATUSES if status != DagsterRunStatus.QUEUED]
    runs = instance.get_runs(RunsFilter(statuses=begun))
    for run in runs:
        instance.report_run_failed(run, "was in progress when the backup was made from which it was restored")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    instance.wipe_daemon_heartbeats()
    return len(runs)
