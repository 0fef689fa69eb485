"""The published model behind MLflow's own server, and from the command line: the numbers of `Model.predict`, and the
contract in front."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import requests
from typer.testing import CliRunner

from modeling.artefacts.storage import load
from modeling.core.model import Model
from pipelines import vocabulary
from pipelines.cli import serving as serving_commands
from pipelines.cli.app import app
from resources.serving.models import Models
from resources.store.state import VARIABLE

from ...assets.test_predictions import CONTRACT
from ..sandbox import KEY, Sandbox, orders

PATIENCE_SECONDS = 120


def rows(count: int = 5) -> pl.DataFrame:
    return orders(count, seed=7).drop("returned")


def expected(sandbox: Sandbox, frame: pl.DataFrame) -> np.ndarray:
    place = Models(sandbox.state).serving(KEY)
    assert place
    return load(Model, place / "model").predict(frame)


# --- the server -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(delivered: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, str]]:
    """A sandbox whose published model is served, and the address."""
    sandbox = Sandbox(delivered.copy(tmp_path_factory.mktemp("served") / "sandbox").folder, tracked=True)
    sandbox.place(contract=CONTRACT)
    with sandbox.instance() as instance:
        sandbox.make(instance, KEY, "evaluation", "published_model")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = (
        "import sys; from pathlib import Path; from pipelines import serving_commands, vocabulary\n"
        "read, root = vocabulary.read_catalogue, Path(sys.argv.pop(1))\n"
        "serving_commands.read_catalogue = lambda: read(root)\n"
        "from pipelines.cli.app import app; app()"
    )
    command = [sys.executable, "-c", code, str(sandbox.root), "serve", KEY, "--port", str(port)]
    environment = {**os.environ, VARIABLE: str(sandbox.home), "NO_PROXY": "127.0.0.1"}
    with (sandbox.folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{address}/ping", process, sandbox.folder / "server.log")
            yield sandbox, f"{address}/invocations"
        finally:
            process.terminate()
            process.wait(60)


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        assert process.poll() is None and time.monotonic() < until, log.read_text()
        try:
            if requests.get(address, timeout=5, proxies={"http": ""}).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.3)


def ask(address: str, frame: pl.DataFrame) -> requests.Response:
    return requests.post(address, json={"dataframe_records": frame.to_dicts()}, timeout=60, proxies={"http": ""})


@pytest.mark.slow
def test_the_server_answers_with_the_numbers_of_the_model(served):
    sandbox, address = served
    answer = ask(address, rows())
    assert answer.status_code == 200, answer.text
    predictions = answer.json()["predictions"]
    assert [one["order"] for one in predictions] == rows()["order"].to_list()
    np.testing.assert_array_equal([one["probability_1"] for one in predictions], expected(sandbox, rows()))
    assert {one["decision"] for one in predictions} <= {"0", "1"}


@pytest.mark.slow
def test_the_server_reads_csv_too_and_one_row_is_enough(served):
    sandbox, address = served
    csv, header = rows(1).write_csv(), {"Content-Type": "text/csv"}
    answer = requests.post(address, data=csv, headers=header, timeout=60, proxies={"http": ""})
    (prediction,) = answer.json()["predictions"]
    np.testing.assert_array_equal(prediction["probability_1"], expected(sandbox, rows(1))[0])


BAD_REQUESTS = {
    "a row breaks a rule": (
        rows().with_columns(price=pl.when(pl.col("order") == 3).then(-5.0).otherwise("price")),
        ["row 3, price: expect_column_values_to_be_between", ": -5.0"],
    ),
    "the only row breaks a rule": (
        rows(1).with_columns(price=-5.0),
        ["price: expect_column_values_to_be_", "-5"],
    ),
    "a value of another type": (
        rows().with_columns(price=pl.Series(["1", "2", "dear", "4", "5"])),
        ["column 'price': 1 of 5 values are no Float64: row 2: 'dear'"],
    ),
    "a column is missing": (rows().drop("weight"), ["the columns ['weight'] are missing"]),
    "the identifier is missing": (rows().drop("order"), ["order: expect_column_to_exist"]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_a_bad_request_is_refused_with_its_place_and_no_trace(served, name: str):
    frame, parts = BAD_REQUESTS[name]
    answer = ask(served[1], frame)
    assert answer.status_code == 400
    message = answer.json()["message"]
    assert all(part in message for part in parts), message
    assert "Traceback" not in answer.text and "stack_trace" not in answer.json()


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def here(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder, with the command line over the sandbox."""
    monkeypatch.setenv(VARIABLE, str(sandbox.home))
    root = sandbox.root
    monkeypatch.setattr(serving_commands, "read_catalogue", lambda: vocabulary.read_catalogue(root))
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def test_a_file_is_predicted_from_the_command_line(here: Path, sandbox: Sandbox):
    rows().write_csv(here / "rows.csv")
    result = CliRunner().invoke(app, ["predict", KEY, str(here / "rows.csv"), "--out", str(here / "out.csv")])
    assert result.exit_code == 0 and "5 of 5 rows predicted" in result.output, result.output
    np.testing.assert_allclose(pl.read_csv(here / "out.csv")["probability_1"], expected(sandbox, rows()), rtol=1e-12)


def test_a_file_that_is_refused_leaves_no_output(here: Path, sandbox: Sandbox):
    rows().drop("price").write_csv(here / "rows.csv")
    result = CliRunner().invoke(app, ["predict", KEY, str(here / "rows.csv"), "--out", str(here / "out.csv")])
    assert result.exit_code == 2 and "the columns ['price'] are missing" in result.output
    assert [path.name for path in here.iterdir()] == ["rows.csv"]


def test_rows_that_break_a_rule_are_named_on_the_command_line(here: Path, sandbox: Sandbox):
    sandbox.place(contract=CONTRACT)
    rows().with_columns(price=pl.when(pl.col("order") == 3).then(-5.0).otherwise("price")).write_csv(here / "rows.csv")
    result = CliRunner().invoke(app, ["predict", KEY, str(here / "rows.csv"), "--out", str(here / "out.parquet")])
    assert "4 of 5 rows predicted" in result.output and "row 3, price: expect_column_values_to_be" in result.output
    assert pl.read_parquet(here / "out.parquet").height == 4


@pytest.mark.parametrize("command", [["serve"], ["predict", "rows.csv", "--out", "out.csv"]])
def test_what_was_never_published_is_neither_served_nor_predicted(here: Path, sandbox: Sandbox, command: list[str]):
    (sandbox.home / "artefacts" / "published_model" / KEY / "current").unlink()
    result = CliRunner().invoke(app, [command[0], KEY, *command[1:]])
    assert result.exit_code == 2 and f"`sectorforge run {KEY}` first" in result.output.replace("\n", " ")
