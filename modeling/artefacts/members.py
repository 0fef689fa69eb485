"""The folders of fitted learners, and the digests by which damaged ones are refused.

Belongs here: what models and candidates share. Does not belong here: a learner's own files, which it writes and reads
itself (`Learner.save`, `Learner.load`).
"""

import hashlib
from pathlib import Path

from modeling.artefacts.errors import ModelError
from modeling.core.learner import Learner
from modeling.problems import learners


def save(learner: Learner, folder: Path) -> None:
    """Make `folder`, which must not exist, of a fitted learner."""
    folder.mkdir(parents=True)
    learner.save(folder)


def load(name: str, folder: Path) -> Learner:
    """The learner called `name` whose folder this is.

    Raises
    ------
    ModelError: no learner is called so.
    """
    if name not in learners.families():
        raise ModelError(f"{folder}: no learner is called {name!r}")
    return learners.learner(name).load(folder)


def digests(folder: Path) -> dict[str, str]:
    """The sha256 (hex) of every file under a folder, by its path there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _digest(path) for path in files}


def check(folder: Path, saved: dict[str, str], beside: str = "") -> None:
    """Refuse files that are not as they were saved: damaged weights may end the whole process, and what was added may
    be read in their place.

    beside: the file that holds the list, where it lies in the folder.

    Raises
    ------
    ModelError: one of `saved` (path -> sha256) is missing, or has another content; or there is one more.
    """
    for name, digest in saved.items():
        path = folder / name
        if not path.is_file() or _digest(path) != digest:
            raise ModelError(f"{path}: not as it was saved; train again")
    known = {*saved, beside}
    for path in folder.rglob("*"):
        if not path.is_dir() and path.relative_to(folder).as_posix() not in known:
            raise ModelError(f"{path}: was not saved with the others; remove it, or train again")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
