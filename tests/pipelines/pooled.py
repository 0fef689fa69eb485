"""A code location for `test_pool.py`: jobs whose runs must not overlap, and jobs whose runs must.

Belongs here: assets that fail when they do. They leave their marks in the folder that `MARKS` names.
"""

import os
import signal
import time
from pathlib import Path

from dagster import Definitions, asset, define_asset_job, in_process_executor

MARKS = "SECTORFORGE_TEST_MARKS"
PATIENCE_SECONDS = 120.0
STAY_SECONDS = 20.0


def mark(name: str) -> Path:
    return Path(os.environ[MARKS]) / name


def wait_for(name: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not mark(name).exists():
        assert time.monotonic() < until, f"waited in vain for {name}"
        time.sleep(0.1)


def alone() -> None:
    """Fails if the other network is inside; stays until the tables, whose runs come later in the queue, have met."""
    mark("network").touch(exist_ok=False)
    wait_for("one")
    wait_for("two")
    mark("network").unlink()


def undisturbed() -> None:
    """Fails if the other twin is inside; stays for as long as both would take to start."""
    mark("twin").touch(exist_ok=False)
    time.sleep(STAY_SECONDS)
    mark("twin").unlink()


def meeting(mine: str, other: str) -> None:
    """Fails if the other table is not there at the same time."""
    mark(mine).touch()
    wait_for(other)


@asset(pool="gpu")
def network_one() -> None:
    alone()


@asset(pool="gpu")
def network_two() -> None:
    alone()


@asset
def table_one() -> None:
    meeting("one", "two")


@asset
def table_two() -> None:
    meeting("two", "one")


@asset
def twin_one() -> None:
    undisturbed()


@asset
def twin_two() -> None:
    undisturbed()


@asset
def mortal() -> None:
    """Kills its process the first time."""
    if not mark("died").exists():
        mark("died").touch()
        os.kill(os.getpid(), signal.SIGKILL)


ASSETS = [network_one, network_two, table_one, table_two, twin_one, twin_two, mortal]
defs = Definitions(
    assets=ASSETS,
    jobs=[define_asset_job(f"make_{made.key.to_user_string()}", [made]) for made in ASSETS],
    executor=in_process_executor,
)
