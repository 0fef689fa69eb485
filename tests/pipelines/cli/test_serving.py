"""The published model behind a server, and from the command line: the numbers of `Model.predict`, and the contract in
front. One bad row costs one row."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import requests
from typer.testing import CliRunner

from catalogue.reader import ENVIRONMENT
from modeling.artefacts.storage import load
from modeling.core.model import Model
from pipelines.cli.app import app
from pipelines.web.request_body import MOST_BYTES
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
    with serving(sandbox, KEY) as address:
        yield sandbox, f"{address}/invocations"


@contextmanager
def serving(sandbox: Sandbox, key: str) -> Iterator[str]:
    """The address of a server of the published model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "from pipelines.cli.app import app; app()"
    command = [sys.executable, "-c", code, "serve", key, "--port", str(port)]
    named = {ENVIRONMENT: str(sandbox.root), VARIABLE: str(sandbox.home)}
    environment = {**os.environ, **named, "NO_PROXY": "127.0.0.1"}
    with (sandbox.folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{address}/ping", process, sandbox.folder / "server.log")
            yield address
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
    "a column wholly of another type": (
        rows().with_columns(price=pl.lit("dear")),
        ["column 'price': none of its 5 values is a number, as in training: row 1: 'dear'"],
    ),
    "a column is missing": (rows().drop("weight"), ["the columns ['weight'] are missing"]),
    "a column is spelled otherwise": (
        rows().rename({"weight": " Weight"}),
        ["they have ' Weight', the model knows 'weight': write it exactly so"],
    ),
    "the identifier is missing": (rows().drop("order"), ["the columns ['order'] are missing"]),
}


@pytest.mark.slow
def test_a_bad_row_costs_one_row_and_what_is_odd_is_remarked(served):
    sandbox, address = served
    records = rows().to_dicts()
    records[1]["price"], records[2]["price"], records[3]["colour"], records[4]["weight"] = "12 kg", -5, "RED ", None
    answer = requests.post(address, json={"dataframe_records": records}, timeout=60, proxies={"http": ""})
    assert answer.status_code == 200
    made = answer.json()["predictions"]
    assert [one["order"] for one in made] == [0, 1, 2, 3, 4]
    assert [one["error"] for one in made] == [
        None,
        "price: not a number, as in training: 12 kg",
        "price: expect_column_values_to_be_between(min_value=0): -5.0",
        None,
        None,
    ]
    assert [one["remarks"] for one in made][3:] == [
        "colour: 'RED ' is new or was rare in training, which has 'red'",
        "weight is empty",
    ]
    assert [one["decision"] is None for one in made] == [False, True, True, False, False]
    assert made[0]["threshold"] == made[4]["threshold"] and made[1]["threshold"] is None
    assert made[0]["probability_1"] == expected(sandbox, rows())[0]


@pytest.mark.slow
def test_where_no_row_has_a_prediction_the_status_says_so(served):
    answer = ask(served[1], rows(1).with_columns(price=-5.0))
    assert answer.status_code == 422
    assert answer.json()["predictions"][0]["error"].startswith("price: expect_column_values_to_be_between")


@pytest.mark.slow
def test_columns_that_the_model_does_not_know_are_named(served):
    assert ask(served[1], rows(1).with_columns(hue=pl.lit(1))).json()["not_read"] == ["hue"]


