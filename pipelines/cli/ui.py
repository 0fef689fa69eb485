"""The command `sectorforge ui`.

Belongs here: its options. Does not belong here: the servers that it starts (`pipelines.web`), or what they load
(`pipelines.definitions`).
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from assets.metadata import REPORTS
from pipelines.cli.arguments import LOOPBACK, listening
from pipelines.cli.error_boundary import Commands
from pipelines.cli.terminal import console, errors
from pipelines.code_location import take_over_former_name, write_workspace
from pipelines.instance import open_instance
from pipelines.web import dev
from pipelines.web.cross_site import served_hosts
from resources import dagster_ui
from resources.notification.places import address_errors

app = Commands()


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="port on this machine")] = 3000,
    read_only: Annotated[bool, typer.Option("--read-only", help="nothing can be started or changed")] = False,
) -> None:
    """Open the Dagster UI on this machine, with its daemon unless it is read-only.

    It has no authentication: it listens on loopback only.
    """
    for fault in address_errors(os.environ):
        errors.print(f"Nobody gets notices there: {fault}", markup=False, soft_wrap=True, style="red")
    served_hosts()
    listener = listening(port)
    os.environ.setdefault(dagster_ui.VARIABLE, f"http://{LOOPBACK}:{port}")
    with open_instance() as instance:
        if not read_only:
            take_over_former_name(instance)
        workspace = write_workspace(Path(instance.root_directory))
        dev.serve(instance, workspace, listener, lambda: _say_where(port), read_only=read_only)


def _say_where(port: int) -> None:
    console.print(f"http://{LOOPBACK}:{port} (Ctrl-C ends it); reports: http://{LOOPBACK}:{port}{REPORTS}/")
