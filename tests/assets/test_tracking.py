"""MLflow is told of every judged champion and of the model that serves, and whatever it does no run fails of it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from dagster import DagsterInstance
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import load_model, save_model

from assets.stages import latest
from catalogue import extras
from modeling.artefacts.evaluated_model import StoredEvaluation
from modeling.artefacts.storage import load
from modeling.core.model import Model
from modeling.core.record import Evaluation
from pipelines.model_choice import ServingChoice, choose
from resources import dagster_ui
from resources.serving.models import Models
from resources.tracking import ALIAS, SERVER, Tracking
from resources.tracking.runs import LAYOUT

from ..pipelines.sandbox import KEY, Sandbox, hashes, orders

NAME = "retail.returns"


@pytest.fixture(scope="module")
def tracked(delivered: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """A copy of `delivered` whose publishing was told to a local MLflow."""
    copied = delivered.copy(tmp_path_factory.mktemp("tracked") / "sandbox")
    made = Sandbox(copied.folder, tracked=True)
    made.place(learners=["logistic", "lightgbm"], parameters={"lightgbm": {"trials": 1, "rounds": 20}})
    with pytest.MonkeyPatch.context() as patch, made.instance() as instance:
        patch.setenv(dagster_ui.VARIABLE, "http://dagster.example/")
        made.make(instance, KEY, "lightgbm_model", "evaluation", "published_model")
    return made


@pytest.fixture
def client(tracked: Sandbox) -> MlflowClient:
    uri = f"sqlite:///{tracked.home / 'mlflow' / 'mlflow.db'}"
    return MlflowClient(uri, uri)


def runs(client: MlflowClient) -> tuple[Run, list[Run]]:
    """The run of the champion, and those of its candidates."""
    experiment = client.get_experiment_by_name(KEY)
    assert experiment
    found = client.search_runs([experiment.experiment_id])
    (parent,) = [run for run in found if "mlflow.parentRunId" not in run.data.tags]
    return parent, [run for run in found if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]


def test_a_run_says_what_was_judged_and_leads_back_to_dagster(tracked: Sandbox, client: MlflowClient):
    judged = load(Evaluation, tracked.current("evaluation"))
    run, _ = runs(client)
    assert run.info.status == "FINISHED"
    tags, score = run.data.tags, judged.champion.test["roc_auc"]
    assert tags["dagster.run_id"] == judged.provenance.run_id
    assert tags["dagster.run_url"] == f"http://dagster.example/runs/{judged.provenance.run_id}"
    assert tags["use_case"] == KEY and tags["snapshot"] == judged.provenance.snapshot
    assert tags["version.polars"] == judged.provenance.versions["polars"]
    measured = run.data.metrics
    assert [measured[f"test.roc_auc{end}"] for end in ("", ".low", ".high")] == [score.value, score.low, score.high]


def test_every_candidate_is_a_run_of_its_own_with_device_cost_and_curve(tracked, client):
    judged = load(Evaluation, tracked.current("evaluation"))
    _, nested = runs(client)
    assert any(candidate.curve for candidate in judged.candidates)
    by_name = {run.info.run_name: run for run in nested}
    assert by_name.keys() == {candidate.learner for candidate in judged.candidates}
    for candidate in judged.candidates:
        run = by_name[candidate.learner]
        assert run.data.params["device"] == candidate.device
        assert run.data.metrics["seconds"] == candidate.seconds
        assert run.data.metrics["validation.roc_auc"] == candidate.validation["roc_auc"]
        for name in {name for point in candidate.curve for name in point} - {"step"}:
            told = {one.step: one.value for one in client.get_metric_history(run.info.run_id, f"curve.{name}")}
            assert told == {point["step"]: point[name] for point in candidate.curve if name in point}


def test_the_report_and_the_model_folder_are_kept_with_the_run(tracked, client):
    run, _ = runs(client)
    folder = Path(run.info.artifact_uri)
    assert {"report.html", "report.json"} <= {path.name for path in (folder / "report").iterdir()}
    place = Models(tracked.state).serving(KEY)
    assert place and hashes(folder / "model" / "data" / "published" / "model") == hashes(place / "model")
    assert not list(folder.rglob("*.pkl")), "code, no pickle"


def test_the_alias_stands_on_the_version_that_serves_and_follows_a_choice(tracked, client, tmp_path):
    moved = Sandbox(tracked.copy(tmp_path / "sandbox").folder, tracked=True)
    uri = f"sqlite:///{moved.home / 'mlflow' / 'mlflow.db'}"
    client, models = MlflowClient(uri, uri), Models(moved.state)
    first = models.serving(KEY)
    assert first and client.get_model_version_by_alias(NAME, ALIAS).tags["version"] == first.name
    with moved.instance() as instance:
        moved.make(instance, KEY, "evaluation", "published_model")
        second = models.serving(KEY)
        assert second and client.get_model_version_by_alias(NAME, ALIAS).tags["version"] == second.name != first.name
        home = moved.state
        choose(ServingChoice.PIN, KEY, first.name, home, instance)
        assert client.get_model_version_by_alias(NAME, ALIAS).tags["version"] == first.name
        choose(ServingChoice.UNPIN, KEY, "", home, instance)
        assert client.get_model_version_by_alias(NAME, ALIAS).tags["version"] == second.name
        before = models.versions(KEY)[-1].name
        assert before not in {one.tags["version"] for one in client.search_model_versions(f"name = '{NAME}'")}
        choose(ServingChoice.PIN, KEY, before, home, instance)
    with pytest.raises(MlflowException, match="not found"):
        client.get_model_version_by_alias(NAME, ALIAS)


def test_what_was_published_before_it_was_tracked_is_registered_when_it_is_to_be_served(sandbox):
    place, tracking = Models(sandbox.state).serving(KEY), Tracking(home=sandbox.state)
    assert place
    for _ in range(2):
        said = tracking.record(sandbox.use_case(), load(StoredEvaluation, place), place)
        assert said.endswith(f"version 1 of {NAME} serves")


FORMER_CODE = """
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

