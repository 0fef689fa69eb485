"""The two kinds of failure an asset can meet.

Belongs here: the base classes by which a run decides whether to skip, retry or give up. Does not belong here: the
errors themselves, which live beside the code that raises them.
"""

from resources.secrets import SecretFreeError


class PermanentError(SecretFreeError):
    """Trying again changes nothing: the data, a definition or a pinned file is wrong."""


class UnreachableError(SecretFreeError):
    """A source does not answer, here and now. The use case is skipped, with this reason; it is not a failure."""
