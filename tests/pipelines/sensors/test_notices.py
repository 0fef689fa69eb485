"""Failed runs, failed checks and failed looks are told of: what, where and why, once each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from dagster import (
    AssetKey,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    FreshnessPolicy,
    RunsFilter,
    SensorResult,
    build_sensor_context,
)
from dagster._core.definitions.freshness import FreshnessState, FreshnessStateChange
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, TickData, TickStatus
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster_shared.error import SerializableErrorInfo

from assets.stages import MARKET_ENTRY_REPORT
from pipelines import definitions
from pipelines.sensors import notices
from pipelines.sensors.notices import checks_notice, is_tried_again, notice_of

from ..sandbox import DELIVERY, KEY, Sandbox, orders


def latest_run(instance: DagsterInstance) -> DagsterRun:
    return instance.get_runs(limit=1)[0]


def test_the_notice_says_what_broke_and_where(sandbox: Sandbox, instance: DagsterInstance):
    (sandbox.root / KEY / DELIVERY).write_text("order,price,weight,colour,returned\n1,2,3,red,0\n")
    assert not sandbox.materialise(instance).success
    (run,) = instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.FAILURE]))
    notice = notice_of(run, instance)
    assert notice.title == f"{KEY} failed"
    assert notice.text.startswith("validated_data: ")
    assert f"{KEY}: the table breaks its contract" in notice.text
    assert notice.text.endswith(f"run {run.run_id}")
    assert not is_tried_again(run)


def test_checks_that_fail_in_a_good_run_are_told_in_one_notice(sandbox: Sandbox, instance: DagsterInstance):
    rule = {"expect_column_values_to_be_between": {"column": "weight", "max_value": 50}, "on_failure": "quarantine"}
    heavy = orders().with_columns(weight=orders()["weight"].set(orders()["order"] == 0, 99.0))
    sandbox.place(frame=heavy, contract=[rule])
    sandbox.make(instance, KEY, job="data")
    notice = checks_notice(latest_run(instance), instance)
    assert notice is not None
    assert notice.title == f"{KEY}: checks failed"
    assert notice.text.startswith("expect_column_values_to_be_between: weight: ")


def test_a_run_in_which_every_check_passes_is_told_nobody(sandbox: Sandbox, instance: DagsterInstance):
    sandbox.make(instance, KEY, job="data")
    assert checks_notice(latest_run(instance), instance) is None


# --- failed looks -----------------------------------------------------------------------------------------------------


@dataclass
class Sensor:
    """A sensor of the instance, whose looks the test writes down as the daemon does."""

    instance: DagsterInstance
    moment: float = 1_700_000_000.0

    def __post_init__(self) -> None:
        location = ManagedGrpcPythonEnvCodeLocationOrigin(LoadableTargetOrigin(module_name="pipelines.definitions"))
        self.origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), "new_deliveries")
        state = InstigatorState(self.origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING)
        self.instance.add_instigator_state(state)
        self.selector_id = state.selector_id

    def look(self, error: str = "") -> None:
        self.moment += 30
        tick = TickData(
            self.origin.get_id(),
            "new_deliveries",
            InstigatorType.SENSOR,
            TickStatus.FAILURE if error else TickStatus.SKIPPED,
            self.moment,
            error=SerializableErrorInfo(error, [], "ValueError") if error else None,
            selector_id=self.selector_id,
        )
        self.instance.create_tick(tick)


@dataclass
class People:
    """What people were told by a sensor; its cursor goes from look to look."""

    instance: DagsterInstance
    told: list[str]
    sensor: str = "tell_of_sensor_errors"
    cursor: str | None = None

    def hear(self) -> list[str]:
        """What is new to them."""
        before = len(self.told)
        sensors = {sensor.name: sensor for sensor in notices.build(30)}
        context = build_sensor_context(instance=self.instance, cursor=self.cursor)
        result = sensors[self.sensor](context)
        assert isinstance(result, SensorResult)
        self.cursor = result.cursor
        return self.told[before:]


@pytest.fixture
def people(empty: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    told: list[str] = []
    monkeypatch.setattr(notices, "tell", lambda notice, _: told.append(str(notice)))
    with empty.instance() as instance:
        yield People(instance, told)


def test_a_sensor_that_fails_is_told_of_once_until_it_works_again(people: People):
    sensor = Sensor(people.instance)
    sensor.look()
    assert people.hear() == []
    sensor.look("no such column")
    sensor.look("no such column")
    assert people.hear() == ["new_deliveries can't do its work\nno such column"]
    sensor.look("no such column")
    assert people.hear() == []
    sensor.look("disk full")
    assert people.hear() == ["new_deliveries can't do its work\ndisk full"]
    sensor.look()
    sensor.look("disk full")
    assert people.hear() == ["new_deliveries can't do its work\ndisk full"]


def test_at_first_sight_and_after_a_reset_old_errors_are_no_news(people: People):
    sensor = Sensor(people.instance)
    sensor.look("long ago")
    sensor.look()
    assert people.hear() == []
    people.cursor = None
    assert people.hear() == []


# --- reports that are not written -------------------------------------------------------------------------------------


def becomes(instance: DagsterInstance, state: FreshnessState) -> None:
    """What the daemon writes down when a report's freshness changes."""
    key = AssetKey(MARKET_ENTRY_REPORT)
    change = FreshnessStateChange(
        key=key, previous_state=FreshnessState.UNKNOWN, new_state=state, state_change_timestamp=0.0
    )
    instance._report_runless_asset_event(change)


def test_a_report_that_is_not_written_is_told_of_once(people: People):
    people.sensor = "tell_of_stale_reports"
    becomes(people.instance, FreshnessState.PASS)
    assert people.hear() == []
    becomes(people.instance, FreshnessState.FAIL)
    assert people.hear() == ["market_entry_report is out of date\nit was not written when it should have been"]
    assert people.hear() == []
    becomes(people.instance, FreshnessState.PASS)
    assert people.hear() == []


def test_the_market_report_may_be_two_weeks_old():
    asset = definitions.defs.resolve_asset_graph().get(AssetKey(MARKET_ENTRY_REPORT))
    assert asset.freshness_policy == FreshnessPolicy.time_window(fail_window=timedelta(days=15))
