"""Two runs of one use case at once, neither through the queue: each is whole, and nothing is mixed."""

import subprocess
import sys
from pathlib import Path

import pytest
from dagster import AssetKey, AssetRecordsFilter, DagsterEventType, DagsterInstance, DagsterRunStatus

from assets.stages import STAGES
from pipelines.freshness import stale_stages

from .sandbox import KEY, Sandbox, orders

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]
MAKE = """
import sys
from pathlib import Path
from tests.pipelines.sandbox import KEY, Sandbox
sandbox = Sandbox(Path(sys.argv[1]))
with sandbox.instance() as instance:
    sandbox.make(instance, KEY)
"""


def start(sandbox: Sandbox) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", MAKE, str(sandbox.folder)], cwd=PROJECT)


def spans(instance: DagsterInstance) -> dict[str, tuple[float, float]]:
    """When the first step of each run began and its last one ended."""
    found = {}
    for run in instance.get_runs():
        assert run.status == DagsterRunStatus.SUCCESS
        steps = {DagsterEventType.STEP_START, DagsterEventType.STEP_SUCCESS}
        moments = [entry.timestamp for entry in instance.all_logs(run.run_id, of_type=steps)]
        found[run.run_id] = (min(moments), max(moments))
    return found


def test_two_processes_that_make_one_use_case_take_turns(empty: Sandbox):
    empty.place(frame=orders())
    with empty.instance() as instance:
        instance.get_runs()
        both = [start(empty), start(empty)]
        assert [process.wait(300) for process in both] == [0, 0]
        (first, one), (second, other) = sorted(spans(instance).items(), key=lambda run: run[1])
        assert one[1] <= other[0], "no step of one run lies within the other"
        waited = [entry.user_message for entry in instance.all_logs(second) if entry.dagster_event is None]
        assert any(f"waits until run {first} of {KEY}" in line for line in waited)
        assert {_maker(instance, stage) for stage in STAGES} == {second}
        assert stale_stages(empty.use_case(), instance) == []
        for stage in ("baseline_model", "evaluation", "evaluation_report"):
            assert empty.current(stage).resolve().name == second


def _maker(instance: DagsterInstance, stage: str) -> str:
    wanted = AssetRecordsFilter(AssetKey(stage), asset_partitions=[KEY])
    return instance.fetch_materializations(wanted, limit=1).records[0].run_id
