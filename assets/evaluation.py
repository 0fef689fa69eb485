"""`evaluation`: the champion, judged once on the sealed test, and its gates as checks.

Belongs here: the asset and its checks. Choosing and judging is `modeling.evaluation`.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import polars.selectors as cs
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetsDefinition,
    MetadataValue,
    Output,
    ResourceParam,
    asset,
)

from assets import metadata
from assets.partitions import Partitions
from assets.stages import FINGERPRINT, OWNERS, STAGES, as_written, data_version, digest, fingerprint, latest
from catalogue import feature_code
from catalogue.definition import UseCase
from catalogue.reader import Catalogue
from modeling.artefacts import reference
from modeling.artefacts.errors import ArtefactError
from modeling.artefacts.evaluated_model import EvaluatedModel
from modeling.artefacts.feature_set import ReferencedFeatures
from modeling.core.candidate import Candidates
from modeling.core.digits import with_interval
from modeling.core.model import Model, ModelCard
from modeling.core.record import Evaluation, Interval, Provenance
from modeling.core.row_digests import columns_read, digests
from modeling.core.row_task import RowTask
from modeling.core.validated_data import ValidatedData
from modeling.drift.delivery import delivered
from modeling.drift.reference import Reference
from modeling.evaluation.experiment import EvaluationRun, Experiment, Serving, UnreadableServing
from modeling.problems import tasks
from resources.serving.models import Models, read_model
from resources.store.state import State
from resources.store.test_access_log import Accesses, record_access
from resources.weights import located

STAGE = STAGES["evaluation"]
GATES = "gates"
VERDICT, REASON, HELD_BACK_BY, METRIC = "verdict", "reason", "held back by", "metric"
"""Metadata keys: what followed from the judgement, why, and the names of the gates that are not met, or of the
champion where that is the trivial learner; empty where it may serve; the metric that chose the champion."""
_STACK = ("sectorforge", "polars", "lightgbm", "torch", "scikit-learn", "great-expectations", "dagster")


def build(catalogue: Catalogue, partitions: Partitions) -> AssetsDefinition:
    """The asset `evaluation`."""

    @asset(
        partitions_def=partitions.use_cases,
        group_name=STAGE.group,
        kinds={"json"},
        check_specs=[partitions.check(GATES, STAGE.name, "the champion meets every gate of its use case")],
        description="The champion that validation rows chose, judged on test rows opened once, and its model folder.",
    )
    def evaluation(
        context: AssetExecutionContext,
        features: ReferencedFeatures,
        validated_data: ValidatedData,
        baseline_model: Candidates,
        lightgbm_model: Candidates,
        torch_model: Candidates,
        home: ResourceParam[State],
    ) -> Iterator[AssetCheckResult | Output[EvaluatedModel]]:
        from modeling.reports import charts

        use_case = catalogue.use_cases[context.partition_key]
        weights = located(home, context.log.info)
        candidates = [
            replace(candidate, fitting=replace(candidate.fitting, weights=weights))
            for family in (baseline_model, lightgbm_model, torch_model)
            for candidate in family.fitted
        ]
        experiment = Experiment(use_case, tasks.task(use_case), validated_data, features.features, candidates)
        run_id, opened = context.run.run_id, list[Accesses]()

        def access() -> int:
            snapshot, rows = experiment.features.datasheet.snapshot, sealed_rows(experiment)
            opened.append(record_access(home.test_access_log(use_case.key), snapshot, rows, run_id))
            return opened[-1].times

        run = EvaluationRun(
            provenance=provenance(experiment, run_id),
            record_access=access,
            progress=context.log.info,
            serving=_serving(use_case, validated_data.frame, home, context),
        )
        evaluated = judged_model(experiment, run, features.reference)
        judged = evaluated.evaluation
        judged.test_rows_opened_before = opened[-1].before
        yield Output(
            evaluated,
            metadata={
                **_described(judged),
                "report": metadata.url(STAGES["evaluation_report"].name, use_case.key),
                "plot": metadata.picture(charts.thumbnail(judged)),
                OWNERS: catalogue.industries[use_case.industry].owners,
                FINGERPRINT: fingerprint(STAGE, use_case, context.instance),
            },
        )
        yield gates_check(judged)

    return evaluation


def _described(judged: Evaluation) -> dict[str, Any]:
    """What the materialisation says of the judgement."""
    missed = [gate.name for gate in judged.gates if not gate.passed]
    opened_before = judged.test_rows_opened_before if judged.test_accesses > 1 else 0.0
    return {
        VERDICT: judged.verdict.outcome,
        REASON: judged.verdict.reason,
        HELD_BACK_BY: "" if judged.published else ", ".join(missed) or judged.champion.learner,
        "champion": judged.champion.learner,
        METRIC: judged.metric,
        judged.metric: metadata.rounded(judged.champion.test[judged.metric].value),
        "lift over baseline": metadata.rounded(judged.lift.value),
        "accesses to the sealed test": judged.test_accesses,
        "share of test rows opened before": metadata.rounded(opened_before or 0.0),
        "scores": metadata.records(_scores(judged)),
        "record": MetadataValue.json(judged.model_dump(mode="json", include={"champion", "lift", "gates"})),
    }


def _serving(
    use_case: UseCase, rows: pl.DataFrame, home: State, context: AssetExecutionContext
) -> Serving | UnreadableServing | None:
    """The model that serves now, with the best one so far; None where none serves."""
    models = Models(home)
    place, best = models.serving(use_case.key), models.best(use_case.key)
    serving = place and _published(place, use_case, rows, context)
    if not isinstance(serving, Serving) or best is None or best == place:
        return serving
    found = _published(best, use_case, rows, context)
    return replace(serving, best=found) if isinstance(found, Serving) else serving


def _published(
    place: Path, use_case: UseCase, rows: pl.DataFrame, context: AssetExecutionContext
) -> Serving | UnreadableServing:
    """The published version that lies at `place`, and which of the validated `rows` it was judged with."""
    try:
        model = read_model(place)
        before = reference.load(place / reference.REFERENCE)
    except ArtefactError as error:
        context.log.warning(f"the published model {place.name} can't be read: nothing is held against it: {error}")
        return UnreadableServing(place.name, error.within(place))
    features = data_version(latest(context.instance, "features", use_case.key))
    code = feature_code.load(use_case.folder)
    return Serving(
        place.name,
        model,
        same_features=model.card.features_version == features,
        derive=code.features,
        same_code=model.card.features_code == code.digest,
        held=_held(rows, before) if before else None,
    )


def _held(rows: pl.DataFrame, before: Reference) -> np.ndarray | None:
    """bool ``[n]``: the rows that were there before; None where that can't be told."""
    came = delivered(rows, before)
    return None if came.unknown else ~came.new


