"""People are notified of a failed run: what, where and why."""

import pytest
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from pipelines.sensors.failed_runs import is_retried, notice_of

from ..sandbox import DELIVERY, KEY, Sandbox


@pytest.mark.slow
def test_the_notice_says_what_broke_and_where(sandbox: Sandbox, instance: DagsterInstance):
    (sandbox.root / KEY / DELIVERY).write_text("order,price,weight,colour,returned\n1,2,3,red,0\n")
    assert not sandbox.materialise(instance).success
    (run,) = instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.FAILURE]))
    notice = notice_of(run, instance)
    assert notice.title == f"{KEY} failed"
    assert notice.text.startswith("validated_data: ")
    assert f"{KEY}: the table breaks its contract" in notice.text
    assert notice.text.endswith(f"run {run.run_id}")
    assert not is_retried(run)
