"""The commands under `sectorforge models`.

Belongs here: how published models are listed, and the words of each command. Does not belong here: doing what they say
(`pipelines.model_choice`).
"""

from typing import Annotated

import typer
from rich import box
from rich.table import Column, Table

from catalogue.visible import visible
from modeling.artefacts.errors import ArtefactError
from modeling.core.record import Evaluation
from pipelines.cli.arguments import Key, one_use_case
from pipelines.cli.error_boundary import FAILED, Commands
from pipelines.cli.terminal import console, errors
from pipelines.instance import open_instance
from pipelines.model_choice import ServingChoice, choose
from pipelines.vocabulary import read_catalogue
from resources.serving.models import Models, Version
from resources.store.state import State

app = Commands(help="The published models: which serves, and deciding otherwise.", no_args_is_help=True)


@app.command(name="list")
def list_(key: Annotated[str | None, typer.Argument(help="the use case; default: all")] = None) -> None:
    """List the published models, the latest first."""
    catalogue = read_catalogue()
    table = Table("use case", "version", "judged", "champion", Column("test", justify="right"), "", box=box.SIMPLE)
    unreadable: list[str] = []
    for name in [one_use_case(catalogue, key).key] if key else catalogue.use_cases:
        try:
            versions = Models(State()).versions(name)
        except ArtefactError as error:
            unreadable.append(str(error))
            continue
        for version in versions:
            table.add_row(name, *_row(version))
    console.print(table if table.row_count else "No model was published yet.")
    for message in unreadable:
        errors.print(visible(message), markup=False, soft_wrap=True, style="red")
    if unreadable:
        raise typer.Exit(FAILED)


@app.command()
def pin(key: Key, version: Annotated[str, typer.Argument(help="the version, or how it begins")]) -> None:
    """Let one version serve, whatever is judged later, until `unpin`."""
    _choose(ServingChoice.PIN, key, version)


@app.command()
def rollback(key: Key) -> None:
    """Let the version published before the one that serves take its place, until `unpin`."""
    _choose(ServingChoice.ROLL_BACK, key)


@app.command()
def unpin(key: Key) -> None:
    """Let the latest published version serve, and later ones take over again."""
    _choose(ServingChoice.UNPIN, key)


def _choose(choice: ServingChoice, key: str, version: str = "") -> None:
    key = one_use_case(read_catalogue(), key).key
    with open_instance() as instance:
        serving = choose(choice, key, version, State(), instance)
    console.print(f"{key}: {serving or 'nothing'} serves from now on", highlight=False)


def _row(version: Version) -> tuple[str, ...]:
    judged = version.evaluation
    standing = "serves, pinned" if version.pinned else "serves" if version.serves else ""
    return version.name[:8], judged.provenance.finished_at, judged.champion.learner, _score(judged), standing


def _score(judged: Evaluation) -> str:
    return f"{judged.metric} {judged.champion.test[judged.metric].value:.4g}"
