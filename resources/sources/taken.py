"""Which dropped files became a table, and which did not.

Belongs here: the values that travel beside the table. Does not belong here: deciding it (`appending`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Taken(NamedTuple):
    """A file whose rows are in the table: its name below the use case's folder, the digest of its content, and how many
    rows it holds."""

    name: str
    sha256: str
    rows: int


class SetAside(NamedTuple):
    """A file whose rows are not in the table, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class TakenFiles:
    """The files of a table, in the order of its rows.

    Attributes
    ----------
    added: a column that not all of them have -> the first file that has it.
    """

    taken: tuple[Taken, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    added: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Former:
    """What is known of the files that were taken last.

    Attributes
    ----------
    digests: name -> the digest of its content; empty where nothing was taken yet.
    optional: columns that a file may lack though former ones have them: the definition drops them.
    """

    digests: Mapping[str, str] = field(default_factory=dict)
    optional: Collection[str] = ()

    def holds(self, name: str, sha256: str) -> bool:
        """Whether rows of this file, or of another content under its name, are in the table."""
        return name in self.digests or sha256 in self.digests.values()
