"""What lies inside a wheel, an sdist, a `.zip` or a `.gz`.

Belongs here: finding members and unpacking them, bounded and without writing anything. Does not belong here: getting
the archive (`fetch`). Nothing in an archive is ever run, imported or written under a path the archive chose.
"""

import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import PurePosixPath
from typing import IO

from resources.sources.errors import SourceError

MAX_BYTES = 4 * 2**30
"""Nothing that is read at once may unpack to more than this: a few kilobytes of archive can hold petabytes."""

SMALL_BYTES = 2**28
MAX_RATIO = 200
"""What unpacks to more than `SMALL_BYTES` may unpack to this many times its size: tables seldom reach 50, and a bomb
made of one repeated byte reaches 1,000."""

CHUNK_BYTES = 2**20
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".zip")
ZIP_START = b"PK"
ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those of ISO/IEC 21320-1, which workbooks and wheels keep to. `zipfile` unpacks no other one piece by piece: a few
bytes by bzip2 or LZMA become gigabytes in one step."""

Files = dict[str, Callable[[], IO[bytes]]]
"""How to open each regular file of an archive, by its path."""


def extract(archive: IO[bytes], where: str, wanted: Set[str]) -> tuple[dict[str, bytes], list[str]]:
    """The contents, by path, of the files that match any of the `wanted` paths, and the paths of all files.

    A top folder that all files share, as an sdist has it, is left out of the paths. The files of an archive in the
    archive are there too, `a.zip/b.csv`, if a wanted path leads into it. `where` opens every message.

    Raises SourceError: damaged, or the wanted files are too large.
    """
    most = _most(archive.seek(0, io.SEEK_END))
    archive.seek(0)
    with _damage_named(where), ExitStack() as stack:
        files = stack.enter_context(_files(archive))
        for inner in _archives_named(wanted) & files.keys():
            nested = io.BytesIO(_bounded(files[inner], f"{where}: {inner}", most, most))
            with _damage_named(f"{where}: {inner}"):
                below = stack.enter_context(_files(nested))
            files |= {f"{inner}/{path}": opener for path, opener in below.items()}
        return _contents(files, where, wanted, most), list(files)


def _most(packed: int) -> int:
    """The most bytes that so many packed ones may unpack to."""
    return min(MAX_BYTES, max(SMALL_BYTES, MAX_RATIO * packed))


def _contents(files: Files, where: str, wanted: Set[str], most: int) -> dict[str, bytes]:
    contents, room = {}, most
    for path in files:  # in the order of the archive: going back in a compressed one means to unpack it again
        if any(matches(path, pattern) for pattern in wanted):
            contents[path] = _bounded(files[path], f"{where}: {path}", room, most)
            room -= len(contents[path])
    return contents


def matches(path: str, pattern: str) -> bool:
    """Whether a path in an archive is the one named or, where that has a `*`, fits it; hidden files fit none."""
    if "*" not in pattern:
        return path == pattern
    found = PurePosixPath("/", path)
    return found.match(f"/{pattern}") and not found.name.startswith(".")


def _archives_named(wanted: Iterable[str]) -> set[str]:
    """The paths above the wanted ones that look like an archive."""
    return {str(above) for path in wanted for above in PurePosixPath(path).parents if above.name.endswith(ARCHIVES)}


def _bounded(opener: Callable[[], IO[bytes] | gzip.GzipFile], where: str, room: int, most: int) -> bytes:
    """All of it. Raises SourceError: larger than `room`, which is what is left of `most`."""
    chunks, size = [], 0
    with _damage_named(where), opener() as stream:
        while chunk := stream.read(CHUNK_BYTES):
            chunks.append(chunk)
            size += len(chunk)
            if size > room:
                raise SourceError(f"{where}: unpacks to more than {most:,} bytes; split the file")
    return b"".join(chunks)


def unpacked(content: bytes, name: str, where: str) -> tuple[bytes, str]:
    """`content` and its `name` without the `.gz` or the `.zip` (one file inside); anything else as it is.

    Raises SourceError: truncated, damaged, too large, or a `.zip` with more or fewer files than one.
    """
    inner, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix.lower()
    if suffix not in (".gz", ".zip"):
        return content, name
    most = _most(len(content))
    with _damage_named(where):
        if suffix == ".gz":
            return _bounded(lambda: gzip.open(io.BytesIO(content)), where, most, most), inner
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _bounded(partial(_member, archive, _only_file(archive, where)), where, most, most), inner


def parts(content: bytes, where: str) -> Iterator[tuple[str, bytes]]:
    """Path and content of every file in a zip archive, one after the other.

    Raises SourceError: damaged, or too large together.
    """
    most = room = _most(len(content))
    with _damage_named(where), zipfile.ZipFile(io.BytesIO(content)) as archive:
        for info in archive.infolist():
            part = _bounded(partial(_member, archive, info), where, room, most)
            room -= len(part)
            yield info.filename, part


@contextmanager
def _files(archive: IO[bytes]) -> Iterator[Files]:
    is_zip = archive.read(len(ZIP_START)) == ZIP_START
    archive.seek(0)
    if is_zip:
        with zipfile.ZipFile(archive) as package:
            yield _below_top({i.filename: partial(_member, package, i) for i in package.infolist() if not i.is_dir()})
    else:
        with tarfile.open(fileobj=archive) as package:
            yield _below_top({info.name: partial(_opened, package, info) for info in package if info.isreg()})


def _below_top(files: Files) -> Files:
    tops = {path.partition("/")[0] if "/" in path else None for path in files}
    if len(tops) != 1 or None in tops:
        return files
    return {path.partition("/")[2]: opener for path, opener in files.items()}


def _member(package: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    if info.compress_type not in ZIP_METHODS:
        raise NotImplementedError("packed otherwise than by deflate")
    return package.open(info)


def _opened(package: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    stream = package.extractfile(info)
    assert stream, "a regular file has content"
    return stream


def _only_file(archive: zipfile.ZipFile, where: str) -> zipfile.ZipInfo:
    files = [info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")]
    if len(files) != 1:
        names = [info.filename for info in files]
        raise SourceError(f"{where}: a .zip must hold exactly one file, this one holds {names}")
    return files[0]


@contextmanager
def _damage_named(where: str) -> Iterator[None]:
    try:
        yield
    except EOFError as error:
        raise SourceError(f"{where}: truncated, the compressed data ends too early; deliver it again") from error
    except (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError) as error:
        raise SourceError(f"{where}: damaged or not what its name says ({error}); deliver it again") from error
    except (NotImplementedError, RuntimeError) as error:  # zipfile's way to say: unknown compression, or encrypted
        raise SourceError(f"{where}: {error}; deliver it unencrypted and deflated") from error
