"""Bytes by their digest, on this machine.

Belongs here: the local cache and the mirror that is read before the network. Does not belong here: where the
bytes come from (`fetch`) or what they mean (`reading`).
"""

import hashlib
import os
import shutil
import tempfile
from functools import cached_property
from io import BufferedRandom
from pathlib import Path

from resources.sources.errors import SourceError
from resources.store.atomic import make_folder, replacing, writing
from resources.store.integrity import file_sha256

ALGORITHMS = {64: "sha256", 32: "md5"}
"""By the length of what they make."""


class Cache:
    """Files named by the digest of their content: the sha256, or where a publisher gives no other the md5.

    What is handed out was hashed first, so a damaged file counts as absent. Writing is atomic: any number of processes
    may share a folder.

    folder: where the files lie; made when needed.
    mirror: a folder whose files are found by content, under any name and at any depth; None for no mirror.
    """

    def __init__(self, folder: Path, mirror: Path | None) -> None:
        self._folder = folder
        self._mirror = mirror

    @classmethod
    def from_environment(cls, folder: Path) -> "Cache":
        """The cache in `folder`, with the mirror that SECTORFORGE_MIRROR names."""
        mirror = os.environ.get("SECTORFORGE_MIRROR")
        return cls(folder, Path(mirror) if mirror else None)

    def get(self, pin: str) -> bytes | None:
        """The bytes with this digest, or None where neither the cache nor the mirror holds them.

        Raises SourceError: the mirror is not a folder.
        """
        try:
            content = (self._folder / pin).read_bytes()
        except FileNotFoundError:
            content = b""
        if _digest(content, ALGORITHMS[len(pin)]) == pin:
            return content
        mirrored = self._mirrored.get(pin)
        return self.put(mirrored.read_bytes(), pin, str(mirrored)) if mirrored else None

    def put(self, content: bytes, pin: str, where: str) -> bytes:
        """Keep `content`, which came from `where`, and hand it back.

        Raises SourceError: its digest is not `pin`; nothing is kept. Raises StorageError: it can't be kept.
        """
        check_pin(content, pin, where)
        with replacing(self._made() / pin) as draft:
            draft.write_bytes(content)
        return content

    def put_file(self, file: BufferedRandom, pin: str, where: str) -> None:
        """As `put`, of all that is in `file`, which may be larger than memory."""
        _compare(_file_digest(file, pin), pin, where)
        file.seek(0)
        with replacing(self._made() / pin) as draft, draft.open("wb") as kept:
            shutil.copyfileobj(file, kept)

    def scratch(self) -> BufferedRandom:
        """A nameless file beside the cached ones; it vanishes when closed, however the process ends."""
        with writing(self._folder):
            return tempfile.TemporaryFile(dir=self._made())

    def _made(self) -> Path:
        with writing(self._folder):
            make_folder(self._folder)
        return self._folder

    @cached_property
    def _mirrored(self) -> dict[str, Path]:
        if self._mirror is None:
            return {}
        if not self._mirror.is_dir():
            raise SourceError(f"SECTORFORGE_MIRROR names {self._mirror}, which is not a folder: correct or unset it")
        return {file_sha256(path): path for path in self._mirror.rglob("*") if path.is_file()}


def file_fits(file: BufferedRandom, pin: str) -> bool:
    """Whether `pin` is the digest of all that is in `file`."""
    return _file_digest(file, pin) == pin


def check_pin(content: bytes, pin: str, where: str) -> None:
    """Raise SourceError where the digest of `content`, which came from `where`, is not `pin`."""
    _compare(_digest(content, ALGORITHMS[len(pin)]), pin, where)


def _compare(found: str, pin: str, where: str) -> None:
    if found != pin:
        raise SourceError(
            f"{where}: {ALGORITHMS[len(pin)]} is {found}, the definition pins {pin}. Look at what changed; if it is "
            f"wanted, pin the new digest"
        )


def _digest(content: bytes, algorithm: str) -> str:
    return hashlib.new(algorithm, content).hexdigest()


def _file_digest(file: BufferedRandom, pin: str) -> str:
    file.seek(0)
    return hashlib.file_digest(file, ALGORITHMS[len(pin)]).hexdigest()
