"""What a use case needs installed beyond the project's own packages.

Belongs here: which extras its source, task and learners name, and refusing to start without them. Does not belong here:
what an extra holds (`pyproject.toml`, read by `catalogue.extras`).
"""

from catalogue import extras
from catalogue.definition import UseCase
from modeling.problems import learners, tasks
from resources.errors import UnreachableError


class NotInstalled(UnreachableError):
    """An extra is missing here; the message holds the command that installs it."""


def required_extras(use_case: UseCase) -> list[str]:
    """The extras a use case needs, sorted: its own code's, its task's, its learners'. Imports its learners."""
    task = tasks.task_type(use_case.task)
    named = [task.trivial, *(use_case.learners or task.learners)]
    named_extras = [use_case.extra, task.extra, *(learners.learner(name).extra for name in named)]
    if use_case.source.simulation:
        named_extras.append(use_case.source.simulation.extra)
    return sorted({extra for extra in named_extras if extra})


def check_installed(use_case: UseCase) -> None:
    """Raises
    ------
    NotInstalled: a package of an extra it needs is missing, or of another version than required.
    """
    incomplete = {extra: lacking for extra in required_extras(use_case) if (lacking := extras.missing(extra))}
    if incomplete:
        packages = ", ".join(sorted({name for lacking in incomplete.values() for name in lacking}))
        command = extras.install_command(incomplete)
        raise NotInstalled(f"{use_case.key} needs packages that are not installed ({packages}): {command}")
