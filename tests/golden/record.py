"""Records what every stage makes of the tiny use cases now: `python -m tests.golden.record [TASK…]`.

What has no tiny use case is recorded with all of them.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from modeling.problems import tasks
from resources.store.state import State

from .. import test_every_task as tiny
from . import comparison, delivered_file, instruction_set, results


def main() -> None:
    instruction_set.choose()
    if not sys.argv[1:]:
        with TemporaryDirectory() as folder:
            comparison.record(delivered_file.TASK, delivered_file.stages(Path(folder)))
    for task in sys.argv[1:] or tasks.names():
        with TemporaryDirectory() as folder:
            made = tiny.made_of(task, State(folder=folder))
            comparison.record(task, results.of_stages(made, tiny.compared(made)))


if __name__ == "__main__":
    main()
