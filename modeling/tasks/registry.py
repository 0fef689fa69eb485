"""Finds tasks by name, without importing any until asked. A task is the file `modeling/tasks/<name>.py`."""

from importlib import import_module
from pathlib import Path

from modeling.tasks.protocol import Task

_NOT_TASKS = {"__init__", "protocol", "registry"}


def names() -> list[str]:
    """Every task's name."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _NOT_TASKS)


def task(name: str) -> Task:
    """The task called `name`.

    Raises
    ------
    ModuleNotFoundError: there is none.
    """
    return import_module(f"modeling.tasks.{name}").TASK
