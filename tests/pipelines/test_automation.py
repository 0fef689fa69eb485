"""What follows a delivery follows it by itself, as far as the data changed, and no further."""

import pytest
from dagster import AssetKey, DagsterInstance, evaluate_automation_conditions

from assets.stages import INDUSTRY_REPORT, MARKET_ENTRY_REPORT, STATUS_REPORT
from pipelines.automation import CONDITIONS
from pipelines.freshness import stale_stages

from .sandbox import KEY, Sandbox, orders

JUDGED = ["baseline_model", "evaluation", "evaluation_report", "lightgbm_model", "published_model", "torch_model"]


class Daemon:
    """Evaluates the conditions tick by tick, as the daemon does; runs nothing."""

    def __init__(self, sandbox: Sandbox, instance: DagsterInstance) -> None:
        self._definitions, self._instance, self._cursor = sandbox.definitions(), instance, None

    def restart(self, sandbox: Sandbox) -> None:
        """What is left of a daemon is its cursor."""
        self._definitions = sandbox.definitions()

    def run(self, job: str, partition: str | None, *assets: str) -> bool:
        """A run as the daemon starts it; whether it succeeds."""
        return (
            self._definitions.resolve_job_def(job)
            .execute_in_process(
                instance=self._instance,
                partition_key=partition,
                asset_selection=[AssetKey(name) for name in assets] or None,
                tags={"dagster/from_automation_condition": "true"},
                raise_on_error=False,
            )
            .success
        )

    def tick(self) -> list[str]:
        """The assets that are requested."""
        result = evaluate_automation_conditions(self._definitions, self._instance, cursor=self._cursor)
        self._cursor = result.cursor
        return sorted(name for name in CONDITIONS if result.get_num_requested(AssetKey(name)))


@pytest.fixture
def daemon(sandbox: Sandbox, instance: DagsterInstance) -> Daemon:
    made = Daemon(sandbox, instance)
    assert made.tick() == [], "the first tick starts nothing"
    return made


def test_nothing_happens_while_nothing_changes(daemon):
    assert [daemon.tick() for _ in range(3)] == [[]] * 3


def test_new_rows_are_trained_on_judged_and_reported_in_one_run(sandbox, instance, daemon):
    sandbox.place(frame=orders(320))
    sandbox.make(instance, KEY, job="data")
    assert daemon.tick() == JUDGED
    assert daemon.tick() == [], "requested once, whether or not the run succeeds"


def test_the_same_rows_made_again_start_nothing(sandbox, instance, daemon):
    sandbox.make(instance, KEY, job="data")
    assert daemon.tick() == []


@pytest.mark.slow
def test_what_a_person_already_made_is_not_made_again(sandbox, instance, daemon):
    sandbox.place(frame=orders(320))
    sandbox.make(instance)
    assert not set(daemon.tick()) & set(JUDGED)


def test_reports_above_follow_their_members(sandbox, instance, daemon):
    sandbox.make(instance, KEY, "evaluation_report")
    assert daemon.tick() == [INDUSTRY_REPORT, STATUS_REPORT]
    sandbox.make(instance, KEY.partition("/")[0], job="industry")
    assert daemon.tick() == [MARKET_ENTRY_REPORT]
    sandbox.make(instance, None, job="market_entry")
    assert daemon.tick() == [STATUS_REPORT]
    sandbox.make(instance, None, job="status")
    assert daemon.tick() == []


@pytest.mark.parametrize("between", [True, False], ids=["a tick between", "on one tick"])
def test_the_start_page_tells_of_a_refused_delivery(
    sandbox: Sandbox, instance: DagsterInstance, daemon: Daemon, *, between: bool
):
    sandbox.make(instance, None, job="status")
    page = sandbox.current("status_report", "all") / "report.md"
    assert "delivery refused in" not in page.read_text()
    if between:
        assert daemon.tick() == []
    sandbox.place(frame=orders(20))
    assert not sandbox.materialise(instance, job="data").success
    assert [daemon.tick() for _ in range(2)] == [[STATUS_REPORT], []]
    sandbox.make(instance, None, job="status")
    assert f"{KEY}: delivery refused in validated_data" in page.read_text()
    assert "../../../evaluation_report/retail/returns/current/report.html" in page.read_text()


def test_a_new_use_case_alone_starts_nothing(sandbox, instance, daemon):
    sandbox.place("retail/refunds", frame=orders(100))
    assert Daemon(sandbox, instance).tick() == []


@pytest.mark.slow
def test_a_run_that_fails_is_not_requested_again_until_the_rows_change(sandbox, instance, daemon, monkeypatch):
    sandbox.place(frame=orders(320))
    sandbox.make(instance, KEY, job="data")
    assert daemon.tick() == JUDGED
    with monkeypatch.context() as patched:
        patched.setattr("assets.models.train", None)
        assert not daemon.run("use_case", KEY, *JUDGED)
    assert [daemon.tick() for _ in range(3)] == [[STATUS_REPORT], [], []]
    daemon.restart(sandbox)
    assert daemon.tick() == []
    sandbox.place(frame=orders(340))
    sandbox.make(instance, KEY, job="data")
    assert daemon.tick() == JUDGED


@pytest.mark.slow
def test_a_reset_starts_no_storm(sandbox, instance, daemon):
    sandbox.place(frame=orders(320))
    sandbox.make(instance, KEY, job="data")
    assert daemon.tick() == JUDGED
    assert Daemon(sandbox, instance).tick() == []


def test_what_changes_while_its_reader_runs_is_read_again(sandbox, instance, daemon):
    """The run may have read its inputs before, and ends after."""
    industry = KEY.partition("/")[0]
    sandbox.make(instance, KEY, "evaluation_report")
    assert INDUSTRY_REPORT in daemon.tick()
    sandbox.make(instance, KEY, "evaluation_report")
    assert daemon.run("industry", industry)
    assert INDUSTRY_REPORT in daemon.tick()
    assert daemon.run("industry", industry)
    assert INDUSTRY_REPORT not in daemon.tick()


@pytest.mark.slow
def test_rows_that_change_while_models_are_trained_are_trained_on(sandbox, instance, daemon):
    """The delivery waits for the training to end, and both may end between two ticks."""
    sandbox.place(frame=orders(320))
    sandbox.make(instance, KEY, job="data")
    assert daemon.tick() == JUDGED
    assert daemon.run("use_case", KEY, *JUDGED)
    sandbox.place(frame=orders(340))
    sandbox.make(instance, KEY, job="data")
    while requested := set(daemon.tick()) & set(JUDGED):
        assert daemon.run("use_case", KEY, *requested)
    assert stale_stages(sandbox.use_case(), instance, sandbox.state) == []
