"""`validated_data`, `quarantine` and `drift`: the snapshot, judged by its contract and by what the model learned from.

Belongs here: the step that makes all three, and the contract's checks. Write, audit, publish: it raises before it
writes when a blocking rule fails or a drifted delivery is to be blocked, so that a bad delivery never replaces a good
one. Judging is `resources.contracts`; what is made of drift is `assets.drift`.
"""

from collections.abc import Iterator
from typing import Any

import polars as pl
import polars.selectors as cs
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetMaterialization,
    AssetOut,
    AssetsDefinition,
    DataVersion,
    Output,
    ResourceParam,
    multi_asset,
)

from assets import deliveries, drift, metadata
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
CONTRACT, COLUMNS_AS_BEFORE = "contract", "columns_as_before"
DEFINITION = "definition"
"""Metadata key: the digest of what `use_case.yaml` and `features.py` said about the table."""


def build(catalogue: Catalogue, partitions: Partitions) -> AssetsDefinition:
    """The assets `validated_data`, `quarantine` and `drift`, made by one step."""

    @multi_asset(
        outs={
            STAGE.name: AssetOut(
                group_name=STAGE.group,
                code_version=STAGE.version,
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
                code_version=STAGE.version,
                kinds={"polars", "parquet"},
                description="The rows set aside: number in the snapshot, broken rule, column and value.",
            ),
        },
        partitions_def=partitions.use_cases,
        check_specs=[
            partitions.check(CONTRACT, STAGE.name, "every rule of the contract, written or derived, is met"),
            partitions.check(
                COLUMNS_AS_BEFORE,
                STAGE.name,
                "no column of the published rows is gone from a delivery, and none is new",
            ),
            *drift.specs(partitions),
        ],
    )
    def validated_data(
        context: AssetExecutionContext, raw_data: pl.DataFrame, home: ResourceParam[State]
    ) -> Iterator[AssetCheckResult | Output]:
        use_case = catalogue.use_cases[context.partition_key]
        read = latest(context.instance, "raw_data", use_case.key)
        published = latest(context.instance, STAGE.name, use_case.key)
        unnamed = deliveries.unnamed(raw_data, read, published, use_case)
        files = deliveries.within(read, use_case, raw_data.height)
        verdict = contracts.validate(raw_data.drop(cs.by_name(*unnamed)), use_case, files)
        yield contract_check(verdict.results)
        definition = _definition(use_case)
        vanished = vanished_columns(published, raw_data, definition)
        yield _columns_check(vanished, _told(unnamed))
        verdict.raise_if_blocked()
        if vanished:
            raise contracts.ContractViolation(
                f"{use_case.key}: {files[0].name if len(files) == 1 else 'the delivery'} lacks the columns {vanished}, "
                "which the published rows have. Deliver them; or, if they are gone for good, say so under `columns` or "
                "`contract` in use_case.yaml, and run again."
            )
        data = accepted_data(raw_data, verdict)
        found = drift.compared(data, use_case, home, context.log.warning)
        yield from drift.checks(found)
        drift.raise_if_blocked(found)
        yield drift.output(found)
        described: dict[str, Any] = {
            FINGERPRINT: fingerprint(STAGE, use_case, context.instance),
            DEFINITION: definition,
        }
        if unnamed:
            described[metadata.REMARKS] = metadata.sentences(_told(unnamed))
        yield from _outputs(raw_data, verdict, data, described)

    return validated_data


def _outputs(raw: pl.DataFrame, verdict: Verdict, data: ValidatedData, described: dict[str, Any]) -> Iterator[Output]:
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
        metadata={
            **described,
            **set_aside,
            **metadata.table(verdict.accepted),
            **metadata.lineage("raw_data", {name: name for name in verdict.accepted.columns}),
        },
    )


def vanished_columns(published: AssetMaterialization | None, raw: pl.DataFrame, definition: str) -> list[str]:
    """The columns that the published rows have and a delivery lacks; none where the use case was redefined since.

    A model would else be trained without a feature, and nobody would know.
    """
    recorded = published.metadata.get(DEFINITION) if published else None
    if published is None or recorded is None or recorded.value != definition:
        return []
    return [name for name in deliveries.columns(published) if name not in raw.columns]


def _told(unnamed: list[str]) -> list[str]:
    """Of columns that came with a delivery, how they are taken up."""
    return [
        f"column {name!r} is new in what was delivered, and left out until use_case.yaml names it: under `columns`, or "
        f"as `expect_column_to_exist: {{column: {name}}}` under `contract`; rows of former files have none"
        for name in unnamed
    ]


def _definition(use_case: UseCase) -> str:
    parts = as_written(use_case, set(STAGE.definition) - {"drift"})
    return digest(parts, feature_code.load(use_case.folder).digest)


def accepted_data(raw: pl.DataFrame, verdict: Verdict) -> ValidatedData:
    """The rows of a snapshot that its contract let pass."""
    numbers = pl.Series(range(raw.height), dtype=pl.Int64)
    kept = numbers.filter(~numbers.is_in(verdict.quarantine["row"].unique().implode()))
    return ValidatedData(verdict.accepted, kept.to_numpy(), verdict.results, content_digest(raw), raw.height)


def _columns_check(vanished: list[str], new: list[str]) -> AssetCheckResult:
    gone = [f"gone: {', '.join(vanished)}"] if vanished else []
    return AssetCheckResult(
        check_name=COLUMNS_AS_BEFORE,
        asset_key=STAGE.name,
        passed=not (gone or new),
        severity=AssetCheckSeverity.ERROR if vanished else AssetCheckSeverity.WARN,
        description="; ".join([*gone, *new]) or "none is gone, none is new",
    )


def contract_check(results: list[ContractResult]) -> AssetCheckResult:
    """One check of all rules, so that a file which can't be read turns one red; the rules that are broken come first.
    It is an error only where one of them blocks the delivery."""
    failed = [result for result in results if not result.passed]
    blocking = any(result.on_failure == "block" for result in failed)
    broken = "; ".join(f"{result.column or 'the table'}: {result.message or result.rule}" for result in failed)
    return AssetCheckResult(
        check_name=CONTRACT,
        asset_key=STAGE.name,
        passed=not failed,
        severity=AssetCheckSeverity.ERROR if blocking else AssetCheckSeverity.WARN,
        description=f"{len(failed)} of {len(results)} rules are broken: {broken}"
        if failed
        else f"{len(results)} rules met",
        metadata={"rules": metadata.records([_described(one) for one in sorted(results, key=lambda one: one.passed)])},
    )


def _described(result: ContractResult) -> dict[str, object]:
    return {
        "column": result.column or "the table",
        "rule": result.rule,
        "on failure": result.on_failure,
        "met": result.passed,
        "checked": result.checked,
        "unexpected": result.unexpected,
        "examples": ", ".join(result.examples),
    }
