"""A retired use case: nothing runs it any more, and all that was made of it can still be read."""

from datetime import timedelta

import pytest
from dagster import DagsterInstance, RunsFilter, build_schedule_context, build_sensor_context
from typer.testing import CliRunner

from assets.stages import INDUSTRY_REPORT, STAGES
from pipelines import retention
from pipelines.cli.app import app
from pipelines.freshness import stale_industries
from pipelines.refresh import bring_up_to_date

from .sandbox import KEY, NoProgress, Sandbox, orders

OF_KEY = RunsFilter(tags={"dagster/partition": KEY})
REASON = "2026-11-01: replaced by retail/refunds"


@pytest.fixture
def retired(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A judged use case that is retired, with data that were delivered since."""
    sandbox.place(frame=orders(seed=1), retired=REASON)
    sandbox.name_in(monkeypatch)
    return sandbox


@pytest.mark.slow
def test_run_leaves_it_as_it_is(retired: Sandbox, instance: DagsterInstance):
    before = retired.published()
    runs = instance.get_runs_count(OF_KEY)
    (result,) = bring_up_to_date([KEY], retired.catalogue(), instance, NoProgress())[:1]
    assert (result.key, result.status, result.reason) == (KEY, "retired", REASON)
    assert retired.published() == before
    assert instance.get_runs_count(OF_KEY) == runs


def test_schedules_and_sensors_pass_over_it(retired: Sandbox, instance: DagsterInstance):
    retired.place("retail/refunds", orders(), title="Will this refund be disputed?")
    repository = retired.definitions().get_repository_def()
    schedule = repository.get_schedule_def("weekly_retraining")
    requests = schedule.evaluate_tick(build_schedule_context(instance, repository_def=repository)).run_requests
    assert [request.partition_key for request in requests or []] == ["retail/refunds"]
    sensor = repository.get_sensor_def("new_deliveries")
    with build_sensor_context(instance=instance) as context:
        evaluated = sensor.evaluate_tick(context)
    assert KEY not in (evaluated.cursor or "")


def test_it_stays_a_partition_and_its_history_is_kept(retired: Sandbox, instance: DagsterInstance):
    partitions = retired.definitions().resolve_assets_def("raw_data").partitions_def
    assert partitions is not None
    assert KEY in partitions.get_partition_keys()
    later = instance.get_runs()[0]
    created = instance.get_run_record_by_id(later.run_id)
    assert created is not None
    assert retention.disposable_runs(instance, created.create_timestamp + timedelta(days=1)) == []
    assert all(retired.current(asset).is_dir() for asset in STAGES)


@pytest.mark.usefixtures("retired")
def test_lists_and_reports_say_so():
    listed = CliRunner().invoke(app, ["list"], env={"COLUMNS": "200"}).stdout
    assert "retired: 2026-11-01" in listed
    shown = CliRunner().invoke(app, ["report"]).stdout
    assert f"{KEY} (retired): " in shown


def test_the_reports_above_are_written_anew_and_say_so(retired: Sandbox, instance: DagsterInstance):
    retired.make(instance, "retail", job="industry")
    page = (retired.current(INDUSTRY_REPORT, "retail") / "report.html").read_text(encoding="utf-8")
    assert f"retired: {REASON}" in page
    retired.place()
    assert stale_industries(retired.catalogue(), instance, retired.state) == ["retail"]
    retired.make(instance, "retail", job="industry")
    assert "retired" not in (retired.current(INDUSTRY_REPORT, "retail") / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("written", "message"), [("", "retired: "), (True, "retired: must be")])
def test_a_retirement_without_a_date_or_a_reason_is_an_error(empty: Sandbox, written: object, message: str):
    empty.place(retired=written)
    (found,) = empty.catalogue().errors
    assert message in str(found)
