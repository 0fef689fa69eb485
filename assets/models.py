"""`baseline_model`, `lightgbm_model`, `torch_model`: the candidates, an asset a family.

Belongs here: the assets. The family of a learner is the folder its file lies in.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dagster import AssetExecutionContext, AssetsDefinition, MetadataValue, Output, ResourceParam, asset

from assets import metadata
from assets.partitions import Partitions
from assets.stages import FINGERPRINT, STAGES, fingerprint
from catalogue.definition import UseCase
from catalogue.reader import Catalogue
from modeling.core.candidate import Candidate, Candidates, Family
from modeling.core.compute import Compute
from modeling.core.feature_set import FeatureSet
from modeling.core.learner import Fitting
from modeling.evaluation import out_of_fold
from modeling.learners.fit import train
from modeling.problems import learners, tasks
from resources.compute import GPU, ComputeResource
from resources.store.state import State
from resources.weights import located


@dataclass(frozen=True)
class ModelAsset:
    """An asset that fits the learners of one family. Runs that hold a slot of `pool` wait for each other."""

    name: str
    family: Family
    kind: str
    description: str
    pool: str | None = None


MODEL_ASSETS = (
    ModelAsset(
        "baseline_model",
        "baseline",
        "scikitlearn",
        "The trivial learner that others must beat, and simple ones.",
    ),
    ModelAsset("lightgbm_model", "boosting", "lightgbm", "Gradient-boosted trees, tuned in a number of trials."),
    ModelAsset("torch_model", "deep", "pytorch", "Neural networks, on the GPU where there is one.", pool=GPU),
)


def build(catalogue: Catalogue, partitions: Partitions) -> list[AssetsDefinition]:
    """An asset for each of `MODEL_ASSETS`."""
    return [_build(model, catalogue, partitions) for model in MODEL_ASSETS]


def _build(model: ModelAsset, catalogue: Catalogue, partitions: Partitions) -> AssetsDefinition:
    stage = STAGES[model.name]

    @asset(
        name=model.name,
        partitions_def=partitions.use_cases,
        group_name=stage.group,
        kinds={model.kind},
        pool=model.pool,
        description=model.description,
    )
    def candidates(
        context: AssetExecutionContext, features: FeatureSet, home: ResourceParam[State], compute: ComputeResource
    ) -> Iterator[Output[Candidates]]:
        use_case = catalogue.use_cases[context.partition_key]
        chosen = compute.choose()
        context.log.info(f"device: {chosen.name}, {chosen.precision}: {chosen.reason}")
        names = named_learners(use_case, model.family)
        fitted = [candidate(name, use_case, features, chosen, home, context.log.info) for name in names]
        yield Output(
            Candidates(fitted),
            metadata={
                FINGERPRINT: fingerprint(stage, use_case, context.instance),
                "device": f"{chosen.name}, {chosen.precision}: {chosen.reason}",
                "learners": metadata.records([_described(candidate) for candidate in fitted]),
                **_curves(fitted),
            },
        )

    return candidates


def named_learners(use_case: UseCase, family: Family) -> list[str]:
    """The learners of one family that a use case names, or its task's; the trivial one always takes part."""
    task = tasks.task_type(use_case.task)
    named = [task.trivial, *(use_case.learners or task.learners)]
    families = learners.families()
    return [name for name in dict.fromkeys(named) if families[name] == family]


def candidate(
    name: str, use_case: UseCase, features: FeatureSet, compute: Compute, home: State, progress: Callable[[str], None]
) -> Candidate:
    """A use case's learner, fitted; with answers to nested folds where validation holds few units.

    Raises
    ------
    LearnerError: the rows can't be learned from.
    """
    task, family = tasks.task(use_case), learners.families()[name]
    fitting = _fitting(name, use_case, features, compute, home, progress)
    fitted = train(name, family, learners.learner(name), features, fitting)
    progress(f"{name}: fitted in {fitted.cost.seconds:.1f} s")
    return out_of_fold.with_answers(fitted, task, out_of_fold.folds(features, use_case, task))


def _fitting(
    name: str, use_case: UseCase, features: FeatureSet, compute: Compute, home: State, progress: Callable[[str], None]
) -> Fitting:
    """The circumstances under which a use case's learner is fitted."""
    return Fitting(
        outcome=tasks.task(use_case).outcome(features.classes),
        classes=len(features.classes),
        time_limit=use_case.time_limit,
        seed=0,
        compute=compute,
        parameters=use_case.parameters.get(name, {}),
        scratch=home.scratch(use_case.key, name),
        weights=located(home, progress),
        progress=lambda line: progress(f"{name}: {line}"),
    )


def _described(candidate: Candidate) -> dict[str, object]:
    return {
        "learner": candidate.name,
        "seconds": round(candidate.cost.seconds, 2),
        "peak memory, MB": round(candidate.cost.peak_memory_mb),
        "predictions per second": round(candidate.cost.predictions_per_second),
        "parameters": str(candidate.summary.parameters),
        "notes": "; ".join(candidate.summary.notes),
        "cut": candidate.summary.cut,
    }


def _curves(fitted: list[Candidate]) -> dict[str, MetadataValue]:
    from modeling.reports import charts

    drawn = [candidate for candidate in fitted if candidate.summary.curve]
    return {f"{c.name} curve": metadata.picture(charts.training_curve(c.summary.curve)) for c in drawn}
