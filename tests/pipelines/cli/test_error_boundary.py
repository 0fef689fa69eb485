"""No command ends in a traceback, whatever the state: every command of the application, in every hostile state."""

import io
import json
import os
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from polars.exceptions import PanicException
from typer.main import get_command
from typer.testing import CliRunner

from catalogue.reader import ENVIRONMENT
from pipelines.cli import use_cases
from pipelines.cli.app import app
from pipelines.instance import SCHEME
from pipelines.storage_errors import POSTGRES
from resources.serving.models import Models
from resources.store.backup import MANIFEST
from resources.store.integrity import write_digests
from resources.store.state import VARIABLE
from resources.store.state import State as StateFolder
from resources.tracking import Tracking

from ..sandbox import KEY, Sandbox, Untracked, orders

SECRET = "not-to-be-seen"


# --- every command, and arguments for it ------------------------------------------------------------------------------


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command below a group, by the words that call it."""
    for name, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, (*path, name)) if hasattr(inner, "commands") else [((*path, name), inner)]


COMMANDS = dict(walk(get_command(app)))
ARGUMENTS: dict[str, Callable[["State"], str]] = {
    "key": lambda state: state.key,
    "version": lambda state: "no-such-version",
    "file": lambda state: str(state.file),
    "data": lambda state: str(state.file),
    "target": lambda state: "returned",
    "column": lambda state: "order",
    "values": lambda state: str(state.file),
    "reason": lambda state: "asked by letter",
    "out": lambda state: str(state.out),
}
"""By the name of a parameter that a command requires."""


def call(name: tuple[str, ...], state: "State") -> list[str]:
    """A command with everything it requires; `new` makes another use case, and a backup a new file."""
    words = list(name)
    for parameter in COMMANDS[name].params:
        if parameter.required:
            option = [] if parameter.param_type_name == "argument" else [max(parameter.opts, key=len)]
            words += [*option, ARGUMENTS[parameter.name](state)]
    if name == ("new",):
        words[1] = "energy/load"
    if name == ("backup",):
        words[1] = str(state.out)
    return words


# --- the states -------------------------------------------------------------------------------------------------------


@dataclass
class State:
    """A sandbox whose one use case was published, a file of rows, and a place for what is written."""

    sandbox: Sandbox
    monkeypatch: pytest.MonkeyPatch
    file: Path
    out: Path
    key: str = KEY

    @property
    def model(self) -> Path:
        place = Models(StateFolder(folder=str(self.sandbox.home))).serving(KEY)
        assert place
        return place / "model"


def home_is_a_file(state: State) -> None:
    shutil.rmtree(state.sandbox.home)
    state.sandbox.home.write_text("")
    state.monkeypatch.delenv("DAGSTER_HOME")


def home_can_not_be_made(state: State) -> None:
    """For root, too, nothing can be made there."""
    state.monkeypatch.setenv(VARIABLE, "/proc/sectorforge")
    state.monkeypatch.delenv("DAGSTER_HOME")


def dagster_home_is_absent(state: State) -> None:
    state.monkeypatch.setenv("DAGSTER_HOME", str(state.sandbox.folder / "absent"))


def key_is_unknown(state: State) -> None:
    state.key = "retail/retruns"


def database_url(url: str) -> Callable[[State], None]:
    def change(state: State) -> None:
        shutil.rmtree(state.sandbox.dagster_home)
        state.monkeypatch.delenv("DAGSTER_HOME")
        state.monkeypatch.setenv(POSTGRES, url)

    return change


def history_is_damaged(state: State) -> None:
    for path in state.sandbox.dagster_home.rglob("*.db"):
        path.write_bytes(b"no database")


def sidecar(content: str) -> Callable[[State], None]:
    return lambda state: _overwrite(state.model / "model.json", content)


def in_home(change: Callable[[Path], None]) -> Callable[[State], None]:
    return lambda state: change(state.sandbox.home)


def ledger_is(content: str) -> Callable[[State], None]:
    return lambda state: _overwrite(StateFolder(folder=str(state.sandbox.home)).test_access_log(KEY), content)


def digests_are(content: str) -> Callable[[State], None]:
    def change(state: State) -> None:
        for path in state.sandbox.home.rglob("digests.json"):
            path.write_text(content)

    return change


def current_leads_nowhere(state: State) -> None:
    for path in state.sandbox.home.rglob("versions/*"):
        if not path.is_symlink():
            shutil.rmtree(path)


def current_is_a_file(state: State) -> None:
    for path in (state.sandbox.home / "artefacts").glob(f"*/{KEY}/current"):
        path.unlink()
        path.write_text("")


def folder_is_a_file(name: str) -> Callable[[State], None]:
    def change(state: State) -> None:
        folder = state.sandbox.home / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.write_text("")

    return change


def everything_is_empty(state: State) -> None:
    """What a power cut leaves of files that were not synced, the history apart."""
    for path in (state.sandbox.home / "artefacts").rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.write_bytes(b"")


def new_was_killed(state: State) -> None:
    left = state.sandbox.root / ".new-killed" / "energy" / "load"
    left.mkdir(parents=True)
    (left / "use_case.yaml").write_text("title: [")


def learner_is_unknown(state: State) -> None:
    path = state.model / "model.json"
    content = json.loads(path.read_text())
    content["members"]["logisticle"] = content["members"].pop("logistic")
    _overwrite(path, json.dumps(content))
    write_digests(state.model.parent)


def model_is_a_file(state: State) -> None:
    shutil.rmtree(state.model)
    state.model.write_text("")


def evaluation(content: bytes) -> Callable[[State], None]:
    def change(state: State) -> None:
        for path in (state.sandbox.home / "artefacts").glob(f"*/{KEY}/versions/*/evaluation.json"):
            path.write_bytes(content)

    return change


def catalogue_is(value: str) -> Callable[[State], None]:
    return lambda state: state.monkeypatch.setenv(ENVIRONMENT, value)


def catalogue_is_empty(state: State) -> None:
    shutil.rmtree(state.sandbox.root)
    state.sandbox.root.mkdir()


def no_folder_for_what_is_written(state: State) -> None:
    state.out = state.out.parent / "absent" / state.out.name


def what_is_written_is_a_folder(state: State) -> None:
    state.out.mkdir()


def file_is_a_pipe(state: State) -> None:
    state.file.unlink()
    os.mkfifo(state.file)


def file_is_a_folder(state: State) -> None:
    state.file.unlink()
    state.file.mkdir()


def file_is_absent(state: State) -> None:
    state.file.unlink()


def file_is(content: bytes) -> Callable[[State], None]:
    return lambda state: _overwrite(state.file, content)


def _overwrite(path: Path, content: str | bytes) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


STATES: dict[str, Callable[[State], None]] = {
    "home is a file": home_is_a_file,
    "home can't be made": home_can_not_be_made,
    "DAGSTER_HOME is absent": dagster_home_is_absent,
    "key is unknown": key_is_unknown,
    "database url is rubbish": database_url("rubbish"),
    "database url has no port": database_url(f"{SCHEME}dagster:{SECRET}@127.0.0.1:port/dagster"),
    "history is damaged": history_is_damaged,
    "model.json is empty": sidecar(""),
    "model.json is cut off": sidecar('{"format": 2, "members": {"logi'),
    "model.json is a list": sidecar("[]"),
    "model.json lacks everything": sidecar("{}"),
    "learner is unknown": learner_is_unknown,
    "digests are empty": digests_are(""),
    "digests are a list": digests_are("[1]"),
    "digests are of another shape": digests_are('{"model/model.json": {"sha256": 1}}'),
    "the ledger ends in the middle of a line": ledger_is('{"digest": "s", "run_id": "1"}\n{"dige'),
    "the ledger is of another shape": ledger_is("[]\n3\n"),
    "current leads nowhere": current_leads_nowhere,
    "current is a file": current_is_a_file,
    "every artefact is empty": everything_is_empty,
    "logs is a file": folder_is_a_file("logs"),
    "locks is a file": folder_is_a_file("locks"),
    "artefacts is a file": folder_is_a_file("artefacts"),
    "new was killed": new_was_killed,
    "model is a file": model_is_a_file,
    "evaluation.json is empty": evaluation(b""),
    "evaluation.json is another object": evaluation(b'{"champion": 1}'),
    "evaluation.json is no text": evaluation(b"\xff\xfe\x00"),
    "catalogue is absent": catalogue_is("/no/such/folder"),
    "catalogue is a file": catalogue_is(__file__),
    "catalogue is empty": catalogue_is_empty,
}


def named(name: str | bytes) -> Callable[[State], None]:
    def change(state: State) -> None:
        state.file = state.file.rename(state.file.parent / os.fsdecode(name))
        state.out = state.out.parent / f"out {os.fsdecode(name)}"

    return change


def broken_workbook(members: dict[str, str]) -> Callable[[State], None]:
    def change(state: State) -> None:
        state.file = state.file.with_suffix(".xlsx")
        with zipfile.ZipFile(state.file, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)

    return change


def file_is_a_backup_with(manifest: str) -> Callable[[State], None]:
    def change(state: State) -> None:
        state.file = state.file.with_suffix(".tar.gz")
        with tarfile.open(state.file, "w:gz") as archive:
            header = tarfile.TarInfo(MANIFEST)
            header.size = len(manifest)
            archive.addfile(header, io.BytesIO(manifest.encode()))

    return change


def device(path: str) -> Callable[[State], None]:
    def change(state: State) -> None:
        state.file = Path(path)

    return change


def link_to_itself(state: State) -> None:
    state.file.unlink()
    state.file.symlink_to(state.file)


FILE_STATES: dict[str, Callable[[State], None]] = {
    "no folder for what is written": no_folder_for_what_is_written,
    "what is written is a folder": what_is_written_is_a_folder,
    "file is a pipe": file_is_a_pipe,
    "file is a folder": file_is_a_folder,
    "file is absent": file_is_absent,
    "file is empty": file_is(b""),
    "file is no text": file_is(bytes(range(256)) * 40),
    "file is an endless device": device("/dev/zero"),
    "file is a link to itself": link_to_itself,
    "its name is no UTF-8": named(b"r\xfcckgabe.csv"),
    "its name has 255 characters": named(251 * "n" + ".csv"),
    "its name has a line break": named("rows\n2.csv"),
    "it is a workbook with nothing in it": broken_workbook({}),
    "it is a workbook without sheets": broken_workbook({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<a/>"}),
    "it is a workbook of no XML": broken_workbook({"[Content_Types].xml": "<", "xl/workbook.xml": "<<<"}),
    "it is a backup with an empty manifest": file_is_a_backup_with(""),
    "it is a backup with a list as manifest": file_is_a_backup_with("[1, 2]"),
    "it is a backup with a manifest of nothing": file_is_a_backup_with("{}"),
    "it is a backup with files of another shape": file_is_a_backup_with('{"format": 1, "files": 3}'),
}


@pytest.fixture(scope="module")
def finished(delivered: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """A sandbox in which everything is up to date, the reports above its use case included."""
    made = delivered.copy(tmp_path_factory.mktemp("finished") / "sandbox")
    with made.instance() as instance:
        made.make(instance, KEY.partition("/")[0], job="industry")
        made.make(instance, None, job="market_entry")
    return made


@pytest.fixture
def sandbox(finished: Sandbox, tmp_path: Path) -> Sandbox:
    """A copy of `finished` that a test may spoil."""
    return finished.copy(tmp_path / "sandbox")


@pytest.fixture
def state(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    sandbox.name_in(monkeypatch)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv(POSTGRES, "")

    def replaced(*_: object, **__: object) -> None:
        raise typer.Exit(0)

    monkeypatch.setattr(Tracking, "record", Untracked.record)
    monkeypatch.setattr(os, "execve", replaced)
    monkeypatch.setattr("uvicorn.Server.run", replaced)
    orders(5).drop("returned").write_csv(tmp_path / "rows.csv")
    return State(sandbox, monkeypatch, tmp_path / "rows.csv", tmp_path / "out.csv")


def invoke(*words: str) -> tuple[int, str, str]:
    """Exit status, standard output, standard error; whatever else the command raises is a failure of the test."""
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def assert_no_traceback(name: tuple[str, ...], state: State, *more: str) -> None:
    status, out, err = invoke(*call(name, state), *more)
    assert status in (0, 1, 2), name
    assert "Traceback" not in out + err, name
    assert "unexpected error" not in err, (name, err)
    assert SECRET not in out + err, name
    assert status == 0 or out + err, f"{name} says nothing"


IN_PROCESSES = {("run",), ("predict",), ("serve",), ("forget",)}
"""Commands that do their work in processes of their own, which takes most of a minute in all. `extras` looks at no
state."""
ONE_OF_A_KIND = {
    *("home can't be made", "history is damaged", "model.json is empty", "learner is unknown", "digests are a list"),
    *("current leads nowhere", "every artefact is empty", "locks is a file", "evaluation.json is no text"),
}
"""The states in which those are called too; what the others damage, one of these damages."""


@pytest.mark.slow
@pytest.mark.parametrize("hostile", STATES)
def test_no_command_ends_in_a_traceback(state: State, hostile: str):
    STATES[hostile](state)
    left_out = {("extras",), *(() if hostile in ONE_OF_A_KIND else IN_PROCESSES)}
    for name in [name for name in COMMANDS if name not in left_out]:
        assert_no_traceback(name, state)


@pytest.mark.slow
@pytest.mark.parametrize("change", FILE_STATES.values(), ids=FILE_STATES.keys())
def test_no_command_that_takes_a_file_ends_in_a_traceback(state: State, change: Callable[[State], None]):
    change(state)
    taken = {"file", "data", "out", "values"}
    for name in [name for name, command in COMMANDS.items() if taken & {p.name for p in command.params}]:
        assert_no_traceback(name, state)
    assert_no_traceback(("forget",), state, "--backup", str(state.file))
    state.monkeypatch.setenv(VARIABLE, str(state.out.with_name("new home")))
    state.monkeypatch.delenv("DAGSTER_HOME")
    assert_no_traceback(("restore",), state)


KEYS = [
    "",
    "/",
    "..",
    "../../etc/passwd",
    "*",
    "[",
    "retail/returns/",
    "retail/returns\n",
    "a/" + 300 * "b",
    "retail/\udcff",
    "-",
]


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
def test_no_command_that_takes_a_use_case_ends_in_a_traceback(state: State, key: str):
    state.key = key
    for name, command in COMMANDS.items():
        if any(parameter.name == "key" and parameter.required for parameter in command.params):
            assert_no_traceback(name, state)


# --- what is said -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "hostile", "status", "message"),
    [
        (
            ("predict", KEY, "{file}", "--out", "{out}"),
            "model.json is empty",
            1,
            "{model}",
        ),
        (("predict", KEY, "{file}", "--out", "{out}"), "learner is unknown", 1, "no learner is called 'logisticle'"),
        (("predict", KEY, "{file}", "--out", "{out}"), "file is a pipe", 2, "{file} is no regular file"),
        (("predict", KEY, "{file}", "--out", "{out}"), "file is absent", 2, "there is no file {file}"),
        (("predict", KEY, "{file}", "--out", "{out}"), "no folder for what is written", 2, "there is no folder"),
        (("predict", "retail/retruns", "{file}", "--out", "{out}"), "key is unknown", 2, f"did you mean {KEY}?"),
        (("models", "unpin", KEY), "database url has no port", 1, f"{POSTGRES} is no address of a database"),
        (("models", "unpin", KEY), "evaluation.json is empty", 1, "published_model/retail/returns/"),
        (("models", "list"), "home is a file", 0, ""),
        (("list",), "catalogue is absent", 0, "/no/such/folder"),
        (("check",), "catalogue is absent", 1, "/no/such/folder"),
        (("clean",), "home can't be made", 1, "/proc/sectorforge"),
        (("restore", "{file}"), "file is a folder", 2, "{file} is no regular file"),
    ],
)
def test_the_message_says_what_and_where(state: State, words: tuple[str, ...], hostile: str, status: int, message: str):
    named = {"file": state.file, "model": state.model}
    (STATES | FILE_STATES)[hostile](state)
    named["out"] = state.out
    ended, _, err = invoke(*(word.format(**named) for word in words))
    assert ended == status
    assert message.format(**named) in err


@pytest.mark.slow
def test_one_damaged_evaluation_hides_no_other(state: State):
    state.sandbox.place("retail/refunds", title="Will this refund be disputed?")
    for asset in ("evaluation", "evaluation_report"):
        place = state.sandbox.current(asset).parent
        shutil.copytree(place, place.with_name("refunds"), symlinks=True)
    (state.sandbox.current("evaluation") / "evaluation.json").write_text("{")
    status, out, err = invoke("list")
    assert status == 0
    assert "retail/refunds" in out and "published" in out and "can't be read" in out
    assert f"{KEY}: " in err and "the evaluation can't be read" in err
    status, out, err = invoke("report", "--json")
    assert status == 1
    assert list(json.loads(out)) == ["retail/refunds"]
    assert "the evaluation can't be read" in err
    status, out, err = invoke("run", KEY)
    assert (status, err) == (0, "") and "made" in out


def test_a_published_model_that_can_not_be_read_was_published_all_the_same(state: State):
    (state.sandbox.current("published_model") / "evaluation.json").write_text("{")
    status, out, err = invoke("models", "list")
    assert (status, out.strip()) == (1, "")
    assert "(serves) can't be read" in err
    status, _, err = invoke("models", "unpin", KEY)
    assert status == 1
    assert err.lower().count("run its use case again") + err.lower().count("run the use case again") == 1


@pytest.mark.parametrize("error", [IndexError, PanicException], ids=["of Python", "of Rust"])
def test_an_unexpected_error_is_logged_and_not_shown(
    state: State, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
):
    def broken() -> None:
        raise error("list index out of range")

    monkeypatch.setattr(use_cases, "read_catalogue", broken)
    status, out, err = invoke("list")
    log = state.sandbox.home / "logs" / "errors.log"
    assert (status, out) == (1, "")
    assert f"an unexpected error, {error.__name__}: list index out of range" in err
    assert f"Please report it, with the traceback at the end of {log}" in err
    assert "Traceback" not in err
    assert "Traceback" in log.read_text() and "in broken" in log.read_text()


@pytest.mark.parametrize("there", [False, True], ids=["no home", "an empty home"])
def test_an_unexpected_error_leaves_a_home_that_a_restore_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
):
    def broken() -> None:
        raise IndexError("list index out of range")

    home = tmp_path / "home"
    if there:
        home.mkdir()
    monkeypatch.setenv(VARIABLE, str(home))
    monkeypatch.setattr(use_cases, "read_catalogue", broken)
    status, out, err = invoke("list")
    assert (status, out) == (1, "")
    log = Path(err.partition("at the end of ")[2].strip())
    assert "in broken" in log.read_text()
    assert list(tmp_path.rglob("*")) == ([home] if there else [])
    log.unlink()


def test_an_interrupted_command_ends_quietly(state: State, monkeypatch: pytest.MonkeyPatch):
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(use_cases, "read_catalogue", interrupted)
    assert invoke("list") == (130, "", "")


def test_code_that_ends_the_program_does_not_look_like_success(state: State, monkeypatch: pytest.MonkeyPatch):
    def ending() -> None:
        sys.exit(0)

    monkeypatch.setattr(use_cases, "read_catalogue", ending)
    status, _, err = invoke("list")
    assert status == 1 and "features.py" in err
