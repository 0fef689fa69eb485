"""A state folder that an attacker may write to: `serve` and `predict` run nothing that lies there."""

import hashlib
import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import polars as pl
import pytest
import requests
import yaml
from dagster import DagsterInstance
from mlflow.pyfunc import load_model
from typer.testing import CliRunner

from catalogue.reader import ENVIRONMENT
from modeling.artefacts.errors import ArtefactError
from modeling.artefacts.evaluated_model import StoredEvaluation
from modeling.artefacts.storage import load
from pipelines.cli.app import app
from resources.serving.errors import Unpredictable
from resources.serving.models import Models
from resources.serving.predictor import Published
from resources.store.integrity import write_digests
from resources.store.state import VARIABLE
from resources.tracking import Tracking

from ..pipelines.sandbox import KEY, Sandbox, failures, orders

PATIENCE_SECONDS = 180
FEATURES = """
import polars as pl

def features(frame):
    return frame.with_columns(double=2 * pl.col("price"))
"""


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """A use case with a `features.py`, its model published."""
    sandbox = Sandbox(tmp_path_factory.mktemp("registered") / "sandbox")
    (sandbox.place(frame=orders()) / "features.py").write_text(FEATURES)
    with sandbox.instance() as instance:
        sandbox.make(instance)
    return sandbox


def described(sandbox: Sandbox) -> Path:
    """The file that says how MLflow loads the model, which is registered now."""
    place = serving(sandbox)
    said = Tracking(home=sandbox.state).record(sandbox.use_case(), load(StoredEvaluation, place), place)
    assert said.endswith("serves"), said
    (found,) = (sandbox.home / "mlflow" / "artefacts").rglob("MLmodel")
    return found


def serving(sandbox: Sandbox) -> Path:
    place = Models(sandbox.state).serving(KEY)
    assert place
    return place


@contextmanager
def served(sandbox: Sandbox) -> Iterator[str]:
    """The address of the server that `sectorforge serve` starts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from pipelines.cli.app import app; app()", "serve", KEY, "--port", str(port)]
    named = {ENVIRONMENT: str(sandbox.root), VARIABLE: str(sandbox.home)}
    log = sandbox.folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, env={**os.environ, **named}, stdout=output, stderr=output)
        try:
            _wait_for(f"http://127.0.0.1:{port}/ping", process, log)
            yield f"http://127.0.0.1:{port}/invocations"
        finally:
            process.terminate()
            process.wait(60)


def _wait_for(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        assert process.poll() is None and time.monotonic() < until, log.read_text()
        try:
            if requests.get(address, timeout=5, proxies={"http": ""}).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.3)


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, ran: Path) -> None:
        self._ran = ran

    def __reduce__(self):
        return os.system, (f"touch {self._ran}",)


def former_code(files: Path, ran: Path) -> None:
    """What models of earlier versions were: code in a file beside them."""
    (files / "served_model.py").write_text(f"open({str(ran)!r}, 'w')\n")
    flavour(files, loader_module="mlflow.pyfunc.model", model_code_path="served_model.py")


def code_beside(files: Path, ran: Path) -> None:
    """MLflow puts the folder `code` before everything else that can be imported."""
    (files / "code").mkdir()
    (files / "code" / "stolen.py").write_text(f"open({str(ran)!r}, 'w')\n")
    flavour(files, code="code", loader_module="stolen")


def pickled(files: Path, ran: Path) -> None:
    (files / "model.pkl").write_bytes(pickle.dumps(Trap(ran)))
    flavour(files, loader_module="mlflow.sklearn", data="model.pkl")


def flavour(files: Path, **described: object) -> None:
    """Describe how MLflow loads what lies in `files`."""
    content = yaml.safe_load((files / "MLmodel").read_text())
    content["flavors"] = {"python_function": described}
    (files / "MLmodel").write_text(yaml.safe_dump(content))


def features_in_the_model(files: Path, ran: Path) -> None:
    """Where earlier versions kept the use case's code, and around it."""
    for folder in ("data/published/definition", "data/published", "data", "."):
        (files / folder).mkdir(parents=True, exist_ok=True)
        (files / folder / "features.py").write_text(f"open({str(ran)!r}, 'w')\n{FEATURES}")


ATTACKS = [former_code, code_beside, pickled, features_in_the_model]


@pytest.fixture(params=ATTACKS)
def attacked(registered: Sandbox, tmp_path: Path, request: pytest.FixtureRequest) -> Sandbox:
    """A copy, registered in MLflow, with what runs there leaving a file: among MLflow's files and in the version."""
    sandbox = registered.copy(tmp_path / "sandbox")
    files, place = described(sandbox).parent, serving(sandbox)
    shutil.copyfile(files / "MLmodel", place / "MLmodel")
    for folder in (files, place):
        request.param(folder, sandbox.folder / "ran")
    return sandbox


def ran(sandbox: Sandbox) -> bool:
    return (sandbox.folder / "ran").exists()


