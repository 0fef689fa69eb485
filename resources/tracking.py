"""Trainings and published models in MLflow.

Belongs here: what MLflow is told, and where it lies. Does not belong here: deciding which model serves (`models`), or
what a served model does with a request (`served_model`).

Every judged champion is a run of the experiment named like its use case, with a run of its own below for each
candidate; every published one a version of the registered model `industry.use_case`, whose alias `serving` stands on
the one that serves.

Where, the environment says: `MLFLOW_TRACKING_URI`, a server; else a database and a folder under the state folder. With
`SECTORFORGE_DAGSTER_URL`, the address of the Dagster UI, runs link back to it. MLflow is the extra `tracking`: without
it nothing is tracked. What fails here is told and fails nothing else.
"""

import json
import logging
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from dagster import ConfigurableResource, ResourceDependency

from catalogue import extras, feature_code
from catalogue.definition import UseCase
from modeling.artefacts.evaluated_model import StoredEvaluation
from modeling.artefacts.storage import load, save
from modeling.core.record import CandidateResult, Evaluation, Interval
from resources.store.state import State

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXTRA = "tracking"
SERVER, DAGSTER = "MLFLOW_TRACKING_URI", "SECTORFORGE_DAGSTER_URL"
SERVERS = ("http", "databricks")
ALIAS = "serving"
NOT_TRACKED, NOTHING = "not tracked: ", "no registered version serves"
CODE = Path(__file__).parent / "serving" / "mlflow_model.py"
DEFINITION = "use_case.json"
RUN, PARENT, VERSION = "dagster.run_id", "mlflow.parentRunId", "version"
"""Tags: of a run, the Dagster run that made it; of a registered version, the published one it is."""
AT_ONCE = 1000
"""Metrics that MLflow takes in one go."""
MANNERS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # seconds
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""A server that is away is not waited for long, and little is printed, unless the environment says otherwise."""
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true"}


class Tracking(ConfigurableResource):
    """The one way to MLflow."""

    home: ResourceDependency[State]

    @property
    def environment(self) -> dict[str, str]:
        """What MLflow's own programs must find in their environment to see the same as this resource."""
        uri = os.environ.get(SERVER) or f"sqlite:///{self.home.mlflow_database}"
        return MANNERS | {SERVER: uri, "MLFLOW_REGISTRY_URI": uri} | QUIET

    def record(self, use_case: UseCase, judged: StoredEvaluation, serving: Path | None) -> str:
        """Keep a judged champion as a run, and as a version of the registered model if it is the one that serves.

        Returns what came of it, for people; nothing is raised. `serving` is the folder of the version that
        serves.
        """

        def told(client: "MlflowClient") -> str:
            run = _tracked(client, use_case, judged, self._artefacts)
            if serving and serving.name == judged.evaluation.provenance.run_id:
                _register(client, use_case.key, serving.name, run)
            return f"run {run}; {_point(client, use_case.key, serving and serving.name)}"

        return self._guarded(told)

    def serve(self, key: str, version: str | None) -> str:
        """Let the alias stand on a published version. Returns what came of it; nothing is raised."""
        if SERVER not in os.environ and not self.home.mlflow_database.exists():
            return NOTHING
        return self._guarded(lambda client: _point(client, key, version))

    def address(self, use_case: UseCase, serving: Path) -> str:
        """Where MLflow finds the model that serves, whose folder is `serving`; registered now if it was not.

        Raises
        ------
        LookupError: it can't be registered; the message says why.
        """
        told = self.record(use_case, load(StoredEvaluation, serving), serving)
        if told.startswith(NOT_TRACKED):
            raise LookupError(f"{use_case.key} can't be served. {told}")
        return f"models:/{model_name(use_case.key)}@{ALIAS}"

    def _guarded(self, what: "Callable[[MlflowClient], str]") -> str:
        try:
            if extras.missing(EXTRA):
                return f"{NOT_TRACKED}{extras.install_command([EXTRA])}"
            return what(self._client())
        except Exception as error:  # noqa: BLE001  whatever fails here must not fail the run
            return f"{NOT_TRACKED}{type(error).__name__}: {self._without_secrets(str(error))}"

    def _client(self) -> "MlflowClient":
        os.environ |= MANNERS | os.environ | QUIET
        from mlflow import MlflowClient

        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)
        if self._artefacts:
            self.home.mlflow.mkdir(parents=True, exist_ok=True)
        uri = self.environment[SERVER]
        return MlflowClient(uri, uri)

    @property
    def _artefacts(self) -> str | None:
        """Where runs keep files; a server has a place of its own, a database has none."""
        scheme = urlsplit(self.environment[SERVER]).scheme
        return None if scheme.startswith(SERVERS) else str(self.home.mlflow_artefacts)

    def _without_secrets(self, message: str) -> str:
        password = urlsplit(self.environment[SERVER]).password
        for form in {password, unquote(password), quote(password)} if password else ():
            message = message.replace(form, "…")
        return message.splitlines()[0] if message else ""


