"""`evaluation_report`, `industry_report`, `market_entry_report`: what people read.

Belongs here: the three assets. What a report says and looks like is `modeling.reports`.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from dagster import (
    AllPartitionMapping,
    AssetExecutionContext,
    AssetIn,
    AssetsDefinition,
    DagsterInstance,
    FreshnessPolicy,
    Output,
    asset,
)

from assets import metadata
from assets.partitions import Partitions
from assets.stages import (
    FINGERPRINT,
    INDUSTRY_REPORT,
    MARKET_ENTRY_REPORT,
    OWNERS,
    STAGES,
    STATUS_REPORT,
    fingerprint,
    industry_fingerprint,
    latest,
    market_fingerprint,
)
from catalogue.definition import UseCase
from catalogue.reader import Catalogue
from modeling.artefacts.evaluated_model import ReadEvaluation
from modeling.artefacts.report import ReadReport
from modeling.core.record import Evaluation, with_texts
from modeling.core.report import Report
from modeling.reports.document import Link
from resources.secrets import without_secrets

STAGE = STAGES["evaluation_report"]
STALE_AFTER = timedelta(days=15)
"""The market entry report is written weekly; after two weeks without one, Dagster says so."""


def build(catalogue: Catalogue, partitions: Partitions) -> list[AssetsDefinition]:
    """The three assets."""
    return [
        _evaluation_report(catalogue, partitions),
        _industry_report(catalogue, partitions),
        _market_entry_report(catalogue),
    ]


def _evaluation_report(catalogue: Catalogue, partitions: Partitions) -> AssetsDefinition:
    @asset(
        partitions_def=partitions.use_cases,
        group_name=STAGE.group,
        kinds={"html", "markdown", "json"},
        description="The report on one use case: self-contained HTML, Markdown and JSON.",
    )
    def evaluation_report(context: AssetExecutionContext, evaluation: Evaluation) -> Iterator[Output[Report]]:
        from modeling.reports import charts
        from modeling.reports import use_case as report

        use_case = catalogue.use_cases[context.partition_key]
        made = report.render(*_clean(evaluation, use_case.data_dictionary, _trail_of(use_case, catalogue)))
        described = _described(STAGE.name, use_case.key, fingerprint(STAGE, use_case, context.instance))
        shown: dict[str, Any] = {
            "plot": metadata.picture(charts.thumbnail(evaluation)),
            "verdict": evaluation.verdict.outcome,
        }
        if unknown := _not_in_the_data(use_case, evaluation, context.instance):
            context.log.warning(unknown)
            shown[metadata.REMARKS] = metadata.sentences([unknown])
        yield Output(made, metadata=described | shown)

    return evaluation_report


def _industry_report(catalogue: Catalogue, partitions: Partitions) -> AssetsDefinition:
    by_industry = partitions.by_industry

    @asset(
        name=INDUSTRY_REPORT,
        partitions_def=partitions.industries,
        ins={
            "evaluation": AssetIn(partition_mapping=by_industry),
            "evaluation_report": AssetIn(partition_mapping=by_industry),
        },
        group_name=STAGE.group,
        kinds={"html", "markdown", "json"},
        description="The use cases of one industry side by side.",
    )
    def industry_report(
        context: AssetExecutionContext,
        evaluation: dict[str, ReadEvaluation],
        evaluation_report: dict[str, ReadReport],
    ) -> Iterator[Output[Report]]:
        from modeling.reports import industry as report

        key = context.partition_key
        industry = catalogue.industries[key]
        links = _linked(evaluation_report)
        readable, unreadable = _divided(evaluation, evaluation_report, context)
        shown = _clean(industry.title, industry.description, readable, links, catalogue.retired, unreadable)
        made = report.render(*shown, trail=[_start()])
        fingerprint = industry_fingerprint(catalogue, key, context.instance)
        yield Output(made, metadata=_described(INDUSTRY_REPORT, key, fingerprint) | {OWNERS: industry.owners})

    return industry_report


def _market_entry_report(catalogue: Catalogue) -> AssetsDefinition:
    @asset(
        freshness_policy=FreshnessPolicy.time_window(fail_window=STALE_AFTER),
        name=MARKET_ENTRY_REPORT,
        ins={
            "evaluation": AssetIn(partition_mapping=AllPartitionMapping()),
            "industry_report": AssetIn(partition_mapping=AllPartitionMapping()),
        },
        group_name=STAGE.group,
        kinds={"html", "markdown", "json"},
        description="A first comparison of the industries, from what was measured.",
    )
    def market_entry_report(
        context: AssetExecutionContext,
        evaluation: dict[str, ReadEvaluation],
        industry_report: dict[str, ReadReport],
    ) -> Iterator[Output[Report]]:
        from modeling.reports import market_entry as report

        titles = {key: industry.title for key, industry in catalogue.industries.items()}
        links = {key: metadata.link(INDUSTRY_REPORT, key) for key in industry_report}
        links |= _linked(key for key in evaluation if latest(context.instance, STAGE.name, key))
        readable, unreadable = _divided(evaluation, industry_report, context)
        shown = _clean(titles, readable, links, catalogue.retired, unreadable)
        made = report.render(*shown, trail=[_start()])
        yield Output(
            made, metadata=_described(MARKET_ENTRY_REPORT, None, market_fingerprint(catalogue, context.instance))
        )

    return market_entry_report


def _not_in_the_data(use_case: UseCase, evaluation: Evaluation, instance: DagsterInstance) -> str:
    """Which entries of the data dictionary describe no column, neither of the data nor made by `features`; empty where
    all do, or the columns of the data are not known."""
    raw = metadata.columns_of(latest(instance, "raw_data", use_case.key))
    made = [one.feature for one in evaluation.explanation.importances] if evaluation.explanation else []
    unknown = sorted(use_case.data_dictionary.keys() - {*raw, *evaluation.features, *made}) if raw else []
    if not unknown:
        return ""
    return (
        f"use_case.yaml describes under data_dictionary what is no column of the data: {', '.join(unknown)}; write the "
        "name as the data has it, or take it out"
    )


def _start() -> Link:
    return Link("Start page", metadata.link(STATUS_REPORT))


def _trail_of(use_case: UseCase, catalogue: Catalogue) -> list[Link]:
    """What stands above the report on a use case: the start page, and its industry."""
    up, industry = metadata.UP_FROM_USE_CASE, use_case.industry
    return [
        Link("Start page", metadata.link(STATUS_REPORT, up=up)),
        Link(catalogue.industries[industry].title, metadata.link(INDUSTRY_REPORT, industry, up)),
    ]


def _linked(keys: Iterable[str]) -> dict[str, str]:
    """Use cases and their reports."""
    return {key: metadata.link(STAGE.name, key) for key in keys}


def _divided(
    evaluations: dict[str, ReadEvaluation], reports: dict[str, ReadReport], context: AssetExecutionContext
) -> tuple[dict[str, Evaluation], dict[str, str]]:
    """The evaluations by use case; where one, or a report that is linked to, can't be read, why not and what to do."""
    readable = {key: one.value for key, one in evaluations.items() if one.value}
    unreadable = {key: f"the report: {one.unreadable}" for key, one in reports.items() if one.value is None}
    unreadable |= {key: f"the evaluation: {one.unreadable}" for key, one in evaluations.items() if one.value is None}
    unreadable = {key: f"{why} ({run_command(key)})" for key, why in unreadable.items()}
    for key, why in unreadable.items():
        context.log.warning(f"{key} can't be read: {why}")
    return readable, unreadable


def run_command(key: str) -> str:
    """What makes the artefacts of a use case, or of an industry, again."""
    return f"`sectorforge run {key}`" if "/" in key else "`sectorforge run`"


def _clean(*shown: Any) -> list[Any]:
    """What a report is made of, without secrets of the environment, whatever a learner noted and the rows hold. Not the
    finished page: by then words are broken and escaped, labels cut short, and texts drawn."""
    return [with_texts(value, without_secrets) for value in shown]


def _described(asset: str, partition: str | None, fingerprint: str) -> dict[str, Any]:
    return {"report": metadata.url(asset, partition), FINGERPRINT: fingerprint}
