"""A newcomer's first run: seconds to the first report and to all, and how long each use case takes.

Run by `python -m benchmarks.first_run [PATTERN…]`, on an idle machine, in a new state folder; it takes as long as
`make run`. It writes `pipelines/first_run.json`, by which `sectorforge run` says what comes and how long it takes.
Downloads are a part of every figure.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipelines.first_run import AT_A_TIME, MEASURED
from resources.store.state import VARIABLE

MADE = re.compile(r"^\[\d+/\d+\] (\S+) made in (\d+) s .*file://")


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        seconds = _first_run(home, sys.argv[1:])
    MEASURED.write_text(json.dumps(seconds, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _first_run(home: str, patterns: list[str]) -> dict[str, int]:
    """Seconds by use case; prints when each report was there."""
    command = [str(Path(sys.executable).with_name("sectorforge")), "run", f"--jobs={AT_A_TIME}", *patterns]
    seconds, started = dict[str, int](), time.monotonic()
    with subprocess.Popen(command, env={**os.environ, VARIABLE: home}, stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout or ():
            if made := MADE.match(line):
                seconds[made[1]] = int(made[2])
                print(f"{time.monotonic() - started:6.0f} s: {made[1]} ({made[2]} s)", flush=True)
    print(f"{time.monotonic() - started:6.0f} s in all; status {running.returncode}")
    return seconds


if __name__ == "__main__":
    main()