@pytest.mark.parametrize("attack", [former_code, code_beside, pickled])
def test_mlflow_itself_runs_what_its_file_names(tmp_path: Path, attack: Callable[[Path, Path], None]):
    """So the attacks are some, and `serve` must not load with MLflow."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "MLmodel").write_text("flavors: {}\n")
    attack(tmp_path / "files", tmp_path / "ran")
    with suppress(Exception):
        load_model(str(tmp_path / "files"))
    assert (tmp_path / "ran").exists()


@pytest.mark.slow
def test_serve_runs_nothing_that_lies_in_the_state_folder(attacked: Sandbox):
    records = orders(5, seed=7).drop("returned").to_dicts()
    with served(attacked) as address:
        answer = requests.post(address, json={"dataframe_records": records}, timeout=60, proxies={"http": ""})
    assert answer.status_code == 200 and len(answer.json()["predictions"]) == 5, answer.text
    assert not ran(attacked)


@pytest.mark.slow
def test_predict_runs_nothing_that_lies_in_the_state_folder(attacked: Sandbox, monkeypatch: pytest.MonkeyPatch):
    attacked.name_in(monkeypatch)
    monkeypatch.chdir(serving(attacked))
    rows, out = attacked.folder / "rows.csv", attacked.folder / "out.csv"
    orders(5, seed=7).drop("returned").write_csv(rows)
    result = CliRunner().invoke(app, ["predict", KEY, str(rows), "--out", str(out)])
    assert result.exit_code == 0 and pl.read_csv(out).height == 5, result.output
    assert not ran(attacked)


@pytest.mark.slow
def test_a_registered_model_holds_no_code_and_takes_it_from_the_installation(
    registered: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Whoever loads one with MLflow itself must trust its `MLmodel`, and nothing else that lies there."""
    sandbox = registered.copy(tmp_path / "sandbox")
    sandbox.name_in(monkeypatch)
    files = described(sandbox).parent
    assert not list(files.rglob("*.py"))
    features_in_the_model(files, sandbox.folder / "ran")
    rows = orders(5, seed=7).drop("returned")
    answers = load_model(str(files)).predict(rows.to_pandas())
    assert answers["probability_1"].tolist() == load_answers(sandbox, rows) and not ran(sandbox)
    (sandbox.root / KEY / "features.py").unlink()
    with pytest.raises(Unpredictable, match=r"made with another features\.py"):
        load_model(str(files))


def load_answers(sandbox: Sandbox, rows: pl.DataFrame) -> list[float]:
    return Published.load(serving(sandbox), sandbox.use_case()).answers(rows)["probability_1"].to_list()


@pytest.mark.parametrize(
    "command", [["serve", "--port", "0"], ["predict", "rows.csv", "--out", "out.csv"], ["models", "pin"]]
)
def test_a_version_that_is_not_what_was_published_is_refused_before_it_is_read(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
):
    sandbox.name_in(monkeypatch)
    monkeypatch.chdir(tmp_path)
    place = serving(sandbox)
    orders(5).drop("returned").write_csv("rows.csv")
    (changed,) = place.glob("model/members/*/*.skops")
    changed.write_bytes(pickle.dumps(Trap(tmp_path / "ran")).ljust(changed.stat().st_size))
    arguments = [*command, KEY, place.name] if command[0] == "models" else [command[0], KEY, *command[1:]]
    result = CliRunner().invoke(app, arguments)
    said = " ".join(result.output.split())
    assert result.exit_code in (1, 2) and f"{changed.name} is not what was written" in said, said
    assert "Traceback" not in said and not (tmp_path / "ran").exists() and not (tmp_path / "out.csv").exists()


@pytest.mark.slow
def test_a_version_whose_list_fits_the_attack_is_a_clear_error(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    sandbox.name_in(monkeypatch)
    place = serving(sandbox)
    orders(5).drop("returned").write_csv(tmp_path / "rows.csv")
    (changed,) = place.glob("model/members/*/*.skops")
    changed.write_bytes(pickle.dumps(Trap(tmp_path / "ran")))
    card = json.loads((place / "model" / "model.json").read_text())
    card["files"][str(changed.relative_to(place / "model"))] = hashlib.sha256(changed.read_bytes()).hexdigest()
    (place / "model" / "model.json").write_text(json.dumps(card))
    write_digests(place)
    result = CliRunner().invoke(app, ["predict", KEY, str(tmp_path / "rows.csv"), "--out", str(tmp_path / "out.csv")])
    said = " ".join(result.output.split())
    assert result.exit_code == 1 and "no skops file" in said and f"sectorforge models pin {KEY} VERSION" in said, said
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("folder", [".", "model/members"])
def test_what_a_link_in_a_judged_folder_leads_to_is_not_published(
    sandbox: Sandbox, instance: DagsterInstance, tmp_path: Path, folder: str
):
    place = sandbox.current("evaluation").resolve()
    (tmp_path / "secret").write_text("of somebody's")
    (place / folder / "notes").symlink_to(tmp_path / "secret")
    write_digests(place)
    shutil.rmtree(sandbox.state.artefact("published_model", KEY))
    result = sandbox.materialise(instance, KEY, "published_model")
    assert not result.success
    (said,) = failures(result).values()
    assert f"{place / folder / 'notes'}: is a link" in said, said
    assert not list(sandbox.state.artefact("published_model", KEY).rglob("notes"))


def test_what_a_link_in_a_published_folder_leads_to_is_not_registered(sandbox: Sandbox, tmp_path: Path):
    place = serving(sandbox)
    (tmp_path / "secret").write_text("of somebody's")
    (place / "model" / "notes").symlink_to(tmp_path / "secret")
    write_digests(place)
    with pytest.raises(ArtefactError, match="notes: is a link"):
        described(sandbox)
    assert not list(sandbox.home.glob("mlflow/**/notes"))
