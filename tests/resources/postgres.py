"""A PostgreSQL server of a test's own: on a free port of this machine, with a password, stopped and started at will.

Belongs here: finding the programs, and running them as somebody they agree to run as. Does not belong here: what a test
asks of the database.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import sqlalchemy as sa

from pipelines.instance import SCHEME

USER = "reader"
PASSWORD = "s3cr/t ü%word"
"""Written otherwise in a URL."""


def programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`: of those on the PATH, or the newest of Debian's."""
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return debian[-1].parent if debian else None


@dataclass(frozen=True)
class Server:
    """Everything lies under `folder`; `programs` is where the server's commands are."""

    programs: Path
    folder: Path
    port: int

    @property
    def url(self) -> sa.URL:
        return sa.URL.create("postgresql", USER, PASSWORD, "127.0.0.1", self.port, "postgres")

    @property
    def address(self) -> str:
        """The URL with its password, as the environment holds it."""
        return self.url.render_as_string(hide_password=False)

    @property
    def storage(self) -> str:
        """The same for the storage of a Dagster instance."""
        return self.url.set(drivername=SCHEME.removesuffix("://")).render_as_string(hide_password=False)

    @property
    def secrets(self) -> tuple[str, str]:
        """The password as it is, and as it stands in an address."""
        return PASSWORD, self.address.split(":")[2].split("@")[0]

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off"
        self._pg_ctl("start", "-w", "-l", str(self.folder / "log"), "-o", options)

    def stop(self) -> None:
        """At once, as if the machine had failed."""
        self._pg_ctl("stop", "-w", "-m", "immediate")

    @contextmanager
    def halted(self) -> Iterator[None]:
        """All its processes stand still; the system goes on to answer for them."""
        postmaster = psutil.Process(int((self.folder / "data" / "postmaster.pid").read_text().split()[0]))
        processes = [postmaster, *postmaster.children()]
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                process.resume()

    @property
    def is_running(self) -> bool:
        return (self.folder / "data" / "postmaster.pid").exists()

    def execute(self, *statements: str) -> None:
        engine = sa.create_engine(self.url, poolclass=sa.NullPool, execution_options={"no_parameters": True})
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def _pg_ctl(self, *arguments: str) -> None:
        run(self.programs / "pg_ctl", "-D", self.folder / "data", *arguments, folder=self.folder)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def running() -> Iterator[Server]:
    """A new, empty server; there must be `programs`."""
    found = programs()
    assert found
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        server = Server(found, Path(name), free_port())
        if owner := _owner():
            shutil.chown(name, owner)
        password = server.folder / "password"
        password.write_text(PASSWORD)
        access = ["--auth=scram-sha-256", f"--username={USER}", f"--pwfile={password}"]
        run(
            found / "initdb",
            "-D",
            server.folder / "data",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            *access,
            folder=name,
        )
        server.start()
        try:
            yield server
        finally:
            if server.is_running:
                server.stop()


def run(*command: object, folder: object) -> None:
    arguments = [str(part) for part in command]
    subprocess.run(arguments, cwd=str(folder), user=_owner(), check=True, stdout=subprocess.DEVNULL)


def _owner() -> str | None:
    """Somebody other than root, as whom PostgreSQL refuses to run."""
    if os.geteuid():
        return None
    users = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in users else "nobody"
