"""`evaluation_report`, `industry_report`, `market_entry_report`: what people read.

Belongs here: the three assets. What a report says and looks like is `modeling.reports`.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from dagster import (
    AllPartitionMapping,
    AssetExecutionContext,
    AssetIn,
    AssetsDefinition,
    FreshnessPolicy,
    MetadataValue,
    Output,
    asset,
)

from assets.partitions import Partitions
from assets.stages import (
    FINGERPRINT,
    INDUSTRY_REPORT,
    MARKET_ENTRY_REPORT,
    OWNERS,
    STAGES,
    fingerprint,
    industry_fingerprint,
    market_fingerprint,
)
from catalogue.reader import Catalogue
from modeling.artefacts.evaluated_model import ReadEvaluation
from modeling.core.record import Evaluation
from modeling.core.report import Report

STAGE = STAGES["evaluation_report"]
HTML = "report.html"
STALE_AFTER = timedelta(days=15)
"""The market entry report is written weekly; after two weeks without one, Dagster says so."""


def build(catalogue: Catalogue, partitions: Partitions) -> list[AssetsDefinition]:
    """The three assets."""
    return [
        _evaluation_report(catalogue, partitions),
        _industry_report(catalogue, partitions),
        _market_entry_report(catalogue, partitions),
    ]


def _evaluation_report(catalogue: Catalogue, partitions: Partitions) -> AssetsDefinition:
    @asset(
        partitions_def=partitions.use_cases,
        group_name=STAGE.group,
        kinds={"html", "markdown", "json"},
        description="The report on one use case: self-contained HTML, Markdown and JSON.",
    )
    def evaluation_report(context: AssetExecutionContext, evaluation: Evaluation) -> Iterator[Output[Report]]:
        from modeling.reports import use_case as report

        use_case = catalogue.use_cases[context.partition_key]
        made = report.render(evaluation)
        yield Output(made, metadata=_described(made, fingerprint(STAGE, use_case, context.instance)))

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
        evaluation_report: dict[str, Report],
    ) -> Iterator[Output[Report]]:
        from modeling.reports import industry as report

        key = context.partition_key
        industry = catalogue.industries[key]
        links = {name: _link(f"evaluation_report/{name}") for name in evaluation_report}
        readable, unreadable = _divided(evaluation, context)
        made = report.render(industry.title, industry.description, readable, links, catalogue.retired, unreadable)
        fingerprint = industry_fingerprint(catalogue, key, context.instance)
        yield Output(made, metadata=_described(made, fingerprint) | {OWNERS: industry.owners})

    return industry_report


def _market_entry_report(catalogue: Catalogue, partitions: Partitions) -> AssetsDefinition:
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
        industry_report: dict[str, Report],
    ) -> Iterator[Output[Report]]:
        from modeling.reports import market_entry as report

        titles = {key: industry.title for key, industry in catalogue.industries.items()}
        links = {key: _link(f"industry_report/{key}") for key in industry_report}
        readable, unreadable = _divided(evaluation, context)
        made = report.render(titles, readable, links, catalogue.retired, unreadable)
        yield Output(made, metadata=_described(made, market_fingerprint(catalogue, context.instance)))

    return market_entry_report


def _divided(
    found: dict[str, ReadEvaluation], context: AssetExecutionContext
) -> tuple[dict[str, Evaluation], dict[str, str]]:
    """The evaluations by use case; where one can't be read, why not and what to do."""
    readable = {key: one.evaluation for key, one in found.items() if one.evaluation}
    unreadable = {
        key: f"{one.unreadable}. Run the use case again, or restore its evaluation from a backup"
        for key, one in found.items()
        if one.evaluation is None
    }
    for key, why in unreadable.items():
        context.log.warning(f"{key}: the evaluation can't be read: {why}")
    return readable, unreadable


def _link(place: str) -> str:
    """The path of a report, from the folder of an industry or market report."""
    return f"../../../{place}/current/{HTML}"


def _described(report: Report, fingerprint: str) -> dict[str, Any]:
    return {FINGERPRINT: fingerprint, "report": MetadataValue.md(report.markdown)}
