"""`features`: the rows of every role as numbers, the test sealed, the whole audited for leaks.

Belongs here: the asset and its checks. Splitting is `modeling.core.splits`, the recipe `modeling.core.features`, the
audit `modeling.core.leakage`, its point about `assemble` `assets.raw_data`.
"""

from collections.abc import Iterator
from dataclasses import replace

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetMaterialization,
    AssetsDefinition,
    DataVersion,
    Output,
    TableColumn,
    TableSchema,
    asset,
)

from assets import metadata
from assets.partitions import Partitions
from assets.raw_data import LOOK_AHEAD
from assets.stages import FINGERPRINT, STAGES, fingerprint, latest
from catalogue import feature_code
from catalogue.reader import Catalogue
from modeling.artefacts.feature_set import ReferencedFeatures
from modeling.core.feature_set import FeatureSet
from modeling.core.record import LeakageFinding
from modeling.core.target_classes import called
from modeling.core.validated_data import ValidatedData
from modeling.drift.reference import Reference
from modeling.problems import tasks

STAGE = STAGES["features"]
FINDINGS = {
    "duplicates_across_roles": "no row is repeated in another role",
    "near_duplicates_across_roles": "few rows have a near twin in another role",
    "groups_across_roles": "a patient, unit or day stays in one role",
    "time_across_roles": "training lies before validation, validation before test",
    "single_feature": "no single feature nearly solves the task",
    "formula_of_features": "no formula of a few features gives the target",
    "known_at": "no feature is known only after the moment of prediction",
    "look_ahead": "`assemble` gives no row what came only after it",
    "row_wise_features": "a row's features depend on that row alone",
}
"""The points of the leakage audit, each a check."""


def build(catalogue: Catalogue, partitions: Partitions) -> AssetsDefinition:
    """The asset `features`."""

    @asset(
        partitions_def=partitions.use_cases,
        group_name=STAGE.group,
        kinds={"polars", "numpy"},
        check_specs=[partitions.check(name, STAGE.name, text) for name, text in FINDINGS.items()],
        description="Every row has a role; everything fitted is fitted on training rows; test rows are sealed.",
    )
    def features(
        context: AssetExecutionContext, validated_data: ValidatedData
    ) -> Iterator[AssetCheckResult | Output[ReferencedFeatures]]:
        use_case = catalogue.use_cases[context.partition_key]
        derive = feature_code.load(use_case.folder).features
        made = _audited(
            tasks.task(use_case).prepare(validated_data, use_case, derive),
            _look_ahead(latest(context.instance, "raw_data", use_case.key)),
        )
        called(made.classes, use_case.classes, use_case.target)
        yield Output(
            ReferencedFeatures(made, Reference.of(validated_data, made, use_case)),
            data_version=DataVersion(made.digest()),
            metadata={
                FINGERPRINT: fingerprint(STAGE, use_case, context.instance),
                "dagster/row_count": validated_data.frame.height,
                "dagster/column_schema": TableSchema(
                    [TableColumn(name, "float32") for name in made.train.table.numeric_names]
                    + [TableColumn(name, "level code") for name in made.train.table.categorical_names]
                ),
                "rows": metadata.records([made.datasheet.rows.model_dump()]),
                "left out": metadata.records([{"column": c, "why": w} for c, w in made.recipe.left_out.items()]),
            },
        )
        yield from map(_check, made.datasheet.leakage)

    return features


def _check(finding: LeakageFinding) -> AssetCheckResult:
    return AssetCheckResult(
        check_name=finding.name,
        passed=finding.passed,
        severity=AssetCheckSeverity.ERROR if finding.severity == "error" else AssetCheckSeverity.WARN,
        description=finding.message,
        metadata={"examples": ", ".join(finding.examples) or "none"},
    )


def _audited(made: FeatureSet, look_ahead: LeakageFinding) -> FeatureSet:
    """With every point of `FINDINGS`; a task lists those that apply to it."""
    found = {finding.name: finding for finding in [*made.datasheet.leakage, look_ahead]}
    points = [found.get(name) or _not_applicable(name) for name in FINDINGS]
    return replace(made, datasheet=made.datasheet.model_copy(update={"leakage": points}))


def _not_applicable(name: str) -> LeakageFinding:
    return LeakageFinding(name=name, passed=True, severity="warning", message="does not apply to this task")


def _look_ahead(made: AssetMaterialization | None) -> LeakageFinding:
    """What `raw_data` found when it had the members at hand."""
    recorded = made.metadata.get(LOOK_AHEAD) if made else None
    if recorded is not None:
        return LeakageFinding.model_validate(recorded.value)
    message = "not looked for when the raw data was made: make it again (`raw_data`)"
    return LeakageFinding(name=LOOK_AHEAD, passed=False, severity="warning", message=message)
