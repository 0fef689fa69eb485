"""What lies under the state folder and nobody needs any more.

Belongs here: finding it, and removing it so that no reader and no writer fails. Does not belong here: when that
happens, or Dagster's own records (`pipelines.retention`).
"""

import glob
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from resources.store.atomic import DELETING, DRAFT, StorageError, sync
from resources.store.state import BEST, CURRENT, PINNED, RESTORING, VERSIONS, State
from resources.store.versions import is_abandoned, locked, noted

KEPT_VERSIONS = 3
KEPT_MODELS = 5
"""Of what is published to others, so that there is something to go back to."""
PUBLISHED = "published_model"
DRAFTS = (f"{DRAFT}*", f"{DELETING}*", ".link-*", "partial-*")
"""What is half-written or half-removed; the last two were the names of drafts in earlier versions."""
DRAFT_DIGITS = 32
"""At the end of a draft's name."""
SETTLING_SECONDS = 3600
"""For so long after a version was replaced, someone may still be reading it."""
IDLE_SECONDS = 14 * 24 * 3600
"""Interrupted work that nobody took up again for so long is given up."""
LOG_BYTES = 10 * 2**20
MKDTEMP_CHARACTERS = 8
"""At the end of a name that `tempfile.mkdtemp` made."""
DIGEST = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")


def artefact_folders(artefacts: Path) -> Iterator[Path]:
    """The folder of every artefact: the one with `versions` and `current` in it."""
    for folder, names, _ in os.walk(artefacts):
        if VERSIONS in names:
            names.clear()
            yield Path(folder)


def old_versions(folder: Path, busy_since: float) -> list[Path]:
    """The versions of an artefact that nobody reads: not the current, the pinned or the best one, nor one of the last.

    None where the current one is newer than the oldest run in progress, which may read, or have made, a former one; nor
    where a note is damaged that may name any.

    busy_since: when that run was created, in seconds since 1970; infinity where there is none.
    """
    link = folder / CURRENT
    if not link.is_symlink() or link.lstat().st_mtime > min(busy_since, time.time() - SETTLING_SECONDS):
        return []
    try:
        kept = {link.readlink().name, *noted(folder, PINNED), *noted(folder, BEST)}
    except StorageError:
        return []
    last = KEPT_MODELS if PUBLISHED in folder.parts else KEPT_VERSIONS
    versions = [place for place in (folder / VERSIONS).iterdir() if not place.name.startswith(".")]
    versions.sort(key=lambda place: place.stat().st_mtime, reverse=True)
    return [place for place in versions[last:] if place.name not in kept]


def remove_old_versions(folder: Path, busy_since: float) -> None:
    """Remove what `old_versions` finds. Each is gone in one step: a version that is there is whole."""
    with locked(folder):
        doomed = [
            place.rename(place.with_name(f"{DELETING}{place.name}")) for place in old_versions(folder, busy_since)
        ]
    if doomed:
        sync(folder / VERSIONS)  # else a power cut may bring one back by its name, and some of its files not
    for place in doomed:
        shutil.rmtree(place, ignore_errors=True)


def drafts(state: State) -> Iterator[Path]:
    """What processes left half-written, or half-removed, when they were killed a day ago or earlier."""
    artefacts = [place for folder in artefact_folders(state.artefacts) for place in (folder, folder / VERSIONS)]
    others = [state.path, state.cache, state.weights, state.scratch_root, state.test_access_logs, state.dagster]
    others += [state.forgotten_records, *state.notices.glob("[!.]*")]
    found = [path for folder in (*artefacts, *others) for name in DRAFTS for path in folder.glob(name)]
    found += restore_drafts(state.path)
    return filter(is_abandoned, found)


def archive_drafts(folder: Path) -> list[Path]:
    """What backups into a folder left that were killed a day ago or earlier; no other program gives such names."""
    return list(filter(is_abandoned, folder.glob(f"{DRAFT}{'[0-9a-f]' * DRAFT_DIGITS}")))


def restore_drafts(home: Path) -> list[Path]:
    """The drafts of restores into a state folder: beside it, or in it (`restore`)."""
    return [
        *home.parent.glob(f"{RESTORING}{glob.escape(home.name)}-{'?' * MKDTEMP_CHARACTERS}"),
        *home.glob(f"{RESTORING}*"),
    ]


def unpinned_sources(cache: Path, pins: set[str]) -> list[Path]:
    """Cached files that none of these digests names."""
    return [path for path in cache.glob("*") if DIGEST.fullmatch(path.name) and path.name not in pins]


def idle_scratch(scratch: Path, busy: set[str]) -> list[Path]:
    """The scratch folders of use cases on which nobody worked lately; `busy` are those that runs in progress are of."""
    folders = [path for path in scratch.glob("*/*") if "/".join(path.parts[-2:]) not in busy]
    return [path for path in folders if time.time() - _last_change(path) > IDLE_SECONDS]


def long_logs(logs: Path) -> list[Path]:
    """Logs that grew too long to keep whole."""
    return [path for path in logs.glob("*.log") if path.stat().st_size > LOG_BYTES]


def start_anew(log: Path) -> None:
    """Set a log aside as `….log.1`, in place of the former one. Whoever is writing to it goes on there."""
    log.replace(log.with_name(f"{log.name}.1"))


def size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; of what vanishes meanwhile, 0."""
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    total = 0
    for file in files:
        with suppress(FileNotFoundError):
            total += 0 if file.is_dir() else file.lstat().st_size
    return total


def _last_change(folder: Path) -> float:
    return max(path.lstat().st_mtime for path in [folder, *folder.rglob("*")])
