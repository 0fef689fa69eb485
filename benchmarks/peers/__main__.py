"""The command line: `run` and `compare`, as the package says."""

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.peers import compare, ours, tables
from benchmarks.peers.peer import TOOLS
from resources.sources import Cache

CORES = 2
PATIENCE = 3
"""A tool that takes more than so many times its seconds is ended, and has no answer."""


def run(python: Path, work: Path, names: list[str]) -> None:
    """Every tool on every table that has no answer yet, ours first."""
    for table in tables.TABLES:
        if names and table.name not in names:
            continue
        folder = work / "answers" / table.name
        if not (folder / ours.TASK).exists():
            ours.answer(table, tables.read(table, Cache.from_environment(work / "cache")), work, CORES)
        for tool in TOOLS:
            if not (folder / f"{tool}.json").exists():
                _ask(tool, python, folder)


def _ask(tool: str, python: Path, folder: Path) -> None:
    script = Path(__file__).with_name("peer.py")
    command = ["taskset", "--cpu-list", f"0-{CORES - 1}", str(python), str(script), tool, str(folder)]
    seconds = json.loads((folder / ours.TASK).read_text())["seconds"]
    print(f"{folder.name}: {tool}, {seconds:.0f} s", flush=True)
    with (folder / f"{tool}.log").open("w") as log:
        try:
            subprocess.run(command, check=True, stdout=log, stderr=log, timeout=PATIENCE * seconds + 60)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            print(f"{folder.name}: {tool} has no answer: {error}", flush=True)


def main() -> None:
    """`run PYTHON FOLDER [TABLE...]` or `compare FOLDER`."""
    what, *rest = sys.argv[1:]
    if what == "run":
        python, work, *names = rest
        run(Path(python).absolute(), Path(work).absolute(), names)
        return
    (work,) = rest
    folders = [Path(work) / "answers" / table.name for table in tables.TABLES]
    print(compare.markdown([compare.compare(folder) for folder in folders if (folder / ours.TASK).exists()]))


if __name__ == "__main__":
    main()
