"""A person decides which published model serves.

Belongs here: pinning a version, going back to the one before, letting the latest serve again, accepting a champion that
could not be compared, from the terminal (`sectorforge models`) and in the UI (the job `choose_model`); the lineage and
the registry record each. Does not belong here: what is published by itself (`assets.published_model`), or how versions
are kept (`resources.serving.models`).
"""

from enum import Enum

from dagster import (
    Config,
    DagsterInstance,
    JobDefinition,
    OpExecutionContext,
    ResourceParam,
    in_process_executor,
    job,
    op,
)

from assets.published_model import accept, record_choice
from resources.serving.models import Models
from resources.store.state import State
from resources.tracking import Tracking


class ServingChoice(Enum):
    """What a person may decide."""

    PIN = "pin"
    ROLL_BACK = "roll_back"
    UNPIN = "unpin"
    ACCEPT = "accept"


def choose(choice: ServingChoice, key: str, version: str, home: State, instance: DagsterInstance) -> str | None:
    """Do as decided. Returns the version that serves from now on; `version` is read where one is pinned.

    Raises
    ------
    UnknownVersion: no version of that name, or none before the one that serves. NothingToAccept: no champion that a
    person can let serve.
    """
    models = Models(home)
    match choice:
        case ServingChoice.PIN:
            serving = models.pin(key, version)
        case ServingChoice.ROLL_BACK:
            serving = models.roll_back(key)
        case ServingChoice.UNPIN:
            serving = models.unpin(key)
        case ServingChoice.ACCEPT:
            serving = accept(key, home)
    why = f"a person decided: {choice.value.replace('_', ' ')}"
    registry = Tracking(home=home).serve(key, serving)
    record_choice(instance, key, serving, why, registry, settled=choice is not ServingChoice.UNPIN)
    return serving


class ServingChoiceConfig(Config):
    """What the job is given in the UI's launchpad. `version` is read where one is pinned."""

    use_case: str
    choice: ServingChoice
    version: str = ""


def build() -> JobDefinition:
    """The job with which a person chooses the version that serves, in the launchpad."""

    @op
    def choose_version(context: OpExecutionContext, config: ServingChoiceConfig, home: ResourceParam[State]) -> None:
        serving = choose(config.choice, config.use_case, config.version, home, context.instance)
        context.log.info(f"{config.use_case}: {serving or 'nothing'} serves from now on")

    @job(
        executor_def=in_process_executor,
        description="Pin a published model, roll back, unpin, or accept a champion that could not be compared.",
    )
    def choose_model() -> None:
        choose_version()

    return choose_model
