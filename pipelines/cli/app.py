"""The command `sectorforge`: its groups of commands put together, and the options that all of them take.

Belongs here: no command; each group has a file. Does not belong here: what comes before any import (`main`), or exit
statuses (`error_boundary`).
"""

import os
import sys
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from catalogue.reader import ENVIRONMENT
from pipelines.cli import extras, forget, models, new, operations, reports, serving, ui, use_cases
from pipelines.cli.error_boundary import WrongInput, guarded
from pipelines.cli.terminal import console
from resources.secrets import guard_process
from resources.store.state import State

app = typer.Typer(
    help="Should we enter this industry? From raw sector data to an honest evaluation and a report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (use_cases, reports, new, serving, operations, forget, ui, extras):
    app.add_typer(group.app)
app.add_typer(models.app, name="models")


def print_version(wanted: bool) -> None:
    """Say which version this is, and end."""
    if wanted:
        console.print(f"sectorforge {version('sectorforge')} (dagster {version('dagster')})", highlight=False)
        raise typer.Exit


@app.callback()
@guarded
def for_every_command(
    context: typer.Context,
    catalogue: Annotated[
        str | None,
        typer.Option(
            metavar=f"DIR[{os.pathsep}DIR]",
            help=f"the folders of the catalogue, in place of the shipped one and of {ENVIRONMENT}",
        ),
    ] = None,
    show_version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="say which version this is")
    ] = False,
) -> None:
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name may hold what no encoding writes
    guard_process()
    _require_working_folder()
    if catalogue is not None:
        named = [str(Path(part).absolute()) for part in catalogue.split(os.pathsep) if part]
        os.environ[ENVIRONMENT] = os.pathsep.join(named)
    if context.invoked_subcommand not in ("restore", "health"):
        State().require_whole()


def _require_working_folder() -> None:
    try:
        Path.cwd()
    except FileNotFoundError:
        raise WrongInput("the working folder was removed: go to another one") from None
