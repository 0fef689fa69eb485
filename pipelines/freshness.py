"""What is out of date.

Belongs here: comparing what each stage recorded with what it would record now, and looking whether what it made is
there and whole. Does not belong here: running anything (`runs`), or what a fingerprint is made of (`assets.stages`).
"""

from dagster import AssetMaterialization, DagsterInstance

from assets.predictions import NothingToPredict, predictions_fingerprint, settle
from assets.stages import (
    BESIDE_VALIDATED_DATA,
    INDUSTRY_REPORT,
    MARKET_ENTRY_REPORT,
    PREDICTIONS,
    STAGES,
    STATUS_REPORT,
    fingerprint,
    industry_fingerprint,
    latest,
    market_fingerprint,
    recorded_fingerprint,
)
from assets.status_report import status_fingerprint
from catalogue.definition import UseCase
from catalogue.feature_code import FeatureCodeError
from catalogue.reader import Catalogue
from resources import sources
from resources.errors import PermanentError, UnreachableError
from resources.store.integrity import damage
from resources.store.materializations import version_made
from resources.store.state import State


def stale_stages(use_case: UseCase, instance: DagsterInstance, state: State) -> list[str]:
    """The stages of a use case to make again, in lineage order; empty when all are up to date.

    Raises
    ------
    OSError: the storage does not answer, so that it is not known whether what was made is whole.
    """
    stale: list[str] = []
    for stage in STAGES.values():
        made = latest(instance, stage.name, use_case.key)
        if set(stage.upstream) & set(stale) or not (made and _is_current(stage.name, made, use_case, instance, state)):
            stale.append(stage.name)
    if use_case.predict and (set(PREDICTIONS.upstream) & set(stale) or _unpredicted(use_case, instance, state)):
        stale.append(PREDICTIONS.name)
    return stale


def _is_current(
    stage: str, made: AssetMaterialization, use_case: UseCase, instance: DagsterInstance, state: State
) -> bool:
    recorded = recorded_fingerprint(made)
    beside = BESIDE_VALIDATED_DATA if stage == "validated_data" else ()
    there = _is_there(state, stage, use_case.key, made) and all(
        _is_there(state, name, use_case.key, latest(instance, name, use_case.key)) for name in beside
    )
    return bool(recorded) and there and recorded == _now(stage, use_case, instance)


def _is_there(state: State, asset: str, partition: str | None, made: AssetMaterialization | None) -> bool:
    """Whether the files of what was made are there, and as they were written."""
    place = version_made(state, asset, partition, made)
    return place is None or not damage(place)


def _unpredicted(use_case: UseCase, instance: DagsterInstance, state: State) -> bool:
    """Whether there is something to predict that the model that serves has not predicted."""
    try:
        settle(use_case)
        now = predictions_fingerprint(use_case, instance)
    except NothingToPredict:
        return False
    except (PermanentError, UnreachableError):
        return True
    made = latest(instance, PREDICTIONS.name, use_case.key)
    return now != recorded_fingerprint(made) or not _is_there(state, PREDICTIONS.name, use_case.key, made)


def _now(stage: str, use_case: UseCase, instance: DagsterInstance) -> str:
    """The fingerprint once files dropped just now have settled; empty where the source or its code can't be read,
    which the run then reports in full."""
    try:
        sources.settle(use_case)
        return fingerprint(STAGES[stage], use_case, instance)
    except (PermanentError, UnreachableError, FeatureCodeError):
        return ""


def stale_industries(catalogue: Catalogue, instance: DagsterInstance, state: State) -> list[str]:
    """The industries with at least one evaluation report whose own report is out of date."""
    return [
        industry
        for industry in catalogue.industries
        if any(latest(instance, "evaluation_report", key) for key in catalogue.members(industry))
        and _is_stale(INDUSTRY_REPORT, industry, industry_fingerprint(catalogue, industry, instance), instance, state)
    ]


def stale_market(catalogue: Catalogue, instance: DagsterInstance, state: State) -> bool:
    """Whether the market entry report is out of date; never before there is an industry report."""
    if not any(latest(instance, INDUSTRY_REPORT, industry) for industry in catalogue.industries):
        return False
    return _is_stale(MARKET_ENTRY_REPORT, None, market_fingerprint(catalogue, instance), instance, state)


def stale_status(catalogue: Catalogue, instance: DagsterInstance, state: State) -> bool:
    """Whether the start page is out of date."""
    return _is_stale(STATUS_REPORT, None, status_fingerprint(catalogue, instance), instance, state)


def _is_stale(report: str, partition: str | None, now: str, instance: DagsterInstance, state: State) -> bool:
    """One that the storage does not give is out of date too: nothing is trained to make it again, and what fails then
    fails alone."""
    made = latest(instance, report, partition)
    try:
        return recorded_fingerprint(made) != now or not _is_there(state, report, partition, made)
    except OSError:
        return True
