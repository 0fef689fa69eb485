"""What can go wrong between a source and its table.

Belongs here: the two errors of this package. Does not belong here: errors about the meaning of the data
(`resources.contracts`).
"""

from resources.errors import PermanentError, UnreachableError


class SourceError(PermanentError):
    """The source answers, but not with what its definition says: a wrong digest, a missing member, a damaged file."""


class SourceUnreachable(UnreachableError):
    """The source does not answer, or does not serve what is requested, here and now."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason}. Check the connection, or name a folder that holds the file in SECTORFORGE_MIRROR")
