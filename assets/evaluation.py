"""`evaluation`: the champion, judged once on the sealed test, and its gates as checks.

Belongs here: the asset and its checks. Choosing and judging is `modeling.evaluation`.
"""

import functools
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetsDefinition,
    DagsterInstance,
    MetadataValue,
    Output,
    asset,
)

from assets import metadata
from assets.partitions import Partitions
from assets.stages import FINGERPRINT, STAGES, data_version, digest, fingerprint, latest
from catalogue import feature_code
from catalogue.definition import UseCase
from catalogue.reader import Catalogue
from modeling.artefacts.evaluated_model import MODEL, EvaluatedModel
from modeling.artefacts.model import Candidates, Model
from modeling.core.candidate import Candidate
from modeling.core.feature_set import FeatureSet
from modeling.core.record import Evaluation, Interval, Provenance
from modeling.core.table import Rows
from modeling.core.validated_data import ValidatedData
from resources.serving.models import Models
from resources.store.state import State
from resources.store.test_access_log import record_access

if TYPE_CHECKING:
    from modeling.evaluation.challenge import Serving

STAGE = STAGES["evaluation"]
GATES = {
    "min_metric": "the metric reaches its bound",
    "min_lift_over_baseline": "the champion beats the trivial baseline by enough",
    "min_lift_over_simple": "the champion beats the simple learner by enough",
    "max_calibration_error": "probabilities mean what they say",
    "max_slice_gap": "no group is served much worse than another",
    "min_predictions_per_second": "the champion answers fast enough",
    "no_leakage": "the leakage audit found no error",
    "evidence_is_real": "the figures come from real data",
    "not_worse_than_serving": "the champion is not decisively worse than the model that serves",
}
"""Every gate, each a check; one that asks nothing of a use case passes and says so."""
_STACK = ("sectorforge", "polars", "lightgbm", "torch", "scikit-learn", "great-expectations", "dagster")


def build(catalogue: Catalogue, partitions: Partitions) -> AssetsDefinition:
    @asset(
        partitions_def=partitions.use_cases,
        group_name=STAGE.group,
        owners=partitions.owners,
        kinds={"json"},
        check_specs=[partitions.check(name, STAGE.name, text) for name, text in GATES.items()],
        description="The champion that validation rows chose, judged on test rows opened once, and its model folder.",
    )
    def evaluation(
        context: AssetExecutionContext,
        features: FeatureSet,
        validated_data: ValidatedData,
        baseline_model: Candidates,
        lightgbm_model: Candidates,
        torch_model: Candidates,
        home: State,
    ) -> Iterator[AssetCheckResult | Output[EvaluatedModel]]:
        from modeling.reports import charts
        from resources.weights import located

        use_case = catalogue.use_cases[context.partition_key]
        run_id, snapshot = context.run.run_id, features.background.snapshot
        opened = functools.partial(record_access, home.test_access_log(use_case.key), snapshot, run_id)
        weights = located(home, context.log.info)
        candidates = [
            replace(candidate, fitting=replace(candidate.fitting, weights=weights))
            for family in (baseline_model, lightgbm_model, torch_model)
            for candidate in family.fitted
        ]
        served = _serving(use_case, validated_data, home, context.instance)
        evaluated = judged_model(
            use_case, validated_data, features, candidates, opened, run_id, context.log.info, served
        )
        judged = evaluated.evaluation
        yield Output(
            evaluated,
            metadata={
                FINGERPRINT: fingerprint(STAGE, use_case, context.instance),
                "champion": judged.champion.learner,
                judged.metric: judged.champion.test[judged.metric].value,
                "lift over baseline": judged.lift.value,
                "published": judged.published,
                "openings of the sealed test": judged.openings,
                "scores": metadata.records(_scores(judged)),
                "plot": metadata.picture(charts.thumbnail(judged)),
                "record": MetadataValue.json(judged.model_dump(mode="json", include={"champion", "lift", "gates"})),
            },
        )
        yield from _gate_checks(judged)

    return evaluation


