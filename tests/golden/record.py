"""Records what every stage makes of the tiny use cases now: `python -m tests.golden.record [TASK…]`."""

import sys
from tempfile import TemporaryDirectory

from modeling.problems import tasks
from resources.store.state import State

from .. import test_every_task as tiny
from . import comparison, results


def main() -> None:
    for task in sys.argv[1:] or tasks.names():
        with TemporaryDirectory() as folder:
            made = tiny.made_of(task, State(folder=folder))
            comparison.record(task, results.of_stages(made, tiny.compared(made)))


if __name__ == "__main__":
    main()
