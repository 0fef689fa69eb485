"""One of Dagster's programs, which ends when its parent is gone, even killed: `… service PARENT MODULE ARGUMENTS`.

Belongs here: noticing that. Does not belong here: runs, whose ends leave more to put right (`pipelines.parent_watch`).
"""

import os
import runpy
import signal
import sys
import threading
import time

POLL_SECONDS = 1.0


def main() -> None:
    _, parent, *program = sys.argv
    threading.Thread(target=_end_after, args=(int(parent),), daemon=True).start()
    sys.argv = program
    runpy.run_module(program[0], run_name="__main__", alter_sys=True)


def _end_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
