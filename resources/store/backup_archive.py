"""The archive that a backup is, read within bounds.

Belongs here: going through the files in one, and its manifest. Does not belong here: what is backed up (`backup`), or
where it is put (`restore`).

An archive may be other than what `backup` wrote. tarfile keeps in memory whatever a header is said to hold, and goes
where a header sends it. Here it gets a stream of which a header can't use more than a name needs, and which goes
forward only; nobody reads a file in it otherwise than in pieces.
"""

import gzip
import io
import json
import math
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated

from pydantic import Field, TypeAdapter, ValidationError

FORMAT = 1
MANIFEST = "MANIFEST.json"
"""The last file in the archive, which lists every other with its digest."""
CHUNK = 2**20
HEADER_BYTES = 2**14
"""What may stand between two files: headers with a path of 4,096 bytes (PATH_MAX) take half of it."""
MANIFEST_BYTES = 2**24
MANIFEST_BYTES_PER_FILE = 2**10
"""A manifest may be this long, and longer for each file in the archive: it says its path and its digest."""
DAMAGE = (tarfile.TarError, EOFError, zlib.error, OSError, ValueError)
"""What reading an archive raises that is damaged, or no backup."""


class BackupError(Exception):
    """A backup that can't be made, read or put back; the message says why. Nothing was changed."""


@dataclass(frozen=True)
class Member:
    """A file in an archive. `content` is read before the next one is asked for, and has `size` bytes, or fails."""

    name: str
    size: int
    content: IO[bytes]


@dataclass(frozen=True)
class Versions:
    """Of the packages that made a backup."""

    dagster: Annotated[str, Field(max_length=100)]


@dataclass(frozen=True)
class Manifest:
    """What an archive holds, all names from the state folder.

    Attributes
    ----------
    files: the sha256 (hex) of each. links: where each leads. empty: the folders without anything in them.
    """

    format: int
    versions: Versions
    files: dict[str, str]
    links: dict[str, str]
    empty: list[str]


def members(file: Path) -> Iterator[Member]:
    """Every file in an archive, the manifest last.

    Raises one of `DAMAGE`: it is no backup, or not all of one.
    """
    last = ""
    with gzip.open(file) as unpacked:
        stream = _Bounded(unpacked)
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            while entry := tar.next():
                stream.left = math.inf
                content = _content(tar, entry)
                yield Member(last := entry.name, entry.size, content)
                while content.read(CHUNK):  # tarfile would skip it, however long it is said to be
                    pass
                tar.members.clear()  # pyright: ignore[reportAttributeAccessIssue]  tarfile would keep them all
                stream.left = HEADER_BYTES
    if last != MANIFEST:
        raise ValueError(f"it does not end with {MANIFEST}, so it is no backup, or not all of one")


class _Bounded(io.RawIOBase):
    """A stream of which `left` more bytes may be read."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile) -> None:
        self._stream = stream
        self.left: float = HEADER_BYTES

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self.left -= len(content)
        if self.left < 0:
            raise ValueError(f"a header in it is longer than {HEADER_BYTES:,} bytes, so it is no backup")
        return content


def _content(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> IO[bytes]:
    """Raises ValueError: no plain file, or headers say something of all files (`pax_headers`), which would pile up."""
    is_plain = entry.isreg() and not entry.issparse() and entry.size >= 0 and not tar.pax_headers
    content = tar.extractfile(entry) if is_plain else None
    if content is None:
        raise ValueError(f"{entry.name!r:.200} is no plain file, so it is no backup")
    return content


def read_manifest(content: IO[bytes], files: int) -> Manifest:
    """The manifest of an archive with so many other files in it.

    Raises ValueError: it is none, or of another format.
    """
    most = MANIFEST_BYTES + MANIFEST_BYTES_PER_FILE * files
    text = content.read(most + 1)
    if len(text) > most:
        raise ValueError(f"its {MANIFEST} is longer than the {most:,} bytes that say what is in it, so it is no backup")
    try:
        about = json.loads(text)
        written = about.get("format", FORMAT) if isinstance(about, dict) else FORMAT
        if written != FORMAT:
            raise ValueError(f"its format is {written!r:.200}, and only {FORMAT} is known: update sectorforge")
        return TypeAdapter(Manifest).validate_python(about)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "all of it"
        raise ValueError(f"its {MANIFEST} is not as `backup` writes it, {where:.200}: {first['msg']}") from None
    except RecursionError:
        raise ValueError(f"its {MANIFEST} is not as `backup` writes it, but nested deeply") from None
