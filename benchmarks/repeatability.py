"""Whether two state folders hold the same evaluations, as two runs of the same data, definitions, code and seeds must.

Run as `python -m benchmarks.repeatability <home> <home>`; ends with status 1 where they differ. `--burn 60` keeps every
core busy for that many seconds instead: run the second of the two beside it.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from resources.store.state import State
from resources.store.versions import CURRENT

MEASURED = frozenset({"seconds", "peak_memory_mb", "predictions_per_second", "run_id", "finished_at"})
"""What may differ from run to run: what a machine took, and when. In a gate on throughput, what follows from it too."""
OF_THROUGHPUT = "min_predictions_per_second"


def main(arguments: list[str] | None = None) -> int:
    """Compares or burns."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("homes", nargs="*", type=Path, help="two state folders")
    parser.add_argument("--burn", type=float, metavar="SECONDS", help="keep all cores busy")
    given = parser.parse_args(arguments)
    if given.burn:
        with burning():
            time.sleep(given.burn)
        return 0
    if len(given.homes) != 2:
        parser.error("name two state folders, or --burn")
    found = list(compared(*given.homes))
    print("\n".join(found) or "the same")
    return int(bool(found))


def compared(one: Path, other: Path) -> Iterator[str]:
    """A line for every difference between the current evaluations of two state folders."""
    first, second = _evaluations(one), _evaluations(other)
    if not first and not second:
        yield f"neither {one} nor {other} holds an evaluation"
    for key in sorted(first.keys() | second.keys()):
        if key in first and key in second:
            yield from differences(first[key], second[key], key)
        else:
            yield f"{key}: only in {one if key in first else other}"


def differences(one: Any, other: Any, place: str) -> Iterator[str]:
    """A line for every value of two JSON documents that differs and is not `MEASURED`."""
    if isinstance(one, dict) and isinstance(other, dict):
        throughput = one.get("name") == OF_THROUGHPUT == other.get("name")
        ignored = MEASURED | {"measured", "message"} if throughput else MEASURED
        for key in sorted((one.keys() | other.keys()) - ignored):
            yield from differences(one.get(key), other.get(key), f"{place}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{place}.{number}")
    elif one != other:
        yield f"{place}: {one!r} is {other!r}"


def _evaluations(home: Path) -> dict[str, Any]:
    """Use case -> its current record."""
    root = State(folder=str(home)).artefacts / "evaluation"
    paths = root.glob(f"*/*/{CURRENT}/evaluation.json")
    return {"/".join(path.relative_to(root).parts[:2]): json.loads(path.read_text(encoding="utf-8")) for path in paths}


@contextmanager
def burning() -> Iterator[None]:
    """A process for every core that does nothing but compute."""
    spawned = multiprocessing.get_context("spawn")
    processes = [spawned.Process(target=_burn, daemon=True) for _ in range(os.cpu_count() or 1)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def _burn() -> None:
    while True:
        sum(range(10_000))


if __name__ == "__main__":
    sys.exit(main())
