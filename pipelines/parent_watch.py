"""Ends a child process that is told to end, or whose parent has ended: its run is marked, its locks are free.

Belongs here: noticing either, whatever the child is busy with. Does not belong here: starting children, or what a run
means for those who wait for it (`runs`).
"""

import os
import select
import signal
import threading
from typing import NoReturn

from dagster import DagsterInstance

from pipelines.lost_runs import mark_as_failed

ENDING = frozenset({signal.SIGTERM, signal.SIGHUP})
"""What a service manager, a shell and a terminal that closes send. Ctrl-C is left to Dagster."""
POLL_SECONDS = 1.0
MARKING_SECONDS = 5.0
"""A database that is away may not answer for longer; then a later command, or the daemon, finds the run silent."""


class ParentWatch(threading.Thread):
    """Started in the main thread of a child. `run_id` is the run that it executes, while it does.

    parent: the process that started the child, as that one says: it may have ended while the child imported.
    """

    def __init__(self, instance: DagsterInstance, parent: int) -> None:
        super().__init__(daemon=True)
        self.run_id = ""
        self._instance, self._parent = instance, parent
        self._signals, written = os.pipe()
        os.set_blocking(written, False)
        signal.set_wakeup_fd(written, warn_on_full_buffer=False)  # filled even while a library computes
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # which is how `nohup` says that it should go on
                signal.signal(number, lambda *_: None)

    def run(self) -> NoReturn:
        """Wait for either, then end the process, whether or not its run can be marked."""
        try:
            while os.getppid() == self._parent and not self._told_to_end():
                pass
            marking = threading.Thread(target=self._mark, daemon=True)
            marking.start()
            marking.join(MARKING_SECONDS)
        finally:
            os._exit(1)

    def _told_to_end(self) -> bool:
        ready, _, _ = select.select([self._signals], [], [], POLL_SECONDS)
        return bool(ready) and not ENDING.isdisjoint(os.read(self._signals, 64))

    def _mark(self) -> None:
        if self.run_id:
            mark_as_failed(self.run_id, self._instance, "the command that had started it was ended")
