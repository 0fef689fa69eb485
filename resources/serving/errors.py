"""What serving a published model fails with.

Belongs here: the errors, which every command knows, and so nothing heavy. Does not belong here: what raises them.
"""

from resources.errors import PermanentError


class UnreadableModel(PermanentError):
    """The files of a published model can't be read; the message says where they lie, why, and what to do."""


class UnknownVersion(PermanentError):
    """No published version that can serve, or a name that stands for several; the message lists the known ones."""


class Unpredictable(PermanentError):
    """The published model can't predict these rows, or not with this code; the message says why and what to do."""
