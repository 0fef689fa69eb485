"""Finds tasks by name, without importing any until asked. A task is the file `modeling/tasks/<name>.py`."""

from importlib import import_module
from pathlib import Path
from typing import Any

from industries.definition import UseCase
from modeling.tasks.protocol import Settings, Task

_NOT_TASKS = {"__init__", "classes", "protocol", "registry", "rows"}


def names() -> list[str]:
    """Every task's name."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _NOT_TASKS)


def kind(name: str) -> type[Task]:
    """The class of the task called `name`.

    Raises
    ------
    ModuleNotFoundError: there is none.
    """
    return import_module(f"modeling.tasks.{name}").TASK


def settings(name: str) -> type[Settings]:
    """The model of what the task called `name` reads under `settings`."""
    return kind(name).settings_type


def predicts(name: str) -> bool:
    """Whether the task called `name` answers rows without a target one by one."""
    from modeling.tasks.rows import RowTask

    found = kind(name)
    return issubclass(found, RowTask) and found.by_row


def task(use_case: UseCase) -> Task:
    """The use case's task, with its settings.

    Raises
    ------
    pydantic.ValidationError: the settings are not the task's.
    """
    found: Any = kind(use_case.task)
    return found(found.settings_type.model_validate(use_case.settings))
