"""The published model that a command asks for.

Belongs here: what `serve` and `predict` need of it first. Does not belong here: the commands.
"""

from pathlib import Path

from catalogue.definition import UseCase
from modeling.problems import tasks
from pipelines.cli.arguments import one_use_case
from pipelines.cli.error_boundary import WrongInput
from pipelines.vocabulary import read_catalogue
from resources.serving.models import Models, why_nothing_serves
from resources.store.state import State


def one_published(key: str) -> tuple[UseCase, Path]:
    """The use case that `key` names, and the folder of the version that serves it.

    Raises
    ------
    WrongInput: as of `one_use_case`; or nothing serves, and why.
    """
    use_case = one_use_case(read_catalogue(), key)
    if not tasks.predicts(use_case.task):
        raise WrongInput(f"{use_case.key}: {use_case.task} does not answer rows without a target one by one")
    place = Models(State()).serving(use_case.key)
    if place is None:
        raise WrongInput(why_nothing_serves(use_case.key, State()))
    return use_case, place
