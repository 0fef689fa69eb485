"""What lies inside a wheel, an sdist, a `.zip` or a `.gz`.

Belongs here: finding members and unpacking them, bounded and without writing anything. Does not belong here: getting
the archive (`fetch`). Nothing in an archive is ever run, imported or written under a path the archive chose.
"""

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from functools import partial
from pathlib import PurePosixPath
from typing import IO

from resources.sources.errors import SourceError

MAX_BYTES = 4 * 2**30
"""No member may unpack to more than this: a few kilobytes of archive can hold petabytes."""

CHUNK_BYTES = 2**20


def extract(archive: IO[bytes], filename: str, wanted: Set[str]) -> tuple[dict[str, bytes], list[str]]:
    """The contents of the `wanted` paths that are in an archive, and the paths of all its files.

    filename: `.whl`, or an sdist's (`.tar.gz`, `.zip`), whose top folder is left out of all paths.

    Raises SourceError: damaged, or a wanted file is too large.
    """
    with _damage_named(filename), _files(archive, filename) as files:
        contents = {}
        for path in wanted & files.keys():
            with files[path]() as stream:
                contents[path] = _bounded(stream.read, f"{filename}: {path}")
        return contents, list(files)


def _bounded(read: Callable[[int], bytes], where: str) -> bytes:
    chunks, size = [], 0
    while chunk := read(CHUNK_BYTES):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BYTES:
            raise SourceError(f"{where}: unpacks to more than {MAX_BYTES:,} bytes; split the file")
    return b"".join(chunks)


def unpacked(content: bytes, name: str, where: str) -> tuple[bytes, str]:
    """`content` and its `name` without the `.gz` or the `.zip` (one file inside); anything else as it is.

    Raises SourceError: truncated, damaged, too large, or a `.zip` with more or fewer files than one.
    """
    inner, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix.lower()
    if suffix not in (".gz", ".zip"):
        return content, name
    with _damage_named(where):
        if suffix == ".gz":
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
                return _bounded(stream.read, where), inner
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(_only_file(archive, where)) as stream:
            return _bounded(stream.read, where), inner


@contextmanager
def _files(archive: IO[bytes], filename: str) -> Iterator[dict[str, Callable[[], IO[bytes]]]]:
    """How to open each regular file, by its path."""
    if filename.endswith((".whl", ".zip")):
        with zipfile.ZipFile(archive) as package:
            infos = [info for info in package.infolist() if not info.is_dir()]
            top = 0 if filename.endswith(".whl") else 1
            yield {_below(info.filename, top): partial(package.open, info) for info in infos}
    else:
        with tarfile.open(fileobj=archive) as package:
            yield {_below(info.name, 1): partial(_opened, package, info) for info in package if info.isreg()}


def _below(path: str, levels: int) -> str:
    return "/".join(path.split("/")[levels:])


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
    except (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(f"{where}: damaged or not what its name says ({error}); deliver it again") from error
    except (NotImplementedError, RuntimeError) as error:  # zipfile's way to say: unknown compression, or encrypted
        raise SourceError(f"{where}: {error}; deliver it unencrypted and deflated") from error
