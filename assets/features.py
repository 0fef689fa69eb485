"""`features`: the rows of every role as numbers, the test sealed, the whole audited for leaks.

Belongs here: the asset and its checks. Splitting is `modeling.core.splits`, the recipe `modeling.core.features`, the
audit `modeling.core.leakage`, its point about `assemble` `assets.raw_data`.
"""

from collections.abc import Iterator, Mapping, Sequence
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
from catalogue.visible import listed
from modeling.artefacts.feature_set import ReferencedFeatures
from modeling.core.feature_set import FeatureSet
from modeling.core.features import feature_columns
from modeling.core.recipe import left_out
from modeling.core.record import LeakageFinding
from modeling.core.spellings import alike
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
"""The points of the leakage audit, and what each means when it passes."""
LEAKAGE_AUDIT = "leakage_audit"


def build(catalogue: Catalogue, partitions: Partitions) -> AssetsDefinition:
    """The asset `features`."""

    @asset(
        partitions_def=partitions.use_cases,
        group_name=STAGE.group,
        code_version=STAGE.version,
        kinds={"polars", "numpy"},
        check_specs=[partitions.check(LEAKAGE_AUDIT, STAGE.name, "no point of the audit found a leak")],
        description="Every row has a role; everything fitted is fitted on training rows; test rows are sealed.",
    )
    def features(
        context: AssetExecutionContext, validated_data: ValidatedData
    ) -> Iterator[AssetCheckResult | Output[ReferencedFeatures]]:
        use_case = catalogue.use_cases[context.partition_key]
        derive = feature_code.load(use_case.folder).features
        read = latest(context.instance, "raw_data", use_case.key)
        made = tasks.task(use_case).prepare(validated_data, use_case, derive)
        unused = left_out(made.recipe, use_case.columns)
        used = feature_columns(validated_data.frame.columns, use_case)
        spelt = list(alike(validated_data.frame[[use_case.target, *used]]))
        judged = latest(context.instance, "validated_data", use_case.key)
        contradicting = made.datasheet.remarks
        made = _audited(made, [read, judged], spelt)
        called(made.classes, use_case.classes, use_case.target)
        yield Output(
            ReferencedFeatures(made, Reference.of(validated_data, made, use_case)),
            data_version=DataVersion(made.digest()),
            metadata={
                FINGERPRINT: fingerprint(STAGE, use_case, context.instance),
                metadata.ROWS: validated_data.frame.height,
                "dagster/column_schema": TableSchema(
                    [TableColumn(name, "float32") for name in made.train.table.numeric_names]
                    + [TableColumn(name, "level code") for name in made.train.table.categorical_names]
                ),
                **metadata.lineage("validated_data", _origins(made, validated_data.frame.columns)),
                "rows": metadata.records([made.datasheet.rows.model_dump()]),
                "left out": metadata.records([{"column": c, "why": w} for c, w in unused.items()]),
                metadata.REMARKS: metadata.sentences([*_said(unused), *contradicting, *spelt]),
            },
        )
        yield audit_check(made.datasheet.leakage)

    return features


def _said(left_out: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each reason to leave columns out."""
    for why in dict.fromkeys(left_out.values()):
        yield f"left out: {listed(name for name, other in left_out.items() if other == why)}: {why}"


def _origins(made: FeatureSet, columns: list[str]) -> dict[str, str]:
    """The column that each feature is, or is a part of; those that the use case's own code derives are left out."""
    names = [*made.train.table.numeric_names, *made.train.table.categorical_names]
    parts = {name: name.rpartition(".")[0] for name in names}
    return {name: origin for name, part in parts.items() for origin in (name, part) if origin in columns}


def audit_check(points: list[LeakageFinding]) -> AssetCheckResult:
    """One check of all points of the audit, what was found first; an error where one of them is."""
    found = [point for point in points if not point.passed]
    grave = any(point.severity == "error" for point in found)
    return AssetCheckResult(
        check_name=LEAKAGE_AUDIT,
        passed=not found,
        severity=AssetCheckSeverity.ERROR if grave else AssetCheckSeverity.WARN,
        description="; ".join(f"{point.name}: {point.message}" for point in found)
        or f"nothing at {len(points)} points",
        metadata={"points": metadata.records([_described(one) for one in sorted(points, key=lambda one: one.passed)])},
    )


def _described(point: LeakageFinding) -> dict[str, object]:
    return {
        "point": point.name,
        "passed": point.passed,
        "asked": FINDINGS[point.name],
        "found": point.message,
        "examples": ", ".join(point.examples),
    }


def _audited(made: FeatureSet, before: Sequence[AssetMaterialization | None], spelt: Sequence[str]) -> FeatureSet:
    """With every point of `FINDINGS`, of which a task lists those that apply to it, and what is to be said of rows, as
    what the materialisations `before` remark, of the raw data and of the validated data."""
    read, *_ = before
    found = {finding.name: finding for finding in [*made.datasheet.leakage, _look_ahead(read)]}
    points = [found.get(name) or _not_applicable(name) for name in FINDINGS]
    remarks = [said for one in before for said in metadata.sentences_of(one, metadata.REMARKS)]
    known = {"leakage": points, "remarks": [*remarks, *made.datasheet.remarks, *spelt]}
    return replace(made, datasheet=made.datasheet.model_copy(update=known))


def _not_applicable(name: str) -> LeakageFinding:
    return LeakageFinding(name=name, passed=True, severity="warning", message="does not apply to this task")


def _look_ahead(made: AssetMaterialization | None) -> LeakageFinding:
    """What `raw_data` found when it had the members at hand."""
    recorded = made.metadata.get(LOOK_AHEAD) if made else None
    if recorded is not None:
        return LeakageFinding.model_validate(recorded.value)
    message = "not looked for when the raw data was made: make it again (`raw_data`)"
    return LeakageFinding(name=LOOK_AHEAD, passed=False, severity="warning", message=message)
