"""Dagster's webserver behind `cross_site`: `python -m pipelines.web.webserver`, with options as of `dagster-webserver`.

Belongs here: putting the protection in front, and the reports (`reports`) beside. Does not belong here: a
daemon beside it (`dev`).
"""

import sys
from typing import Any

from dagster._core.workspace.context import IWorkspaceProcessContext
from dagster_webserver import app, cli
from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from catalogue.reader import roots
from pipelines.web import reloading, reports
from pipelines.web.cross_site import CrossSiteProtection, WrongHosts, served_hosts
from resources.store.state import State


class ProtectedWebserver(DagsterWebserver[Any, Any]):
    """As Dagster's, with the reports; and no web page elsewhere can use it."""

    def __init__(self, process_context: IWorkspaceProcessContext[Any], *arguments: Any, **options: Any) -> None:
        super().__init__(process_context, *arguments, **options)
        reloading.follow(process_context, roots())

    def build_routes(self) -> list[BaseRoute]:
        return [*reports.routes(State()), *super().build_routes()]

    def build_middleware(self) -> list[Middleware]:
        return [Middleware(CrossSiteProtection, hosts=served_hosts()), *super().build_middleware()]


def main() -> None:
    try:
        served_hosts()
    except WrongHosts as error:
        sys.exit(str(error))
    # The program has no option for the webserver that it makes.
    app.DagsterWebserver = ProtectedWebserver  # pyright: ignore[reportPrivateImportUsage]
    cli.main()


if __name__ == "__main__":
    main()
