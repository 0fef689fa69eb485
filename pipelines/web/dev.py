"""Webserver, daemon and code location together, on this machine; the webserver is this process.

Belongs here: that they start side by side and end together. `dagster dev` does the same with one more process, and
starts the webserver only when the code location has loaded. Does not belong here: what the webserver answers
(`webserver`), or the options (`pipelines.cli.ui`).
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from dagster import DagsterInstance
from dagster._cli.proxy_server_manager import ProxyServerManager
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_shared.ipc import get_ipc_shutdown_pipe, send_ipc_shutdown_message

LOG_LEVEL = "error"
"""Of all of them: people who work in the UI read one line on the terminal, unless something fails."""
ENDING_SECONDS = 60
"""For the daemon to end what it is about."""


def serve(
    instance: DagsterInstance, workspace: Path, listener: socket.socket, ready: Callable[[], None], *, read_only: bool
) -> None:
    """Answer until a signal ends it.

    workspace: a `workspace.yaml`. ready: is called when everything has loaded. read_only: there is no daemon.
    """
    _end_on_signals()
    with suppress(KeyboardInterrupt), ExitStack() as stack:

        def locate() -> ProxyServerManager:
            target = WorkspaceFileTarget([str(workspace)])
            return stack.enter_context(ProxyServerManager(instance, target, LOG_LEVEL))

        with ThreadPoolExecutor(1) as aside:
            locating = aside.submit(locate)
            webserver = import_module("pipelines.web.webserver")  # takes as long as the code location
        location = locating.result()
        started = Path(stack.enter_context(TemporaryDirectory()), "workspace.yaml")
        started.write_text(json.dumps({"load_from": location.get_code_server_specs()}), encoding="utf-8")

        def loaded() -> None:
            if not read_only:
                stack.enter_context(_daemon(started))
            ready()

        webserver.serve(instance, started, listener, loaded, LOG_LEVEL, read_only=read_only)


def _end_on_signals() -> None:
    """Let all end as they do by Ctrl-C. A hangup that is ignored goes on to be, which is how `nohup` says that it
    should."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)


@contextmanager
def _daemon(workspace: Path) -> Iterator[None]:
    """The daemon, as long as the context is open; without it nothing may go on."""
    theirs, ours = get_ipc_shutdown_pipe()
    service = [sys.executable, "-m", "pipelines.web.service", str(os.getpid()), "dagster._daemon", "run"]
    options = ["--log-level", LOG_LEVEL, "--shutdown-pipe", str(theirs), "-w", str(workspace)]
    process = subprocess.Popen([*service, *options], pass_fds=[theirs])
    os.close(theirs)
    ending = threading.Event()
    threading.Thread(target=_end_with, args=(process, ending), daemon=True).start()
    try:
        yield
    finally:
        ending.set()
        if process.poll() is None:
            send_ipc_shutdown_message(ours)
        _wait_for(process)


def _end_with(process: "subprocess.Popen[bytes]", ending: threading.Event) -> None:
    status = process.wait()
    if not ending.is_set():
        print(f"the daemon ended by itself, with status {status}; so does the UI", file=sys.stderr)
        os.kill(os.getpid(), signal.SIGTERM)


def _wait_for(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
