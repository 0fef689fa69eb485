"""A person is forgotten: looked for in every file of a state folder, before and after."""

import hashlib
import json
import re
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa
from filelock import FileLock
from typer.testing import CliRunner

from pipelines.cli.app import app
from pipelines.forget import forget as forgotten
from pipelines.freshness import stale_stages
from pipelines.health import examine
from pipelines.instance import open_instance
from pipelines.storage_errors import POSTGRES
from resources.notification.notice import Notice
from resources.notification.outbox import Outbox
from resources.serving.models import Models
from resources.store.forgotten import begin
from resources.store.identifiers import Identifiers
from resources.store.integrity import damage

from ..resources.postgres import Server
from .sandbox import DELIVERY, KEY, Sandbox, hashes, orders

pytestmark = pytest.mark.slow

JANE = "o'brien.jané_1+2@example.org"
"""Breaks a rule of the contract, so that she is shown as an example, written in several ways."""
JOHN = "customer-0000120"
"""Is learned from like all others, and predicted."""
FORMS: dict[str, list[bytes]] = {
    JANE: [
        b"o'brien.jan\xc3\xa9_1+2@example.org",
        b"o'brien.jan\xe9_1+2@example.org",
        b"O'BRIEN.JAN\xc3\x89_1+2@EXAMPLE.ORG",
        rb"o'brien.jan\u00e9_1+2@example.org",
        rb"o'brien.jan\\u00e9_1+2@example.org",
        rb"o'brien.jan\xe9_1+2@example.org",
        rb"o\'brien.jan\xc3\xa9_1+2@example.org",
        b"o%27brien.jan%C3%A9_1%2B2%40example.org",
        b"o'brien.jan%C3%A9_1+2%40example.org",
        b"o&#39;brien.jan\xc3\xa9_1+2@example.org",
        b"o&#x27;brien.jan\xc3\xa9_1+2@example.org",
        b"o&#39;brien.jan&#233;_1+2@example.org",
        b"o&#39;brien.jan\xc3\xa9_<wbr>1+2@example.org",
    ],
    JOHN: [b"customer-0000120", b"CUSTOMER-0000120", b"customer%2D0000120"],
}
"""How programs write them, in Latin-1, JSON, Python, URLs, HTML and our reports; by hand, and by no code of ours."""
PEOPLE = Identifiers("order", frozenset({JANE, JOHN}))
NEARLY = "customer-000012"
"""Somebody else."""
CONTRACT = [
    {
        "expect_column_values_to_match_regex": {"column": "order", "regex": "^customer-[0-9]+$"},
        "on_failure": "quarantine",
    }
]
NEW = "new.csv"
REASON = "request 17"
PROJECT = Path(__file__).parents[2]


def delivery(seed: int, *without: str) -> pl.DataFrame:
    frame = orders(seed=seed).with_columns(order=pl.format("customer-{}", pl.col("order").cast(pl.String).str.zfill(7)))
    names = frame["order"].to_list()
    names[7], names[120], names[12] = JANE, JOHN, NEARLY
    return frame.with_columns(order=pl.Series(names)).filter(~pl.col("order").is_in(without))


def deliver(sandbox: Sandbox, seed: int, *without: str) -> None:
    frame = delivery(seed, *without)
    folder = sandbox.place(frame=frame, contract=CONTRACT, predict={"files": {"path": NEW}})
    frame.drop("returned").write_csv(folder / NEW)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Two deliveries with both people in them, everything made of each, told to MLflow; and a run's output and logs."""
    sandbox = Sandbox(tmp_path_factory.mktemp("made") / "sandbox", tracked=True)
    for seed in (0, 1):
        deliver(sandbox, seed)
        with sandbox.instance() as instance:
            sandbox.make(instance)
            sandbox.make(instance, KEY.partition("/")[0], job="industry")
            for form in FORMS[JANE]:
                said = f"{form.decode(errors='replace')} can't be read"
                instance.report_engine_event(said, next(iter(instance.get_runs())))
    sandbox.state.logs.mkdir()
    sandbox.state.run_log.write_text(f"order {JOHN} is odd\n")
    for output in sandbox.home.rglob("*.err"):
        output.write_text(f"order {JOHN} is odd\n")
    for number, form in enumerate(form for forms in FORMS.values() for form in forms):
        (sandbox.state.logs / f"{number}.log").write_bytes(b"order=" + form + b"&")
    for name in (JANE, JOHN, NEARLY):
        Outbox(sandbox.state.notices).put(
            Notice(f"{KEY} failed", f"order {name} is odd"), print, {"SECTORFORGE_WEBHOOK": "https://example.org"}
        )
    (sandbox.state.scratch("retail", "returns", "mlp") / "state.json").write_text(json.dumps({"last": JOHN}))
    return sandbox


