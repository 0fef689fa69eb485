"""What follows a delivery follows it by itself, as far as the data changed, and no further."""

import pytest
from dagster import AssetKey, DagsterInstance, evaluate_automation_conditions

from assets.stages import INDUSTRY_REPORT, MARKET_ENTRY_REPORT
from pipelines.automation import CONDITIONS

from .sandbox import KEY, Sandbox, orders

JUDGED = ["baseline_model", "evaluation", "evaluation_report", "lightgbm_model", "published_model", "torch_model"]


class Daemon:
    """Evaluates the conditions tick by tick, as the daemon does; runs nothing."""

    def __init__(self, sandbox: Sandbox, instance: DagsterInstance) -> None:
        self._definitions, self._instance, self._cursor = sandbox.definitions(), instance, None

    def tick(self) -> list[str]:
        """The assets that are asked for."""
        result = evaluate_automation_conditions(self._definitions, self._instance, cursor=self._cursor)
        self._cursor = result.cursor
        return sorted(name for name in CONDITIONS if result.get_num_requested(AssetKey(name)))


@pytest.fixture
def daemon(sandbox: Sandbox, instance: DagsterInstance) -> Daemon:
    made = Daemon(sandbox, instance)
    assert made.tick() == [], "the first look starts nothing"
    return made


def test_nothing_happens_while_nothing_changes(daemon):
    assert [daemon.tick() for _ in range(3)] == [[]] * 3


def test_new_rows_are_trained_on_judged_and_reported_in_one_run(sandbox, instance, daemon):
    sandbox.place(frame=orders(320))
    sandbox.make(instance, KEY, job="data")
    assert daemon.tick() == JUDGED
    assert daemon.tick() == [], "asked for once, whether or not the run succeeds"


def test_the_same_rows_made_again_start_nothing(sandbox, instance, daemon):
    sandbox.make(instance, KEY, job="data")
    assert daemon.tick() == []


def test_what_a_person_already_made_is_not_made_again(sandbox, instance, daemon):
    sandbox.place(frame=orders(320))
    sandbox.make(instance)
    assert not set(daemon.tick()) & set(JUDGED)


def test_reports_above_follow_their_members(sandbox, instance, daemon):
    sandbox.make(instance, KEY, "evaluation_report")
    assert daemon.tick() == [INDUSTRY_REPORT]
    sandbox.make(instance, KEY.partition("/")[0], job="industry")
    assert daemon.tick() == [MARKET_ENTRY_REPORT]
    sandbox.make(instance, None, job="market_entry")
    assert daemon.tick() == []


def test_a_new_use_case_alone_starts_nothing(sandbox, instance, daemon):
    sandbox.place("retail/refunds", frame=orders(100))
    assert Daemon(sandbox, instance).tick() == []
