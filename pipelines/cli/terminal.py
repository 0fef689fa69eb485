"""What the commands print to.

Belongs here: the two consoles, and what several groups of commands print. Does not belong here: the commands, or errors
(`error_boundary`).
"""

import sys
from collections.abc import Sequence

from rich.console import Console

from catalogue.reader import Catalogue
from catalogue.visible import visible

WIDTH = 10_000
"""Characters a line where the output is no terminal: no cell of a table is wrapped or cut short."""

MOST_REMARKS = 10
"""Of one use case; the report and the UI have all."""

console = Console(width=None if sys.stdout.isatty() else WIDTH)
errors = Console(stderr=True, highlight=False)


def print_definition_errors(catalogue: Catalogue) -> None:
    """Everything that is wrong in the catalogue, a line each."""
    for error in catalogue.errors:
        errors.print(str(error), markup=False, soft_wrap=True, style="red")


def print_remarks(remarks: Sequence[str], on: Console = console, beginning: str = "") -> None:
    """What was left out or changed, a line each."""
    for remark in remarks[:MOST_REMARKS]:
        on.print(f"{beginning}{visible(remark)}", markup=False, highlight=False, soft_wrap=True)
    if len(remarks) > MOST_REMARKS:
        on.print(
            f"{beginning}… and {len(remarks) - MOST_REMARKS:,} more: the report and the UI have all",
            markup=False,
            soft_wrap=True,
        )
