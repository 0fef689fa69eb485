"""The record of each time that people were forgotten: how many, by which column, when, by whom and why, and what came
of it.

Belongs here: that record. Nothing of the people is in it, no digest of an identifier either: those of short ones can be
found by trying. Does not belong here: forgetting (`pipelines.forget`).
"""

import getpass
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from resources.store.atomic import StorageError, make_folder, replacing, writing

ENDED = "ended"


@dataclass(frozen=True)
class Request:
    """A line of the record, by its place. `resumed`: it was begun before, and its process ended."""

    line: int
    resumed: bool


def begin(log: Path, column: str, identifiers: int, reason: str) -> Request:
    """Write down that so many people are about to be forgotten. A request that never ended is taken up again where the
    reason is the same, too: by nothing else is it known from one for other people.

    Raises
    ------
    StorageError: it can't be written, so nothing may be removed.
    """
    lines = _read(log)
    asked = {"column": column, "identifiers": identifiers, "reason": reason}
    for number, line in enumerate(lines):
        if ENDED not in line and asked.items() <= line.items():
            return Request(number, resumed=True)
    about = {"begun": _now(), "by": getpass.getuser()}
    _write(log, [*lines, {**asked, **about}])
    return Request(len(lines), resumed=False)


def unended(log: Path) -> list[str]:
    """The reasons of the requests that never ended.

    Raises
    ------
    StorageError: the record is damaged.
    """
    return [line.get("reason", "") for line in _read(log) if ENDED not in line]


def finish(log: Path, request: Request, outcome: dict[str, Any]) -> None:
    """Write down what came of it."""
    lines = _read(log)
    lines[request.line] |= {ENDED: _now(), **outcome}
    _write(log, lines)


def _read(log: Path) -> list[dict[str, Any]]:
    """The lines, the first time first.

    Raises
    ------
    StorageError: the record is damaged.
    """
    try:
        return [dict(json.loads(line)) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
    except (ValueError, TypeError):
        raise StorageError(f"{log} can't be read: put it back from a backup, or move it away") from None


def _write(log: Path, lines: list[dict[str, Any]]) -> None:
    with writing(log):
        make_folder(log.parent)
    with replacing(log) as draft:
        draft.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
