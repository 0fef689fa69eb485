"""References of drift as folders.

Belongs here: their files. Does not belong here: the value (`modeling.drift.reference`).

A folder of a reference::

    profile.json   columns and their cells
    rows.npz       the sample's cells and clusters; the hash of every row of the snapshot
"""

from pathlib import Path

import numpy as np

from modeling.artefacts.errors import reading
from modeling.core.hashing import signature
from modeling.drift.reference import Profile, Reference

REFERENCE = "reference"
"""The folder's name, wherever one is kept."""
PROFILE, ROWS = "profile.json", "rows.npz"


def save(reference: Reference, folder: Path) -> None:
    """Make `folder`, which must not exist, of a reference."""
    folder.mkdir()
    (folder / PROFILE).write_text(reference.profile.model_dump_json(), encoding="utf-8")
    arrays = {"codes": reference.codes, "cluster": reference.cluster, "hashes": reference.hashes}
    np.savez(folder / ROWS, allow_pickle=False, **arrays)


def load(folder: Path) -> Reference | None:
    """The reference that `save` wrote; None where there is none, or one whose hashes can't be compared any more.

    Raises
    ------
    ArtefactError: its files are damaged. OSError: the storage does not answer.
    """
    return reading(_load, folder)


def _load(folder: Path) -> Reference | None:
    path = folder / PROFILE
    if not path.exists():
        return None
    profile = Profile.model_validate_json(path.read_text(encoding="utf-8"))
    if profile.signature != signature():
        return None
    with np.load(folder / ROWS, allow_pickle=False) as arrays:
        return Reference(profile, **arrays)
