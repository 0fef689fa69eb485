"""A failed run is told of: what, where and why."""

from dagster import DagsterRunStatus, RunsFilter

from pipelines.notices import notice_of

from .sandbox import DELIVERY, KEY


def test_the_notice_says_what_broke_and_where(sandbox, instance):
    (sandbox.root / KEY / DELIVERY).write_text("order,price,weight,colour,returned\n1,2,3,red,0\n")
    assert not sandbox.materialise(instance).success
    (run,) = instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.FAILURE]))
    notice = notice_of(run, instance)
    assert notice.title == f"{KEY} failed"
    assert notice.text.startswith("validated_data: ")
    assert f"{KEY}: the table breaks its contract" in notice.text
    assert notice.text.endswith(f"run {run.run_id}")
