"""The command `sectorforge`: its groups of commands put together, and the options that all of them take.

Belongs here: no command; each group has a file. Exit statuses: `error_boundary`.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from catalogue.reader import ENVIRONMENT
from pipelines.cli import extras, models, new, operations, reports, serving, ui, use_cases

app = typer.Typer(
    help="Should we enter this industry? From raw sector data to an honest evaluation and a report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (use_cases, reports, new, serving, operations, ui, extras):
    app.add_typer(group.app)
app.add_typer(models.app, name="models")


@app.callback()
def for_every_command(
    catalogue: Annotated[
        str | None,
        typer.Option(
            metavar=f"DIR[{os.pathsep}DIR]",
            help=f"the folders of the catalogue, in place of the shipped one and of {ENVIRONMENT}",
        ),
    ] = None,
) -> None:
    if catalogue is not None:
        named = [str(Path(part).absolute()) for part in catalogue.split(os.pathsep) if part]
        os.environ[ENVIRONMENT] = os.pathsep.join(named)
