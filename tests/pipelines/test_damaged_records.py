"""One damaged record breaks nothing else: it is named with its remedy, whatever its kind, and the next run makes it
again."""

import errno
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from modeling.artefacts.storage import load
from modeling.core.report import Report
from pipelines.cli.app import app
from pipelines.freshness import stale_industries, stale_market, stale_stages
from pipelines.health import Check, examine
from pipelines.instance import open_instance
from pipelines.refresh import bring_up_to_date
from pipelines.storage_errors import InstanceError
from resources.store.atomic import StorageError
from resources.store.test_access_log import record_access

from .sandbox import KEY, NoProgress, Sandbox, orders

pytestmark = pytest.mark.slow
OTHER, TITLE = "retail/exchanges", "Will this order be exchanged?"
Spoil = Callable[[Path], object]


def empty(file: Path) -> None:
    file.write_bytes(b"")


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def flip(file: Path) -> None:
    """The same length, and still well-formed where the format allows: one digit or letter is another."""
    content = bytearray(file.read_bytes())
    place = next(place for place in range(len(content) // 2, len(content)) if chr(content[place]).isdigit())
    content[place] = ord("1") if content[place] != ord("1") else ord("2")
    file.write_bytes(bytes(content))


def lose(file: Path) -> None:
    file.unlink()


def write_wrong_shape(file: Path) -> None:
    file.write_text("[]")


RECORDS = {
    "evaluation": (KEY, "evaluation.json"),
    "evaluation_report": (KEY, "report.html"),
    "drift": (KEY, "report.json"),
    "quarantine": (KEY, "table.parquet"),
    "validated_data": (KEY, "contract.json"),
    "published_model": (KEY, "evaluation.json"),
    "predictions": (KEY, "predictions.csv"),
    "industry_report": ("retail", "report.html"),
    "market_entry_report": ("all", "report.json"),
}


@pytest.fixture(scope="module")
def market(delivered: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Two use cases with all that is made of them, and of their industry and market."""
    made = delivered.copy(tmp_path_factory.mktemp("market") / "sandbox")
    made.place(predict={"files": {"path": "unlabelled/*.csv"}})
    (made.root / KEY / "unlabelled").mkdir()
    orders(30, seed=3).drop("returned").write_csv(made.root / KEY / "unlabelled" / "new.csv")
    made.place(OTHER, orders(seed=5), title=TITLE)
    with made.instance() as instance:
        made.make(instance, OTHER)
        made.make(instance, KEY, "predictions")
        made.make(instance, "retail", job="industry")
        made.make(instance, None, job="market_entry")
    return made


@pytest.fixture
def sandbox(market: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    copied = market.copy(tmp_path / "sandbox")
    copied.name_in(monkeypatch)
    return copied


def invoke(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, result.stdout, " ".join(result.stderr.split())


def check(sandbox: Sandbox, name: str, *, deep: bool = False) -> Check:
    checks = {check.name: check for check in examine(sandbox.catalogue(), sandbox.home, deep=deep)}
    return checks[name]


def out_of_date(sandbox: Sandbox) -> list[str]:
    catalogue = sandbox.catalogue()
    with open_instance() as instance:
        stale = [f"{stage} {key}" for key in catalogue.use_cases for stage in _stale(sandbox, key, instance)]
        stale += [f"industry_report {name}" for name in stale_industries(catalogue, instance, sandbox.state)]
        return stale + ["market_entry_report all"] * stale_market(catalogue, instance, sandbox.state)


def _stale(sandbox: Sandbox, key: str, instance: object) -> list[str]:
    return stale_stages(sandbox.use_case(key), instance, sandbox.state)  # pyright: ignore[reportArgumentType]


def test_undamaged_everything_is_well(sandbox: Sandbox):
    assert out_of_date(sandbox) == []
    for name in ("artefacts", "test access logs", "databases"):
        assert check(sandbox, name, deep=True).ok, check(sandbox, name, deep=True)


@pytest.mark.parametrize("spoil", [empty, cut, flip, lose])
@pytest.mark.parametrize("asset", RECORDS)
def test_what_is_damaged_is_named_with_its_remedy_and_out_of_date(sandbox: Sandbox, asset: str, spoil: Spoil):
    partition, name = RECORDS[asset]
    file = sandbox.current(asset, partition) / name
    spoil(file)
    found = check(sandbox, "artefacts", deep=spoil is flip)
    assert not found.ok and str(file.resolve()) in found.detail
    assert f"`sectorforge run {partition}`" in found.detail or "`sectorforge run`" in found.detail
    beside = {"drift": "validated_data", "quarantine": "validated_data"}
    assert f"{beside.get(asset, asset)} {partition}" in out_of_date(sandbox)
    for command in (["list"], ["report"], ["report", "--json"]):
        _, out, _ = invoke(*command)
        assert OTHER in out


def test_a_dangling_link_is_named_and_out_of_date(sandbox: Sandbox):
    shutil.rmtree(sandbox.current("evaluation").resolve())
    assert "which is not there" in check(sandbox, "artefacts").detail
    assert f"evaluation {KEY}" in out_of_date(sandbox)
    _, out, err = invoke("list")
    assert OTHER in out and f"`sectorforge run {KEY}`" in err


def test_a_damaged_list_of_files_is_named(sandbox: Sandbox):
    empty(sandbox.current("features") / "digests.json")
    assert "digests.json can't be read" in check(sandbox, "artefacts").detail
    assert f"features {KEY}" in out_of_date(sandbox)


def test_of_a_retired_use_case_no_run_is_promised(sandbox: Sandbox):
    shutil.rmtree(sandbox.current("features").resolve())
    sandbox.place(retired="2026-11-01: replaced")
    damaged = check(sandbox, "artefacts").detail
    link = sandbox.current("features")
    assert f"{KEY} is retired: restore it, or remove {link}" in damaged and "sectorforge run" not in damaged
    link.unlink()
    assert check(sandbox, "artefacts").ok


def test_a_published_model_that_does_not_serve_is_looked_at_too(sandbox: Sandbox):
    earlier = sandbox.current("published_model").resolve().with_name("earlier")
    shutil.copytree(sandbox.current("published_model").resolve(), earlier)
    empty(earlier / "model" / "model.json")
    assert str(earlier) in check(sandbox, "artefacts").detail


def test_another_use_case_runs_and_the_next_run_mends_every_record(sandbox: Sandbox):
    for asset, (partition, name) in RECORDS.items():
        empty(sandbox.current(asset, partition) / name)
    sandbox.place(OTHER, orders(seed=6), title=TITLE)
    status, out, err = invoke("run", OTHER)
    assert f"{OTHER} failed" not in out and "made" in out
    assert f"{KEY}: the evaluation can't be read" in err and f"`sectorforge run {KEY}`" in err
    assert status == 1, "something in the catalogue can't be read"
    written = load(Report, sandbox.current("industry_report", "retail")).markdown
    assert f"sectorforge run {KEY}" in written and "evaluation.json" in written and OTHER in written
    assert str(sandbox.home) not in written

    status, _, err = invoke("run", KEY)
    assert (status, err) == (0, "")
    assert out_of_date(sandbox) == []
    left = check(sandbox, "artefacts", deep=True)
    assert left.measured == {"damaged": 1} and "published_model" in left.detail, (
        "the one before, which no longer serves"
    )


def test_reports_above_are_made_although_a_report_below_cannot_be_read(sandbox: Sandbox):
    empty(sandbox.current("evaluation_report", KEY) / "report.html")
    flip(sandbox.current("evaluation", OTHER) / "evaluation.json")
    with open_instance() as instance:
        sandbox.make(instance, "retail", job="industry")
        empty(sandbox.current("industry_report", "retail") / "report.json")
        sandbox.make(instance, None, job="market_entry")
    industry = load(Report, sandbox.current("industry_report", "retail")).markdown
    assert f"sectorforge run {KEY}" in industry and "report.html" in industry
    assert f"sectorforge run {OTHER}" in industry, "a digit that changed is damage, although it can be read"
    market = load(Report, sandbox.current("market_entry_report", "all")).markdown
    assert "report.json" in market and "sectorforge run" in market


# --- what no run makes again ------------------------------------------------------------------------------------------


def ledger(sandbox: Sandbox) -> Path:
    return sandbox.state.test_access_log(KEY)


@pytest.mark.parametrize("spoil", [cut, write_wrong_shape])
def test_a_cut_ledger_keeps_the_test_closed_and_says_what_to_do(sandbox: Sandbox, spoil: Spoil):
    spoil(ledger(sandbox))
    before = ledger(sandbox).read_bytes()
    with pytest.raises(StorageError, match=r"jsonl:1: .* the sealed test stays closed. Restore the file"):
        record_access(ledger(sandbox), "s", np.arange(3, dtype=np.uint64), "run")
    assert ledger(sandbox).read_bytes() == before
    assert f"{ledger(sandbox)}:1" in check(sandbox, "test access logs").detail
    assert out_of_date(sandbox) == []


def test_a_damaged_count_of_opened_rows_is_named(sandbox: Sandbox):
    cut(ledger(sandbox).with_suffix(".rows.parquet"))
    assert "sealed test stays closed" in check(sandbox, "test access logs").detail


@pytest.mark.parametrize("name", ["history/runs.db", "history/runs/index.db", "schedules/schedules.db"])
@pytest.mark.parametrize("content", [b"", b"no database " * 999])
def test_a_damaged_history_is_no_new_one(sandbox: Sandbox, name: str, content: bytes):
    database = sandbox.dagster_home / name
    database.write_bytes(content)
    with pytest.raises(InstanceError, match=r"is no database. Restore the state folder from a backup"):
        open_instance()
    for command in (["run"], ["health"], ["clean"]):
        status, out, err = invoke(*command)
        assert status == 1 and f"{database} is no database" in " ".join(f"{out} {err}".split())
    assert database.read_bytes() == content
    assert OTHER in invoke("list")[1], "what was published can be read without it"


def spoil_pages(database: Path) -> None:
    content = bytearray(database.read_bytes())
    content[4096 : len(content)] = b"\xa5" * (len(content) - 4096)
    database.write_bytes(bytes(content))


def test_damaged_pages_of_a_history_are_named(sandbox: Sandbox):
    with closing(sqlite3.connect(sandbox.dagster_home / "history" / "runs.db")) as connection:
        assert connection.execute("PRAGMA page_size").fetchone() == (4096,)
    spoil_pages(sandbox.dagster_home / "history" / "runs.db")
    assert "runs.db is damaged" in check(sandbox, "databases", deep=True).detail
    status, out, err = invoke("run", KEY)
    assert status == 1 and "Restore the state folder from a backup" in " ".join(f"{out} {err}".split())


def test_health_is_for_programs_too(sandbox: Sandbox):
    empty(sandbox.current("evaluation") / "evaluation.json")
    found = json.loads(invoke("health", "--json", "--deep")[1])
    (artefacts,) = [one for one in found["checks"] if one["name"] == "artefacts"]
    assert artefacts["measured"] == {"damaged": 1} and not found["healthy"]


def nest(file: Path) -> None:
    file.write_text("[" * 200_000)


def make_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("spoil", [nest, make_a_folder])
@pytest.mark.parametrize(("asset", "partition"), [("evaluation_report", KEY), ("industry_report", "retail")])
def test_a_list_of_files_that_is_none_is_damage_like_any_other(
    sandbox: Sandbox, asset: str, partition: str, spoil: Spoil
):
    spoil(sandbox.current(asset, partition) / "digests.json")
    assert "digests.json can't be read" in check(sandbox, "artefacts").detail
    with open_instance() as instance:
        results = bring_up_to_date([KEY, OTHER], sandbox.catalogue(), instance, NoProgress())
    made = "made" if partition == KEY else "up to date"
    assert [(result.key, result.status) for result in results] == [(KEY, made), (OTHER, "up to date")]
    assert check(sandbox, "artefacts", deep=True).ok


def unanswered(part: str) -> Callable[..., None]:
    """`damage`, where the storage does not answer for the folders of `part`."""

    def damage(folder: Path, *_: object, **__: object) -> str:
        if part in folder.parts:
            raise OSError(errno.EIO, "Input/output error", str(folder / "digests.json"))
        return ""

    return damage


def test_a_storage_that_does_not_answer_for_one_use_case_ends_no_run(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pipelines.freshness.damage", unanswered(Path(KEY).name))
    with open_instance() as instance:
        results = bring_up_to_date([KEY, OTHER], sandbox.catalogue(), instance, NoProgress())
    assert [(result.key, result.status) for result in results] == [(KEY, "failed"), (OTHER, "up to date")]
    assert "digests.json can't be read: Input/output error" in results[0].reason
    assert ledger(sandbox).read_text().count("\n") == 1, "nothing is trained meanwhile"


def test_nor_does_one_that_does_not_answer_for_a_report(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pipelines.freshness.damage", unanswered("industry_report"))
    with open_instance() as instance:
        results = bring_up_to_date([KEY, OTHER], sandbox.catalogue(), instance, NoProgress())
    assert [(result.key, result.status) for result in results] == [(KEY, "up to date"), (OTHER, "up to date")]


def test_nor_hides_it_the_other_reports(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pipelines.current_artefacts.damaged", unanswered(Path(KEY).name))
    _, out, err = invoke("report")
    assert OTHER in out and "digests.json: Input/output error" in err


@pytest.mark.parametrize("deep", [False, True])
def test_damaged_notes_beside_a_model_are_named(sandbox: Sandbox, *, deep: bool):
    folder = sandbox.state.artefact("published_model", KEY)
    for name in ("learned_from_forgotten", "pinned", "best"):
        (folder / name).write_bytes(b"\xff")
    found = check(sandbox, "artefacts", deep=deep)
    assert found.measured == {"damaged": 3} and f"{folder / 'pinned'} names no version" in found.detail
    assert check(sandbox, "forgotten people").ok
    status, out, err = invoke("models", "list")
    assert status == 1 and out.count("retail/") == 2 and all(str(folder / note) in err for note in ("pinned", "best"))


def test_a_run_of_everything_mends_everything(sandbox: Sandbox):
    flip(sandbox.current("evaluation") / "evaluation.json")
    with open_instance() as instance:
        results = bring_up_to_date([KEY, OTHER], sandbox.catalogue(), instance, NoProgress())
    assert [(result.key, result.status) for result in results] == [(KEY, "made"), (OTHER, "up to date")]
    assert check(sandbox, "artefacts", deep=True).ok
