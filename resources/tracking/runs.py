"""A judged champion as a run of MLflow, with a run below it for each candidate.

Belongs here: what such a run holds: tags, parameters, metrics, curves, the report, the model as it is served. Does not
belong here: versions of a registered model (`registry`), or reaching MLflow (`resource`).
"""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from catalogue import extras
from catalogue.definition import UseCase
from modeling.artefacts.evaluated_model import StoredEvaluation
from modeling.artefacts.storage import save
from modeling.core.record import CandidateResult, Evaluation, Interval, with_texts
from resources import dagster_ui
from resources.secrets import without_secrets
from resources.store.atomic import sync_all

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

EXTRA = "tracking"
"""The extra of this distribution that brings MLflow."""
RUN, PARENT, LAYOUT = "dagster.run_id", "mlflow.parentRunId", "layout"
"""Tags: the Dagster run that judged the champion, the run of a candidate's champion, how the model's files lie."""
CURRENT_LAYOUT = "3"
"""Raise it when a model that was registered before can no longer be loaded: its files are then written anew. Those of
layout 2 hold a copy of the use case's `features.py`, those without the tag a copy of code that imports modules which
have moved."""
MODEL, REPORT = "model", "report"
"""Folders among a run's files."""
AT_ONCE = 1000
"""Metrics that MLflow takes in one go."""


def run_of(client: "MlflowClient", use_case: UseCase, judged: StoredEvaluation, artefacts: str | None) -> str:
    """The run of a judged champion, written unless it is there: without secrets of the environment, whatever a learner
    noted."""
    record = with_texts(judged.evaluation, without_secrets)
    judged = replace(judged, evaluation=record)
    experiment = _experiment(client, use_case.key, artefacts)
    wanted = f"tags.`{RUN}` = '{record.provenance.run_id}' and attributes.status = 'FINISHED'"
    if found := client.search_runs([experiment], wanted, max_results=1):
        return _renewed(client, found[0], use_case, judged)
    run = client.create_run(experiment, tags=_tags(record), run_name=record.champion.learner).info.run_id
    try:
        _log(client, run, _parameters(record), _metrics(record))
        for candidate in record.candidates:
            _log_candidate(client, experiment, run, candidate)
        _log_files(client, run, use_case, judged)
    except BaseException:
        client.set_terminated(run, "FAILED")
        raise
    client.set_terminated(run)
    return run


def _renewed(client: "MlflowClient", run: "Run", use_case: UseCase, judged: StoredEvaluation) -> str:
    """A run that is there; its files are written again where an earlier version laid them out otherwise."""
    if run.data.tags.get(LAYOUT) != CURRENT_LAYOUT:
        _log_files(client, run.info.run_id, use_case, judged)
    return run.info.run_id


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
    if address := dagster_ui.address():
        tags["dagster.run_url"] = f"{address}/runs/{made.run_id}"
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
    texts = [Param(name, value if isinstance(value, str) else json.dumps(value)) for name, value in parameters.items()]
    client.log_batch(run, params=texts)
    for first in range(0, len(values), AT_ONCE):
        client.log_batch(run, metrics=values[first : first + AT_ONCE])


def _log_files(client: "MlflowClient", run: str, use_case: UseCase, judged: StoredEvaluation) -> None:
    """Keep the report, and the model as MLflow serves it."""
    from modeling.reports import use_case as report
    from resources.serving import mlflow_model

    requirement = f"{extras.DISTRIBUTION}[{EXTRA}]=={version(extras.DISTRIBUTION)}"
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / REPORT).mkdir()
        save(report.render(judged.evaluation, use_case.data_dictionary), folder / REPORT)
        mlflow_model.save(folder / MODEL, judged.model, judged.evaluation.provenance.run_id, use_case, requirement)
        client.log_artifacts(run, temporary)
    place = client.get_run(run).info.artifact_uri
    if place and Path(place).is_dir():
        sync_all(Path(place))
    client.set_tag(run, LAYOUT, CURRENT_LAYOUT)
