"""People are notified of checks that fail in a run that succeeds, once for a run."""

from dagster import AssetCheckSeverity, AssetMaterialization, DagsterInstance, DagsterRun

from assets.evaluation import gate_checks
from assets.stages import latest
from modeling.core.record import Gate
from pipelines.sensors.failed_checks import checks_notice, verdict_notice
from resources.notification import Notice

from ...assets.test_contract_checks import evaluations
from ...modeling.evaluation_records import binary
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


# --- verdicts ---------------------------------------------------------------------------------------------------------

LATER = ("evaluation", "published_model", "evaluation_report")


def judge(sandbox: Sandbox, instance: DagsterInstance, **gates: float) -> tuple[Notice | None, Notice | None]:
    sandbox.place(gates=gates)
    sandbox.make(instance, KEY, *LATER)
    run = latest_run(instance)
    return checks_notice(run, instance), verdict_notice(run, instance)


def test_a_held_back_champion_is_a_result_and_no_failed_check(sandbox: Sandbox, instance: DagsterInstance):
    failed, held_back = judge(sandbox, instance, min_metric=0.999)
    assert failed is None and held_back is not None
    assert held_back.title == f"{KEY}: the champion is held back" and "0.999" in held_back.text
    (check, *_) = evaluations(instance, "min_metric", "evaluation")
    assert (check.passed, check.severity) == (False, AssetCheckSeverity.WARN)
    assert {"measured", "bound"} <= set(check.metadata)
    said = {key: value.value for key, value in judged(instance).metadata.items()}
    assert said["verdict"] == "held back" and "0.999" in str(said["reason"])
    assert "min_metric" in str(said["held back by"])
    assert judge(sandbox, instance, min_metric=0.9991) == (None, None), "the same gate again: people know"


def judged(instance: DagsterInstance) -> AssetMaterialization:
    found = latest(instance, "evaluation", KEY)
    assert found
    return found


def test_gates_that_only_a_task_has_share_a_check():
    met = Gate(name="min_efficiency", bound=1, measured=2, low=1.5, high=2.5, passed=True, message="efficient")
    missed = Gate(name="max_turnover", bound=1, measured=3, low=2, high=4, passed=False, message="turns over")
    checks = {check.check_name: check for check in gate_checks(binary(gates=[met, missed]))}
    check = checks["task_gates"]
    assert (check.passed, check.description) == (False, "turns over")
    assert {key: value.value for key, value in check.metadata.items()}["max_turnover: low"] == 2
    assert checks["min_metric"].passed and not checks["min_metric"].metadata
