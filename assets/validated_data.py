"""`validated_data`, `quarantine` and `drift`: the snapshot, judged by its contract and by what the model learned from.

Belongs here: the step that makes all three, and the contract's checks. Write, audit, publish: it raises before it
writes when a blocking rule fails or a drifted delivery is to be blocked, so that a bad delivery never replaces a good
one. Judging is `resources.contracts`; what is made of drift is `assets.drift`.
"""

from collections.abc import Iterator

import polars as pl
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetMaterialization,
    AssetOut,
    AssetsDefinition,
    DataVersion,
    Output,
    TableSchema,
    multi_asset,
)

from assets import drift, metadata
from assets.partitions import Partitions
from assets.stages import DRIFT, FINGERPRINT, QUARANTINE, STAGES, as_written, digest, fingerprint, latest
from catalogue import feature_code
from catalogue.definition import UseCase
from catalogue.reader import Catalogue
from modeling.core.record import ContractResult
from modeling.core.validated_data import ValidatedData
from resources import contracts
from resources.contracts import Verdict
from resources.store.state import State
from resources.store.versions import content_digest

STAGE = STAGES["validated_data"]
COLUMNS_AS_BEFORE = "columns_as_before"
DEFINITION = "definition"
"""Metadata key: the digest of what `use_case.yaml` and `features.py` said about the table."""


def build(catalogue: Catalogue, partitions: Partitions) -> AssetsDefinition:
    """The assets `validated_data`, `quarantine` and `drift`, made by one step."""
    expectations = _expectations(catalogue)

    @multi_asset(
        outs={
            STAGE.name: AssetOut(
                group_name=STAGE.group,
                kinds={"polars", "parquet"},
                description="The rows that meet the contract. Written only when no blocking expectation fails.",
            ),
            DRIFT: AssetOut(
                group_name=STAGE.group,
                kinds={"html", "markdown", "json"},
                description="How far the new rows differ from those the model learned from, and what that does to it.",
            ),
            QUARANTINE: AssetOut(
                group_name=STAGE.group,
                kinds={"polars", "parquet"},
                description="The rows set aside: number in the snapshot, broken rule, column and value.",
            ),
        },
        partitions_def=partitions.use_cases,
        check_specs=[
            *(
                partitions.check(name, STAGE.name, f"every `{name}` of the contract, written or derived")
                for name in expectations
            ),
            partitions.check(COLUMNS_AS_BEFORE, STAGE.name, "no column of the published rows is gone from a delivery"),
            *drift.specs(partitions),
        ],
    )
    def validated_data(
        context: AssetExecutionContext, raw_data: pl.DataFrame, home: State
    ) -> Iterator[AssetCheckResult | Output]:
        use_case = catalogue.use_cases[context.partition_key]
        verdict = contracts.validate(raw_data, use_case)
        for name in expectations:
            yield _check(name, [result for result in verdict.results if result.expectation == name])
        definition = _definition(use_case)
        vanished = vanished_columns(latest(context.instance, STAGE.name, use_case.key), raw_data, definition)
        yield _columns_check(vanished)
        verdict.raise_if_blocked()
        if vanished:
            raise contracts.ContractViolation(
                f"{use_case.key}: the delivery lacks the columns {vanished}, which the published rows have. Deliver "
                "them; or, if they are gone for good, say so under `columns` or `contract` in use_case.yaml, and run "
                "again."
            )
        data = accepted_data(raw_data, verdict)
        found = drift.compared(data, use_case, home, context.log.warning)
        yield from drift.checks(found)
        drift.raise_if_blocked(found)
        yield drift.output(found)
        described = {FINGERPRINT: fingerprint(STAGE, use_case, context.instance), DEFINITION: definition}
        yield from _outputs(raw_data, verdict, data, described)

    return validated_data


def _outputs(raw: pl.DataFrame, verdict: Verdict, data: ValidatedData, described: dict[str, str]) -> Iterator[Output]:
    """Quarantine first: where the validated data is up to date, so is what was set aside from it."""
    yield Output(
        verdict.quarantine,
        QUARANTINE,
        data_version=DataVersion(content_digest(verdict.quarantine)),
        metadata={**described, **metadata.table(verdict.quarantine)},
    )
    set_aside = {"quarantined rows": raw.height - verdict.accepted.height}
    yield Output(
        data,
        STAGE.name,
        data_version=DataVersion(content_digest(verdict.accepted)),
        metadata={**described, **set_aside, **metadata.table(verdict.accepted)},
    )


def vanished_columns(published: AssetMaterialization | None, raw: pl.DataFrame, definition: str) -> list[str]:
    """The columns that the published rows have and a delivery lacks; none where the use case was redefined since.

    A model would else be trained without a feature, and nobody would know.
    """
    recorded = published.metadata.get(DEFINITION) if published else None
    if published is None or recorded is None or recorded.value != definition:
        return []
    schema = published.metadata["dagster/column_schema"].value
    assert isinstance(schema, TableSchema)
    return [column.name for column in schema.columns if column.name not in raw.columns]


def _definition(use_case: UseCase) -> str:
    parts = as_written(use_case, set(STAGE.definition) - {"drift"})
    return digest(parts, feature_code.load(use_case.folder).digest)


def accepted_data(raw: pl.DataFrame, verdict: Verdict) -> ValidatedData:
    """The rows of a snapshot that its contract let pass."""
    numbers = pl.Series(range(raw.height), dtype=pl.Int64)
    kept = numbers.filter(~numbers.is_in(verdict.quarantine["row"].unique().implode()))
    return ValidatedData(verdict.accepted, kept.to_numpy(), verdict.results, content_digest(raw), raw.height)


def _expectations(catalogue: Catalogue) -> list[str]:
    """The names under which results of any contract of the catalogue are checked."""
    written = {rule.expectation for use_case in catalogue.use_cases.values() for rule in use_case.contract}
    return sorted(written | contracts.DERIVED_EXPECTATIONS | {contracts.QUARANTINE_SHARE})


def _columns_check(vanished: list[str]) -> AssetCheckResult:
    listed = ", ".join(vanished) or "none gone"
    return AssetCheckResult(check_name=COLUMNS_AS_BEFORE, asset_key=STAGE.name, passed=not vanished, description=listed)


def _check(name: str, results: list[ContractResult]) -> AssetCheckResult:
    failed = [result for result in results if not result.passed]
    blocking = any(result.on_failure == "block" for result in failed)
    rows = [
        {
            "column": result.column or "the table",
            "rule": result.rule,
            "on failure": result.on_failure,
            "passed": result.passed,
            "checked": result.checked,
            "unexpected": result.unexpected,
            "examples": ", ".join(result.examples),
        }
        for result in results
    ]
    return AssetCheckResult(
        check_name=name,
        asset_key=STAGE.name,
        passed=not failed,
        severity=AssetCheckSeverity.ERROR if blocking else AssetCheckSeverity.WARN,
        description="; ".join(f"{result.column or 'the table'}: {result.message or result.rule}" for result in failed)
        or (f"{len(results)} met" if results else "this contract has no such rule"),
        metadata={"results": metadata.records(rows)},
    )
