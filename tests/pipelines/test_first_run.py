"""What a first run says of itself: what comes, how long it takes, and where the first report lies."""

import re
from pathlib import Path

import pytest
from dagster import DagsterInstance
from typer.testing import CliRunner

from catalogue.reader import Catalogue
from pipelines import first_run
from pipelines.cli import use_cases
from pipelines.cli.app import app
from pipelines.cli.use_cases import LiveProgress
from pipelines.current_artefacts import CurrentEvaluations
from pipelines.first_run import expected, quickest_first
from pipelines.refresh import Result, bring_up_to_date
from pipelines.vocabulary import read_catalogue

from .sandbox import KEY, NoProgress, Sandbox, orders

ROOT = Path(__file__).parents[2]
QUICK, SLOW, NEW = "retail/quick", "retail/slow", "retail/new"


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_run, "measured_seconds", lambda: {SLOW: 300.0, QUICK: 40.0})


@pytest.mark.usefixtures("measured")
def test_the_quickest_comes_first_and_what_is_unknown_last():
    assert quickest_first([NEW, SLOW, QUICK]) == [QUICK, SLOW, NEW]


@pytest.mark.usefixtures("measured")
def test_what_is_expected_counts_only_what_was_measured():
    found = expected([NEW, SLOW, QUICK])
    assert found is not None
    assert (found.seconds, found.first, found.first_seconds, found.unknown) == (340.0 / 2, QUICK, 40.0, (NEW,))
    assert expected([NEW]) is None


def test_what_was_measured_is_shipped_and_the_first_takes_less_than_two_minutes():
    known = first_run.measured_seconds()
    assert set(known) == set(read_catalogue().use_cases)
    (named,) = re.findall(r"^first:.*\n\t.* run (\S+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert known[named] < 120


@pytest.mark.usefixtures("measured")
def test_a_run_says_what_comes_and_where_each_report_lies(empty: Sandbox, monkeypatch: pytest.MonkeyPatch):
    for key in (SLOW, QUICK):
        empty.place(key, orders(), title=key)
    empty.name_in(monkeypatch)
    judged = CurrentEvaluations()

    def made(keys: list[str], catalogue: Catalogue, _: object, progress: LiveProgress, jobs: int) -> list[Result]:
        assert jobs == 3
        results = [Result(key, "made", seconds=12.0) for key in keys]
        for result in results:
            progress.result(result)
        return results

    monkeypatch.setattr(use_cases, "bring_up_to_date", made)
    monkeypatch.setattr(use_cases, "current_evaluations", lambda *_: judged)
    monkeypatch.setattr(use_cases, "current_report", lambda key: Path("/reports") / key / "a report.html")
    said = CliRunner().invoke(app, ["run", "--jobs", "3"]).output
    assert said.startswith("2 use cases, 2 at a time (here are ")
    assert f"The quickest first: {QUICK}, after about 40 seconds" in said
    assert "took about 3 minutes in all, 2 at a time, on two cores" in said
    assert f"[1/2] {QUICK} made in 12 s file:///reports/{QUICK}/a%20report.html" in said
    assert said.index(f"[1/2] {QUICK}") < said.index(f"[2/2] {SLOW}")


class Looking(NoProgress):
    """Reads the start page when a use case is said to be done."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._page = sandbox.current("status_report", "all") / "report.md"
        self.seen: list[str] = []

    def result(self, result: Result) -> None:
        self.seen.append(self._page.read_text(encoding="utf-8") if self._page.exists() else "")


@pytest.mark.slow
def test_the_start_page_is_there_while_more_use_cases_come(
    sandbox: Sandbox, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    sandbox.place("retail/refunds", orders(seed=1), title="Will this refund be disputed?")
    sandbox.name_in(monkeypatch)
    looking = Looking(sandbox)
    bring_up_to_date(["retail/refunds", KEY], sandbox.catalogue(), instance, looking)
    before, meanwhile = looking.seen
    assert before == ""
    assert "Will this refund be disputed?" in meanwhile


def test_a_table_is_whole_where_the_output_is_no_terminal(empty: Sandbox, monkeypatch: pytest.MonkeyPatch):
    """`sectorforge list | grep` finds a line with the title at its end."""
    title = "Will it be sold, and to whom, and when, and for how much? " * 5
    empty.place(KEY, orders(), title=title.strip())
    empty.name_in(monkeypatch)
    monkeypatch.setenv("COLUMNS", "40")
    lines = CliRunner().invoke(app, ["list"]).output.splitlines()
    assert [line for line in lines if KEY in line and title.strip() in line]


def test_the_version_is_said_without_a_state_folder():
    said = CliRunner().invoke(app, ["--version"])
    assert said.exit_code == 0
    assert re.fullmatch(r"sectorforge \d+\.\d+\.\d+ \(dagster \d+\.\d+\.\d+\)\n", said.output)
