"""The commands about use cases, and what `sectorforge run` does: one failure stops no other use case."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterInstance, DagsterRunStatus
from typer.testing import CliRunner

from assets.stages import latest
from catalogue.reader import ENVIRONMENT
from modeling.core.record import Spread
from pipelines.cli import use_cases
from pipelines.cli.app import app
from pipelines.current_artefacts import CurrentEvaluations
from pipelines.freshness import stale_stages
from pipelines.refresh import Result, bring_up_to_date
from resources.store.integrity import write_digests

from ...modeling import evaluation_records
from ..sandbox import KEY, NoProgress, Sandbox, orders

GOOD, BAD, FAR, DYING = KEY, "retail/broken", "retail/far", "retail/dying"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("SECTORFORGE_MIRROR", raising=False)
    return monkeypatch


@pytest.fixture
def shop(empty: Sandbox, environment: pytest.MonkeyPatch) -> Sandbox:
    """An empty sandbox whose state folder the environment names, with the shipped catalogue."""
    empty.name_in(environment)
    environment.delenv(ENVIRONMENT)
    return empty


@pytest.fixture
def judged(sandbox: Sandbox, environment: pytest.MonkeyPatch) -> Sandbox:
    """The command line works on a catalogue whose one use case was judged."""
    sandbox.name_in(environment)
    return sandbox


# --- the commands -----------------------------------------------------------------------------------------------------


def sectorforge(*arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output, standard error."""
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.usefixtures("shop")
def test_list_names_the_shipped_use_cases_before_any_run():
    status, out, _ = sectorforge("list")
    assert status == 0
    for key in ("ecommerce/user_profiling", "finance/credit_scoring", "transport/delay_prediction"):
        assert key in out
    assert "not judged yet" in out


@pytest.mark.usefixtures("shop")
def test_the_shipped_catalogue_has_no_error():
    status, out, err = sectorforge("check")
    assert (status, err) == (0, "")
    assert "no error in" in out


@pytest.mark.usefixtures("shop")
def test_report_json_is_an_empty_object_before_any_run():
    assert sectorforge("report", "--json")[:2] == (0, "{}\n")


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("finance/credit_scorin", "did you mean finance/credit_scoring?"),
        ("../finance/*", "no use case matches '../finance/*'; known: "),
        ("/finance/credit_scoring", "no use case matches"),
        ("Finance/*", "no use case matches"),
    ],
)
def test_a_pattern_that_matches_nothing_is_a_usage_error_with_a_hint(pattern: str, hint: str):
    status, out, err = sectorforge("run", pattern)
    assert (status, out) == (2, "")
    assert hint in " ".join(err.split())


def test_report_json_has_everything_a_reader_needs(judged: Sandbox):
    status, out, _ = sectorforge("report", "--json")
    assert status == 0
    (key, found), *more = json.loads(out).items()
    assert (key, more) == (KEY, [])
    assert {"task", "metric", "evidence", "data_version", "rows", "seconds", "candidates"} <= found.keys()
    assert (found["task"], found["metric"], found["evidence"]) == ("binary_classification", "roc_auc", "real")
    assert found["champion"]["learner"]
    assert_interval(found["champion"]["test"]["roc_auc"])
    assert isinstance(found["baseline"]["test"]["roc_auc"]["value"], float)
    assert_interval(found["lift"])


def assert_interval(measured: dict[str, Any]) -> None:
    assert measured["low"] <= measured["value"] <= measured["high"]


def test_list_and_report_say_where_a_use_case_stands(judged: Sandbox):
    record = judged.current("evaluation") / "evaluation.json"
    verdict = {"outcome": "gain not shown", "reason": "The gain is luck."}
    record.write_text(json.dumps(json.loads(record.read_text()) | {"verdict": verdict}))
    write_digests(record.parent)
    status, out, _ = sectorforge("list")
    assert status == 0
    assert "logistic" in out
    assert "gain not shown" in out
    status, out, _ = sectorforge("report")
    assert status == 0
    place, said = out.splitlines()
    assert place.startswith(f"{KEY}: ")
    assert Path(place.removeprefix(f"{KEY}: ")).is_file()
    assert said == "  gain not shown: The gain is luck."


def test_check_and_list_show_an_error_and_the_rest(judged: Sandbox):
    broken = judged.place("retail/broken", title="Broken", targte="x")
    status, _, err = sectorforge("check")
    assert status == 1
    assert f"{broken / 'use_case.yaml'}:14:1: targte: unknown key" in err
    status, out, err = sectorforge("list")
    assert status == 0
    assert KEY in out
    assert "targte" in err


def test_check_refuses_a_rule_that_great_expectations_does_not_know(judged: Sandbox):
    judged.place(contract=[{"expect_column_values_to_be_betwen": {"column": "price"}}])
    status, _, err = sectorforge("check")
    assert status == 1
    assert "expect_column_values_to_be_betwen: there is no such rule" in err
    assert "did you mean 'expect_column_values_to_be_between'?" in err


# --- which catalogue --------------------------------------------------------------------------------------------------


def test_catalogues_are_named_by_an_option_or_the_environment(judged: Sandbox, tmp_path: Path):
    other = Sandbox(tmp_path / "other")
    other.place("energy/load", orders(), title="Load")
    _, out, _ = sectorforge("list")
    assert KEY in out and "energy/load" not in out
    status, out, _ = sectorforge("--catalogue", f"{other.root}{os.pathsep}{judged.root}", "list")
    assert status == 0
    assert KEY in out and "energy/load" in out
    _, out, _ = sectorforge("list")
    assert "energy/load" in out, "the processes that a command starts find it in their environment"


