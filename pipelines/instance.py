"""The Dagster instance that keeps our runs, and the environment its runs start in.

Belongs here: making the instance's home under the state folder, with the shipped configuration, and what the processes
started from here inherit.
"""

import os
import shutil
from pathlib import Path

from dagster import DagsterInstance

from assets.models import MODEL_ASSETS
from resources.home import home

SHIPPED = Path(__file__).parent.parent / "dagster.yaml"


def open_instance() -> DagsterInstance:
    """The ordinary instance, made on first use. A `DAGSTER_HOME` from the environment is respected.

    Created here, once, before anything runs: two first runs on an empty home race on creating its tables. Runs inherit
    OpenMP threads that sleep while they wait (`docs/decisions/0006-sleeping-threads.md`).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if "DAGSTER_HOME" not in os.environ:
        folder = home() / "dagster"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SHIPPED, folder / SHIPPED.name)
        os.environ["DAGSTER_HOME"] = str(folder)
    instance = DagsterInstance.get()
    _limit_pools(instance)
    return instance


def _limit_pools(instance: DagsterInstance) -> None:
    """Give every pool that has none its default limit.

    The queue does so too, but a look too late: of the runs it finds at the first sight of a pool it holds none back.
    """
    pools = {model.pool for model in MODEL_ASSETS if model.pool} - instance.event_log_storage.get_concurrency_keys()
    if instance.global_op_concurrency_default_limit:
        for pool in pools:
            instance.event_log_storage.initialize_concurrency_limit_to_default(pool)
