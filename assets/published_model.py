"""`published_model`: the model that serves.

Belongs here: the asset, and moving to another version by hand. A judged champion takes over when all its gates passed,
one of which holds it against the model that serves; else the old one stays. Keeping versions is
`resources.serving.models`.
"""

import shutil
from pathlib import Path

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetMaterialization,
    AssetsDefinition,
    DagsterInstance,
    DataVersion,
    MaterializeResult,
    ResourceParam,
    asset,
)

from assets.partitions import Partitions
from assets.stages import DATA_VERSION, FINGERPRINT, OWNERS, STAGES, fingerprint, latest, recorded_fingerprint
from catalogue.reader import Catalogue
from modeling.artefacts.evaluated_model import StoredEvaluation
from modeling.artefacts.storage import load
from modeling.core.record import Evaluation
from modeling.core.record.verdict import NOT_WORSE_THAN_SERVING
from resources.errors import PermanentError
from resources.serving.models import Models, check_digests
from resources.store.materializations import PATH
from resources.store.state import State
from resources.store.versions import current
from resources.tracking import Tracking

STAGE = STAGES["published_model"]
TAKES_OVER = "champion_takes_over"
NOTHING = "nothing serves"


class NothingToAccept(PermanentError):
    """No champion that a person can let serve; the message says why."""


def build(catalogue: Catalogue, partitions: Partitions) -> AssetsDefinition:
    """The asset `published_model`."""

    @asset(
        partitions_def=partitions.use_cases,
        group_name=STAGE.group,
        code_version=STAGE.version,
        kinds={"json"},
        check_specs=[partitions.check(TAKES_OVER, STAGE.name, "the judged champion serves from now on")],
        description="The model that serves: the latest champion whose gates all passed, unless a person pinned one.",
    )
    def published_model(
        context: AssetExecutionContext, evaluation: StoredEvaluation, home: ResourceParam[State], tracking: Tracking
    ) -> MaterializeResult:
        use_case = catalogue.use_cases[context.partition_key]
        models, judged = Models(home), evaluation.evaluation
        why_not = held_back(judged, models.pinned(use_case.key))
        if not why_not:
            publish(evaluation, models)
        serving = models.serving(use_case.key)
        tracked = tracking.record(use_case, evaluation, serving)
        context.log.info(f"MLflow: {tracked}")
        return MaterializeResult(
            data_version=DataVersion(serving.name if serving else NOTHING),
            metadata={
                FINGERPRINT: fingerprint(STAGE, use_case, context.instance),
                "serving": serving.name if serving else NOTHING,
                **({PATH: str(serving)} if serving else {}),
                "judged": judged.provenance.run_id,
                "why": why_not or "all gates passed",
                "MLflow": tracked,
                OWNERS: catalogue.industries[use_case.industry].owners,
            },
            check_results=[
                AssetCheckResult(
                    check_name=TAKES_OVER,
                    passed=not why_not,
                    severity=AssetCheckSeverity.WARN,
                    description=why_not or f"{judged.champion.learner}: all {len(judged.gates)} gates passed",
                )
            ],
        )

    return published_model


def held_back(judged: Evaluation, pinned: str | None) -> str:
    """Why a judged champion may not serve; empty where it may."""
    if pinned is not None:
        return f"a person pinned {pinned}: `sectorforge models unpin {judged.use_case}` lets the latest serve again"
    return "" if judged.published else judged.verdict.reason


def publish(evaluation: StoredEvaluation, models: Models) -> Path:
    """Let a judged champion serve. Returns the folder of its version."""
    judged = evaluation.evaluation

    def copy(folder: Path) -> None:
        shutil.copytree(evaluation.folder, folder, symlinks=True, dirs_exist_ok=True)

    best = judged.challenge is None or judged.challenge.sets_standard
    return models.publish(judged.use_case, judged.provenance.run_id, copy, best=best)


def accept(key: str, home: State) -> str:
    """Let the champion judged last serve, which was only held back because it could not be compared with the published
    models, or was not shown to be as good. Returns its version.

    Raises
    ------
    NothingToAccept: there is none, or it may not serve for another reason, too. ArtefactError: its files are not what
    was written.
    """
    models, place = Models(home), current(home.artefact(STAGES["evaluation"].name, key))
    if place is None:
        raise NothingToAccept(f"{key}: no champion was judged yet: `sectorforge run {key}`")
    check_digests(place)
    evaluation = load(StoredEvaluation, place)
    judged = evaluation.evaluation
    if pinned := models.pinned(key):
        raise NothingToAccept(f"{key}: a person pinned {pinned}: `sectorforge models unpin {key}` first")
    if judged.published:
        raise NothingToAccept(f"{key}: no gate holds the champion back: `sectorforge run {key}` lets it serve")
    if [gate.name for gate in judged.gates if not gate.passed] != [NOT_WORSE_THAN_SERVING]:
        raise NothingToAccept(f"{key}: the champion is held back for another reason, too: {judged.verdict.reason}")
    publish(evaluation, models)
    return judged.provenance.run_id


def record_choice(
    instance: DagsterInstance, key: str, version: str | None, why: str, registry: str, *, settled: bool
) -> None:
    """Tell the lineage that a person chose which version serves, and what became of it in the registry.

    `settled`: the choice stands whatever was judged last; else the next run decides again whether that may serve.
    """
    kept = {FINGERPRINT: recorded_fingerprint(latest(instance, STAGE.name, key))} if settled else {}
    serving = version or NOTHING
    instance.report_runless_asset_event(
        AssetMaterialization(
            STAGE.name,
            partition=key,
            tags={DATA_VERSION: serving},
            metadata={**kept, "serving": serving, "why": why, "MLflow": registry},
        )
    )
