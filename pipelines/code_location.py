"""The code location: what it is called, wherever its definitions are loaded.

Belongs here: its name, how a run says that it is of it, and that what was switched on under its former name stays on.
Does not belong here: the definitions (`definitions`), or starting servers (`web`). `workspace.yaml` and `[tool.dg]` in
`pyproject.toml` give the same name.
"""

import json
from pathlib import Path

from dagster import DagsterInstance
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import InstigatorState
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from resources.store.atomic import replacing

NAME, MODULE = "sectorforge", "pipelines.definitions"
FORMER_NAME = MODULE
"""What Dagster calls a location that is started as a module without a name, as `sectorforge ui` did."""
WORKSPACE = Path(__file__).parents[1] / "workspace.yaml"
REPOSITORY = RemoteRepositoryOrigin(
    ManagedGrpcPythonEnvCodeLocationOrigin(LoadableTargetOrigin(module_name=MODULE), NAME), SINGLETON_REPOSITORY_NAME
)


def write_workspace(folder: Path) -> Path:
    """Write a `workspace.yaml` into a folder, which holds in any working folder. Returns its path.

    `WORKSPACE` names no folder to import from, and Dagster then takes the working folder, and runs what lies there.
    """
    module = {"module_name": MODULE, "location_name": NAME, "working_directory": str(WORKSPACE.parent)}
    with replacing(folder / WORKSPACE.name) as draft:
        draft.write_text(json.dumps({"load_from": [{"python_module": module}]}), encoding="utf-8")
    return folder / WORKSPACE.name


def origin(job: str) -> RemoteJobOrigin:
    """Where a run of `job` says that it comes from: the UI lists only runs that say so."""
    return REPOSITORY.get_job_origin(job)


def take_over_former_name(instance: DagsterInstance) -> list[str]:
    """Sensors and schedules keep whether they are on, and their cursors, under the location's name: take over those
    that only the former name has. Returns the names of all that had it."""
    states = instance.all_instigator_state()
    known = {state.instigator_name for state in states if _location(state) == NAME}
    former = [state for state in states if _location(state) == FORMER_NAME]
    for state in former:
        if state.instigator_name not in known:
            instance.add_instigator_state(_renamed(state))
        instance.delete_instigator_state(state.instigator_origin_id, state.selector_id)
    return sorted(state.instigator_name for state in former)


def _location(state: InstigatorState) -> str:
    return state.origin.repository_origin.code_location_origin.location_name


def _renamed(state: InstigatorState) -> InstigatorState:
    origin = REPOSITORY.get_instigator_origin(state.instigator_name)
    return InstigatorState(origin, state.instigator_type, state.status, state.instigator_data)
