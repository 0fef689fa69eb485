"""What lies under the state folder and nobody needs any more.

Belongs here: finding it, and removing it so that no reader and no writer fails. Does not belong here: when that
happens, or Dagster's own records (`pipelines.retention`).
"""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from resources.store.atomic import DRAFT
from resources.store.state import BEST, CURRENT, PINNED, VERSIONS, State
from resources.store.versions import ABANDONED_SECONDS, locked

KEPT_VERSIONS = 3
KEPT_MODELS = 5
"""Of what is published to others, so that there is something to go back to."""
PUBLISHED = "published_model"
DELETING = ".deleting-"
DRAFTS = (f"{DRAFT}*", f"{DELETING}*", ".link-*", "partial-*")
"""What is half-written or half-removed; the last two were the names of drafts in earlier versions."""
SETTLING_SECONDS = 3600
"""For so long after a version was replaced, someone may still be reading it."""
IDLE_SECONDS = 14 * 24 * 3600
"""Interrupted work that nobody took up again for so long is given up."""
LOG_BYTES = 10 * 2**20
DIGEST = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")


def artefact_folders(artefacts: Path) -> Iterator[Path]:
    """The folder of every artefact: the one with `versions` and `current` in it."""
    for folder, names, _ in os.walk(artefacts):
        if VERSIONS in names:
            names.clear()
            yield Path(folder)


def old_versions(folder: Path, busy_since: float) -> list[Path]:
    """The versions of an artefact that nobody reads: not the current, the pinned or the best one, nor one of the last.

    None where the current one is newer than the oldest run in progress, which may read, or have made, a former one.

    busy_since: when that run was created, in seconds since 1970; infinity where there is none.
    """
    link = folder / CURRENT
    if not link.is_symlink() or link.lstat().st_mtime > min(busy_since, time.time() - SETTLING_SECONDS):
        return []
    kept = {link.readlink().name, *_noted(folder)}
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
    for place in doomed:
        shutil.rmtree(place, ignore_errors=True)


def drafts(state: State) -> Iterator[Path]:
    """What processes left half-written, or half-removed, when they were killed a day ago or earlier."""
    artefacts = [place for folder in artefact_folders(state.artefacts) for place in (folder, folder / VERSIONS)]
    others = [state.cache, state.weights, state.scratch_root, state.test_access_logs, state.dagster]
    found = (path for folder in (*artefacts, *others) for name in DRAFTS for path in folder.glob(name))
    return (path for path in found if time.time() - path.lstat().st_mtime > ABANDONED_SECONDS)


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


def remove(path: Path) -> None:
    """Remove a file, or a folder in such a way that it is not there half."""
    if path.is_dir() and not path.is_symlink():
        doomed = path.rename(path.with_name(f"{DELETING}{path.name.removeprefix(DELETING)}"))
        shutil.rmtree(doomed, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; of what vanishes meanwhile, 0."""
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    total = 0
    for file in files:
        with suppress(FileNotFoundError):
            total += 0 if file.is_dir() else file.lstat().st_size
    return total


def _noted(folder: Path) -> list[str]:
    """The version that a person decided on, and the best one so far."""
    notes = (folder / name for name in (PINNED, BEST))
    return [note.read_text(encoding="utf-8").strip() for note in notes if note.exists()]


def _last_change(folder: Path) -> float:
    return max(path.lstat().st_mtime for path in [folder, *folder.rglob("*")])
