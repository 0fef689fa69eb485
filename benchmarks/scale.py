"""How long a large catalogue and a full landing folder take.

Run as `python -m benchmarks.scale`. Loading: 2,000 use cases, each with the longest shipped `use_case.yaml` and the
longest shipped `features.py` under a title of its own; in a fresh process, imports included, until Dagster has the
repository. Polling: a tick of the real sensor over one folder of 20,000 files of 1 KB, first and later.

Two cores: 3.1 s, of which 0.8 s are imports, 1.1 s the catalogue and 0.8 s the definitions; 5.4 s the first time, when
Python compiles 2,000 files of 7 KB, and always where `PYTHONDONTWRITEBYTECODE` is set. The first tick
1.1 s, later ones 0.4 s.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from catalogue import reader

USE_CASES, FILES = 2_000, 20_000
INDUSTRIES = 20
LOAD = """
import sys, time
from pathlib import Path
started = time.perf_counter()
from pipelines.definitions import build_defs
from pipelines.vocabulary import read_catalogue
imported = time.perf_counter()
catalogue = read_catalogue(Path(sys.argv[1]))
read = time.perf_counter()
build_defs(catalogue=catalogue).get_repository_def()
built = time.perf_counter()
print(f"{len(catalogue.use_cases):,} use cases, {len(catalogue.errors)} errors: imports {imported - started:.2f} s, "
      f"catalogue {read - imported:.2f} s, definitions {built - read:.2f} s")
"""
TICK = """
import sys, time
from pathlib import Path
from dagster import DagsterInstance, build_sensor_context
from pipelines.sensors import new_deliveries
from pipelines.vocabulary import read_catalogue
cursor, sensor = None, new_deliveries.build(read_catalogue(Path(sys.argv[1])), 30)
with DagsterInstance.ephemeral() as instance:
    for tick in ("first", "second", "third"):
        started = time.perf_counter()
        result = sensor(build_sensor_context(instance=instance, cursor=cursor))
        cursor = result.cursor
        print(f"{tick} tick: {time.perf_counter() - started:.2f} s, {len(result.run_requests)} requested")
"""


def _longest(name: str) -> Path:
    return max(reader.SHIPPED.glob(f"*/*/{name}"), key=lambda path: path.stat().st_size)


def many_use_cases(root: Path) -> None:
    """Copies that differ in their titles."""
    definition, code = _longest("use_case.yaml").read_text("utf-8"), _longest("features.py")
    lines = [line for line in definition.splitlines() if not line.startswith("title:")]
    for number in range(USE_CASES):
        folder = root / f"industry_{number % INDUSTRIES}" / f"use_case_{number}"
        folder.mkdir(parents=True)
        (folder.parent / "industry.yaml").write_text(f"title: Industry {number % INDUSTRIES}\n")
        (folder / "use_case.yaml").write_text("\n".join([f"title: Use case {number}", *lines, ""]), "utf-8")
        shutil.copyfile(code, folder / code.name)


def many_files(root: Path) -> None:
    """One use case whose landing folder is full."""
    folder = root / "shop" / "orders"
    folder.mkdir(parents=True)
    (folder.parent / "industry.yaml").write_text("title: Shop\n")
    source = '{files: {path: "*.csv"}, licence: "-", citation: "-"}'
    (folder / "use_case.yaml").write_text(
        f"title: Orders\ntask: regression\ntarget: y\nsource: {source}\nlearners: [ridge]\n"
    )
    for number in range(FILES):
        path = folder / f"{number:05}.csv"
        path.write_text(f"x,y\n{number},{number}\n" + "1,2\n" * 250)
        os.utime(path, (time.time() - 60, time.time() - 60))


def _timed(code: str, root: Path) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, str(root)], check=True)
    return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        many_use_cases(Path(folder))
        for load in ("first", "second", "third"):
            print(f"{load} load, the whole process: {_timed(LOAD, Path(folder)):.2f} s", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        many_files(Path(folder))
        _timed(TICK, Path(folder))


if __name__ == "__main__":
    main()
