"""Dagster's webserver behind `cross_site`: `python -m pipelines.web.webserver`, with options as of `dagster-webserver`.

Belongs here: putting the protection in front, and the reports (`reports`) beside. Does not belong here: a
daemon beside it (`dev`).
"""

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from dagster import DagsterInstance
from dagster._core.workspace.context import IWorkspaceProcessContext, WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._utils.log import configure_loggers
from dagster_webserver import app, cli
from dagster_webserver.version import __version__
from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from catalogue.reader import roots
from pipelines.web import reloading, reports
from pipelines.web.cross_site import CrossSiteProtection, WrongHosts, served_hosts
from resources.store.state import State

POLL_MILLISECONDS = 2000
"""Between two questions of a page in a browser for what is new; the program's own."""


class ProtectedWebserver(DagsterWebserver[Any, Any]):
    """As Dagster's, with the reports; and no web page elsewhere can use it."""

    def __init__(self, process_context: IWorkspaceProcessContext[Any], *arguments: Any, **options: Any) -> None:
        super().__init__(process_context, *arguments, **options)
        reloading.follow(process_context, roots())

    def build_routes(self) -> list[BaseRoute]:
        return [*reports.routes(State()), *super().build_routes()]

    def build_middleware(self) -> list[Middleware]:
        return [Middleware(CrossSiteProtection, hosts=served_hosts()), *super().build_middleware()]


# The program has no option for the webserver that it makes.
app.DagsterWebserver = ProtectedWebserver  # pyright: ignore[reportPrivateImportUsage]


def serve(
    instance: DagsterInstance,
    workspace: Path,
    listener: socket.socket,
    ready: Callable[[], None],
    log_level: str,
    *,
    read_only: bool,
) -> None:
    """Answer in this process until a signal ends it, as the program does with the options it has by itself.

    listener: where; who comes before it is `ready` waits.
    """
    configure_loggers(log_level=log_level.upper())
    instance.optimize_for_webserver(
        cli.DEFAULT_DB_STATEMENT_TIMEOUT, cli.DEFAULT_POOL_RECYCLE, cli.DEFAULT_POOL_MAX_OVERFLOW
    )
    target = WorkspaceFileTarget([str(workspace)])
    with WorkspaceProcessContext(instance, target, __version__, read_only, code_server_log_level=log_level) as context:
        answering = app.create_app_from_workspace_process_context(context, "", POLL_MILLISECONDS)
        ready()
        uvicorn.Server(uvicorn.Config(answering, log_level=log_level)).run(sockets=[listener])


def main() -> None:
    try:
        served_hosts()
    except WrongHosts as error:
        sys.exit(str(error))
    cli.main()


if __name__ == "__main__":
    main()
