"""The instance's configuration: the shipped one, the storage that the environment names, and what is refused."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from dagster import DagsterInstance
from dagster._core.storage.runs import SqlRunStorage
from sqlalchemy import make_url
from typer.testing import CliRunner

from catalogue import extras
from pipelines import instance as opening
from pipelines.cli import app as command_line
from pipelines.instance import SCHEME, SHIPPED, open_instance
from pipelines.storage_errors import POSTGRES, InstanceError, storage_errors
from resources.postgresql import PATIENCE
from resources.store.state import VARIABLE

from ..resources.postgres import Server, free_port

PASSWORD = "not-to-be-seen/anywhere"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state folder that the environment names, with nothing else said."""
    monkeypatch.setenv("SECTORFORGE_HOME", str(tmp_path / "home"))
    for name in ("DAGSTER_HOME", POSTGRES):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return tmp_path / "home"


def anywhere(port: int) -> str:
    """A database that does not answer."""
    return f"{SCHEME}dagster:{PASSWORD}@127.0.0.1:{port}/dagster"


def test_the_shipped_configuration_is_written_and_kept_up_to_date(home: Path):
    written = home / "dagster" / "dagster.yaml"
    open_instance().dispose()
    assert written.read_text() == SHIPPED.read_text()
    written.write_text("telemetry: {enabled: true}\n")
    open_instance().dispose()
    assert written.read_text() == SHIPPED.read_text()
    assert [path.name for path in written.parent.glob(".*yaml*")] == []


@pytest.mark.usefixtures("home")
def test_as_many_runs_train_at_a_time_as_the_machine_carries_until_somebody_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(opening, "jobs_carried", lambda: 3)
    with open_instance() as instance:
        assert limits(instance) == {"gpu": 3}
        instance.event_log_storage.set_concurrency_slots("gpu", 2)
    with open_instance() as instance:
        assert limits(instance) == {"gpu": 2}


def limits(instance: DagsterInstance) -> dict[str, int]:
    return {pool.name: pool.limit for pool in instance.event_log_storage.get_pool_limits()}


@pytest.mark.usefixtures("home")
def test_telemetry_is_off():
    with open_instance() as instance:
        assert not instance.telemetry_enabled


def test_an_instance_elsewhere_is_taken_as_it_is(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(elsewhere))
    with open_instance() as instance:
        assert instance.root_directory == str(elsewhere)
    assert not (elsewhere / "dagster.yaml").exists()
    assert not home.exists()


