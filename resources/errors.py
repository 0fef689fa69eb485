"""The two kinds of failure an asset can meet.

Belongs here: the base classes by which a run decides whether to skip, retry or give up, and whose message an error has
written for people. Does not belong here: the
errors themselves, which live beside the code that raises them.
"""

from resources.secrets import SecretFreeError

OURS = ("catalogue", "modeling", "resources", "assets", "pipelines")


class PermanentError(SecretFreeError):
    """Trying again changes nothing: the data, a definition or a pinned file is wrong."""


class UnreachableError(SecretFreeError):
    """A source does not answer, here and now. The use case is skipped, with this reason; it is not a failure."""


def is_ours(module: str) -> bool:
    """Whether an exception class of that module, with or without its own name, is one of this project: its message is
    written for people, who need not know what it is called."""
    return module.partition(".")[0] in OURS
