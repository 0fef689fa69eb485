"""When a dropped file is whole.

Belongs here: the ways in which a definition says so (`complete_when`), what a file still waits for, and when it was
written to. Does not belong here: which files there are (`landing`).
"""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import IO, Any

from catalogue.definition import CompleteWhen
from resources.sources.errors import SourceError
from resources.sources.listed_file import open_listed

SETTLED_SECONDS = 1.0
"""How long a file must be left alone where nothing else is declared."""
OBJECT_STORES = ("s3", "gcs", "abfs", "memory")
"""They show whole objects only, so there nothing need be left alone."""
MOST_MANIFEST_BYTES = 2**24
"""Of a manifest that is read: more than a hundred thousand lines."""
MANIFEST_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](?:\./)?(.+?)\r?")
"""As `sha256sum` writes it: digest, kind, name."""

About = dict[str, Any]
"""What a store says of a file."""


@dataclass(frozen=True)
class Completeness:
    """Of the files that one look at a landing folder found in `store`: whether each is whole, by what `declared` says.

    What lies beside a file is listed once for each folder.
    """

    declared: CompleteWhen | None
    store: Any
    _listed: dict[str, dict[str, About]] = field(default_factory=dict)
    _manifests: dict[str, dict[str, str]] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        """For another process, without what was listed: each file of a folder would take the whole list along."""
        return {**vars(self), "_listed": {}, "_manifests": {}}

    def seconds_to_wait(self, about: About) -> float:
        """Until a file was left alone for a moment; 0 where it was, as one was that claims to be of the future, and
        where something else is declared."""
        written = modified(about)
        if self.declared or written is None or any(store in self.store.protocol for store in OBJECT_STORES):
            return 0.0
        quiet = time.time() - written
        return SETTLED_SECONDS - quiet if abs(quiet) < SETTLED_SECONDS else 0.0

    def says(self, name: str) -> bool:
        """Whether a file of this name is no delivery, but says of others that they are whole."""
        if not self.declared:
            return False
        marker = re.escape(self.declared.marker or "").replace(re.escape("{name}"), ".+")
        return name == self.declared.manifest or bool(re.fullmatch(marker, name, re.DOTALL))

    def waits_for(self, where: str, about: About, sha256: Callable[[], str]) -> str:
        """What a file waits for, in words; empty where it is whole. `sha256` is asked where a manifest lists it.

        Raises SourceError, which `where` opens: what is declared can't show whether it is whole.
        """
        if not self.declared:
            return "was written to a moment ago, so it is not whole yet" if self.seconds_to_wait(about) else ""
        if self.declared.quiet_seconds:
            return _of_quiet_time(self.declared.quiet_seconds, _known_modified(where, about))
        folder, _, name = about["name"].rpartition("/")
        if self.declared.marker:
            return self._of_marker(where, folder, self.declared.marker.replace("{name}", name), about)
        assert self.declared.manifest, "one of the three is declared"
        return self._of_manifest(where, folder, self.declared.manifest, name, sha256)

    def _of_marker(self, where: str, folder: str, marker: str, about: About) -> str:
        written = _known_modified(where, about)
        found = self._beside(folder).get(marker)
        if found is None:
            return f"waits for its marker {marker}"
        newer = _known_modified(where, found) >= written
        return "" if newer else f"was written to after its marker {marker}, so it waits for a newer one"

    def _of_manifest(self, where: str, folder: str, manifest: str, name: str, sha256: Callable[[], str]) -> str:
        found = self._beside(folder).get(manifest)
        if found is None:
            return f"waits for the manifest {manifest}"
        listed = self._manifest(where, found).get(name)
        if listed is None:
            return f"waits until the manifest {manifest} lists it"
        return "" if listed == sha256() else f"waits until its content has the sha256 that {manifest} says"

    def _beside(self, folder: str) -> dict[str, About]:
        """The files of a folder by their names; no links, pipes or folders."""
        if folder not in self._listed:
            self._listed[folder] = {
                PurePosixPath(about["name"]).name: about
                for about in self.store.ls(folder or "/", detail=True)
                if about["type"] == "file" and not about.get("islink")
            }
        return self._listed[folder]

    def _manifest(self, where: str, found: About) -> dict[str, str]:
        """The digests that a manifest lists, by name. Other lines, such as one half written, say nothing."""
        path = found["name"]
        if path not in self._manifests:
            with open_listed(self.store, found) as file:
                content = _read(file, MOST_MANIFEST_BYTES + 1)
            if len(content) > MOST_MANIFEST_BYTES:
                raise SourceError(
                    f"{where}: its manifest {PurePosixPath(path).name} is larger than {MOST_MANIFEST_BYTES >> 20} MiB; "
                    "put files into several folders, each with a manifest of its own, and let `path` name them all"
                )
            text = content.decode("utf-8", "surrogateescape")
            lines = filter(None, map(MANIFEST_LINE.fullmatch, text.split("\n")))
            self._manifests[path] = {line[2]: line[1].lower() for line in lines}
        return self._manifests[path]


def _read(file: IO[bytes], most: int) -> bytes:
    """As many bytes, or all; stores may hand over fewer at a time."""
    content = bytearray()
    while len(content) < most and (piece := file.read(most - len(content))):
        content += piece
    return bytes(content)


def modified(about: About) -> float | None:
    """When a file was written to last, in seconds since 1970, by the clock of its store; None where that does not say.

    Moments without a time zone are in UTC.
    """
    match about:
        case {"mtime": int() | float() as seconds}:  # this machine, SMB
            return seconds
        case (
            {"mtime": datetime() as moment}  # SFTP, Google, Arrow
            | {"LastModified": datetime() as moment}  # S3
            | {"last_modified": datetime() as moment}  # Azure
            | {"modified": datetime() as moment}  # WebDAV
        ):
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        case {"modificationTime": int() as milliseconds}:  # WebHDFS
            return milliseconds / 1000
        case {"modify": str() as digits}:
            return _of_ftp(digits)
        case {"created": int() | float() as seconds}:  # memory
            return seconds
    return None


def _of_ftp(digits: str) -> float | None:
    """From year to second in UTC, as FTP's command MLSD gives it (RFC 3659, section 2.3). What servers without that
    command list has neither seconds nor time zone."""
    with suppress(ValueError):
        return datetime.strptime(f"{digits[:14]}+0000", "%Y%m%d%H%M%S%z").timestamp()
    return None


def _known_modified(where: str, about: About) -> float:
    written = modified(about)
    if written is None:
        raise SourceError(
            f"{where}: its store does not say when a file was written to, so neither a quiet time nor a marker shows "
            "whether it is whole; declare a `manifest` in `complete_when`"
        )
    return written


def _of_quiet_time(seconds: float, written: float) -> str:
    """What a file waits for. One dated in the future counts as written to just now, as it may be where a file server's
    clock is ahead."""
    ago = time.time() - written
    if ago >= seconds:
        return ""
    if ago > -seconds:
        return f"was written to less than {seconds:g} s ago, so it is not whole yet"
    date = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(written))
    return (
        f"is dated {date} UTC, which is yet to come here, so nobody can tell how long it was left alone; set the clock "
        "right that dated it, or this machine's, then `touch` it"
    )