@pytest.mark.usefixtures("home")
def test_a_url_for_another_driver_is_refused_with_what_to_write(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(POSTGRES, f"postgresql://dagster:{PASSWORD}@127.0.0.1/dagster")
    with pytest.raises(InstanceError, match=r"must begin with postgresql\+psycopg2://") as raised:
        open_instance()
    assert PASSWORD not in str(raised.value)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("password", ["Fir5t@Sec0nd", "Fir5t@Sec0nd/x", "Fir5t@#Sec0nd"])
def test_a_password_that_cuts_the_url_is_refused(monkeypatch: pytest.MonkeyPatch, password: str):
    pytest.importorskip("dagster_postgres", reason=extras.install_command(["postgres"]))
    monkeypatch.setenv(POSTGRES, f"{SCHEME}dagster:{password}@127.0.0.1:1/dagster")
    with pytest.raises(InstanceError, match="write @ as %40") as raised:
        open_instance()
    assert "Fir5t" not in str(raised.value) and "Sec0nd" not in str(raised.value)


@pytest.mark.usefixtures("home")
def test_without_the_extra_the_command_that_installs_it_is_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(POSTGRES, anywhere(1))
    monkeypatch.setattr(extras, "missing", lambda extra: [f"dagster-{extra}"])
    with pytest.raises(InstanceError, match=r"pip install 'sectorforge\[postgres\]'"):
        open_instance()


def test_a_history_does_not_move_to_another_storage_by_itself(home: Path, monkeypatch: pytest.MonkeyPatch):
    open_instance().dispose()
    monkeypatch.setenv(POSTGRES, anywhere(1))
    with pytest.raises(InstanceError, match=r"lies in SQLite, so unset SECTORFORGE_POSTGRES_URL; .* remove .*yaml"):
        open_instance()
    configuration = home / "dagster" / "dagster.yaml"
    configuration.write_text(f"{SHIPPED.read_text()}\nstorage: {{postgres: {{postgres_url: {{env: {POSTGRES}}}}}}}\n")
    monkeypatch.delenv(POSTGRES)
    with pytest.raises(InstanceError, match="lies in PostgreSQL, so set SECTORFORGE_POSTGRES_URL"):
        open_instance()


@pytest.mark.usefixtures("home")
def test_a_database_that_does_not_answer_is_reported_in_a_line_without_its_password(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(POSTGRES, anywhere(port := free_port()))
    monkeypatch.setattr(time, "sleep", lambda _: None)
    result = CliRunner().invoke(command_line.app, ["run", "finance/credit_scoring"])
    assert result.exit_code == 1
    told = " ".join(result.stderr.split())
    assert re.search(f"storage of Dagster's instance does not answer: .* port {port} failed: Connection refused", told)
    assert f"Start the database, or correct {POSTGRES}" in told
    assert "Traceback" not in told
    assert PASSWORD not in told


def test_on_postgresql_the_pool_has_its_limit_and_no_file_has_the_password(
    home: Path, monkeypatch: pytest.MonkeyPatch, own_postgresql: Server
):
    monkeypatch.setenv(POSTGRES, f"{own_postgresql.storage}?connect_timeout=3")
    monkeypatch.setattr(opening, "jobs_carried", lambda: 1)
    with open_instance() as instance:
        storage = instance.event_log_storage
        assert "Postgres" in type(storage).__name__
        assert make_url(vars(storage)["postgres_url"]).query.items() >= (PATIENCE | {"connect_timeout": "3"}).items()
        assert limits(instance) == {"gpu": 1}
        first, second = (storage.claim_concurrency_slot("gpu", run, "torch_model") for run in ("one", "two"))
        assert (first.is_claimed, second.is_claimed) == (True, False)
        storage.free_concurrency_slots_for_run("one")
        assert storage.claim_concurrency_slot("gpu", "two", "torch_model").is_claimed
    assert yaml.safe_load((home / "dagster" / "dagster.yaml").read_text())["storage"] == {
        "custom": {
            "module": "resources.postgres_storage",
            "class": "PatientPostgresStorage",
            "config": {"postgres_url": {"env": POSTGRES}},
        }
    }
    files = [path for path in home.rglob("*") if path.is_file()]
    assert files
    assert not any(secret.encode() in path.read_bytes() for path in files for secret in own_postgresql.secrets)
    assert not (home / "dagster" / "history").exists()
    assert os.environ["DAGSTER_HOME"] == str(home / "dagster")


@pytest.mark.slow
@pytest.mark.usefixtures("home")
def test_a_database_that_is_halted_in_the_middle_of_a_statement_is_given_up(
    monkeypatch: pytest.MonkeyPatch, own_postgresql: Server
):
    """As one whose disk hangs: the connection stays, and nothing comes."""
    monkeypatch.setenv(POSTGRES, own_postgresql.storage)
    with open_instance() as instance:
        monkeypatch.setattr("resources.postgres_storage.STATEMENT_SECONDS", 3.0)
        storage = instance.run_storage
        assert isinstance(storage, SqlRunStorage)
        with storage.connect() as connection, own_postgresql.halted(), pytest.raises(storage_errors()):
            connection.exec_driver_sql("select 1")


@pytest.mark.slow
def test_first_commands_at_once_make_one_history(tmp_path: Path):
    command = [sys.executable, "-c", "from pipelines.instance import open_instance; open_instance()"]
    home = {key: value for key, value in os.environ.items() if key != "DAGSTER_HOME"} | {
        VARIABLE: str(tmp_path / "home")
    }
    at_once = [subprocess.Popen(command, env=home, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [one.communicate()[1] for one in at_once] == [""] * 4
    assert [one.returncode for one in at_once] == [0] * 4
