"""A function in a process of its own, whose memory and time are limited and whose death is a message.

Belongs here: starting the process, its limits, and what became of it. Does not belong here: what is so dangerous that
it is done there.

It is a limit of resources, not of rights: the process may do what this one may. Nothing that it says is unpickled here.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

from resources.errors import PermanentError
from resources.secrets import without_secrets

Result = tuple[Any, bytes | memoryview]
"""What a function yields: anything that JSON can say, and bytes."""

START = "from resources.limited_process import serve; serve()"
OUT_OF_MEMORY = 77
"""The exit status of a process in which Python was refused memory. A library that can't go on without it aborts, and
prints one of `REFUSED`."""
REFUSED = (b"memory allocation of", b"bad_alloc", b"MemoryError")
MOST_CHARACTERS = 2000
"""Of one text that the process says: it may quote a file of any length."""
MOST_PRINTED = 2**20
"""Bytes that are read of the end of what it printed: why it aborts, and a trace of where, is shorter."""
CGROUPS = {
    "": (Path("/sys/fs/cgroup"), "memory.max"),
    "memory": (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
}
"""Where the limit of a container or a service is said, by the controller in `/proc/self/cgroup`: version 2 and 1."""


class LimitedProcessError(PermanentError):
    """A function did not come to its end; the message says why."""


class MemoryExceeded(LimitedProcessError):
    """It wanted more memory than it may have."""


class TimeExceeded(LimitedProcessError):
    """It ran longer than it may, or said nothing for too long."""


class Died(LimitedProcessError):
    """It ended its process, or failed in a way nobody foresaw."""


def machine_memory() -> int:
    """The bytes of memory that this machine, or the container or service that this process runs in, has; no more than
    this process may have (`ulimit`)."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    hard = (resource.getrlimit(kind)[1] for kind in (resource.RLIMIT_DATA, resource.RLIMIT_AS))
    limits += [limit for limit in hard if limit != resource.RLIM_INFINITY]
    with suppress(OSError):  # no Linux
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            for controller in CGROUPS.keys() & set(controllers.split(",")):
                limits += _cgroup_limits(*CGROUPS[controller], path)
    return min(limits)


def _cgroup_limits(top: Path, file: str, path: str) -> Iterator[int]:
    """Of a control group and those above it. In a container, `path` may be the one outside, which isn't there."""
    place = top / path.lstrip("/")
    for folder in (place, *place.parents):
        with suppress(OSError, ValueError):  # not there, or `max`
            yield int((folder / file).read_text())
        if folder == top:
            return


class LimitedProcess:
    """A child process that calls functions, one after the other. A context manager; at its end the child is killed.

    memory: the bytes that it may allocate (RLIMIT_DATA, setrlimit(2)), where there are as many. RLIMIT_AS would count
    what is only reserved, of which polars alone has a gigabyte. macOS enforces neither.
    errors: what functions raise that is raised here too; any other error is `Died`. They are made of text.
    """

    def __init__(self, memory: int, errors: Iterable[type[Exception]] = ()) -> None:
        self._memory = min(memory, machine_memory())
        self._errors = {error.__name__: error for error in errors}

    def __enter__(self) -> "LimitedProcess":
        self._said = tempfile.TemporaryFile()
        self._connection, theirs = Pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", START, *map(str, (theirs.fileno(), self._memory, os.getpid()))],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=self._said,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        theirs.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._connection.close()
        self._said.close()

    def results(
        self,
        function: Callable[..., Iterable[Result]],
        *arguments: object,
        seconds: float,
        silence: float | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> Iterator[Result]:
        """What `function` yields. It lies at a module's top level; it and its arguments are pickled to get there.

        seconds: it may run. silence: seconds without a result or a word of progress.
        progress: given, the function is called with another `progress`, and what it says there is said here.

        Raises
        ------
        MemoryExceeded, TimeExceeded, Died: after each of them the process is no more.
        """
        end = time.monotonic() + seconds
        try:
            self._connection.send((function, arguments, progress is not None))
            while True:
                if not self._connection.poll(max(0.0, min(end - time.monotonic(), silence or seconds))):
                    raise self._late(seconds if time.monotonic() >= end else silence or seconds)
                kind, about = json.loads(self._connection.recv_bytes())
                match kind:
                    case "end":
                        return
                    case "progress" if progress:
                        progress(about)
                    case "error":
                        raise self._error(*about)
                    case _:
                        yield about, self._connection.recv_bytes()
        except (EOFError, ConnectionError) as error:
            raise self._death() from error

    def _late(self, limit: float) -> TimeExceeded:
        self._process.kill()
        return TimeExceeded(f"takes longer than the {limit / 60:.3g} minutes that it may")

    def _error(self, name: str, *arguments: str) -> Exception:
        known = self._errors.get(name)
        return known(*arguments) if known else Died(f"fails with {name}: {' '.join(arguments)}")

    def _death(self) -> LimitedProcessError:
        status = self._process.wait()
        self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - MOST_PRINTED))
        said = self._said.read()
        if status in (OUT_OF_MEMORY, -signal.SIGKILL) or any(words in said for words in REFUSED):
            return MemoryExceeded(f"takes more than the {self._memory / 2**30:.3g} GiB of memory that it may")
        last = _shortened(said.decode(errors="replace").strip().rpartition("\n")[2])
        ended = signal.Signals(-status).name if status < 0 else f"status {status}, {last}"
        return Died(f"ends the process that does it ({ended})")


# --- in the child -----------------------------------------------------------------------------------------------------


def serve() -> None:
    """Call what the parent asks for, until it closes the connection or is no more."""
    descriptor, memory, parent = map(int, sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    connection = Connection(descriptor)
    with suppress(EOFError, ConnectionError):
        while True:
            try:
                _call(connection, *connection.recv())
            except MemoryError:
                os._exit(OUT_OF_MEMORY)


def _call(connection: Connection, function: Callable[..., Iterable[Result]], arguments: tuple, speaks: bool) -> None:
    def say(kind: str, about: Any = None) -> None:
        connection.send_bytes(json.dumps([kind, about]).encode())

    def tell(progress: str) -> None:
        say("progress", _shortened(progress))

    options = {"progress": tell} if speaks else {}
    try:
        for about, content in function(*arguments, **options):
            say("result", about)
            connection.send_bytes(content)
        say("end")
    except (MemoryError, ConnectionError):
        raise
    except BaseException as error:  # noqa: BLE001  a library in Rust panics with one
        say("error", [type(error).__name__, *(_shortened(str(part)) for part in error.args)])


def _shortened(text: str) -> str:
    """A long text without its middle: it begins with what is wrong and ends with what to do. No half of a secret, which
    nobody would find, is left where it was cut."""
    if len(text) <= MOST_CHARACTERS:
        return text
    half, clean = MOST_CHARACTERS // 2, without_secrets(text)
    return f"{clean[:half]} … {clean[-half:]}"


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
