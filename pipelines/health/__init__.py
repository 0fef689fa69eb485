"""Whether everything that has to run without people does.

Belongs here: which checks there are, and their order. Does not belong here: what each measures (`instance_checks`,
`delivery_checks`, `state_checks`), how they look on a terminal (`cli.operations`), or notifying people of failed runs
(`sensors.failed_runs`).
"""

from pathlib import Path

from catalogue.reader import Catalogue
from pipelines.health import delivery_checks, instance_checks, state_checks
from pipelines.health.check import Check
from pipelines.instance import open_instance
from pipelines.storage_errors import InstanceError, storage_error, storage_errors
from resources.store.atomic import StorageError
from resources.store.state import State

__all__ = ["Check", "examine"]


def examine(
    catalogue: Catalogue, folder: Path, max_age_hours: float | None = None, *, deep: bool = False
) -> list[Check]:
    """Every check, of the instance first and then of the state folder.

    max_age_hours: how old the last successful run may be; None for any age.
    deep: every byte of artefacts and databases is read; else whether files are there, and how large they are.
    """
    state = State(folder=str(folder))
    try:
        with open_instance() as instance:
            of_instance = [
                *instance_checks.examine(instance, max_age_hours),
                delivery_checks.examine(catalogue, instance),
            ]
    except (InstanceError, StorageError) as error:
        of_instance = [Check("storage", False, str(error))]
    except storage_errors() as error:
        of_instance = [Check("storage", False, str(storage_error(error)))]
    return [*of_instance, *state_checks.examine(catalogue, state, deep=deep)]