def _serving(use_case: UseCase, data: ValidatedData, home: State, instance: DagsterInstance) -> "Serving | None":
    """The model that serves now; None where none does, or none that can still be read."""
    from modeling.evaluation.challenge import Serving

    place = Models(home).serving(use_case.key)
    if place is None:
        return None
    model = Model.load(place / MODEL)
    features = data_version(latest(instance, "features", use_case.key))
    return Serving(
        version=place.name,
        model=model,
        same_features=model.about["features_version"] == features,
        data=data,
        derive=feature_code.load(use_case.folder).features,
    )


def judged_model(
    use_case: UseCase,
    data: ValidatedData,
    features: FeatureSet,
    candidates: list[Candidate],
    opened: Callable[[], int],
    run_id: str,
    progress: Callable[[str], None],
    serving: "Serving | None" = None,
) -> EvaluatedModel:
    """The champion of `candidates`, judged. `opened` records that the sealed test is opened, and counts; `data` are the
    validated rows that the features are made of."""
    from modeling.evaluation.evaluate import Facts, evaluate
    from modeling.problems import tasks

    background, openings = features.background, []

    def open_test() -> Rows:
        openings.append(opened())
        return features.open_test()

    facts = Facts(
        rows=background.rows,
        data_version=background.snapshot,
        target_summary=background.target_summary,
        features=list(features.recipe.inputs),
        split=use_case.split.model_dump(mode="json"),
        leakage=background.leakage,
        contract=background.contract,
        openings=lambda: openings[-1],
        provenance=_provenance(use_case, background.snapshot, run_id, candidates[0].fitting.seed),
    )
    task = tasks.task(use_case)
    judgement = evaluate(
        use_case,
        task,
        features.classes,
        candidates,
        features.train,
        features.valid,
        open_test,
        facts=facts,
        progress=progress,
        serving=serving,
    )
    about = _about(use_case, judgement.evaluation, features)
    columns = data.frame.drop(use_case.target).schema
    model = Model(features.recipe, judgement.champion, about, _learned(use_case, data, features), columns)
    return EvaluatedModel(judgement.evaluation, model, features.reference)


def _learned(use_case: UseCase, data: ValidatedData, features: FeatureSet) -> np.ndarray:
    """Digests of the validated rows that learners saw; none for tasks that make other rows of them."""
    from modeling.core.row_digests import digests
    from modeling.core.row_task import RowTask
    from modeling.problems import tasks

    if not isinstance(tasks.task(use_case), RowTask):
        return np.empty(0, dtype=np.uint64)
    seen = np.isin(data.numbers, np.concatenate([features.train.number, features.valid.number]))
    return np.unique(digests(data.frame.filter(seen), use_case))


def _provenance(use_case: UseCase, snapshot: str, run_id: str, seed: int) -> Provenance:
    return Provenance(
        snapshot=snapshot,
        definition=digest(use_case.model_dump(mode="json")),
        code=digest({name: stage.version for name, stage in STAGES.items()}),
        seeds=[seed, seed + 1, seed + 2],
        versions={"python": sys.version.split()[0]} | {name: version(name) for name in _STACK},
        run_id=run_id,
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _about(use_case: UseCase, judged: Evaluation, features: FeatureSet) -> dict[str, object]:
    """What the model folder's sidecar says."""
    return {
        "use_case": use_case.key,
        "task": judged.task,
        "target": judged.target,
        "classes": judged.classes,
        "inputs": judged.features,
        "threshold": judged.decision.threshold if judged.decision else None,
        "metrics": {name: score.model_dump() for name, score in judged.champion.test.items()},
        "published": judged.published,
        "features_version": features.digest(),
        "features_code": feature_code.load(use_case.folder).digest,
        "provenance": judged.provenance.model_dump(),
    }


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
    if score.low is None or score.high is None:
        return f"{score.value:.4f}"
    return f"{score.value:.4f} ({score.low:.4f} to {score.high:.4f})"


def _gate_checks(judged: Evaluation) -> Iterator[AssetCheckResult]:
    gates = {gate.name: gate for gate in judged.gates}
    for name in GATES:
        gate = gates.get(name)
        yield AssetCheckResult(
            check_name=name,
            passed=gate is None or gate.passed,
            severity=AssetCheckSeverity.ERROR,
            description=gate.message if gate else "asks nothing of this use case",
            metadata={"bound": gate.bound} | ({"measured": gate.measured} if gate.measured is not None else {})
            if gate
            else {},
        )
