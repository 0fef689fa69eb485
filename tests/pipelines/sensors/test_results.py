"""People are told of what a run changed, once; and of everything that is made for the first time, together."""

import json
from typing import Any

import pytest
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    DagsterInstance,
    DagsterRun,
    MaterializeResult,
    asset,
    materialize,
)

from assets.evaluation import gates_check
from assets.partitions import Partitions
from assets.stages import latest
from modeling.core.record import Gate
from pipelines import news
from pipelines.current_artefacts import CurrentEvaluations
from pipelines.sensors import results
from pipelines.sensors.results import LONGEST_SECONDS, QUIET_SECONDS, ResultsCursor, is_due
from resources.notification.notice import Notice

from ...assets.test_contract_checks import evaluations, rows
from ...modeling.evaluation_records import binary
from ..sandbox import KEY, Sandbox, orders
from .notified import Notified, name_a_webhook

SALES, STOCK = "retail/sales", "retail/stock"
TWINS = "near_duplicates_across_roles"
RULE = "expect_column_values_to_be_between"


@pytest.fixture
def people(empty: Sandbox, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Notified:
    """Who are told of what runs of two use cases bring, from now on."""
    for key in (SALES, STOCK):
        empty.place(key, orders(), title=key)
    people = Notified(results, instance, name_a_webhook(empty, monkeypatch), empty.catalogue())
    assert people.tick() == []
    return people


def judged(key: str, people: Notified, outcome: str = "published", score: float = 0.8, **checks: bool) -> str:
    """A run that judges a use case and evaluates checks. Returns its number."""
    held = {"held back by": "min_metric" if outcome == "held back" else ""}
    said: dict[str, Any] = {"verdict": outcome, "reason": f"it is {outcome}", "champion": "lightgbm", **held}
    partitions = Partitions.of(people.catalogue)
    specs = [partitions.check(name, "features", name) for name in checks]

    @asset(partitions_def=partitions.use_cases)
    def evaluation() -> MaterializeResult[None]:
        return MaterializeResult(metadata={**said, "metric": "roc_auc", "roc_auc": score})

    @asset(partitions_def=partitions.use_cases, check_specs=specs)
    def features():
        warn = AssetCheckSeverity.WARN
        found = [
            AssetCheckResult(check_name=name, passed=passed, severity=warn, description=f"{name} said")
            for name, passed in checks.items()
        ]
        return MaterializeResult(check_results=found)

    ended = materialize([evaluation, features], instance=people.instance, partition_key=key)
    assert ended.success
    return ended.run_id


def took(key: str, people: Notified, *, readable: bool) -> None:
    """A run that takes a delivery in, and judges nothing."""
    partitions = Partitions.of(people.catalogue)
    spec = partitions.check("files_taken", "raw_data", "whether each file was taken")

    @asset(partitions_def=partitions.use_cases, check_specs=[spec])
    def raw_data():
        said = "all are taken" if readable else "broken.csv: line 2 has 2 fields"
        warn = AssetCheckSeverity.WARN
        yield AssetCheckResult(check_name="files_taken", passed=readable, severity=warn, description=said)
        yield MaterializeResult()

    assert materialize([raw_data], instance=people.instance, partition_key=key).success


def test_an_unreadable_file_is_told_of_before_anything_is_judged(people: Notified, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(results, "QUIET_SECONDS", 0.0)
    took(SALES, people, readable=False)
    (first,) = people.tick()
    assert "made for the first time" in first and "broken.csv: line 2 has 2 fields" in first
    took(SALES, people, readable=False)
    assert people.tick() == [], "people know"
    took(SALES, people, readable=True)
    took(SALES, people, readable=False)
    (again,) = people.tick()
    assert again.startswith(f"{SALES}: checks fail that did not before\nfiles_taken: broken.csv")


def test_a_first_run_of_many_use_cases_makes_one_notice(people: Notified, monkeypatch: pytest.MonkeyPatch):
    judged(SALES, people, **{TWINS: False})
    judged(STOCK, people, outcome="held back")
    found = CurrentEvaluations({SALES: binary(), STOCK: binary()})
    monkeypatch.setattr(news, "current_evaluations", lambda *_: found)
    assert people.tick() == [], "one more may come"
    monkeypatch.setattr(results, "QUIET_SECONDS", 0.0)
    (notice,) = people.tick()
    assert notice.startswith("2 use cases were made for the first time: 2 gain not shown\n")
    for key in (SALES, STOCK):
        assert f"{key}: gain not shown (" in notice
    assert people.tick() == []


def test_what_is_made_for_the_first_time_waits_until_no_more_comes_but_not_for_ever():
    made = {SALES: 1000.0, STOCK: 1100.0}
    assert not is_due({}, 10**6, in_progress=False)
    assert not is_due(made, 1100 + QUIET_SECONDS - 1, in_progress=False)
    assert is_due(made, 1100 + QUIET_SECONDS, in_progress=False)
    assert not is_due(made, 1100 + QUIET_SECONDS, in_progress=True)
    assert is_due(made, 1000 + LONGEST_SECONDS, in_progress=True)


def test_a_verdict_that_changes_is_told_with_both_scores_and_what_it_asks_of_whom(people: Notified):
    judged(SALES, people, score=0.8123)
    people.tick()
    run = judged(SALES, people, outcome="held back", score=0.61)
    (notice,) = people.tick()
    title, *text = notice.splitlines()
    assert title == f"{SALES}: published → held back"
    assert text[:2] == ["it is held back", "lightgbm, ROC AUC 0.8123 → lightgbm, ROC AUC 0.61"]
    assert text[2].startswith("asked of team:test: mend the data")
    assert text[-1] == f"run {run}"
    judged(SALES, people, outcome="held back", score=0.62)
    assert people.tick() == [], "held back by the same gate: people know"


def test_a_check_is_told_of_when_it_begins_to_fail(people: Notified):
    judged(SALES, people, **{TWINS: True})
    people.tick()
    judged(SALES, people, **{TWINS: False})
    (notice,) = people.tick()
    assert notice.startswith(f"{SALES}: checks fail that did not before\n{TWINS}: {TWINS} said\n")
    judged(SALES, people, **{TWINS: False})
    assert people.tick() == []
    judged(SALES, people, **{TWINS: True})
    judged(SALES, people, **{TWINS: False})
    assert len(people.tick()) == 1


def test_a_run_that_failed_before_it_evaluated_a_check_leaves_what_people_know_of_it(people: Notified):
    judged(SALES, people, **{TWINS: True})
    judged(SALES, people, **{TWINS: False})
    assert len(people.tick()) == 1
    partitions = Partitions.of(people.catalogue)

    @asset(partitions_def=partitions.use_cases, check_specs=[partitions.check(TWINS, "features", TWINS)])
    def features():
        raise ValueError("the delivery breaks its contract")

    assert not materialize([features], instance=people.instance, partition_key=SALES, raise_on_error=False).success
    judged(SALES, people, **{TWINS: False})
    assert people.tick() == []


def test_another_use_case_s_failing_check_hides_none(people: Notified):
    judged(SALES, people, **{TWINS: True})
    judged(STOCK, people, **{TWINS: False})
    people.tick()
    judged(SALES, people, **{TWINS: False})
    assert len(people.tick()) == 1


def test_the_cursor_of_the_run_status_sensor_before_goes_on(people: Notified):
    judged(SALES, people)
    people.tick()
    event = json.loads(people.cursor or "")["event"]
    judged(SALES, people, outcome="held back")
    stored = {"__class__": "RunStatusSensorCursor", "record_id": event, "update_timestamp": None}
    people.cursor = json.dumps(stored | {"record_timestamp": None})
    assert len(people.tick()) == 1


def test_near_twins_are_told_of_where_the_score_without_them_is_another():
    judged = binary()
    assert judged.without_twins is None or judged.without_twins.metric is not None
    score = judged.champion.test[judged.metric]
    rest = judged.slices[0].model_copy(update={"metric": score.model_copy(update={"low": 0.0, "high": 1.0})})
    twin = judged.leakage[0].model_copy(update={"name": TWINS, "passed": False, "message": "many twins"})
    record = judged.model_copy(update={"leakage": [twin], "without_twins": rest})
    assert not any("many twins" in line for line in news.first_lines(SALES, record))
    far = score.model_copy(update={"value": 0.5, "low": 0.49, "high": 0.51})
    matters = record.model_copy(update={"without_twins": rest.model_copy(update={"metric": far})})
    assert any("many twins" in line for line in news.first_lines(SALES, matters))


def test_rows_set_aside_as_the_definition_says_are_no_news(
    sandbox: Sandbox, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    people = Notified(results, instance, name_a_webhook(sandbox, monkeypatch), sandbox.catalogue())
    people.tick()
    rule = {RULE: {"column": "weight", "max_value": 50}, "on_failure": "quarantine"}
    heavy = orders().with_columns(weight=orders()["weight"].set(orders()["order"] == 0, 99.0))
    sandbox.place(frame=heavy, contract=[rule])
    sandbox.make(instance, KEY, job="data")
    check = evaluations(instance, "contract", "validated_data")[0]
    assert not check.passed
    assert people.tick() == []


def test_an_unknown_cursor_begins_now(people: Notified):
    judged(SALES, people)
    assert ResultsCursor.from_stored(None, people.instance).event > 0


# --- verdicts of real runs --------------------------------------------------------------------------------------------

LATER = ("evaluation", "published_model", "evaluation_report")


@pytest.mark.slow
def test_a_held_back_champion_is_a_result_and_no_failed_check(
    sandbox: Sandbox, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    people = Notified(results, instance, name_a_webhook(sandbox, monkeypatch), sandbox.catalogue())
    people.tick()
    sandbox.place(gates={"min_metric": 0.999})
    sandbox.make(instance, KEY, *LATER)
    (notice,) = people.tick()
    assert notice.startswith(f"{KEY}: ") and "→ held back" in notice and "0.999" in notice
    (check, *_) = evaluations(instance, "gates", "evaluation")
    assert (check.passed, check.severity) == (False, AssetCheckSeverity.WARN)
    made = latest(instance, "evaluation", KEY)
    assert made is not None
    said = {key: value.value for key, value in made.metadata.items()}
    assert said["verdict"] == "held back" and "0.999" in str(said["reason"])
    assert "min_metric" in str(said["held back by"])
    sandbox.place(gates={"min_metric": 0.9991})
    sandbox.make(instance, KEY, *LATER)
    assert people.tick() == [], "the same gate again: people know"


def test_the_check_of_gates_names_those_that_a_use_case_has_and_no_other():
    met = Gate(name="min_efficiency", bound=1, measured=2, low=1.5, high=2.5, passed=True, message="efficient")
    missed = Gate(name="max_turnover", bound=1, measured=3.14159, low=2, high=4, passed=False, message="turns over")
    check = gates_check(binary(gates=[met, missed]))
    assert (check.passed, check.description) == (False, "turns over")
    assert [(one["name"], one["measured"]) for one in rows(check, "gates")] == [
        ("max_turnover", 3.142),
        ("min_efficiency", 2.0),
    ]
    assert gates_check(binary(gates=[met])).description == "all 1 gates are met"


def test_a_run_whose_news_cannot_be_said_holds_up_no_other(people: Notified, monkeypatch: pytest.MonkeyPatch):
    for key in (SALES, STOCK):
        judged(key, people)
    people.tick()
    bad = judged(SALES, people, outcome="held back")
    judged(STOCK, people, outcome="held back")
    right = results.notice_of

    def notice_of(run: DagsterRun, *rest: Any) -> Notice | None:
        if run.run_id == bad:
            raise KeyError("no such gate")
        return right(run, *rest)

    monkeypatch.setattr(results, "notice_of", notice_of)
    unsaid, said = people.tick()
    assert unsaid.startswith(f"{SALES}: a run went well\nwhat that changed can't be said: KeyError: 'no such gate'")
    assert unsaid.endswith(f"run {bad}")
    assert said.startswith(f"{STOCK}: published → held back")
    assert people.tick() == [], "each is told once"


def test_a_digest_that_cannot_be_said_repeats_nothing_else(people: Notified, monkeypatch: pytest.MonkeyPatch):
    judged(SALES, people)
    people.tick()
    judged(SALES, people, outcome="held back")
    judged(STOCK, people)

    def digest(*_: object) -> Notice:
        raise KeyError("no such metric")

    monkeypatch.setattr(results, "digest", digest)
    monkeypatch.setattr(results, "QUIET_SECONDS", 0.0)
    changed, unsaid = people.tick()
    assert changed.startswith(f"{SALES}: published → held back")
    assert unsaid.startswith(
        f"2 use cases were made for the first time: {SALES}, {STOCK}\nwhat that changed can't be said"
    )
    assert people.tick() == []
