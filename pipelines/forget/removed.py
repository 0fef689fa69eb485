"""What is said of things that were removed, and removing them.

Belongs here: the one way in which whole things go. Does not belong here: which ones.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from resources.store.atomic import remove
from resources.store.state import CURRENT, VERSIONS


@dataclass(frozen=True)
class Removed:
    """What was removed of one kind: how many pieces, and what is to be said of them."""

    what: str
    count: int
    note: str = ""


def remove_all(places: Iterable[Path]) -> int:
    """Remove files, folders and versions of artefacts; returns how many."""
    count = 0
    for place in places:
        _remove(place)
        count += 1
    return count


def _remove(place: Path) -> None:
    """Where a version is current, its link goes first: none ever leads to what is gone."""
    link = place.parent.with_name(CURRENT)
    if link.is_symlink() and link.readlink() == Path(VERSIONS) / place.name:
        remove(link)
    remove(place)
