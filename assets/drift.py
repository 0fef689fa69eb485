"""`drift`: new rows beside those the model learned from.

Belongs here: what the step of `validated_data` makes of drift: the comparison with the model that serves, its checks
and its report. Does not belong here: the step itself, or any measure (`modeling.drift`).

It is made before the rows are published, not after: a check, or an asset downstream, could stop a run from training on
a drifted delivery, but it would already have taken the place of good data, and the next run would train on it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetMaterialization, Output

from assets import metadata
from assets.partitions import Partitions
from assets.stages import DRIFT
from catalogue import feature_code
from catalogue.definition import UseCase
from modeling.artefacts import reference
from modeling.artefacts.errors import ArtefactError
from modeling.artefacts.evaluated_model import MODEL
from modeling.artefacts.storage import load
from modeling.core.model import Model
from modeling.core.record import Evaluation, with_texts
from modeling.core.report import Report
from modeling.core.validated_data import ValidatedData
from modeling.drift.record import CHECKS, NO_REFERENCE, DriftComparison, Performance
from modeling.drift.reference import Reference
from resources.errors import PermanentError
from resources.secrets import without_secrets
from resources.serving.models import Models, check_digests
from resources.store.state import State
from resources.store.versions import current

RETRAINING_REQUESTED, FORMER_RETRAINING_REQUESTED = "retraining_requested", "asks for new models"
"""Metadata key, and as it was called before: whether drift beyond a bound is to be answered with new models
(`on_drift: retrain`)."""


class DeliveryDrifted(PermanentError):
    """A delivery differs too much from what the model learned, and the use case blocks such ones."""


def retraining_requested(made: AssetMaterialization) -> bool:
    """Whether a comparison found drift that is to be answered with new models."""
    value = made.metadata.get(RETRAINING_REQUESTED, made.metadata.get(FORMER_RETRAINING_REQUESTED))
    return bool(value and value.value)


def specs(partitions: Partitions) -> list[AssetCheckSpec]:
    """The checks of a delivery."""
    return [partitions.check(name, DRIFT, text) for name, text in CHECKS.items()]


def compared(data: ValidatedData, use_case: UseCase, home: State, warn: Callable[[str], None]) -> DriftComparison:
    """The new rows among `data` beside those that the model judged last learned from; and how well the model that
    serves, or else that one, predicts them. What can't be read of either is left out; `warn` is called with the reason.
    No text in it repeats a secret of the environment.
    """
    return with_texts(_compared(data, use_case, home, warn), without_secrets)


def _compared(data: ValidatedData, use_case: UseCase, home: State, warn: Callable[[str], None]) -> DriftComparison:
    from modeling.drift.comparison import compare

    judged = current(home.artefact("evaluation", use_case.key))
    if judged is None:
        return compare(data, use_case, NO_REFERENCE, lambda rows: NO_REFERENCE)
    serving = Models(home).serving(use_case.key) or judged

    def perform(rows: pl.DataFrame) -> Performance | str:
        return _performance(data.frame, rows, use_case, serving, warn)

    return compare(data, use_case, _reference(judged, warn), perform)


def _reference(judged: Path, warn: Callable[[str], None]) -> Reference | str:
    try:
        check_digests(judged)
        return reference.load(judged / reference.REFERENCE) or NO_REFERENCE
    except ArtefactError as error:
        warn(f"new rows are not compared with those that the model learned from: {error}")
        return f"what is kept of the rows that the model learned from can't be read: {error.within(judged)}"


def _performance(
    snapshot: pl.DataFrame, rows: pl.DataFrame, use_case: UseCase, place: Path, warn: Callable[[str], None]
) -> Performance | str:
    """Of the judged model that lies at `place`, on the new `rows` of a snapshot."""
    from modeling.drift.performance import performance

    code = feature_code.load(use_case.folder)
    try:
        check_digests(place)
        record = load(Evaluation, place)
        if (record.task, record.target) != (use_case.task, use_case.target):
            return "the model predicts something else"
        model = load(Model, place / MODEL)
    except ArtefactError as error:
        warn(f"how well new rows are predicted is not measured: {error}")
        return f"the model that serves can't be read: {error.within(place)}"
    if model.card.features_code != code.digest:
        return "features.py was changed since the model was made"
    return performance(use_case, snapshot, rows, code.features, record, model)


def raise_if_blocked(drift: DriftComparison) -> None:
    """Raises
    ------
    DeliveryDrifted: a bound is passed, and the use case says `on_drift: block`.
    """
    if drift.drifted and drift.on_drift == "block":
        failed = "\n".join(f"  {check.name}: {check.message}" for check in drift.checks if not check.passed)
        raise DeliveryDrifted(
            f"{drift.use_case}: {drift.delivered:,} new rows differ too much from those the model learned:\n{failed}\n"
            "Correct the delivery; or, if it is right, raise the bound under `drift`, or write `on_drift: warn`, in "
            "use_case.yaml, and run again."
        )


def checks(drift: DriftComparison) -> Iterator[AssetCheckResult]:
    """One a bound, each with what was measured and pictures of it."""
    from modeling.reports import drift_charts

    severity = AssetCheckSeverity.ERROR if drift.on_drift == "block" else AssetCheckSeverity.WARN
    pictures = {name: metadata.picture(png) for name, png in drift_charts.pictures(drift).items()}
    for check in drift.checks:
        measured = {} if check.measured is None else {"measured": check.measured, "bound": check.bound}
        plots = {"plot": pictures[check.name]} if check.name in pictures else {}
        yield AssetCheckResult(
            check_name=check.name,
            asset_key=DRIFT,
            passed=check.passed,
            severity=severity,
            description=check.message,
            metadata={"new rows": drift.delivered, **measured, **plots},
        )


def output(drift: DriftComparison) -> Output[Report]:
    """The report, and what the rest of the pipeline reads of it."""
    from modeling.reports import drift as report

    made = report.render(drift)
    return Output(
        made,
        DRIFT,
        metadata={
            "delivery": drift.delivery,
            "new rows": drift.delivered,
            RETRAINING_REQUESTED: drift.drifted and drift.on_drift == "retrain",
            "report": metadata.url(DRIFT, drift.use_case),
        },
    )
