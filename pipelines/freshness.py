"""What is out of date.

Belongs here: comparing what each stage recorded with what it would record now. Does not belong here: running anything
(`runs`), or what a fingerprint is made of (`assets.stages`).
"""

from dagster import AssetMaterialization, DagsterInstance

from assets.predictions import NothingToPredict, predictions_fingerprint, settle
from assets.stages import (
    INDUSTRY_REPORT,
    MARKET_ENTRY_REPORT,
    PREDICTIONS,
    STAGES,
    fingerprint,
    industry_fingerprint,
    latest,
    market_fingerprint,
    recorded_fingerprint,
)
from catalogue.definition import UseCase
from catalogue.feature_code import FeatureCodeError
from catalogue.reader import Catalogue
from resources import sources
from resources.errors import PermanentError, UnreachableError


def stale_stages(use_case: UseCase, instance: DagsterInstance) -> list[str]:
    """The stages of a use case to make again, in lineage order; empty when all are up to date."""
    stale: list[str] = []
    for stage in STAGES.values():
        made = latest(instance, stage.name, use_case.key)
        if set(stage.upstream) & set(stale) or not (made and _is_current(stage.name, made, use_case, instance)):
            stale.append(stage.name)
    if use_case.predict and (set(PREDICTIONS.upstream) & set(stale) or _unpredicted(use_case, instance)):
        stale.append(PREDICTIONS.name)
    return stale


def _is_current(stage: str, made: AssetMaterialization, use_case: UseCase, instance: DagsterInstance) -> bool:
    recorded = recorded_fingerprint(made)
    return bool(recorded) and recorded == _now(stage, use_case, instance)


def _unpredicted(use_case: UseCase, instance: DagsterInstance) -> bool:
    """Whether there is something to predict that the model that serves has not predicted."""
    try:
        settle(use_case)
        now = predictions_fingerprint(use_case, instance)
    except NothingToPredict:
        return False
    except (PermanentError, UnreachableError):
        return True
    return now != recorded_fingerprint(latest(instance, PREDICTIONS.name, use_case.key))


def _now(stage: str, use_case: UseCase, instance: DagsterInstance) -> str:
    """The fingerprint once files dropped just now have settled; empty where the source or its code can't be read,
    which the run then reports in full."""
    try:
        sources.settle(use_case)
        return fingerprint(STAGES[stage], use_case, instance)
    except (PermanentError, UnreachableError, FeatureCodeError):
        return ""


def stale_industries(catalogue: Catalogue, instance: DagsterInstance) -> list[str]:
    """The industries with at least one evaluation report whose own report is out of date."""
    return [
        industry
        for industry in catalogue.industries
        if any(latest(instance, "evaluation_report", key) for key in catalogue.members(industry))
        and recorded_fingerprint(latest(instance, INDUSTRY_REPORT, industry))
        != industry_fingerprint(catalogue, industry, instance)
    ]


def stale_market(catalogue: Catalogue, instance: DagsterInstance) -> bool:
    """Whether the market entry report is out of date; never before there is an industry report."""
    if not any(latest(instance, INDUSTRY_REPORT, industry) for industry in catalogue.industries):
        return False
    recorded = recorded_fingerprint(latest(instance, MARKET_ENTRY_REPORT, None))
    return recorded != market_fingerprint(catalogue, instance)