def judged_model(experiment: Experiment, run: EvaluationRun, reference: Reference | None = None) -> EvaluatedModel:
    """The champion of an experiment, judged, as a model. `reference`: of the rows that it learned from.

    Raises
    ------
    EvaluationError: the candidates can't be judged on these rows.
    """
    from modeling.evaluation.evaluate import evaluate

    use_case, data = experiment.use_case, experiment.data
    judgement = evaluate(experiment, run)
    code, inputs = feature_code.load(use_case.folder), experiment.features.recipe.inputs
    read = columns_read(data.frame, inputs, use_case, code.features) if isinstance(experiment.task, RowTask) else []
    model = Model(
        recipe=experiment.features.recipe,
        champion=judgement.champion,
        card=_card(experiment, judgement.evaluation, code.digest, read),
        learned=_learned(experiment, read),
        columns=data.frame.drop(cs.by_name(use_case.target)).schema,
    )
    return EvaluatedModel(judgement.evaluation, model, reference, judgement.answers)


def _learned(experiment: Experiment, read: list[str]) -> np.ndarray:
    """Digests over the columns `read` of the validated rows that learners saw; none for tasks that make other rows of
    them, which read none."""
    if not read:
        return np.empty(0, dtype=np.uint64)
    features, data = experiment.features, experiment.data
    unsealed = [rows.number for rows in (features.train, features.tune, features.valid)]
    seen = np.isin(data.numbers, np.concatenate(unsealed))
    return np.unique(digests(data.frame.filter(seen), read))


def sealed_rows(experiment: Experiment) -> np.ndarray:
    """uint64 ``[n]``: digests of the validated rows that the sealed test is made of, by what is read of them. Nothing
    but their numbers is looked at."""
    use_case, data = experiment.use_case, experiment.data
    read = {*experiment.features.recipe.inputs, use_case.target, use_case.columns.group, use_case.columns.time}
    if isinstance(experiment.task, RowTask):
        derive = feature_code.load(use_case.folder).features
        read = set(columns_read(data.frame, experiment.features.recipe.inputs, use_case, derive))
    sealed = np.isin(data.numbers, experiment.features.open_test().number)
    return digests(data.frame.filter(sealed), [name for name in data.frame.columns if name in read])


def provenance(experiment: Experiment, run_id: str) -> Provenance:
    """Everything needed to make the numbers of an evaluation again."""
    seed = experiment.candidates[0].fitting.seed
    return Provenance(
        snapshot=experiment.features.datasheet.snapshot,
        definition=digest(as_written(experiment.use_case)),
        code=digest({name: stage.version for name, stage in STAGES.items()}),
        seeds=[seed, seed + 1, seed + 2],
        versions={"python": sys.version.split()[0]} | {name: version(name) for name in _STACK},
        run_id=run_id,
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _card(experiment: Experiment, judged: Evaluation, code: str, read: list[str]) -> ModelCard:
    return ModelCard(
        use_case=judged.use_case,
        task=judged.task,
        target=judged.target,
        classes=judged.classes,
        inputs=judged.features,
        threshold=judged.decision.threshold if judged.decision else None,
        metrics=judged.champion.test,
        published=judged.published,
        features_version=experiment.features.digest(),
        features_code=code,
        digested=read,
        provenance=judged.provenance,
    )


def _scores(judged: Evaluation) -> list[dict[str, str]]:
    compared = {judged.champion.learner: judged.champion.test, judged.baseline.learner: judged.baseline.test}
    if judged.simple:
        compared[judged.simple.learner] = judged.simple.test
    return [
        {"learner": name, "metric": metric, "value": _interval(score)}
        for name, scores in compared.items()
        for metric, score in scores.items()
    ]


def _interval(score: Interval) -> str:
    return with_interval(score.value, score.low, score.high)


def gates_check(judged: Evaluation) -> AssetCheckResult:
    """One check of all gates that the use case has, those not met first. It warns: that a champion is held back is a
    result, not a fault."""
    missed = [gate for gate in judged.gates if not gate.passed]
    rows = [gate.model_dump() for gate in sorted(judged.gates, key=lambda one: one.passed)]
    return AssetCheckResult(
        check_name=GATES,
        passed=not missed,
        severity=AssetCheckSeverity.WARN,
        description="; ".join(gate.message for gate in missed) or f"all {len(judged.gates)} gates are met",
        metadata={"gates": metadata.records(rows)},
    )
