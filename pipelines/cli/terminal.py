"""What the commands print to.

Belongs here: the two consoles, and what several groups of commands print. Does not belong here: the commands, or errors
(`error_boundary`).
"""

import sys

from rich.console import Console

from catalogue.reader import Catalogue

WIDTH = 160
"""Characters a line where the output is no terminal."""

console = Console(width=None if sys.stdout.isatty() else WIDTH)
errors = Console(stderr=True, highlight=False)


def print_definition_errors(catalogue: Catalogue) -> None:
    """Everything that is wrong in the catalogue, a line each."""
    for error in catalogue.errors:
        errors.print(str(error), markup=False, soft_wrap=True, style="red")
