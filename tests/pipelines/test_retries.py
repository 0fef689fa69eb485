"""A run is not tried again when an asset refused its data. One whose process died is: `test_lost_runs.py`."""

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from .sandbox import DELIVERY, KEY, Sandbox


def only_failed(instance: DagsterInstance) -> DagsterRun:
    (run,) = instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.FAILURE]))
    return run


def test_refused_data_are_not_tried_again(sandbox: Sandbox, instance: DagsterInstance):
    (sandbox.root / KEY / DELIVERY).write_text("order,price,weight,colour,returned\n1,2,3,red,0\n")
    assert not sandbox.materialise(instance).success
    assert only_failed(instance).tags["dagster/will_retry"] == "false"
