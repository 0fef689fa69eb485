"""Brings use cases up to date, one after the other, then the reports above them.

Belongs here: the order of runs and what came of each. Does not belong here: executing one (`runs`), or printing
results (`command_line`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dagster import DagsterInstance
from rich.console import Console

from assets.stages import INDUSTRY_REPORT, MARKET_ENTRY_REPORT, QUARANTINE
from industries.catalogue import Catalogue
from pipelines.freshness import stale_industries, stale_market, stale_stages
from pipelines.progress import LiveProgress
from pipelines.runs import ChildFailed, Ended, Launch, execute
from resources.home import home

Status = Literal["made", "up to date", "skipped", "failed"]


@dataclass(frozen=True)
class Result:
    """What came of one use case, or of the reports above (`key` is then the report's name)."""

    key: str
    status: Status
    seconds: float = 0.0
    reason: str = ""


def bring_up_to_date(
    keys: Sequence[str], catalogue: Catalogue, instance: DagsterInstance, console: Console
) -> list[Result]:
    """Make again what is out of date, go on when one fails, and say what came of each."""
    with LiveProgress(console) as progress:
        results = [_use_case(key, catalogue, instance, progress) for key in keys]
        return results + _reports_above(catalogue, instance, progress)


def _use_case(key: str, catalogue: Catalogue, instance: DagsterInstance, progress: LiveProgress) -> Result:
    stages = stale_stages(catalogue.use_cases[key], instance)
    if not stages:
        return Result(key, "up to date")
    assets = [*stages, QUARANTINE] if "validated_data" in stages else stages
    return _run([Launch("use_case", key, tuple(assets))], catalogue, instance, progress)[0]


def _reports_above(catalogue: Catalogue, instance: DagsterInstance, progress: LiveProgress) -> list[Result]:
    launches = [Launch("industry", key, (INDUSTRY_REPORT,)) for key in stale_industries(catalogue, instance)]
    if launches or stale_market(catalogue, instance):
        launches.append(Launch("market_entry", None, (MARKET_ENTRY_REPORT,)))
    if not launches:
        return []
    return [result for result in _run(launches, catalogue, instance, progress) if result.status == "failed"]


def _run(
    launches: list[Launch], catalogue: Catalogue, instance: DagsterInstance, progress: LiveProgress
) -> list[Result]:
    for launch in launches:
        progress.begin(launch, launch.partition or launch.job, len(launch.assets))
    log = home() / "logs" / "runs.log"
    try:
        ended = execute(launches, catalogue.root, instance, log, progress.follow)
    except ChildFailed as error:
        ended = [Ended(launch, 0.0, failure=f"{error}; see {log}") for launch in launches]
    results = [_result(one) for one in ended]
    for launch, result in zip(launches, results, strict=True):
        progress.end(launch, f"{result.status} {result.reason}".strip())
    return results


def _result(ended: Ended) -> Result:
    key = ended.launch.partition or ended.launch.job
    if ended.failure:
        return Result(key, "failed", ended.seconds, ended.failure)
    if ended.skipped:
        return Result(key, "skipped", ended.seconds, ended.skipped)
    return Result(key, "made", ended.seconds)
