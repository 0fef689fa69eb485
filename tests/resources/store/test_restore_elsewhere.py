"""A state folder that was restored, moved or copied elsewhere lives there alone: what it serves lies in it, and the
original learns nothing of it."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.pyfunc import load_model
from typer.testing import CliRunner

from modeling.artefacts.evaluated_model import StoredEvaluation
from modeling.artefacts.storage import load
from modeling.core.model import Model
from pipelines.cli import operations
from pipelines.instance import open_instance
from resources.serving.models import Models
from resources.store.backup import back_up
from resources.tracking import ALIAS, SERVER, Tracking
from resources.tracking.registry import model_name
from resources.tracking.relocation import DamagedDatabase, relocate
from resources.tracking.resource import NOT_TRACKED

from ...pipelines.sandbox import KEY, Sandbox, hashes, orders

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def published(delivered: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """A sandbox whose model is registered with its own MLflow."""
    folder = tmp_path_factory.mktemp("published") / "original"
    made = Sandbox(delivered.copy(folder).folder, tracked=True)
    with made.instance() as instance:
        made.make(instance, KEY, "published_model")
    return made


def registered(sandbox: Sandbox) -> str:
    """Where MLflow has the model that serves, registered now if it was not."""
    place = serving(sandbox)
    outcome = Tracking(home=sandbox.state).record(sandbox.use_case(), load(StoredEvaluation, place), place)
    assert not outcome.startswith(NOT_TRACKED), outcome
    return f"models:/{model_name(KEY)}@{ALIAS}"


@pytest.fixture
def original(published: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A copy of it, made as a person would who knows nothing of MLflow: what is copied works as what is moved."""
    copied = Sandbox(published.copy(tmp_path / "original").folder, tracked=True)
    registered(copied)
    for name in (SERVER, "DAGSTER_HOME"):
        monkeypatch.setenv(name, "so that it is put back")
        monkeypatch.delenv(name)
    return copied


def serving(sandbox: Sandbox) -> Path:
    place = Models(sandbox.state).serving(KEY)
    assert place is not None
    return place


def restored(original: Sandbox, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    back_up(original.state, elsewhere.parent / "backup.tar.gz")
    monkeypatch.setenv("SECTORFORGE_HOME", str(elsewhere))
    result = CliRunner().invoke(operations.app, ["restore", str(elsewhere.parent / "backup.tar.gz")])
    assert result.exit_code == 0, result.output


def moved(original: Sandbox, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original.home.rename(elsewhere)
    original.home.mkdir()


def copied(original: Sandbox, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(original.home, elsewhere, symlinks=True)


def places(database: Path) -> list[str]:
    """Every path that MLflow keeps."""
    dump = "SELECT artifact_location FROM experiments WHERE experiment_id > 0 UNION SELECT artifact_uri FROM runs "
    dump += "UNION SELECT source FROM model_versions UNION SELECT storage_location FROM model_versions"
    with closing(sqlite3.connect(database)) as connection:
        return [place for (place,) in connection.execute(dump)]


@pytest.mark.parametrize("original_stays", [True, False])
@pytest.mark.parametrize("bring", [restored, moved, copied])
def test_what_is_elsewhere_serves_from_there_and_touches_no_original(
    original: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    bring: Callable[[Sandbox, Path, pytest.MonkeyPatch], None],
    original_stays: bool,
):
    elsewhere = Sandbox(tmp_path / "else where", tracked=True)
    elsewhere.folder.mkdir()
    elsewhere.root.symlink_to(original.root)
    bring(original, elsewhere.home, monkeypatch)
    if not original_stays:
        original.home.rename(tmp_path / "away")
    before = hashes(original.home)

    tracking = Tracking(home=elsewhere.state)
    address = registered(elsewhere)
    for name, value in tracking.environment.items():
        monkeypatch.setenv(name, value)
    rows = orders(5, seed=7).drop("returned")
    answers = load_model(address).predict(rows.to_pandas())
    expected = load(Model, serving(elsewhere) / "model").predict(rows)
    np.testing.assert_allclose(answers["probability_1"], expected, rtol=1e-12)
    found = places(elsewhere.state.mlflow_database)
    assert len(found) > 3
    assert [place for place in found if not Path(place).is_relative_to(elsewhere.home)] == []
    client = MlflowClient(tracking.environment[SERVER], tracking.environment[SERVER])
    run = client.search_runs(["1"], order_by=["attributes.start_time"])[0]
    assert {one.path for one in client.list_artifacts(run.info.run_id)} >= {"model", "report"}

    monkeypatch.delenv(SERVER)
    with elsewhere.instance() as instance:
        elsewhere.make(instance, KEY, "evaluation", "published_model")
    judged = load(StoredEvaluation, elsewhere.current("evaluation")).evaluation
    assert serving(elsewhere).name == judged.provenance.run_id
    assert all(Path(place).is_relative_to(elsewhere.home) for place in places(elsewhere.state.mlflow_database))
    assert hashes(original.home) == before
    assert original.home.exists() == original_stays


def test_a_restored_home_says_nothing_of_the_original_nor_of_its_draft(
    original: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    restored(original, tmp_path / "elsewhere", monkeypatch)
    database = (tmp_path / "elsewhere" / "mlflow" / "mlflow.db").read_bytes()
    assert all(place.startswith(f"{tmp_path / 'elsewhere'}/") for place in places(database_of(tmp_path / "elsewhere")))
    assert b".restoring-" not in database
    with open_instance() as instance:
        assert Path(instance.root_directory) == tmp_path / "elsewhere" / "dagster"


def database_of(home: Path) -> Path:
    return home / "mlflow" / "mlflow.db"


def test_a_place_that_somebody_chose_stays(original: Sandbox, tmp_path: Path):
    client = MlflowClient(f"sqlite:///{original.state.mlflow_database}")
    client.create_experiment("somebody's", str(tmp_path / "bucket"))
    relocate(original.state.mlflow_database, tmp_path / "x" / "mlflow" / "artefacts")
    assert str(tmp_path / "bucket") in places(original.state.mlflow_database)
    assert [place for place in places(original.state.mlflow_database) if str(original.home) in place] == []


def test_a_damaged_database_of_mlflow_fails_no_run_and_says_what_to_do(original: Sandbox):
    original.state.mlflow_database.write_bytes(b"no database at all, " * 500)
    with pytest.raises(DamagedDatabase, match="restore it from a backup, or move it away"):
        relocate(original.state.mlflow_database, original.state.mlflow_artefacts)
    told = Tracking(home=original.state).serve(KEY, None)
    assert told.startswith("not tracked: ") and str(original.state.mlflow_database) in told


def test_a_restore_changes_no_history_that_dagster_home_names_elsewhere(
    original: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Such as the original's, whose runs in progress it would mark as failed."""
    back_up(original.state, tmp_path / "backup.tar.gz")
    before = hashes(original.home)
    monkeypatch.setenv("SECTORFORGE_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("DAGSTER_HOME", str(original.dagster_home))
    result = CliRunner().invoke(operations.app, ["restore", str(tmp_path / "backup.tar.gz")])
    assert result.exit_code == 1
    assert "unset DAGSTER_HOME, and restore again" in " ".join(result.output.split())
    assert not (tmp_path / "elsewhere").exists()
    assert hashes(original.home) == before
    assert list(tmp_path.glob(".restoring-*")) == []
