"""A state folder that an older commit made: what was up to date stays so, and what was published still serves.

Belongs here: what a person sees at the command line over that state. Does not belong here: how it was made, and by
which commit (`make_home.py`).
"""

import json
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest
import requests
import yaml
from dagster import build_sensor_context
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from assets.stages import PREDICTIONS, STAGES
from pipelines.cli.app import app
from pipelines.definitions import build_defs
from pipelines.freshness import stale_stages
from pipelines.instance import open_instance
from pipelines.vocabulary import read_catalogue
from resources.store.state import State

from .make_home import KEY, ROWS, TINY, orders

HERE = Path(__file__).parent
KEYS = sorted([KEY, *(f"tiny/{task}" for task in TINY)])
PREDICTED = [KEY, *(f"tiny/{task}" for task in TINY if task not in ("forecasting", "recommendation"))]
"""Tasks that answer rows without a target."""
PATIENCE_SECONDS = 180
ANOTHER_MACHINE = 1e-4
"""Relative: another processor sums in another order."""


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("older")
    with tarfile.open(HERE / "home.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
def untouched(unpacked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of everything as it was, whose home and catalogue the environment names."""
    folder = Path(shutil.copytree(unpacked, tmp_path / "older", symlinks=True))
    monkeypatch.setenv("SECTORFORGE_HOME", str(folder / "home"))
    monkeypatch.setenv("DAGSTER_HOME", str(folder / "home" / "dagster"))
    monkeypatch.setenv("SECTORFORGE_CATALOGUE", str(folder / "catalogue"))
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("SECTORFORGE_MIRROR", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def older(untouched: Path) -> Path:
    """The copy, after what docs/upgrading.md asks for."""
    follow_the_guide(untouched / "catalogue")
    return untouched


def follow_the_guide(catalogue: Path) -> None:
    """What docs/upgrading.md asks of those who wrote definitions: `seconds` is gone."""
    for path in catalogue.glob("*/*/use_case.yaml"):
        content = yaml.safe_load(path.read_text())
        content.pop("seconds", None)
        path.write_text(yaml.safe_dump(content, sort_keys=False))


def sectorforge(*arguments: str) -> str:
    """What a command that must succeed says."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    return result.output


def served(key: str) -> str:
    """The beginning of the version that serves, or is pinned to."""
    (line,) = [line for line in sectorforge("models", "list", key).splitlines() if "serves" in line]
    return line.split()[1]


# --- reading ----------------------------------------------------------------------------------------------------------


def test_every_use_case_is_listed_with_its_champion_and_score(older: Path):
    now, before = sectorforge("list"), (older / "said" / "list").read_text()
    for key in KEYS:
        (listed,), (was,) = ([line for line in said.splitlines() if key in line] for said in (now, before))
        assert listed.split() == was.split()


def test_the_report_holds_every_figure_it_held(older: Path):
    now = json.loads(sectorforge("report", "--json"))
    before = json.loads((older / "said" / "report.json").read_text())
    assert now.keys() == before.keys()
    for key in before:
        for part in ("task", "metric", "data_version"):
            assert now[key][part] == before[key][part], f"{key}: {part}"
        for part in ("rows", "lift"):
            assert now[key][part] | before[key][part] == now[key][part], f"{key}: {part}"
        assert now[key]["champion"]["test"] == before[key]["champion"]["test"]
        assert [one["learner"] for one in now[key]["candidates"]] == [
            one["learner"] for one in before[key]["candidates"]
        ]


def test_the_reports_are_where_they_were(older: Path):
    said = sectorforge("report").splitlines()
    places = [line.split(": ", 1)[1] for line in said if not line.startswith("  ")]
    assert places and all(Path(place).is_file() for place in places)
    verdicts = [line for line in said if line.startswith("  ")]
    assert len(verdicts) == len(KEYS)
    assert all("Judged before verdicts gave reasons" in line for line in verdicts)


@pytest.mark.slow
@pytest.mark.parametrize("key", PREDICTED)
def test_a_published_model_predicts_what_it_predicted(older: Path, tmp_path: Path, key: str):
    name = f"{key.replace('/', '.')}.parquet"
    sectorforge("predict", key, str(older / "rows" / name), "--out", str(tmp_path / "out.parquet"))
    before = pl.read_parquet(older / "predictions" / name)
    assert_frame_equal(
        pl.read_parquet(tmp_path / "out.parquet").filter(pl.col("error").is_null()).select(before.columns),
        before,
        rel_tol=ANOTHER_MACHINE,
        abs_tol=1e-6,
    )


def test_a_key_that_is_refused_now_is_named_with_what_to_write_instead(untouched: Path):
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1 and "time_limit" in result.output and "use_case.yaml" in result.output


def test_everything_is_out_of_date_once(older: Path):
    """Values keep more of what the file says; roles of rows, budgets and verdicts are others: docs/upgrading.md."""
    catalogue = read_catalogue()
    with open_instance() as instance:
        stale = {key: stale_stages(catalogue.use_cases[key], instance, State()) for key in KEYS}
    every = list(STAGES)
    assert stale == {key: [*every, PREDICTIONS.name] if catalogue.use_cases[key].predict else every for key in KEYS}


def test_health_finds_nothing_that_the_older_code_did_not(older: Path):
    result = CliRunner().invoke(app, ["health"])
    assert result.exit_code in (0, 1) and "Traceback" not in result.output
    assert not isinstance(result.exception, Exception) or isinstance(result.exception, SystemExit)


def test_sensors_go_on_from_the_cursors_they_had(older: Path):
    cursors = json.loads((older / "cursors.json").read_text())
    definitions = build_defs()
    with open_instance() as instance:
        for name, cursor in cursors.items():
            repository = definitions.get_repository_def()
            context = build_sensor_context(instance, cursor, repository_def=repository, sensor_name=name)
            requested = definitions.resolve_sensor_def(name).evaluate_tick(context).run_requests or []
            assert {request.job_name for request in requested} <= {"data", "prediction"}, "nothing is trained"


# --- choosing ---------------------------------------------------------------------------------------------------------


def test_published_models_are_listed_pinned_and_rolled_back(older: Path):
    latest = served(KEY)
    sectorforge("models", "rollback", KEY)
    earlier = served(KEY)
    assert earlier != latest
    sectorforge("models", "pin", KEY, latest)
    assert served(KEY) == latest
    sectorforge("models", "unpin", KEY)
    assert served(KEY) == latest
    assert "pinned" not in sectorforge("models", "list", KEY)


# --- going on ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_run_makes_everything_once_and_leaves_a_model_that_nothing_can_be_compared_with(older: Path):
    versions = {key: served(key) for key in KEYS}
    assert "made" in sectorforge("run")
    for key in ("tiny/forecasting", "tiny/recommendation"):
        assert served(key) == versions[key], "which windows or users it learned from is not known"
    said = sectorforge("run")
    for key in KEYS:
        (line,) = [line for line in said.splitlines() if key in line and "report" not in line]
        assert "up to date" in line, said


@pytest.mark.slow
def test_a_new_delivery_is_judged_against_the_older_model_and_the_older_data(older: Path):
    before = served(KEY)
    orders(600, 5).write_csv(older / "catalogue" / KEY / "orders_3.csv")
    assert "made" in sectorforge("run", KEY)
    judged = json.loads(sectorforge("report", "--json"))[KEY]
    assert judged["challenge"]["serving"].startswith(before), judged["challenge"]
    assert judged["challenge"]["lift"], judged["challenge"]
    drift = older / "home" / "artefacts" / "drift" / KEY / "current" / "report.json"
    compared = json.loads(drift.read_text())
    assert compared["compared"] > 0 and compared["delivery"] == "append", compared
    assert "up to date" in sectorforge("run", KEY)


@pytest.mark.slow
def test_rows_delivered_to_the_older_model_are_predicted(older: Path):
    orders(ROWS, 6).drop("returned").write_csv(older / "catalogue" / KEY / "open_2.csv")
    assert "made" in sectorforge("run", KEY)
    made = pl.read_parquet(older / "home" / "artefacts" / "predictions" / KEY / "current" / "predictions.parquet")
    assert made.height == 2 * (ROWS - 2)


@pytest.mark.slow
def test_a_model_that_the_older_code_registered_is_served(older: Path):
    """Older code registered a model together with code of its own, which imports modules that have moved since."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from pipelines.cli.app import app; app()", "serve", KEY, "--port", str(port)]
    rows = pl.read_parquet(older / "rows" / f"{KEY.replace('/', '.')}.parquet").filter(pl.col("weight") >= 0)
    with (older / "server.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            address = _answering(f"http://127.0.0.1:{port}", process, older / "server.log")
            body = {"dataframe_records": rows.to_dicts()}
            answer = requests.post(f"{address}/invocations", json=body, timeout=60, proxies={"http": ""})
        finally:
            process.terminate()
            process.wait(60)
    assert answer.status_code == 200, f"{answer.text}\n{(older / 'server.log').read_text()}"
    before = pl.read_parquet(older / "predictions" / f"{KEY.replace('/', '.')}.parquet")["probability_1"]
    served_now = [one["probability_1"] for one in answer.json()["predictions"]]
    assert served_now == pytest.approx(before.to_list(), rel=ANOTHER_MACHINE)


def _answering(address: str, process: "subprocess.Popen[bytes]", log: Path) -> str:
    until = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with suppress(requests.ConnectionError):
            if requests.get(f"{address}/ping", timeout=5, proxies={"http": ""}).ok:
                return address
        time.sleep(0.3)
    raise AssertionError(log.read_text())