def test_check_names_the_folders(judged: Sandbox, tmp_path: Path):
    other = Sandbox(tmp_path / "other")
    other.place("energy/load", orders(), title="Load")
    status, out, _ = sectorforge("--catalogue", f"{other.root}{os.pathsep}{judged.root}", "check")
    assert status == 0
    assert f"2 use cases in 2 industries: no error in {other.root}, {judged.root}" in out


def test_a_use_case_in_two_folders_is_an_error_that_names_both(judged: Sandbox, tmp_path: Path):
    other = Sandbox(tmp_path / "other")
    other.place(KEY, orders())
    status, _, err = sectorforge("--catalogue", f"{other.root}{os.pathsep}{judged.root}", "check")
    assert status == 1
    assert str(other.root / KEY) in err and str(judged.root / KEY) in err


# --- what `run` does --------------------------------------------------------------------------------------------------


@pytest.fixture
def instance(shop: Sandbox) -> Iterator[DagsterInstance]:
    with shop.instance() as opened:
        yield opened


def refreshed(sandbox: Sandbox, instance: DagsterInstance) -> dict[str, Result]:
    catalogue = sandbox.catalogue()
    results = bring_up_to_date(sorted(catalogue.use_cases), catalogue, instance, NoProgress())
    return {result.key: result for result in results}


def closed_port() -> int:
    """A port where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.mark.slow
def test_one_bad_and_one_unreachable_use_case_stop_no_other(shop: Sandbox, instance: DagsterInstance):
    shop.place(BAD, orders().with_columns(returned=1), title="Broken")
    address = {"url": f"http://127.0.0.1:{closed_port()}/orders.csv", "sha256": "0" * 64}
    far = {"http": {"members": {"orders": address}}, "licence": "-", "citation": "-"}
    shop.place(FAR, title="Far", source=far)
    shop.place(GOOD, orders())

    first = refreshed(shop, instance)
    assert {key: result.status for key, result in first.items()} == {BAD: "failed", FAR: "skipped", GOOD: "made"}
    assert "validated_data: retail/broken: the table breaks its contract" in first[BAD].reason
    assert "orders.csv: no answer from 127.0.0.1" in first[FAR].reason
    assert "SECTORFORGE_MIRROR" in first[FAR].reason
    assert (shop.current("industry_report", "retail") / "report.html").is_file()
    assert (shop.current("market_entry_report", "all") / "report.html").is_file()
    assert not shop.current("raw_data", FAR).exists()

    shop.place(BAD, orders(seed=1), title="Broken")
    second = refreshed(shop, instance)
    assert {key: result.status for key, result in second.items()} == {BAD: "made", FAR: "skipped", GOOD: "up to date"}


@pytest.mark.slow
def test_new_data_that_hold_the_same_rows_train_nothing(shop: Sandbox, instance: DagsterInstance):
    shop.place(GOOD, orders())
    refreshed(shop, instance)
    trained = latest(instance, "baseline_model", GOOD)
    shop.place(GOOD, contract=[{"expect_column_values_to_be_between": {"column": "price", "min_value": 0}}])
    assert refreshed(shop, instance)[GOOD].status == "made"
    assert latest(instance, "baseline_model", GOOD) == trained
    assert stale_stages(shop.use_case(GOOD), instance, shop.state) == []


def test_the_summary_shows_the_intervals_that_gates_ask(shop: Sandbox, monkeypatch: pytest.MonkeyPatch):
    """A score or a lift with two intervals on one screen would be one too many."""
    shop.place(KEY, orders())
    shop.name_in(monkeypatch)
    judged = evaluation_records.binary()
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(use_cases, "bring_up_to_date", lambda *_: [Result(KEY, "made")])
    monkeypatch.setattr(use_cases, "current_evaluations", lambda *_: CurrentEvaluations({KEY: judged}))
    said = CliRunner().invoke(app, ["run", KEY]).output
    score, over = judged.spreads["score"], judged.champion.test[judged.metric]
    assert (score.low, score.high) != (over.low, over.high)
    assert "0.7843 (0.7689 to 0.7997)" in said


def test_the_summary_calls_no_gain_decisive_that_another_seed_may_lose(shop: Sandbox, monkeypatch: pytest.MonkeyPatch):
    shop.place(KEY, orders())
    shop.name_in(monkeypatch)
    judged = evaluation_records.binary()
    assert judged.lift.decisive
    spreads = {"lift": Spread(rows=0.01, seeds=0.3, splits=0.0, low=-0.25, high=0.75)}
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(use_cases, "bring_up_to_date", lambda *_: [Result(KEY, "made")])
    found = CurrentEvaluations({KEY: judged.model_copy(update={"spreads": spreads})})
    monkeypatch.setattr(use_cases, "current_evaluations", lambda *_: found)
    assert "(−0.2500 to 0.7500) not decisive" in CliRunner().invoke(app, ["run", KEY]).output


@pytest.mark.slow
def test_a_child_that_dies_is_a_failure_and_the_next_use_case_still_runs(shop: Sandbox, instance: DagsterInstance):
    folder = shop.place(DYING, orders(), title="Dying")
    code_lines = ["import os, signal", "def assemble(members):", "    os.kill(os.getpid(), signal.SIGKILL)"]
    (folder / "features.py").write_text("\n".join(code_lines))
    shop.place(GOOD, orders())

    results = refreshed(shop, instance)
    assert {key: result.status for key, result in results.items()} == {DYING: "failed", GOOD: "made"}, results
    assert f"ended with exit code {-signal.SIGKILL}" in results[DYING].reason
    runs = instance.get_runs()
    assert {run.status for run in runs if run.tags.get("dagster/partition") == DYING} == {DagsterRunStatus.FAILURE}
    assert not any(run.status == DagsterRunStatus.STARTED for run in runs)
