"""The UI shows the catalogue as its files are: a use case that is new, or whose definition changed, without a click.

Belongs here: when the definitions are loaded anew. Does not belong here: what shows that a file changed
(`catalogue.changes`), or the daemon: it loads them every minute, or shares the code server with the UI.
"""

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dagster._core.workspace.context import IWorkspaceProcessContext, WorkspaceProcessContext

from catalogue.changes import Written, written

LOOK_SECONDS = 5.0
"""Between two looks. Files that change from one to the next are still being written."""
_logger = logging.getLogger(__name__)


def follow(context: IWorkspaceProcessContext[Any], roots: Sequence[Path]) -> None:
    """Load the definitions anew, for as long as this process lives, whenever files under the `roots` have changed."""
    if isinstance(context, WorkspaceProcessContext):
        threading.Thread(target=_follow, args=(context, roots, written(roots)), daemon=True).start()


def _follow(context: WorkspaceProcessContext, roots: Sequence[Path], loaded: Written) -> None:
    last = loaded
    while True:
        time.sleep(LOOK_SECONDS)
        now = written(roots)
        if now == last and now != loaded:
            _reload(context)
            loaded = now
        last = now


def _reload(context: WorkspaceProcessContext) -> None:
    for name in context.code_location_names:
        try:
            context.reload_code_location(name)
        except Exception as error:  # noqa: BLE001  the server goes on with what it has, and the UI shows the error
            _logger.warning("%s could not be loaded anew: %s", name, error)
