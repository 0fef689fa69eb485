"""Whether a version's files are what was written.

Belongs here: the digest of a file; the list of a version's files with their sizes and digests, and holding the files
against it; whether a database of SQLite is whole. Does not belong here: writing files so that they survive a power cut
(`atomic`), or what follows from damage (`versions`, `pipelines.freshness`, `pipelines.health`).
"""

import hashlib
import json
import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Any

from resources.store.atomic import replacing
from resources.store.state import DIGESTS

SQLITE = b"SQLite format 3\0"
"""How every database of SQLite begins (https://www.sqlite.org/fileformat.html#magic_header_string)."""


def write_digests(folder: Path) -> None:
    """List every other file of a version: ``{name: [bytes, sha256]}``. A list copied from elsewhere is replaced."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / DIGESTS)
    listed = {path.relative_to(folder).as_posix(): [path.stat().st_size, file_sha256(path)] for path in files}
    (folder / DIGESTS).write_text(json.dumps(listed, ensure_ascii=False, indent=1), encoding="utf-8")


def list_anew(folder: Path, name: str, content: bytes) -> None:
    """Let the list say that one file holds `content`; the others stay as they were listed, whole or damaged. Without a
    list that can be read nothing is done."""
    if not (folder / DIGESTS).exists():
        return
    try:
        listed = _listed(folder)
    except ValueError:
        return
    listed[name] = [len(content), hashlib.sha256(content).hexdigest()]
    with replacing(folder / DIGESTS) as draft:
        draft.write_text(json.dumps(listed, ensure_ascii=False, indent=1), encoding="utf-8")


def damage(folder: Path, digested: Collection[str] | None = None) -> str:
    """What is wrong with a version, in words; empty where nothing is. One from before digests were listed is believed,
    unless a file in it has no byte, as a power cut left it then: no artefact has such a file.

    digested: the files whose digests are compared; None for all. Of the others the sizes are.

    Raises
    ------
    OSError: the storage does not answer.
    """
    if not folder.is_dir():
        return f"{folder} is not there"
    if not (folder / DIGESTS).exists():
        return _unlisted_damage(folder)
    try:
        listed = _listed(folder)
        compared = listed if digested is None else digested
        expected = ((name, size, digest if name in compared else "") for name, (size, digest) in listed.items())
        found = ((name, _difference(folder / name, size, digest)) for name, size, digest in expected)
        return next((f"{folder / name} {what}" for name, what in found if what), "")
    except (ValueError, TypeError):
        return f"{folder / DIGESTS} can't be read"


def sqlite_damage(database: Path, *, deep: bool) -> str:
    """What is wrong with a database of SQLite, in words; empty where nothing is. A file without a byte, which a process
    may have made just now, or a power cut left, is damaged.

    deep: every page is read (https://www.sqlite.org/pragma.html#pragma_quick_check), else only how the file begins.
    """
    with database.open("rb") as file:
        if file.read(len(SQLITE)) != SQLITE:
            return "is no database"
    if not deep:
        return ""
    try:
        with closing(sqlite3.connect(database)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        found = str(error)
    return "" if found == "ok" else f"is damaged ({' '.join(found.split())})"


def _unlisted_damage(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        return f"{folder} is empty"
    return next((f"{path} has 0 bytes" for path in files if not path.stat().st_size), "")


def _listed(folder: Path) -> dict[str, Any]:
    """Raises
    ------
    ValueError: it is no list. OSError: the storage does not answer.
    """
    try:
        return dict(json.loads((folder / DIGESTS).read_text(encoding="utf-8")))
    except (TypeError, RecursionError, IsADirectoryError) as error:
        raise ValueError from error


def _difference(path: Path, size: int, digest: str) -> str:
    """Of a file whose digest is not compared, `digest` is empty."""
    if not path.is_file():
        return "is missing"
    if path.stat().st_size != size:
        return f"has {path.stat().st_size:,} bytes instead of {size:,}"
    return "is not what was written" if digest and file_sha256(path) != digest else ""


def file_sha256(path: Path) -> str:
    """The digest (hex) of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
