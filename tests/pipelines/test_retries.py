"""A run is tried again when its process died, never when an asset refused its data; a dead one is found out."""

import logging
import subprocess
import sys
from typing import cast

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.test_utils import create_run_for_test
from dagster._core.workspace.context import BaseWorkspaceRequestContext
from dagster._daemon.monitoring.run_monitoring import monitor_started_run

from resources.store.run_lock import PROCESS, this_process

from .sandbox import DELIVERY, KEY, Sandbox

NO_WORKSPACE = cast(BaseWorkspaceRequestContext, None)


def only_failed(instance: DagsterInstance) -> DagsterRun:
    (run,) = instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.FAILURE]))
    return run


def started(instance: DagsterInstance, process: str) -> DagsterRun:
    return create_run_for_test(instance, "data", status=DagsterRunStatus.STARTED, tags={PROCESS: process})


def monitor(instance: DagsterInstance, run: DagsterRun) -> DagsterRunStatus:
    """What the daemon does with a run that has started, as often as `dagster.yaml` says."""
    record = instance.get_run_record_by_id(run.run_id)
    assert record is not None
    monitor_started_run(instance, NO_WORKSPACE, record, logging.getLogger())
    seen = instance.get_run_by_id(run.run_id)
    assert seen is not None
    return seen.status


def test_refused_data_are_not_tried_again(sandbox: Sandbox, instance: DagsterInstance):
    (sandbox.root / KEY / DELIVERY).write_text("order,price,weight,colour,returned\n1,2,3,red,0\n")
    assert not sandbox.materialise(instance).success
    assert only_failed(instance).tags["dagster/will_retry"] == "false"


def test_a_run_names_its_process(sandbox: Sandbox, instance: DagsterInstance):
    sandbox.make(instance, KEY, "raw_data")
    assert instance.get_runs(limit=1)[0].tags[PROCESS] == this_process()


def test_a_run_whose_process_is_gone_is_found_out_and_tried_again(instance: DagsterInstance):
    code = "from resources.store.run_lock import this_process; print(this_process())"
    process = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    assert monitor(instance, started(instance, process)) == DagsterRunStatus.FAILURE
    assert only_failed(instance).tags["dagster/will_retry"] == "true"


def test_a_run_at_work_is_left_alone(instance: DagsterInstance):
    assert monitor(instance, started(instance, this_process())) == DagsterRunStatus.STARTED
    assert monitor(instance, started(instance, "another-machine 1 0")) == DagsterRunStatus.STARTED
