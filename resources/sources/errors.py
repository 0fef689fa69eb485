"""What can go wrong between a source and its table.

Belongs here: the errors of this package. Does not belong here: errors about the meaning of the data
(`resources.contracts`).
"""

from resources.errors import PermanentError, UnreachableError


class SourceError(PermanentError):
    """The source answers, but not with what its definition says: a wrong digest, a missing member, a damaged file."""


class TableTooLarge(SourceError):
    """All files of a table together take more memory than it may."""


class SourceUnreachable(UnreachableError):
    """The source does not answer, or does not serve what is requested, here and now."""

    def __str__(self) -> str:
        return f"{super().__str__()}. Check the connection, or name a folder that holds the file in SECTORFORGE_MIRROR"
