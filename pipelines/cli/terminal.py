"""What the commands print to, and how an error that people can mend is told.

Belongs here: the two consoles, and opening the instance for a command. Does not belong here: the commands.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from dagster import DagsterInstance
from rich.console import Console

from pipelines.instance import InstanceError, open_instance, storage_errors, unanswered

WIDTH = 160
"""Characters a line where the output is no terminal."""

console = Console(width=None if sys.stdout.isatty() else WIDTH)
errors = Console(stderr=True, highlight=False)


@contextmanager
def told(*kinds: type[Exception]) -> Iterator[None]:
    """End the command with status 1 and the message of an error of these kinds."""
    try:
        yield
    except kinds as error:
        errors.print(str(error), markup=False, soft_wrap=True, style="red")
        raise typer.Exit(1) from None


@contextmanager
def opened() -> Iterator[DagsterInstance]:
    """The instance; where it can't be opened, or stops answering, the command ends and says why."""
    with told(InstanceError):
        try:
            with open_instance() as instance:
                yield instance
        except storage_errors() as error:
            raise unanswered(error) from None
