"""A code location for `test_pool.py`: two jobs whose runs must not overlap, and two whose runs must.

Belongs here: assets that fail when they do. They leave their marks in the folder that `MARKS` names.
"""

import os
import time
from pathlib import Path

from dagster import Definitions, asset, define_asset_job, in_process_executor

MARKS = "SECTORFORGE_TEST_MARKS"
SECONDS = 2.0
PATIENCE_SECONDS = 120.0


def alone() -> None:
    """Fails if another process is inside."""
    mark = Path(os.environ[MARKS]) / "inside"
    mark.touch(exist_ok=False)
    time.sleep(SECONDS)
    mark.unlink()


def meeting(mine: str, other: str) -> None:
    """Fails if the other one is not there at the same time."""
    marks = Path(os.environ[MARKS])
    (marks / mine).touch()
    until = time.monotonic() + PATIENCE_SECONDS
    while not (marks / other).exists():
        assert time.monotonic() < until, f"{mine} waited in vain for {other}"
        time.sleep(0.1)


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


ASSETS = [network_one, network_two, table_one, table_two]
defs = Definitions(
    assets=ASSETS,
    jobs=[define_asset_job(f"make_{made.key.to_user_string()}", [made]) for made in ASSETS],
    executor=in_process_executor,
)