@pytest.fixture
def home(made: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A copy in which nothing of MLflow's leads back to the original."""
    copy = made.copy(tmp_path / "sandbox")
    copy.name_in(monkeypatch)
    return copy


def holding(folder: Path, person: str) -> list[str]:
    """Every file in which a person stands: in its bytes, in any of the `FORMS`; in its cells."""
    forms = FORMS.get(person, [person.encode()])
    return [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (any(form in path.read_bytes() for form in forms) or person in _cells(path))
    ]


def _cells(path: Path) -> set[str]:
    if path.suffix != ".parquet":
        return set()
    frame = pl.read_parquet(path)
    return {text for name in frame.columns for text in frame[name].cast(pl.String, strict=False).to_list() if text}


def forget(*people: str, column: str = "order", **options: str):
    arguments = ["forget", KEY, "--column", column, "--values", "-"]
    arguments += [part for name, value in {"reason": REASON, **options}.items() for part in (f"--{name}", value)]
    return CliRunner().invoke(app, arguments, input="\n".join(people) + "\n")


def rooms(paths: list[str]) -> set[str]:
    """Where files lie: the asset, or the folder at the top."""
    return {path.split("/")[1] if path.startswith("artefacts/") else path.split("/")[0] for path in paths}


def test_two_people_are_in_no_file_of_the_state_folder_any_more(home: Sandbox):
    for person, places in {
        JANE: {"raw_data", "quarantine", "validated_data", "evaluation", "published_model", "evaluation_report",
               "predictions", "dagster", "mlflow"},
        JOHN: {"raw_data", "validated_data", "predictions", "dagster", "logs", "scratch", "notices"},
    }.items():  # fmt: skip
        assert rooms(holding(home.home, person)) >= places
    deliver(home, 1, JANE, JOHN)
    result = forget(JANE, JOHN)
    assert result.exit_code == 0, result.output
    assert holding(home.home, JANE) == holding(home.home, JOHN) == []
    assert JANE not in result.output and JOHN not in result.output
    assert rooms(holding(home.home, NEARLY)) >= {"raw_data", "notices"}
    raw = pl.read_parquet(home.current("raw_data") / "table.parquet")
    assert raw["order"].sort().to_list() == delivery(1, JANE, JOHN)["order"].sort().to_list()
    for asset in ("raw_data", "evaluation", "published_model", "predictions"):
        for version in home.current(asset).resolve().parent.iterdir():
            assert damage(version) == ""


def test_the_run_after_it_finds_what_was_taken_and_makes_other_models(home: Sandbox):
    learned = {version.name for version in Models(home.state).versions(KEY)}
    deliver(home, 1, JANE, JOHN)
    result = forget(JANE, JOHN)
    assert result.exit_code == 0, result.output
    assert "learned from people who are forgotten" in CliRunner().invoke(app, ["models", "list"]).output
    unhealthy = {check.name: check for check in examine(home.catalogue(), home.home)}["forgotten people"]
    assert not unhealthy.ok and "run it again" in unhealthy.detail
    with home.instance() as instance:
        assert "validated_data" in stale_stages(home.use_case(), instance, home.state)
        home.make(instance)
        assert stale_stages(home.use_case(), instance, home.state) == []
    serving = Models(home.state).serving(KEY)
    assert serving and serving.name not in learned
    assert Models(home.state).learned_from_forgotten(KEY) == learned
    assert {check.name: check for check in examine(home.catalogue(), home.home)}["forgotten people"].ok
    assert holding(home.home, JANE) == holding(home.home, JOHN) == []


def test_what_still_holds_them_is_said_and_fails(home: Sandbox, tmp_path: Path):
    archive = tmp_path / "monday.tar.gz"
    assert CliRunner().invoke(app, ["backup", str(archive)]).exit_code == 0
    result = forget(JANE, backup=str(archive))
    said = " ".join(result.output.split())
    assert result.exit_code == 1 and JANE not in said
    assert re.search(rf"the backup {archive} holds them in \d+ files: back up anew and remove it", said)
    assert forget(JANE, backup=str(home.root / KEY / NEW)).exit_code == 1
    for file in (DELIVERY, NEW):
        assert f"{file} delivers them again" in said
    assert holding(home.home, JANE) == []
    with home.instance() as instance:
        stale = stale_stages(home.use_case(), instance, home.state)
    assert "raw_data" not in stale and "validated_data" in stale


def test_the_record_says_what_was_done_and_nothing_of_the_people(home: Sandbox):
    deliver(home, 1, JANE, JOHN)
    result = forget(JANE, JOHN)
    assert result.exit_code == 0, result.output
    (line,) = map(json.loads, home.state.forgotten(KEY).read_text().splitlines())
    assert (line["column"], line["identifiers"], line["remains"]) == ("order", 2, [])
    assert line["reason"] == REASON and line["begun"] <= line["ended"]
    assert line["removed"]["raw_data"] == 2 and len(line["models"]) == 2
    text = home.state.forgotten(KEY).read_text()
    hexes = {
        hashlib.new(name, person.encode()).hexdigest() for name in ("md5", "sha1", "sha256") for person in (JANE, JOHN)
    }
    assert not any(digest in text for digest in hexes)


@pytest.mark.parametrize("step", range(0, 40, 6))
def test_killed_at_any_point_and_repeated_it_ends(home: Sandbox, step: int):
    """The process ends without any clean-up as it is about to remove or rewrite for the n-th time."""
    deliver(home, 1, JANE, JOHN)
    values = home.folder / "values"
    values.write_text(f"{JANE}\n{JOHN}\n")
    code = f"""
import os, sys
from pipelines.cli.app import app
from pipelines.forget import artefacts, history, removed
left = [{step}]
def counting(function):
    def counted(*arguments):
        left[0] -= 1
        if left[0] < 0:
            os._exit(9)
        return function(*arguments)
    return counted
for module, name in (removed, "remove"), (artefacts, "rewrite"), (artefacts, "publish"), (history, "change_texts"):
    setattr(module, name, counting(getattr(module, name)))
app(["forget", "{KEY}", "--column", "order", "--values", r"{values}", "--reason", "{REASON}"])
"""
    killed = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, check=False)
    assert killed.returncode == 9, killed.stderr
    assert "did not end: repeat it" in str(examine(home.catalogue(), home.home))
    result = forget(JANE, JOHN)
    assert result.exit_code == 0, result.output
    assert holding(home.home, JANE) == holding(home.home, JOHN) == []
    assert len(home.state.forgotten(KEY).read_text().splitlines()) == 1
    assert "did not end" not in str(examine(home.catalogue(), home.home))
    assert [
        version
        for version in Models(home.state).versions(KEY)
        if damage(home.state.artefact("published_model", KEY) / "versions" / version.name)
    ] == []


