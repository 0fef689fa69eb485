"""A PostgreSQL server of a test's own, on a free port of this machine, that can be stopped and started again.

Belongs here: making one of Debian's package or of what is on the PATH. PostgreSQL refuses to run as root, so root
starts it as `postgres`.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.instance import SCHEME

PASSWORD = "not-to-be-seen/anywhere"
ACCOUNT = "postgres"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@dataclass(frozen=True)
class Database:
    folder: Path
    programs: Path
    port: int

    @property
    def url(self) -> str:
        return f"{SCHEME}dagster:{PASSWORD.replace('/', '%2F')}@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        (self.folder / "password").write_text(PASSWORD)
        options = ("--username=dagster", f"--pwfile={self.folder / 'password'}", "--auth=scram-sha-256", "--no-sync")
        self._run("initdb", *options)

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """At once, as when the machine under it is switched off."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        account = {"user": ACCOUNT, "group": ACCOUNT, "extra_groups": []} if os.getuid() == 0 else {}
        command = [self.programs / program, "-D", self.folder / "data", *arguments]
        # `pg_ctl start` leaves the server its own output: a pipe would never end.
        with (self.folder / "output").open("a") as output:
            subprocess.run(command, cwd=self.folder, check=True, stdout=output, stderr=output, **account)


def programs() -> Path | None:
    """Where this machine's PostgreSQL is, the newest where there are several."""
    found = shutil.which("initdb")
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    places = [Path(found).resolve().parent] if found else [path.parent for path in packaged]
    return places[-1] if places else None


@contextmanager
def database() -> Iterator[Database]:
    """A running server, gone afterwards."""
    place = programs()
    if place is None:
        pytest.skip("there is no PostgreSQL server on this machine: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="sectorforge-postgres-", dir="/tmp"))
    if os.getuid() == 0:
        shutil.chown(folder, ACCOUNT, ACCOUNT)
    made = Database(folder, place, free_port())
    try:
        made.create()
        made.start()
        yield made
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            made.stop()
        shutil.rmtree(folder)
