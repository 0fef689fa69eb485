"""People are notified once of data that should have come and did not."""

import pytest
from dagster import DagsterInstance, SensorResult, build_sensor_context

from pipelines.sensors import overdue_deliveries

from ..sandbox import KEY, Sandbox

DAY = overdue_deliveries.DAY_SECONDS


@pytest.mark.parametrize(("now", "days"), [(6.9 * DAY, 0), (7 * DAY, 0), (9 * DAY, 2)])
def test_a_delivery_is_overdue_from_the_day_it_was_expected(now: float, days: float):
    assert overdue_deliveries.days_overdue(0, 7, now) == pytest.approx(days)


def tick(sandbox: Sandbox, instance: DagsterInstance, cursor: str | None = None) -> SensorResult:
    made = overdue_deliveries.build(sandbox.catalogue(), 30)
    result = made(build_sensor_context(instance=instance, cursor=cursor))
    assert isinstance(result, SensorResult)
    return result


def test_old_data_are_reported_once_until_newer_come(
    sandbox: Sandbox, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    reported: list[str] = []
    monkeypatch.setattr(overdue_deliveries, "notify_or_log", lambda notice, log: reported.append(str(notice)))
    sandbox.place(delivered_every_days=1e-9)
    first = tick(sandbox, instance)
    again = tick(sandbox, instance, first.cursor)
    assert len(reported) == 1 and reported[0].startswith(
        f"{KEY}: a delivery is overdue\nThe latest data were made on 20"
    )
    sandbox.make(instance, KEY, "raw_data", job="data")
    tick(sandbox, instance, again.cursor)
    assert len(reported) == 2


def test_fresh_data_and_use_cases_that_expect_none_are_left_alone(
    sandbox: Sandbox, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(overdue_deliveries, "notify_or_log", lambda notice, log: pytest.fail(str(notice)))
    tick(sandbox, instance)
    sandbox.place(delivered_every_days=7)
    sandbox.place("retail/refunds", delivered_every_days=1e-9)
    tick(sandbox, instance)
