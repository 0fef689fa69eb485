"""`drift`: new rows beside those the model learned from.

Belongs here: what the step of `validated_data` makes of drift: the comparison with the model that serves, its checks
and its report. Does not belong here: the step itself, or any measure (`modeling.drift`).

It is made before the rows are published, not after: a check, or an asset downstream, could stop a run from training on
a drifted delivery, but it would already have taken the place of good data, and the next run would train on it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, MetadataValue, Output

from assets import metadata
from assets.partitions import Partitions
from assets.stages import DRIFT
from catalogue import feature_code
from catalogue.definition import UseCase
from modeling.core.validated_data import ValidatedData
from resources.errors import PermanentError
from resources.serving.models import Models
from resources.store.state import State

if TYPE_CHECKING:
    import polars as pl

    from modeling.drift.record import DriftComparison, Performance
    from modeling.reports.rendering import Report

RETRAINING_REQUESTED = "asks for new models"
"""Metadata key: whether drift beyond a bound is to be answered with new models (`on_drift: retrain`)."""


class DeliveryDrifted(PermanentError):
    """A delivery differs too much from what the model learned, and the use case blocks such ones."""


def specs(partitions: Partitions) -> list[AssetCheckSpec]:
    """The checks of a delivery."""
    from modeling.drift.record import CHECKS

    return [partitions.check(name, DRIFT, text) for name, text in CHECKS.items()]


def compared(data: ValidatedData, use_case: UseCase, home: State) -> "DriftComparison":
    """The new rows among `data` beside those that the model judged last learned from; and how well the model that
    serves, or else that one, predicts them."""
    from modeling.drift.comparison import compare
    from modeling.drift.reference import REFERENCE, Reference
    from resources.store.versions import current

    judged = current(home.artefact("evaluation", use_case.key))
    if judged is None:
        return compare(data, use_case, None, lambda rows: "there is no model yet")
    serving = Models(home).serving(use_case.key) or judged
    reference = Reference.load(judged / REFERENCE)
    return compare(data, use_case, reference, lambda rows: _performance(rows, use_case, serving))


def _performance(rows: "pl.DataFrame", use_case: UseCase, place: Path) -> "Performance | str":
    """Of the judged model that lies at `place`."""
    from modeling.artefacts.evaluated_model import MODEL, EvaluatedModel
    from modeling.artefacts.model import Model
    from modeling.drift.performance import performance

    record, code = EvaluatedModel.load(place).evaluation, feature_code.load(use_case.folder)
    if (record.task, record.target) != (use_case.task, use_case.target):
        return "the model predicts something else"
    model = Model.load(place / MODEL)
    if model.about["features_code"] != code.digest:
        return "features.py was changed since the model was made"
    return performance(use_case, rows, code.features, record, model)


def raise_if_blocked(drift: "DriftComparison") -> None:
    """Raises
    ------
    DeliveryDrifted: a bound is passed, and the use case says `on_drift: block`.
    """
    if drift.drifted and drift.on_drift == "block":
        told = "\n".join(f"  {check.name}: {check.message}" for check in drift.checks if not check.passed)
        raise DeliveryDrifted(
            f"{drift.use_case}: {drift.delivered:,} new rows differ too much from those the model learned:\n{told}\n"
            "Correct the delivery; or, if it is right, raise the bound under `drift`, or write `on_drift: warn`, in "
            "use_case.yaml, and run again."
        )


def checks(drift: "DriftComparison") -> Iterator[AssetCheckResult]:
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


def output(drift: "DriftComparison") -> "Output[Report]":
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
            "report": MetadataValue.md(made.markdown),
        },
    )
