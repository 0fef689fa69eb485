"""Finds tasks by name, importing only the one requested. Every problem's `__init__` names its tasks."""

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from catalogue.definition import UseCase
from modeling.core.row_task import RowTask
from modeling.core.task import Settings, Task

FOLDER = Path(__file__).parent


@cache
def _modules() -> dict[str, str]:
    """Task -> the module that holds it."""
    problems = [import_module(f"{__package__}.{place.parent.name}") for place in FOLDER.glob("*/__init__.py")]
    return {task: f"{one.__name__}.{module}" for one in problems for task, module in one.TASKS.items()}


def names() -> list[str]:
    """Every task's name."""
    return sorted(_modules())


def task_type(name: str) -> type[Task]:
    """The class of the task called `name`.

    Raises
    ------
    KeyError: there is none.
    """
    return import_module(_modules()[name]).TASK


def settings(name: str) -> type[Settings]:
    """The model of what the task called `name` reads under `settings`."""
    return task_type(name).settings_type


def classifies(name: str) -> bool:
    """Whether the target of the task called `name` names a class."""
    return task_type(name).target_holds in ("two classes", "classes")


def predicts(name: str) -> bool:
    """Whether the task called `name` answers rows without a target one by one."""
    found = task_type(name)
    return issubclass(found, RowTask) and found.by_row


def splits(name: str) -> tuple[str, ...]:
    """The ways of splitting (`split.by`) that the task called `name` knows."""
    return task_type(name).splits


def task(use_case: UseCase) -> Task:
    """The use case's task, with its settings.

    Raises
    ------
    pydantic.ValidationError: the settings are not the task's.
    """
    found: Any = task_type(use_case.task)
    return found(found.settings_type.model_validate(use_case.settings))