UNREADABLE = {
    "brackets without end": ("[" * 200_000, 400, "nested 32 levels"),
    "a value without end": ('{"dataframe_records": [{"price": ' + "[" * 5000 + "]" * 5000 + "}]}", 400, "nested 32"),
    "a value of some depth": ('{"dataframe_records": [{"price": ' + "[" * 100 + "]" * 100 + "}]}", 400, "nested 32"),
    "a number without end": ('{"dataframe_records": [{"price": ' + "1" * 5000 + "}]}", 400, "can't be read"),
    "brackets in a text": (json.dumps({"a": 1000 * '[{"'}), 400, "must be a JSON dictionary with exactly one"),
    "more than memory should hold": (" " * (MOST_BYTES + 1), 413, "may have 64 MiB"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", UNREADABLE)
def test_a_body_that_no_table_is_sent_in_is_refused(served, name: str):
    body, status, said = UNREADABLE[name]
    header = {"Content-Type": "application/json"}
    answer = requests.post(served[1], data=body, headers=header, timeout=60, proxies={"http": ""})
    assert answer.status_code == status and said in answer.text, answer.text
    assert "Traceback" not in (served[0].folder / "server.log").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_a_request_that_is_bad_as_a_whole_is_refused_with_its_place_and_no_trace(served, name: str):
    frame, parts = BAD_REQUESTS[name]
    answer = ask(served[1], frame)
    assert answer.status_code == 400
    message = answer.json()["message"]
    assert all(part in message for part in parts), message
    assert "Traceback" not in answer.text and "stack_trace" not in answer.json()


CSV = {"Content-Type": "text/csv"}
FOREIGN_REQUESTS = {
    "under a rebound name": (421, {**CSV, "Host": "evil.example:5001", "Origin": "http://evil.example:5001"}),
    "of another page": (403, {**CSV, "Origin": "https://evil.example"}),
    "of an embedded page": (403, {**CSV, "Origin": "null"}),
    "as text": (415, {"Content-Type": "text/plain"}),
    "as text that claims CSV": (415, {"Content-Type": "text/plain; text/csv"}),
    "as a form": (415, {"Content-Type": "application/x-www-form-urlencoded"}),
    "without a type": (415, {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FOREIGN_REQUESTS)
def test_a_request_that_a_web_page_elsewhere_can_send_is_refused(served, name: str):
    status, headers = FOREIGN_REQUESTS[name]
    body = rows(1).write_csv().encode()
    answer = requests.post(served[1], data=body, headers=headers, timeout=60, proxies={"http": ""})
    assert answer.status_code == status
    assert "docs/security.md" in answer.text and "predictions" not in answer.text


@pytest.mark.slow
def test_a_page_under_a_rebound_name_reads_nothing(served):
    address = served[1].replace("invocations", "version")
    answer = requests.get(address, headers={"Host": "evil.example"}, timeout=60, proxies={"http": ""})
    assert answer.status_code == 421 and "SECTORFORGE_HOSTS" in answer.text


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def here(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder, with the command line over the sandbox."""
    sandbox.name_in(monkeypatch)
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def test_a_file_is_predicted_from_the_command_line(here: Path, sandbox: Sandbox):
    rows().write_csv(here / "rows.csv")
    result = CliRunner().invoke(app, ["predict", KEY, str(here / "rows.csv"), "--out", str(here / "out.csv")])
    assert result.exit_code == 0 and "5 of 5 rows predicted" in result.output, result.output
    np.testing.assert_allclose(pl.read_csv(here / "out.csv")["probability_1"], expected(sandbox, rows()), rtol=1e-12)


@pytest.mark.slow
def test_a_file_that_is_refused_leaves_no_output(here: Path, sandbox: Sandbox):
    sandbox.place(contract=CONTRACT)
    refused = {
        "the columns ['price'] are missing": rows().drop("price"),
        "no row gets a prediction": rows().with_columns(price=-5.0),
    }
    for said, frame in refused.items():
        frame.write_csv(here / "rows.csv")
        result = CliRunner().invoke(app, ["predict", KEY, str(here / "rows.csv"), "--out", str(here / "out.csv")])
        assert result.exit_code == 2 and said in result.output
        assert [path.name for path in here.iterdir()] == ["rows.csv"]


@pytest.mark.slow
def test_a_bad_row_costs_one_row_on_the_command_line_too(here: Path, sandbox: Sandbox):
    sandbox.place(contract=CONTRACT)
    bad = pl.Series(["50", "12 kg", "-5", "", "60"])
    rows().with_columns(price=bad, hue=pl.lit("x")).write_csv(here / "rows.csv")
    result = CliRunner().invoke(app, ["predict", KEY, str(here / "rows.csv"), "--out", str(here / "out.parquet")])
    assert "3 of 5 rows predicted" in result.output and "not read: hue" in result.output
    assert "- line 3, price: not a number, as in training: 12 kg\n" in result.output
    assert "- line 4, price: expect_column_values_to_be_between(min_value=0): -5.0\n" in result.output
    made = pl.read_parquet(here / "out.parquet")
    assert made["order"].to_list() == [0, 1, 2, 3, 4]
    assert (
        made["error"].is_null().to_list()
        == made["decision"].is_not_null().to_list()
        == [True, False, False, True, True]
    )
    assert made["remarks"].to_list() == [None, None, None, "price is empty", None]


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["predict", "rows.csv", "--out", "out.csv"]])
def test_what_was_never_published_is_neither_served_nor_predicted(here: Path, sandbox: Sandbox, command: list[str]):
    (sandbox.home / "artefacts" / "published_model" / KEY / "current").unlink()
    result = CliRunner().invoke(app, [command[0], KEY, *command[1:]])
    assert result.exit_code == 2 and f"`sectorforge run {KEY}` publishes it" in result.output.replace("\n", " ")


def test_a_port_that_is_taken_is_named(here: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = CliRunner().invoke(app, ["serve", KEY, "--port", str(taken.getsockname()[1])])
    assert result.exit_code == 2 and "name another with --port" in " ".join(result.output.split())


def test_of_a_model_that_was_held_back_the_reason_is_said(here: Path, sandbox: Sandbox):
    (sandbox.home / "artefacts" / "published_model" / KEY / "current").unlink()
    record = sandbox.home / "artefacts" / "evaluation" / KEY / "current" / "evaluation.json"
    judged = json.loads(record.read_text())
    judged["published"] = False
    judged["verdict"] |= {"outcome": "held back", "reason": "Not met: too little gain."}
    record.write_text(json.dumps(judged))
    result = CliRunner().invoke(app, ["predict", KEY, "rows.csv", "--out", "out.csv"])
    said = " ".join(result.output.split())
    assert result.exit_code == 2 and "judged last was held back: Not met: too little gain." in said
    assert "To run it again changes nothing" in said


# --- what the documentation prints ------------------------------------------------------------------------------------

GUIDE = (Path(__file__).parents[3] / "docs" / "serving.md").read_text(encoding="utf-8")
SHOWN = "finance/credit_scoring"


def printed(language: str, word: str) -> str:
    """The block of the guide in which a word stands."""
    blocks = re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    return next(block for block in blocks if word in block)


@pytest.mark.slow
def test_the_example_of_the_guide_works_as_printed(empty: Sandbox, tmp_path: Path):
    shipped = Path(__file__).parents[3] / "industries" / SHOWN
    row, draw = pl.read_csv(printed("csv", "LIMIT_BAL").encode()), np.random.default_rng(0)
    numbers = {
        name: draw.integers(-2, 9, 400) if name.startswith("PAY_") else draw.integers(0, 9**5, 400)
        for name in row.columns
    }
    words = {name: draw.choice([row[name][0], "other or unknown"], 400) for name in ("SEX", "EDUCATION", "MARRIAGE")}
    late = (numbers["PAY_0"] + draw.normal(0, 1, 400) > 3).astype(int)
    table = pl.DataFrame({**numbers, **words, "ID": range(400), "AGE": draw.integers(18, 80, 400), "late": late})
    folder = empty.place(SHOWN, table, target="late", columns={"identifier": ["ID"]})
    code = (shipped / "features.py").read_text(encoding="utf-8")
    (folder / "features.py").write_text(code.replace("def assemble(", "def of_the_package("))
    with empty.instance() as instance:
        empty.make(instance, SHOWN)
    (tmp_path / "new.csv").write_text(printed("csv", "LIMIT_BAL"))
    with serving(empty, SHOWN) as address:
        commands = (
            printed("bash", "curl")
            .replace("http://127.0.0.1:5001", address)
            .replace("curl ", "curl -sf --noproxy '*' ")
        )
        found = subprocess.run(["bash", "-ec", commands], cwd=tmp_path, capture_output=True, text=True, check=True)
    decoder, said = json.JSONDecoder(), found.stdout
    first, end = decoder.raw_decode(said)
    second, _ = decoder.raw_decode(said[end:].lstrip())
    for one in (first, second):
        (answer,) = one["predictions"]
        assert (answer["ID"], answer["error"]) == (30001, None) and answer["decision"] in "01", answer
