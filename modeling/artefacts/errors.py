"""What can be wrong with an artefact that is read.

Belongs here: the error that every reader here raises, and `Read`, its form for who goes on without the value. Does not
belong here: errors of making a value (beside the code that makes it), or an artefact that was never made
(`resources.store.io_manager`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

V = TypeVar("V")
DAMAGE = (FileNotFoundError, IsADirectoryError, NotADirectoryError)
"""What the file system says of a folder that lacks a file. Its other errors are its own: it may answer soon."""

SHOWN = 300
"""Characters of another library's message."""


class ArtefactError(ValueError):
    """An artefact that can't be read; the message names the folder or file, what is wrong with it and what to do."""

    def within(self, place: Path) -> str:
        """The message with paths as seen from `place`, for people who don't know where artefacts lie."""
        return str(self).replace(f"{place}/", "").replace(str(place), place.name)


class ModelError(ArtefactError):
    """A model's or a candidate's folder that can't be used."""


@dataclass(frozen=True)
class Read(Generic[V]):
    """A value of `kind`, or why it can't be read, for who goes on without it. `unreadable` names no place of this
    machine. A kind has a class of its own: Dagster's annotations of inputs know no parameters."""

    kind: ClassVar[type[Any]]
    value: V | None
    unreadable: str = ""


def reading(read: Callable[[Path], V], folder: Path) -> V:
    """What `read` makes of `folder`.

    Raises
    ------
    ArtefactError: files are missing, damaged, or of another version. OSError: the storage does not answer.
    """
    try:
        return read(folder)
    except (ArtefactError, MemoryError):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and not is_panic(error):
            raise
        if isinstance(error, OSError) and not isinstance(error, DAMAGE):
            raise
        what = " ".join(f"{type(error).__name__}: {error}".split())[:SHOWN]
        raise ArtefactError(f"{folder}: can't be read ({what}): run its use case again") from error


def is_panic(error: BaseException) -> bool:
    """Whether a library in Rust met what it did not foresee: no `Exception`, and each library has a class of its own
    (https://docs.rs/pyo3/latest/pyo3/panic/struct.PanicException.html)."""
    return type(error).__name__ == "PanicException"
