"""People are notified once of data that should have come and did not."""

import pytest
from dagster import DagsterInstance

from pipelines.sensors import overdue_deliveries

from ..sandbox import KEY, Sandbox
from .notified import Notified, name_a_webhook

DAY = overdue_deliveries.DAY_SECONDS


@pytest.mark.parametrize(("now", "days"), [(6.9 * DAY, 0), (7 * DAY, 0), (9 * DAY, 2)])
def test_a_delivery_is_overdue_from_the_day_it_was_expected(now: float, days: float):
    assert overdue_deliveries.days_overdue(0, 7, now) == pytest.approx(days)


def people(sandbox: Sandbox, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Notified:
    return Notified(overdue_deliveries, instance, name_a_webhook(sandbox, monkeypatch), sandbox.catalogue())


def test_old_data_are_reported_once_until_newer_come(
    sandbox: Sandbox, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    sandbox.place(delivered_every_days=1e-9)
    notified = people(sandbox, instance, monkeypatch)
    (notice,) = notified.tick()
    assert notice.startswith(f"{KEY}: a delivery is overdue\nThe latest data were made on 20")
    assert notified.tick() == []
    sandbox.make(instance, KEY, "raw_data", job="data")
    assert len(notified.tick()) == 1


def test_fresh_data_and_use_cases_that_expect_none_are_left_alone(
    sandbox: Sandbox, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    assert people(sandbox, instance, monkeypatch).tick() == []
    sandbox.place(delivered_every_days=7)
    sandbox.place("retail/refunds", delivered_every_days=1e-9)
    assert people(sandbox, instance, monkeypatch).tick() == []
