"""Notices on their way: kept in the state folder until each place has them.

Belongs here: writing them down, and trying each again until it is told or too old. Does not belong here: what a place
is (`places`).

A folder a place, and in it a file a notice, named by its time. A notice is told at least once: who is killed after a
place took it, and before its file was removed, tells it again.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self, get_args
from uuid import uuid4

from resources.notification.notice import Notice, Severity
from resources.notification.places import PLACES, Environment, NotTold, Place, Unreachable
from resources.store.atomic import StorageError, make_folder, remove, replacing, writing

TICK_SECONDS = 15.0
"""How long all notices of one tick may take together, whatever the places do."""
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 20.0, 300.0
"""How long a notice that a place did not take waits before it is tried again: twice as long each time, so that it does
not stand in the way of others."""
KEPT_SECONDS = 7 * 24 * 3600.0
MOST_KEPT = 1000
"""For one place."""
NUMBER_DIGITS = 20
"""Of the nanoseconds since 1970 with which the name of a notice's file begins."""
PROJECT = Path(__file__).parents[2]

Log = Callable[[str], None]


@dataclass(frozen=True)
class Kept:
    """A notice in the outbox: how often a place did not take it, and when it is tried again (seconds since 1970)."""

    notice: Notice
    failures: int = 0
    due: float = 0.0

    def failed(self) -> Self:
        """As it is kept where a place does not take it."""
        wait = min(FIRST_WAIT_SECONDS * 2**self.failures, LONGEST_WAIT_SECONDS)
        return replace(self, failures=self.failures + 1, due=time.time() + wait)

    @classmethod
    def read(cls, file: Path) -> Self:
        """Raises ValueError, TypeError, KeyError: it is damaged."""
        content = json.loads(file.read_text(encoding="utf-8"))
        kept = content["notice"]
        notice = Notice(str(kept["title"]), str(kept["text"]), float(kept["at"]), _severity(kept))
        return cls(notice, int(content["failures"]), float(content["due"]))

    def write(self, file: Path) -> None:
        """Raises StorageError, OSError: it can't be written."""
        with replacing(file) as draft:
            draft.write_text(json.dumps(asdict(self)), encoding="utf-8")


def _severity(kept: dict[str, Any]) -> Severity:
    """A warning, too, where a version that knew no severity kept the notice."""
    return next((known for known in get_args(Severity) if known == kept.get("severity")), "warning")


@dataclass(frozen=True)
class Outbox:
    """The notices under `folder`."""

    folder: Path

    def put(self, notice: Notice, log: Log, environment: Environment = os.environ) -> None:
        """Keep a notice for every place that `environment` names, in place of the oldest ones where there are too many.

        Raises
        ------
        StorageError, OSError: it can't be written.
        """
        for place in PLACES:
            if not environment.get(place.variable):
                continue
            folder = self.folder / place.name
            with writing(folder):
                make_folder(folder)
            Kept(notice.sendable()).write(folder / f"{time.time_ns():0{NUMBER_DIGITS}}-{uuid4().hex[:8]}.json")
            for file in self._files(place)[:-MOST_KEPT]:
                _give_up(file, f"more than {MOST_KEPT:,} wait for {place.variable}", log)

    def waiting_since(self, environment: Environment = os.environ) -> list[float]:
        """When each notice was written that some place which `environment` names does not have yet, in seconds since
        1970. What waits for a place that is not named any more is kept for the case that it is again, and given up in
        time."""
        return [
            int(file.name[:NUMBER_DIGITS]) / 1e9
            for place in PLACES
            if environment.get(place.variable)
            for file in self._files(place)
        ]

    def send(self, environment: Environment = os.environ, seconds: float = TICK_SECONDS) -> list[str]:
        """Try to tell all that is due, for so long at most, in a process of its own: no socket's time limit bounds a
        place that sends a byte now and then, or a name server. Returns what people should know."""
        if not any(self._files(place) for place in PLACES):
            return []
        command = [sys.executable, "-m", "resources.notification", str(self.folder.absolute())]
        inherited = {**environment, "PYTHONIOENCODING": "utf-8"}
        try:
            ended = subprocess.run(
                command, cwd=PROJECT, env=inherited, stdout=subprocess.PIPE, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired as error:
            return [*_lines(error.stdout), f"stopped after {seconds:g} s: what was not told is told later"]
        failed = [f"sending ended with status {ended.returncode}: its error is in the log of this service"]
        return _lines(ended.stdout) + (failed if ended.returncode else [])

    def send_here(self, environment: Environment, log: Log) -> None:
        """Try to tell all that is due, however long it takes: to all places at once, to one after the other. Of a place
        that `environment` does not name any more, what is too old is given up."""
        threads = [
            threading.Thread(target=self._send_to, args=(place, environment, log), daemon=True) for place in PLACES
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _send_to(self, place: Place, environment: Environment, log: Log) -> None:
        for file, kept in self._due(place, log):
            if not environment.get(place.variable):
                continue
            try:
                kept.failed().write(file)  # before: where there is no end to it, this process is killed
                place.take(kept.notice, environment)
                remove(file)
            except NotTold as error:
                log(f"{kept.notice.title!r} is told later: {error}")
                if isinstance(error, Unreachable):
                    return
            except (StorageError, OSError) as error:
                log(f"nothing is sent to {place.variable}: {error}")
                return

    def _due(self, place: Place, log: Log) -> Iterator[tuple[Path, Kept]]:
        for file in self._files(place):
            try:
                kept = Kept.read(file)
            except FileNotFoundError:
                continue
            except (ValueError, TypeError, KeyError):
                _give_up(file, "its file is damaged", log)
                continue
            if time.time() - kept.notice.at > KEPT_SECONDS:
                _give_up(file, f"{place.variable} did not take it for {KEPT_SECONDS / 86400:g} days", log)
            elif kept.due <= time.time():
                yield file, kept

    def _files(self, place: Place) -> list[Path]:
        return sorted((self.folder / place.name).glob(f"{'[0-9]' * NUMBER_DIGITS}-*.json"))


def _lines(said: bytes | None) -> list[str]:
    return (said or b"").decode(errors="replace").splitlines()


def _give_up(file: Path, why: str, log: Log) -> None:
    log(f"notice {file.name} is given up: {why}")
    remove(file)