def test_a_database_in_use_is_said_and_the_rest_is_done(home: Sandbox):
    deliver(home, 1, JANE, JOHN)
    index = home.dagster_home / "history" / "runs" / "index.db"
    with closing(sqlite3.connect(index)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from event_logs").fetchone()
        result = forget(JANE, JOHN)
    assert result.exit_code == 1 and "index.db is in use" in " ".join(result.output.split())
    assert {path.split("/")[0] for path in holding(home.home, JANE)} <= {"dagster"}
    result = forget(JANE, JOHN)
    assert result.exit_code == 0, result.output
    assert holding(home.home, JANE) == holding(home.home, JOHN) == []


def test_a_history_in_postgresql_is_looked_through_too(
    empty: Sandbox, monkeypatch: pytest.MonkeyPatch, own_postgresql: Server
):
    empty.name_in(monkeypatch)
    monkeypatch.delenv("DAGSTER_HOME")
    monkeypatch.setenv(POSTGRES, own_postgresql.storage)
    deliver(empty, 0)
    with open_instance() as instance:
        empty.make(instance, KEY, "raw_data", job="data")
        instance.report_engine_event(f"{JANE} can't be read", next(iter(instance.get_runs())))
    assert json.dumps(JANE)[1:-1] in everything(own_postgresql)
    deliver(empty, 0, JANE)
    result = forget(JANE)
    assert result.exit_code == 0, result.output
    assert json.dumps(JANE)[1:-1] not in everything(own_postgresql) and "can't be read" in everything(own_postgresql)


def everything(server: Server) -> str:
    """Every value of every table."""
    tables = sa.MetaData()
    engine = sa.create_engine(server.url, poolclass=sa.NullPool)
    tables.reflect(engine)
    with engine.connect() as connection:
        rows = [row for table in tables.sorted_tables for row in connection.execute(sa.select(table))]
    return " ".join(str(value) for row in rows for value in row)


def test_who_is_nowhere_is_found_nowhere_and_nothing_is_made_again(home: Sandbox):
    deliver(home, 1)
    with home.instance() as instance:
        before = stale_stages(home.use_case(), instance, home.state)
        result = forget("somebody.else@example.org")
        assert result.exit_code == 0 and "Nothing that is kept holds them" in result.output
        assert stale_stages(home.use_case(), instance, home.state) == before == []
    assert Models(home.state).learned_from_forgotten(KEY) == set()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--column", "customer", "--values", "-"], "its rows have no column 'customer'; they have order, price"),
        (["--column", "order", "--values", "none.txt"], "there is no file none.txt"),
        (["--column", "order", "--values", "-", "--reason", " "], "--reason is empty"),
        (["--column", "order", "--values", "-", "--reason", "for customer-0000007"], "--reason names one of them"),
    ],
)
def test_what_can_not_be_looked_for_is_refused_before_anything_is_removed(home: Sandbox, arguments, message):
    before = hashes(home.home / "artefacts")
    given = ["--reason", REASON, *arguments]
    result = CliRunner().invoke(app, ["forget", KEY, *given], input="customer-0000007\n")
    assert result.exit_code == 2 and message in " ".join(result.output.split())
    assert CliRunner().invoke(app, ["forget", KEY, *given[:4], "--values", "-"], input="\n").exit_code == 2
    assert hashes(home.home / "artefacts") == before


