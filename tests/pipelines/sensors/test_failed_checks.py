"""People are notified of checks that fail in a run that succeeds, once for a run."""

from dagster import DagsterInstance, DagsterRun

from pipelines.sensors.failed_checks import checks_notice

from ..sandbox import KEY, Sandbox, orders


def latest_run(instance: DagsterInstance) -> DagsterRun:
    return instance.get_runs(limit=1)[0]


def test_checks_that_fail_in_a_good_run_make_one_notice(sandbox: Sandbox, instance: DagsterInstance):
    rule = {"expect_column_values_to_be_between": {"column": "weight", "max_value": 50}, "on_failure": "quarantine"}
    heavy = orders().with_columns(weight=orders()["weight"].set(orders()["order"] == 0, 99.0))
    sandbox.place(frame=heavy, contract=[rule])
    sandbox.make(instance, KEY, job="data")
    notice = checks_notice(latest_run(instance), instance)
    assert notice is not None
    assert notice.title == f"{KEY}: checks failed"
    assert notice.text.startswith("expect_column_values_to_be_between: weight: ")


def test_a_run_in_which_every_check_passes_makes_none(sandbox: Sandbox, instance: DagsterInstance):
    sandbox.make(instance, KEY, job="data")
    assert checks_notice(latest_run(instance), instance) is None