def model_name(key: str) -> str:
    """The registered model of a use case: MLflow's names have no slash."""
    return key.replace("/", ".")


def _point(client: "MlflowClient", key: str, version: str | None) -> str:
    """Let the alias stand on `version`, or on none where that is not registered: it must not lie."""
    name = model_name(key)
    found = _registered(client, name, version) if version else None
    if found is None:
        if client.search_registered_models(f"name = '{name}'"):
            client.delete_registered_model_alias(name, ALIAS)
        return NOTHING
    client.set_registered_model_alias(name, ALIAS, found)
    return f"version {found} of {name} serves"


def _registered(client: "MlflowClient", name: str, version: str) -> str | None:
    found = client.search_model_versions(f"name = '{name}'")
    return next((str(one.version) for one in found if one.tags.get(VERSION) == version), None)


def _register(client: "MlflowClient", key: str, version: str, run: str) -> None:
    name = model_name(key)
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    if _registered(client, name, version) is None:
        source = f"{client.get_run(run).info.artifact_uri}/model"
        client.create_model_version(name, source, run, tags={VERSION: version})


def _tracked(client: "MlflowClient", use_case: UseCase, judged: StoredEvaluation, artefacts: str | None) -> str:
    """The run of a judged champion, written unless it is there."""
    record = judged.evaluation
    experiment = _experiment(client, use_case.key, artefacts)
    wanted = f"tags.`{RUN}` = '{record.provenance.run_id}' and attributes.status = 'FINISHED'"
    if found := client.search_runs([experiment], wanted, max_results=1):
        return found[0].info.run_id
    run = client.create_run(experiment, tags=_tags(record), run_name=record.champion.learner).info.run_id
    try:
        _log(client, run, _parameters(record), _metrics(record))
        for candidate in record.candidates:
            _log_candidate(client, experiment, run, candidate)
        with TemporaryDirectory() as folder:
            _write_files(Path(folder), use_case, judged)
            client.log_artifacts(run, folder)
    except BaseException:
        client.set_terminated(run, "FAILED")
        raise
    client.set_terminated(run)
    return run


def _experiment(client: "MlflowClient", key: str, artefacts: str | None) -> str:
    found = client.get_experiment_by_name(key)
    if found:
        return found.experiment_id
    return client.create_experiment(key, f"{artefacts}/{key}" if artefacts else None)


def _tags(record: Evaluation) -> dict[str, str]:
    made = record.provenance
    tags = {
        "use_case": record.use_case,
        "task": record.task,
        "snapshot": made.snapshot,
        "published": str(record.published).lower(),
        "evidence": record.evidence,
        RUN: made.run_id,
        "mlflow.note.content": record.title,
        **{f"version.{name}": number for name, number in made.versions.items()},
    }
    if address := os.environ.get(DAGSTER):
        tags["dagster.run_url"] = f"{address.rstrip('/')}/runs/{made.run_id}"
    return tags