def test_a_draft_of_a_killed_run_holds_nobody_and_goes(home: Sandbox):
    deliver(home, 1)
    drafts = [home.state.artefact(asset, KEY) / "versions" / ".writing-x" for asset in ("raw_data", "predictions")]
    for draft in drafts:
        (draft / "draft").mkdir(parents=True)
    result = forget("somebody.else@example.org")
    assert result.exit_code == 0, result.output
    assert Models(home.state).learned_from_forgotten(KEY) == set()
    assert not any(draft.exists() for draft in drafts)
    with home.instance() as instance:
        assert stale_stages(home.use_case(), instance, home.state) == []


def test_a_snapshot_that_can_not_be_read_goes_and_hides_no_other(home: Sandbox):
    deliver(home, 1, JANE, JOHN)
    current = home.current("raw_data").resolve()
    (former,) = (place for place in current.parent.iterdir() if place != current)
    (former / "table.parquet").write_bytes(b"PAR1")
    result = forget(JANE, JOHN)
    assert result.exit_code == 0, result.output
    assert not former.exists() and holding(home.home, JANE) == holding(home.home, JOHN) == []


def test_without_a_snapshot_that_can_be_read_it_is_said(home: Sandbox):
    for place in home.current("raw_data").resolve().parent.iterdir():
        (place / "table.parquet").write_bytes(b"PAR1")
    before = hashes(home.home / "artefacts")
    result = forget(JANE)
    assert result.exit_code == 2 and "no snapshot can be read" in " ".join(result.output.split())
    assert hashes(home.home / "artefacts") == before


