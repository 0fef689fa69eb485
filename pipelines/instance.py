"""The Dagster instance that keeps our runs.

Belongs here: making its home under the state folder, with the shipped configuration. `DAGSTER_HOME` is set for this
process and the ones it starts.
"""

import os
import shutil
from pathlib import Path

from dagster import DagsterInstance

from resources.home import home

SHIPPED = Path(__file__).parent.parent / "dagster.yaml"


def open_instance() -> DagsterInstance:
    """The ordinary instance, made on first use. A `DAGSTER_HOME` from the environment is respected.

    Created here, once, before anything runs: two first runs on an empty home race on creating its tables.
    """
    if "DAGSTER_HOME" not in os.environ:
        folder = home() / "dagster"
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SHIPPED, folder / SHIPPED.name)
        os.environ["DAGSTER_HOME"] = str(folder)
    return DagsterInstance.get()
