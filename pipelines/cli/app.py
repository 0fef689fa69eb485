"""The command `sectorforge`: which file has which command, and the options that all of them take.

Belongs here: no command. Does not belong here: what comes before any import (`main`), or exit statuses
(`error_boundary`).
"""

import os
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from catalogue.reader import ENVIRONMENT
from pipelines.cli.error_boundary import WrongInput, guarded
from pipelines.cli.terminal import console
from resources.secrets import guard_process
from resources.store.state import State

FILES = {
    "run": "use_cases",
    "list": "use_cases",
    "check": "use_cases",
    "report": "reports",
    "new": "new",
    "serve": "serve",
    "predict": "predict",
    "health": "operations",
    "backup": "operations",
    "restore": "operations",
    "clean": "operations",
    "migrate": "operations",
    "forget": "forget",
    "ui": "ui",
    "extras": "extras",
    "models": "models",
}
"""In the order in which `--help` names them. A file is imported when one of its commands is asked for: others need
what takes a second to import."""


class Imported(Mapping[str, Any]):
    """The commands of `FILES` by their names."""

    def __getitem__(self, name: str) -> Any:
        group = get_group(import_module(f"pipelines.cli.{FILES[name]}").app)
        return group if group.name == name else group.commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(FILES)

    def __len__(self) -> int:
        return len(FILES)


class LazyGroup(TyperGroup):
    """A group whose commands are `Imported`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = Imported()


app = typer.Typer(
    cls=LazyGroup,
    help="Should we enter this industry? From raw sector data to an honest evaluation and a report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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
