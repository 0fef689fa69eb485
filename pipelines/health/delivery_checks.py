"""Whether what was delivered last was taken.

Belongs here: use cases whose newest delivery was refused, or of which files were set aside. Does not belong here: what
is asked of Dagster as a whole (`instance_checks`), or of files that were made (`state_checks`).
"""

from collections.abc import Iterator

from dagster import DagsterInstance

from assets.deliveries import set_aside
from assets.latest_runs import failures
from assets.stages import latest
from catalogue.reader import Catalogue
from pipelines.health.check import Check
from pipelines.run_events import reasons

MOST_CHARACTERS = 300
"""Of a reason: the run has all of it."""


def examine(catalogue: Catalogue, instance: DagsterInstance) -> Check:
    """Of every use case in service the last run that ended of each kind, and the files of its raw data."""
    refused = [said for key in catalogue.in_service for said in (*_refused(key, instance), *_set_aside(key, instance))]
    well = f"the last run of each of {len(catalogue.in_service)} use cases took all that was there"
    return Check("deliveries", not refused, "; ".join(refused) or well, {"refused": len(refused)})


def _refused(key: str, instance: DagsterInstance) -> Iterator[str]:
    for run in failures(instance, key):
        why = " ".join("; ".join(reasons(run, instance)).split()) or "the run failed"
        yield f"{_short(why, key)} (run {run.run_id[:8]})"


def _set_aside(key: str, instance: DagsterInstance) -> Iterator[str]:
    for reason in set_aside(latest(instance, "raw_data", key)):
        yield f"{_short(reason, key)} (the file is set aside)"


def _short(why: str, key: str) -> str:
    said = why if key in why else f"{key}: {why}"
    return said if len(said) <= MOST_CHARACTERS else f"{said[:MOST_CHARACTERS]}…"
