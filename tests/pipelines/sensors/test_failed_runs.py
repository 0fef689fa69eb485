"""People are notified of a failed run: what, where and why."""

import pytest
from dagster import (
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    RunsFilter,
    asset,
    build_run_status_sensor_context,
    materialize,
)

from pipelines.sensors import failed_runs
from pipelines.sensors.failed_runs import is_news, is_retried, notice_of

from ..sandbox import DELIVERY, KEY, Sandbox
from .notified import name_a_webhook, notices


@asset
def away() -> None:
    raise OSError("the server is away")


@pytest.mark.slow
def test_the_notice_says_what_broke_and_where(sandbox: Sandbox, instance: DagsterInstance):
    (sandbox.root / KEY / DELIVERY).write_text("order,price,weight,colour,returned\n1,2,3,red,0\n")
    assert not sandbox.materialise(instance).success
    (run,) = instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.FAILURE]))
    notice = notice_of(run, instance, sandbox.catalogue())
    assert notice.title == f"{KEY} failed"
    assert notice.text.startswith("validated_data: ")
    assert f"{KEY}: the table breaks its contract" in notice.text
    assert "\nasked of team:test: put right what is named" in notice.text
    assert notice.text.endswith(f"run {run.run_id}")
    assert not is_retried(run)


def test_a_failure_is_told_of_once_until_another_comes_or_a_run_goes_well(instance: DagsterInstance):
    said = "the server is away"

    @asset
    def raw_data() -> None:
        if said:
            raise OSError(said)

    def runs(number: int) -> list[bool]:
        for _ in range(number):
            materialize([raw_data], instance=instance, raise_on_error=False)
        return [is_news(run, instance) for run in reversed(instance.get_runs(limit=number))]

    assert runs(3) == [True, False, False]
    said = "the password is wrong"
    assert runs(2) == [True, False]
    said = ""
    runs(1)
    said = "the password is wrong"
    assert runs(1) == [True]


def test_what_is_tried_again_is_told_of_by_its_last_run(instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch):
    for _ in range(2):
        materialize([away], instance=instance, raise_on_error=False)
    last, first = instance.get_runs(limit=2)
    monkeypatch.setattr(failed_runs, "is_retried", lambda run: run.run_id == first.run_id)
    assert (is_news(first, instance), is_news(last, instance)) == (False, True)


def test_a_failure_whose_reasons_cannot_be_read_is_told_of_all_the_same(
    empty: Sandbox, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    outbox = name_a_webhook(empty, monkeypatch)
    ended = materialize([away], instance=instance, raise_on_error=False)

    def reasons(*_: object) -> list[str]:
        raise ValueError("an event of another version")

    monkeypatch.setattr(failed_runs, "reasons", reasons)
    event = DagsterEvent(DagsterEventType.RUN_FAILURE.value, "job")
    run = instance.get_run_by_id(ended.run_id)
    assert run is not None
    context = build_run_status_sensor_context("tell_of_failures", event, instance, run).for_run_failure()
    failed_runs.build(empty.catalogue(), 30)(context)
    (notice,) = notices(outbox)
    assert " failed\nwhat that changed can't be said: ValueError: an event of another version" in notice
    assert notice.endswith(f"run {run.run_id}")
