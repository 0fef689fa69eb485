"""`status_report`: the start page, every use case with its verdict.

Belongs here: the asset, and where each use case stands. It renders records and computes nothing. Does not belong here:
what the page looks like (`modeling.reports.status`), or serving it (`pipelines.web`).
"""

from dagster import (
    AllPartitionMapping,
    AssetDep,
    AssetExecutionContext,
    AssetIn,
    AssetsDefinition,
    DagsterEventType,
    DagsterInstance,
    MetadataValue,
    Output,
    asset,
)

from assets import metadata
from assets.latest_runs import failures
from assets.stages import (
    FINGERPRINT,
    INDUSTRY_REPORT,
    MARKET_ENTRY_REPORT,
    STAGES,
    STATUS_REPORT,
    as_written,
    data_version,
    digest,
    latest,
)
from catalogue.reader import Catalogue
from modeling.artefacts.evaluated_model import ReadEvaluation
from modeling.core.record import with_texts
from modeling.core.report import Report
from modeling.reports.status import Standing, render
from resources.secrets import without_secrets

STAGE = STAGES["evaluation_report"]
FED_BY = ("raw_data", "validated_data", STAGE.name, INDUSTRY_REPORT, MARKET_ENTRY_REPORT)
"""What it tells of beside evaluations: whether a delivery was refused, and which reports there are."""


def build(catalogue: Catalogue) -> AssetsDefinition:
    """The asset `status_report`."""

    @asset(
        name=STATUS_REPORT,
        ins={"evaluation": AssetIn(partition_mapping=AllPartitionMapping())},
        deps=[AssetDep(name, partition_mapping=_all(name)) for name in FED_BY],
        group_name=STAGE.group,
        kinds={"html", "markdown", "json"},
        description=f"Every use case with its verdict and its report. [The start page]({metadata.REPORTS}/)",
    )
    def status_report(context: AssetExecutionContext, evaluation: dict[str, ReadEvaluation]) -> Output[Report]:
        instance = context.instance
        standings = {key: _standing(key, catalogue, evaluation.get(key), instance) for key in catalogue.use_cases}
        titles = with_texts({key: one.title for key, one in catalogue.industries.items()}, without_secrets)
        reported = [key for key in titles if latest(instance, INDUSTRY_REPORT, key)]
        market = metadata.link(MARKET_ENTRY_REPORT) if latest(instance, MARKET_ENTRY_REPORT, None) else ""
        made = render(standings, titles, {key: metadata.link(INDUSTRY_REPORT, key) for key in reported}, market)
        return Output(
            made,
            metadata={
                "page": metadata.url(STATUS_REPORT),
                "use cases": metadata.records([_row(key, one) for key, one in standings.items()]),
                "with links": MetadataValue.md(metadata.with_urls(made.markdown)),
                FINGERPRINT: status_fingerprint(catalogue, instance),
            },
        )

    return status_report


def _all(asset: str) -> AllPartitionMapping | None:
    return None if asset == MARKET_ENTRY_REPORT else AllPartitionMapping()


def status_fingerprint(catalogue: Catalogue, instance: DagsterInstance) -> str:
    """What the page depends on now: the words of the catalogue, the reports there are, and what failed."""
    words = {key: (one.title, one.retired) for key, one in catalogue.use_cases.items()}
    industries = {key: as_written(one) for key, one in catalogue.industries.items()}
    made = {key: data_version(latest(instance, STAGE.name, key)) for key in catalogue.use_cases}
    made |= {key: data_version(latest(instance, INDUSTRY_REPORT, key)) for key in catalogue.industries}
    market = data_version(latest(instance, MARKET_ENTRY_REPORT, None))
    return digest(words, industries, made, market, {key: newest_failure(key, instance) for key in catalogue.use_cases})


def newest_failure(key: str, instance: DagsterInstance) -> tuple[str, str]:
    """The step at which the newest run of a use case about its data, or else its models or predictions, failed, and the
    run; both empty where all ended well."""
    run = next(iter(failures(instance, key)), None)
    if run is None:
        return "", ""
    failed = [entry.step_key for entry in instance.all_logs(run.run_id, of_type=DagsterEventType.STEP_FAILURE)]
    return (failed or ["its process"])[0] or "", run.run_id


def _standing(key: str, catalogue: Catalogue, evaluation: ReadEvaluation | None, instance: DagsterInstance) -> Standing:
    use_case = catalogue.use_cases[key]
    step, run = newest_failure(key, instance)
    title, unreadable, retired = with_texts(
        [use_case.title, evaluation.unreadable if evaluation else "", str(use_case.retired or "")], without_secrets
    )
    return Standing(
        title=title,
        owners=catalogue.industries[use_case.industry].owners,
        link=metadata.link(STAGE.name, key) if latest(instance, STAGE.name, key) else "",
        evaluation=with_texts(evaluation.value, without_secrets) if evaluation else None,
        unreadable=unreadable,
        retired=retired,
        failed_step=step,
        run=run,
    )


def _row(key: str, one: Standing) -> dict[str, str]:
    return {
        "use case": key,
        "verdict": one.verdict.text,
        "score": one.score,
        "judged": one.date,
        "newest run": one.trouble if one.failed_step else "",
        "owners": ", ".join(one.owners),
    }
