"""How long one row waits for its prediction, on the command line and over HTTP.

`python -m benchmarks.prediction_latency USE_CASE FILE`, on a use case with a published model and a file of rows to
predict. The command runs `ROUNDS` times in fresh processes; the server is started once and asked `REQUESTS` times for
the file's first row. What is printed: the median of seconds and of the processor's seconds, and what a request takes.

On two cores that did the work of eight (load 10 before, 17 after; wall times are several times those at rest), a
logistic model of four columns, before and after rules were judged in polars and one process alone imported what the
model needs. Command line, the processor's seconds: 32.6 and 36.6 before, 14.9 after. A row in process, wall time: 920
ms before, 183 ms after. Over HTTP after: median 86 ms, least 23 ms. Before, of a command's wall time: 30 % loading the
model's libraries, 25 % the same in the process that tries it, 27 % Great Expectations, 12 % the command's own imports
(Dagster nearly all), 6 % reading the file.

On two idle cores, again of a logistic model of four columns, the version without any of this and the one with it asked
by turns, three times each: 12.1, 12.6 and 13.6 s for the command before; 3.0, 3.0 and 3.2 s after, which imports no
Dagster any more and reads the file beside the model; over HTTP a median of 114 to 119 ms before, 17 to 18 ms after.

To compare two versions on a machine that does other things too, run both by turns and compare the processor's seconds.
"""

import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
import requests

ROUNDS, REQUESTS = 5, 50
COMMAND = [sys.executable, "-c", "from pipelines.cli.main import main; main()"]
PATIENCE_SECONDS = 300


def command_line(key: str, file: Path) -> None:
    """Print what one command takes."""
    walls, processors = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            command = [*COMMAND, "predict", key, str(file), "--out", f"{folder}/out.csv"]
            subprocess.run(command, check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            walls.append(time.perf_counter() - began)
            processors.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    wall, processor = statistics.median(walls), statistics.median(processors)
    print(f"command line: {wall:.2f} s, of which the processor works {processor:.2f} s")


def over_http(key: str, row: dict[str, object]) -> None:
    """Print what one request takes, once the server has started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
    command = [*COMMAND, "serve", key, "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        session, address = requests.Session(), f"http://127.0.0.1:{port}"
        session.trust_env = False
        _wait_for(session, f"{address}/ping")
        taken = sorted(_asked(session, f"{address}/invocations", row) for _ in range(REQUESTS))
        median, slow = statistics.median(taken), taken[int(0.95 * REQUESTS)]
        print(f"HTTP: {1000 * median:.1f} ms; 95 of 100 within {1000 * slow:.1f} ms")
    finally:
        server.terminate()
        server.wait(60)


def _wait_for(session: requests.Session, address: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            if session.get(address, timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.3)
    raise TimeoutError(f"{address} does not answer")


def _asked(session: requests.Session, address: str, row: dict[str, object]) -> float:
    began = time.perf_counter()
    session.post(address, json={"dataframe_records": [row]}, timeout=60).raise_for_status()
    return time.perf_counter() - began


def main() -> None:
    """Measure both."""
    key, file = sys.argv[1], Path(sys.argv[2])
    row = json.loads(pl.read_csv(file, n_rows=1).write_json())[0]
    command_line(key, file)
    over_http(key, row)


if __name__ == "__main__":
    main()