def _parameters(record: Evaluation) -> dict[str, Any]:
    return {
        "champion": record.champion.members,
        "metric": record.metric,
        "target": record.target,
        "split": record.split,
        "seeds": record.provenance.seeds,
        "threshold": record.decision.threshold if record.decision else None,
        **{f"rows.{role}": count for role, count in record.rows.model_dump().items()},
    }


def _metrics(record: Evaluation) -> Iterator[tuple[str, float, int]]:
    """Name, value and step of each number of a judged champion."""
    for name, score in record.champion.test.items():
        yield from _interval(f"test.{name}", score)
    yield from _interval(f"lift.{record.lift.over}", record.lift)
    for name, value in record.champion.validation.items():
        yield f"validation.{name}", value, 0
    yield "seconds", record.seconds, 0
    yield "predictions_per_second", record.champion.predictions_per_second, 0


def _interval(name: str, score: Interval) -> Iterator[tuple[str, float, int]]:
    for suffix, value in (("", score.value), (".low", score.low), (".high", score.high)):
        if value is not None:
            yield f"{name}{suffix}", value, 0


def _log_candidate(client: "MlflowClient", experiment: str, parent: str, candidate: CandidateResult) -> None:
    run = client.create_run(experiment, tags={PARENT: parent}, run_name=candidate.learner).info.run_id
    circumstances = candidate.model_dump(include={"learner", "family", "device", "precision", "device_reason", "notes"})
    _log(client, run, circumstances | candidate.parameters, _measured(candidate))
    client.set_terminated(run)


def _measured(candidate: CandidateResult) -> Iterator[tuple[str, float, int]]:
    for name, value in candidate.validation.items():
        yield f"validation.{name}", value, 0
    for name, score in (candidate.test or {}).items():
        yield from _interval(f"test.{name}", score)
    for name in ("seconds", "peak_memory_mb", "predictions_per_second"):
        if (value := getattr(candidate, name)) is not None:
            yield name, value, 0
    for point in candidate.curve:
        yield from ((f"curve.{name}", loss, int(point["step"])) for name, loss in point.items() if name != "step")


def _log(
    client: "MlflowClient", run: str, parameters: dict[str, Any], metrics: Iterator[tuple[str, float, int]]
) -> None:
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    values = [Metric(name, value, now, step) for name, value, step in metrics if math.isfinite(value)]
    told = [Param(name, value if isinstance(value, str) else json.dumps(value)) for name, value in parameters.items()]
    client.log_batch(run, params=told)
    for first in range(0, len(values), AT_ONCE):
        client.log_batch(run, metrics=values[first : first + AT_ONCE])


def _write_files(folder: Path, use_case: UseCase, judged: StoredEvaluation) -> None:
    """The report, and the model as MLflow serves it: code that loads our model folder, and the definition."""
    from mlflow.pyfunc import save_model

    from modeling.reports import use_case as report

    (folder / "report").mkdir()
    save(report.render(judged.evaluation), folder / "report")
    with TemporaryDirectory() as definition:
        _write_definition(Path(definition), use_case)
        save_model(
            folder / "model",
            python_model=CODE,
            artifacts={"model": str(judged.model), "definition": definition, **_shared_code(use_case)},
            model_config={"version": judged.evaluation.provenance.run_id, "use_case": use_case.key},
            pip_requirements=[f"{extras.DISTRIBUTION}[{EXTRA}]=={version(extras.DISTRIBUTION)}"],
        )


def _shared_code(use_case: UseCase) -> dict[str, str]:
    """The industry's shared code as an artefact, which MLflow puts beside the definition's folder, as it lies here."""
    shared = feature_code.shared(use_case.folder)
    return {"shared": str(shared)} if shared else {}


def _write_definition(folder: Path, use_case: UseCase) -> None:
    (folder / DEFINITION).write_text(use_case.model_dump_json(indent=1), encoding="utf-8")
    code = use_case.folder / feature_code.FILE
    if code.exists():
        shutil.copyfile(code, folder / feature_code.FILE)
