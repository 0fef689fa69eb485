"""The command `sectorforge ui`.

Belongs here: starting Dagster's own programs. Does not belong here: what they load (`pipelines.definitions`).
"""

import os
import sys
from typing import Annotated

import typer

from pipelines.cli.error_boundary import Commands
from pipelines.cli.terminal import console
from pipelines.instance import open_instance

app = Commands()


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="port on this machine")] = 3000,
    read_only: Annotated[bool, typer.Option("--read-only", help="nothing can be started or changed")] = False,
) -> None:
    """Open the Dagster UI on this machine, with its daemon unless it is read-only.

    It has no authentication: it listens on loopback only.
    """
    with open_instance():
        console.print(f"http://127.0.0.1:{port} (Ctrl-C ends it)")
    program = ["dagster_webserver", "--read-only"] if read_only else ["dagster", "dev"]
    arguments = ["-m", *program, "-m", "pipelines.definitions", "-h", "127.0.0.1", "-p", str(port)]
    os.execv(sys.executable, [sys.executable, *arguments])