def test_one_request_ends_no_other(home: Sandbox):
    """The first one's process ended; another person's follows, and then the first is repeated."""
    deliver(home, 1, JANE, JOHN)
    begin(home.state.forgotten(KEY), "order", 1, "request 1")
    said = " ".join(forget(JOHN, reason="request 2").output.split())
    assert "'request 1'" in said and "did not end: repeat it" in said
    assert "did not end: repeat it" in str(examine(home.catalogue(), home.home))
    assert holding(home.home, JOHN) == [] != holding(home.home, JANE)
    assert forget(JANE, reason="request 1").exit_code == 0
    first, second = map(json.loads, home.state.forgotten(KEY).read_text().splitlines())
    assert "ended" in first and "ended" in second and (first["reason"], second["reason"]) == ("request 1", "request 2")
    assert "did not end" not in str(examine(home.catalogue(), home.home))


def test_no_link_leads_to_what_is_gone(home: Sandbox):
    deliver(home, 1, JANE, JOHN)
    assert forget(JANE, JOHN).exit_code == 0
    links = [path for path in home.home.rglob("current") if path.is_symlink()]
    assert links and all(link.exists() for link in links)
    assert {check.name: check for check in examine(home.catalogue(), home.home)}["artefacts"].ok


def test_of_a_retired_use_case_nothing_is_promised(home: Sandbox):
    frame = delivery(1, JANE, JOHN)
    home.place(frame=frame, contract=CONTRACT, retired="2026-11-01: replaced")
    result = forget(JANE, JOHN)
    assert result.exit_code == 0, result.output
    assert "the next run makes it again" not in " ".join(result.output.split())
    assert {check.name: check for check in examine(home.catalogue(), home.home)}["artefacts"].ok


@pytest.mark.parametrize("report", ["retail", "market_entry", "status"])
def test_it_waits_for_a_report_above_that_is_being_made(home: Sandbox, report: str):
    deliver(home, 1, JANE)
    said: list[str] = []
    waits = threading.Event()

    def say(message: str) -> None:
        said.append(message)
        waits.set()

    def work() -> None:
        with open_instance() as instance:
            forgotten(home.use_case(), PEOPLE, instance, home.state, reason=REASON, backups=[], say=say)

    lock = home.state.run_lock(report)
    lock.parent.mkdir(exist_ok=True)
    thread = threading.Thread(target=work)
    with FileLock(lock, thread_local=False):
        thread.start()
        assert waits.wait(60) and "waits until" in said[0]
        assert holding(home.home, JANE) != []
    thread.join()
    assert holding(home.home, JANE) == []


def test_nothing_waits_for_a_source(home: Sandbox, monkeypatch: pytest.MonkeyPatch):
    """It may take an hour: for a backup, a run and reports."""
    free: list[bool] = []
    held = (KEY, KEY.partition("/")[0], "market_entry", "status")
    locks = [home.home / ".lock", *(home.state.run_lock(what) for what in held)]

    def pieces(*_: object) -> list[object]:
        for lock in locks:
            with FileLock(lock, blocking=False):
                free.append(True)
        return []

    monkeypatch.setattr("resources.sources.pieces", pieces)
    assert forget(JANE).exit_code == 0
    assert free


def test_white_space_and_marks_around_identifiers_in_the_list_play_no_part(home: Sandbox):
    deliver(home, 1, JANE, JOHN)
    values = home.folder / "values"
    values.write_bytes(f"\ufeff{JANE}\t \r\n\r\n {JOHN} \r\r\n".encode())
    arguments = ["forget", KEY, "--column", "order", "--reason", REASON, "--values"]
    result = CliRunner().invoke(app, [*arguments, str(values)])
    assert result.exit_code == 0 and "Nothing that is kept" not in result.output, result.output
    assert holding(home.home, JANE) == holding(home.home, JOHN) == []
    (line,) = map(json.loads, home.state.forgotten(KEY).read_text().splitlines())
    assert line["identifiers"] == 2


def test_a_short_identifier_takes_no_log_with_it(home: Sandbox):
    home.state.run_log.write_text("7 rows\n")
    deliver(home, 1, "7")
    assert forget("7").exit_code == 0
    assert home.state.run_log.read_text() == "7 rows\n"
