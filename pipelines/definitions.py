"""The code location: everything Dagster loads.

Belongs here: putting assets, jobs, schedules, sensors and resources together. Importing this module reads nothing and
imports no heavy library: Dagster calls `defs` when it loads the location, and `build_defs` lets a test build the whole
location of its own parts.
"""

import os
import warnings
from collections.abc import Mapping
from typing import Any

from dagster import BetaWarning, Definitions, MetadataValue, definitions, get_dagster_logger, in_process_executor

from assets import (
    evaluation,
    features,
    models,
    predictions,
    published_model,
    raw_data,
    reports,
    status_report,
    validated_data,
)
from assets.partitions import Partitions
from catalogue.reader import Catalogue
from pipelines import automation, model_choice, retention, sensors
from pipelines.jobs import JOBS, schedules
from pipelines.vocabulary import read_catalogue
from resources.compute import ComputeResource
from resources.notification.places import address_errors
from resources.secrets import guard_process, without_secrets
from resources.store.io_manager import ArtefactIOManager
from resources.store.state import State
from resources.tracking import Tracking

TICK_SECONDS = 30
"""The least time between two ticks of a sensor."""


def build_defs(
    *, catalogue: Catalogue | None = None, resources: Mapping[str, Any] | None = None, tick_seconds: int = TICK_SECONDS
) -> Definitions:
    """The definitions of `catalogue` (default: the one that the environment names), with some `resources` replaced.

    The process that holds them works with secrets, and is guarded from here on.
    """
    guard_process()
    warnings.filterwarnings("ignore", category=BetaWarning, message=".*data_version.*")
    found = catalogue or read_catalogue()
    partitions = Partitions.of(found)
    home = (resources or {}).get("home", State())
    cleaning, weekly_retention = retention.build(found)
    assets = [
        raw_data.build(found, partitions),
        validated_data.build(found, partitions),
        features.build(found, partitions),
        *models.build(found, partitions),
        evaluation.build(found, partitions),
        published_model.build(found, partitions),
        predictions.build(found, partitions),
        *reports.build(found, partitions),
        status_report.build(found),
    ]
    return Definitions(
        assets=[automation.automated(made) for made in assets],
        jobs=[*JOBS, model_choice.build(), cleaning],
        schedules=[*schedules(partitions), weekly_retention],
        sensors=sensors.build_all(found, tick_seconds),
        resources={
            "home": home,
            "compute": ComputeResource(),
            "io_manager": ArtefactIOManager(home=home, run_tags=partitions.run_tags),
            "tracking": Tracking(home=home),
            **(resources or {}),
        },
        executor=in_process_executor,
        metadata={"catalogue errors": MetadataValue.json([without_secrets(str(error)) for error in found.errors])},
    )


@definitions
def defs() -> Definitions:
    """What Dagster loads."""
    for fault in address_errors(os.environ):
        get_dagster_logger().error("nobody gets notices there: %s", fault)
    return build_defs()
