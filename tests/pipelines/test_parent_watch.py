"""A child that is told to end does so, whatever the database of its run does meanwhile."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
WATCHED = """
import os, time
from pipelines import parent_watch
class Away:
    def get_run_by_id(self, run_id):
        {answer}
parent_watch.MARKING_SECONDS = 0.5
watch = parent_watch.ParentWatch(Away(), os.getppid())
watch.run_id = "one"
watch.start()
print("here", flush=True)
while True:
    time.sleep(1)
"""


@pytest.mark.parametrize("answer", ["raise OSError('away')", "time.sleep(600)", "raise SystemExit"])
def test_a_database_that_is_away_holds_its_end_up_for_seconds_only(answer: str):
    command = [sys.executable, "-c", WATCHED.format(answer=answer)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None and child.stdout.readline() == b"here\n"
        child.send_signal(signal.SIGTERM)
        try:
            assert child.wait(30) == 1
        finally:
            child.kill()