class ServedModel(PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input

set_model(ServedModel())
"""


@pytest.mark.slow
def test_a_model_that_an_earlier_version_registered_can_be_loaded_again(sandbox: Sandbox, tmp_path: Path):
    """Its files held a copy of code, which imports modules that have moved."""
    place, tracking = Models(sandbox.state).serving(KEY), Tracking(home=sandbox.state)
    assert place
    tracking.record(sandbox.use_case(), load(StoredEvaluation, place), place)
    uri = tracking.environment[SERVER]
    client = MlflowClient(uri, uri)
    registered = client.get_model_version_by_alias(NAME, ALIAS)
    files = Path(str(registered.source))
    shutil.rmtree(files)
    code = tmp_path / "served_model.py"
    code.write_text(FORMER_CODE)
    save_model(files, python_model=code, artifacts={"model": str(place / "model")})
    (files / code.name).write_text(f"import industries.definition\n{FORMER_CODE}")
    client.delete_tag(str(registered.run_id), LAYOUT)
    with pytest.raises(MlflowException, match="industries"):
        load_model(str(files))

    tracking.record(sandbox.use_case(), load(StoredEvaluation, place), place)
    assert client.get_model_version_by_alias(NAME, ALIAS).version == registered.version
    rows = orders(5, seed=7).drop("returned")
    answers = load_model(str(files)).predict(rows.to_pandas())
    np.testing.assert_allclose(answers["probability_1"], load(Model, place / "model").predict(rows), rtol=1e-12)


def told(instance: DagsterInstance) -> str:
    materialization = latest(instance, "published_model", KEY)
    assert materialization
    return str(materialization.metadata["MLflow"].value)


def test_a_server_that_is_away_fails_no_run_and_no_password_is_shown(sandbox, instance, monkeypatch):
    monkeypatch.setenv(SERVER, "http://somebody:s3cret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    Sandbox(sandbox.folder, tracked=True).make(instance, KEY, "published_model")
    assert told(instance).startswith("not tracked: MlflowException") and "s3cret" not in told(instance)


def test_without_the_extra_nothing_is_tracked_and_the_command_is_shown(sandbox, instance, monkeypatch):
    monkeypatch.setattr(extras, "missing", lambda extra: ["mlflow"] if extra == "tracking" else [])
    Sandbox(sandbox.folder, tracked=True).make(instance, KEY, "published_model")
    assert told(instance) == "not tracked: pip install 'sectorforge[tracking]'"
    assert not (sandbox.home / "mlflow").exists()
