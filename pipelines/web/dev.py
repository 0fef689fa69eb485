"""Webserver, daemon and code location together: `python -m pipelines.web.dev`, with the options of `dagster dev`.

Belongs here: that Dagster's command starts our `webserver` in place of its own, and that all of them end together.
"""

import os
import signal
import subprocess
import warnings
from collections.abc import Sequence
from typing import Any

from dagster import SupersessionWarning
from dagster._cli import dev
from dagster_shared.ipc import open_ipc_subprocess

PROGRAMS = {"dagster_webserver": "pipelines.web.webserver", "dagster._daemon": "dagster._daemon"}
"""What is started, by the module that Dagster's command would start. Any other stops the command: it may serve HTTP."""


def start_service(parts: Sequence[str], **options: Any) -> "subprocess.Popen[Any]":
    """As `open_ipc_subprocess`, for one of the `PROGRAMS`."""
    python, option, module, *arguments = parts
    service = [python, option, "pipelines.web.service", str(os.getpid()), PROGRAMS[module], *arguments]
    return open_ipc_subprocess(service, **options)


def main() -> None:
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # which is how `nohup` says that it should go on
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    warnings.simplefilter("ignore", SupersessionWarning)  # people type neither this command nor `dg dev`
    # The command has no option for the programs that it starts.
    dev.open_ipc_subprocess = start_service  # pyright: ignore[reportPrivateImportUsage]
    dev.dev_command()


if __name__ == "__main__":
    main()
